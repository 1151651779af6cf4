package load

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"stormwave/lab/internal/record"
)

// declaration is what a script says of its load under options.ext.lab, where
// scenarios/lib/load.js writes it and k6 passes it on. Each part may be absent: what a script
// does not declare is not known.
type declaration struct {
	Model      string      `json:"model"` // record.ClosedModel or record.OpenModel
	Phases     []Phase     `json:"phases"`
	Statements *Statements `json:"statements"`
	Warmup     bool        `json:"warmup"` // it warms up where it is told the phase
	Pause      float64     `json:"pause"`  // of a user after each request, in seconds; closed loads alone have one
}

// Phase is a part of the load, by the value of the tag phase that its samples have.
type Phase struct {
	Name string `json:"name"`
	record.Offer
}

// Statements are how many a request takes of the databases.
type Statements struct {
	Least           int64 `json:"least"` // a successful one
	Most            int64 `json:"most"`  // any
	MostWithReplica int64 `json:"mostWithReplica"`
}

// maxOff is by what share of the load's length its phases may be longer or shorter.
const maxOff = 0.01

// check compares the declaration with what k6 itself says of the script, and puts its phases
// in order.
func (d *declaration) check(open bool, nominal time.Duration) error {
	var faults []error
	want := func(ok bool, format string, args ...any) {
		if !ok {
			faults = append(faults, fmt.Errorf("options.ext.lab: "+format, args...))
		}
	}
	model, unit := record.ClosedModel, record.UnitVUs
	if open {
		model, unit = record.OpenModel, record.UnitRate
	}
	want(d.Model == "" || d.Model == model, "the model is %q, and that of the executor %s", d.Model, model)
	seconds := 0.0
	names := make(map[string]bool)
	for i := range d.Phases {
		p := &d.Phases[i]
		p.Order = i + 1
		want(p.Name != "" && !strings.ContainsAny(p.Name, ",:{}") && !names[p.Name],
			"phase %d is named %q: give each a name of its own, without any of ,:{}", p.Order, p.Name)
		want(p.Possible() && p.Unit == unit,
			"phase %q lasts %g seconds, from %g to %g %s: give numbers from 0, in %s",
			p.Name, p.Seconds, p.From, p.To, p.Unit, unit)
		seconds += p.Seconds
		names[p.Name] = true
	}
	want(len(d.Phases) == 0 || math.Abs(seconds-nominal.Seconds()) <= maxOff*nominal.Seconds(),
		"the phases last %g s, and the load %s", seconds, nominal)
	want(d.Pause >= 0, "the pause is %g s: give a number from 0", d.Pause)
	if s := d.Statements; s != nil {
		want(0 <= s.Least && s.Least <= s.Most && s.Most <= s.MostWithReplica,
			"statements are %+v: each is at least as many as the one before it", *s)
	}
	return errors.Join(faults...)
}

// declare adds to what k6 saw of each phase what the script declares of it.
func (s *Script) declare(seen map[string]record.Phase) error {
	if len(s.Phases) == 0 {
		return nil
	}
	for _, p := range s.Phases {
		phase, ok := seen[p.Name]
		if !ok {
			return fmt.Errorf("the script declares the phase %q, and no requests are tagged so", p.Name)
		}
		phase.Offer = &p.Offer
		seen[p.Name] = phase
	}
	if len(seen) > len(s.Phases) {
		return fmt.Errorf("the script declares %d phases, and requests are tagged with %d", len(s.Phases), len(seen))
	}
	return nil
}

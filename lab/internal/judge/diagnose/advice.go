package diagnose

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"stormwave/lab/internal/judge/stat"
	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/record"
)

// Advice is what to try next against a cause.
type Advice struct {
	Cause    Cause           `json:"cause"`
	Words    string          `json:"words"`
	Settings matrix.Settings `json:"settings,omitempty"` // to be changed; none: no setting of the matrix helps
	Spec     string          `json:"spec,omitempty"`     // compares the cell with and without; matrix.Parse takes it
	Tried    string          `json:"tried,omitempty"`    // what the run itself already says of it
}

// advise proposes what may help a cell against each of its causes, less what the run has
// already shown not to.
func advise(plan matrix.Plan, records []record.Record, c Cell, services *matrix.Catalog) []Advice {
	causes := []Cause{c.Cause}
	if c.Cause == Mixed {
		causes = c.Typical.Together
	}
	there := matrix.Inventory{Scenarios: scriptsOf(plan), Services: services}
	var all []Advice
	for _, cause := range causes {
		if a, ok := adviseAgainst(plan, records, c, cause, there); ok {
			all = append(all, a)
		}
	}
	return all
}

func adviseAgainst(
	plan matrix.Plan, records []record.Record, c Cell, cause Cause, there matrix.Inventory,
) (Advice, bool) {
	cell := plan.Cell(c.Label)
	now := goodputs(records, c.Label, c.Scenario)
	for _, p := range (tuning{cell.Settings, cpusOf(records, c), c.Typical.refusesClients()}).proposals(cause) {
		a := Advice{Cause: cause, Words: p.words, Settings: p.settings}
		if len(p.settings) == 0 {
			return a, true
		}
		if holds(cell.Settings, p.settings) {
			continue // it is so already
		}
		a.Spec = spec(plan, cell, c.Scenario, p.settings)
		if _, err := matrix.Parse([]byte(a.Spec), there); err != nil {
			continue // another limit of the cell stands against it
		}
		if tried, others, ok := like(plan, cell, p.settings); ok {
			then := goodputs(records, tried.Label, c.Scenario)
			if len(others) == 0 && then.known() && now.known() && then.median <= now.median {
				continue // it was no better
			}
			a.Tried = told(tried.Label, others, now, then)
		}
		return a, true
	}
	return Advice{}, false
}

// cpusOf is how many CPUs the machine has, by the repetition that stands for the cell; 2 where it does not tell.
func cpusOf(records []record.Record, c Cell) float64 {
	const few = 2
	for _, r := range records {
		if o := (&observation{Record: r}); r.N == c.Typical.N && r.Cell == c.Label {
			if cpus := o.cpus(); cpus >= 1 {
				return math.Floor(cpus)
			}
		}
	}
	return few
}

// scriptsOf are the scripts that there are: the plan has been run.
func scriptsOf(plan matrix.Plan) []string {
	var names []string
	for _, s := range plan.Scenarios {
		names = append(names, s.Name)
	}
	return names
}

// like finds the cell of the plan that has a change under the same load and with the same faults, and of these the one
// that differs least from a cell otherwise; others are the settings in which it does.
func like(
	plan matrix.Plan, cell matrix.Cell, change matrix.Settings,
) (nearest matrix.Cell, others []string, found bool) {
	for _, c := range plan.Cells {
		if c.Twin || !holds(c.Settings, change) {
			continue
		}
		differ, comparable := differing(cell.Settings, c.Settings, change)
		if comparable && (!found || len(differ) < len(others)) {
			nearest, others, found = c, differ, true
		}
	}
	return nearest, others, found
}

// differing are the settings that differ between two cells, but for a change. Cells with another load, another
// fault or another backend cannot be compared.
func differing(a, b, change matrix.Settings) (names []string, comparable bool) {
	all := maps.Clone(a)
	maps.Copy(all, b)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		was, inA := a[name]
		is, inB := b[name]
		if _, changed := change[name]; changed || was == is && inA == inB {
			continue
		}
		for _, other := range []string{matrix.ScenarioPrefix, matrix.FaultPrefix, matrix.Backend} {
			if strings.HasPrefix(name, other) {
				return nil, false
			}
		}
		names = append(names, name)
	}
	return names, true
}

// holds says whether settings have all of a change.
func holds(s, change matrix.Settings) bool {
	for name, value := range change {
		if s[name] != value {
			return false
		}
	}
	return true
}

// trials are what the repetitions of a cell gave.
type trials struct {
	n      int
	median float64 // of their goodput, in requests per second
}

func (t trials) known() bool { return t.n > 0 }

// goodputs reads the repetitions of a cell that its numbers come from; where the system failed
// there was none.
func goodputs(records []record.Record, label string, s matrix.Scenario) trials {
	var all []record.Record
	latest := make(map[int]int)
	for _, r := range records {
		latest[r.Block] = max(latest[r.Block], r.Attempt)
	}
	for _, r := range records {
		if r.Cell == label && r.Scenario == s.Name && r.Scale == s.Scale && r.Attempt >= latest[r.Block] {
			all = append(all, r)
		}
	}
	var values []float64
	for _, r := range usable(all) {
		values = append(values, r.Load.GoodputRPS)
	}
	for _, r := range all {
		if r.HasFailed() {
			values = append(values, 0)
		}
	}
	if len(values) == 0 {
		return trials{}
	}
	return trials{len(values), stat.Median(values)}
}

// usable are the valid repetitions of a cell, or else the suspect ones, as in every table.
func usable(records []record.Record) []record.Record {
	for _, verdict := range []record.Verdict{record.Valid, record.Suspect} {
		var of []record.Record
		for _, r := range records {
			if r.Verdict == verdict && r.Load != nil {
				of = append(of, r)
			}
		}
		if len(of) > 0 {
			return of
		}
	}
	return nil
}

// told says what a cell of the run tells of a change; nothing where either cell has no repetition that can be used.
func told(label string, others []string, now, then trials) string {
	if !now.known() || !then.known() {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "tried here as %s", label)
	if len(others) > 0 {
		fmt.Fprintf(&b, ", which differs in %s too", strings.Join(others, ", "))
	}
	if now.median > 0 {
		fmt.Fprintf(&b, ": %s × the goodput", short(then.median/now.median))
	} else {
		fmt.Fprintf(&b, ": a goodput of %s RPS where this cell has none", short(then.median))
	}
	fmt.Fprintf(&b, " (medians of %d and %d trials", now.n, then.n)
	if min(now.n, then.n) < stat.MinBlocks {
		b.WriteString(", too few to tell it from noise")
	}
	b.WriteString(")")
	return b.String()
}

// blocksOfAdvice is the fewest that tell two cells apart.
const blocksOfAdvice = stat.MinBlocks

// spec writes a spec in which the cell stands beside itself with the change.
func spec(plan matrix.Plan, cell matrix.Cell, s matrix.Scenario, change matrix.Settings) string {
	var b strings.Builder
	fmt.Fprintf(&b, "name: try-%s\nscenarios: [%q]\n", strings.Split(plan.Name, "-")[0], s.String())
	fmt.Fprintf(&b, "factors:\n  try:\n    now: {}\n    then: {%s}\n", flow(change))
	kept := matrix.Settings{}
	defaults := matrix.Defaults()
	for name, value := range cell.Settings {
		if defaults[name] != value {
			kept[name] = value
		}
	}
	if len(kept) > 0 {
		fmt.Fprintf(&b, "settings: {%s}\n", flow(kept))
	}
	fmt.Fprintf(&b, "baseline: {try: now}\nblocks: %d\n", blocksOfAdvice)
	fmt.Fprintf(&b, "slo: {error_ratio: %g, p99: %s}\n", plan.SLO.ErrorRatio, plan.SLO.P99)
	if len(plan.CPUs) > 0 {
		fmt.Fprintf(&b, "cpus: {%s}\n", flow(plan.CPUs))
	}
	if len(plan.AllowTargets) > 0 {
		fmt.Fprintf(&b, "allow_targets: [%s]\n", strings.Join(plan.AllowTargets, ", "))
	}
	return b.String()
}

// flow writes settings as the inside of a YAML flow map.
func flow[M ~map[string]string](s M) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(s)) {
		parts = append(parts, fmt.Sprintf("%s: %q", name, s[name]))
	}
	return strings.Join(parts, ", ")
}

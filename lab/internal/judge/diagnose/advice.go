package diagnose

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"stormwave/lab/internal/analysis"
	"stormwave/lab/internal/judge/stat"
	"stormwave/lab/internal/matrix"
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
// already shown not to. groups are those of all cells under its scenario, g is its own.
func advise(
	plan matrix.Plan, groups []analysis.Group, g analysis.Group, c Cell, services *matrix.Catalog,
) []Advice {
	causes := []Cause{c.Cause}
	if c.Cause == Mixed {
		causes = c.Typical.Together
	}
	there := matrix.Inventory{Scenarios: scriptsOf(plan), Services: services}
	t := tuning{
		Settings: g.Cell.Settings,
		cpus:     cpusOf(g, c.Typical.N),
		poolers:  services.Poolers(),
		refused:  c.Typical.refusesClients(services.Poolers()),
	}
	var all []Advice
	for _, cause := range causes {
		if a, ok := t.advise(plan, groups, g, cause, there); ok {
			all = append(all, a)
		}
	}
	return all
}

func (t tuning) advise(
	plan matrix.Plan, groups []analysis.Group, g analysis.Group, cause Cause, there matrix.Inventory,
) (Advice, bool) {
	now := goodputs(g)
	for _, p := range t.proposals(cause) {
		a := Advice{Cause: cause, Words: p.words, Settings: p.settings}
		if len(p.settings) == 0 {
			return a, true
		}
		if holds(g.Cell.Settings, p.settings) {
			continue // it is so already
		}
		a.Spec = spec(plan, g.Cell, g.Scenario, p.settings, there.Services)
		if _, err := matrix.Parse([]byte(a.Spec), there); err != nil {
			continue // another limit of the cell stands against it
		}
		if tried, others, ok := like(groups, g.Cell, p.settings); ok {
			then := goodputs(tried)
			if len(others) == 0 && then.known() && now.known() && then.median <= now.median {
				continue // it was no better
			}
			a.Tried = told(tried.Cell.Label, others, now, then)
		}
		return a, true
	}
	return Advice{}, false
}

// cpusOf is how many CPUs the machine has, by the trial that stands for the cell; 2 where it does not tell.
func cpusOf(g analysis.Group, typical int) float64 {
	const few = 2
	for _, r := range g.All {
		if o := (&observation{Record: *r}); r.N == typical {
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

// like finds the cell that has a change under the same load and with the same faults, and of these the one that
// differs least from a cell otherwise; others are the settings in which it does.
func like(
	groups []analysis.Group, cell matrix.Cell, change matrix.Settings,
) (nearest analysis.Group, others []string, found bool) {
	for _, g := range groups {
		if g.Cell.Control || !holds(g.Cell.Settings, change) {
			continue
		}
		differ, comparable := differing(cell.Settings, g.Cell.Settings, change)
		if comparable && (!found || len(differ) < len(others)) {
			nearest, others, found = g, differ, true
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
		for _, other := range []string{matrix.ScenarioPrefix, matrix.FaultPrefix, matrix.Commit} {
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

// trials are what the trials of a cell gave.
type trials struct {
	n      int
	median float64 // of their goodput, in requests per second
}

func (t trials) known() bool { return t.n > 0 }

// goodputs reads the trials of a cell that its numbers come from; where the system failed
// there was none.
func goodputs(g analysis.Group) trials {
	median, n := g.Median(analysis.Goodput)
	return trials{n, median}
}

// told says what a cell of the run tells of a change; nothing where either cell has no trial that can be used.
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
func spec(
	plan matrix.Plan, cell matrix.Cell, s matrix.Scenario, change matrix.Settings, services *matrix.Catalog,
) string {
	var b strings.Builder
	fmt.Fprintf(&b, "name: try-%s\n", strings.Split(plan.Name, "-")[0])
	if plan.Backend != "" {
		fmt.Fprintf(&b, "backend: %q\n", plan.Backend)
	}
	fmt.Fprintf(&b, "scenarios: [%q]\n", s.String())
	fmt.Fprintf(&b, "factors:\n  try:\n    now: {}\n    then: {%s}\n", flow(change))
	kept := matrix.Settings{}
	defaults := services.Defaults()
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
	return b.String()
}

// Confirm is a spec that compares a cell with and without a change; "" where matrix.Parse does not take it.
func Confirm(
	plan matrix.Plan, cell matrix.Cell, s matrix.Scenario, change matrix.Settings, services *matrix.Catalog,
) string {
	text := spec(plan, cell, s, change, services)
	if _, err := matrix.Parse([]byte(text), matrix.Inventory{Scenarios: scriptsOf(plan), Services: services}); err != nil {
		return ""
	}
	return text
}

// flow writes settings as the inside of a YAML flow map.
func flow[M ~map[string]string](s M) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(s)) {
		parts = append(parts, fmt.Sprintf("%s: %q", name, s[name]))
	}
	return strings.Join(parts, ", ")
}

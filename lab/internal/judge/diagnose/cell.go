package diagnose

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"stormwave/lab/internal/analysis"
	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/record"
)

// Cell is what the trials of a cell under a scenario say together.
type Cell struct {
	Label    string          `json:"cell"`
	Scenario matrix.Scenario `json:"scenario"`
	Cause    Cause           `json:"cause"`
	First    int             `json:"first"` // trials that have it first
	Of       int             `json:"of"`    // trials that were diagnosed
	Excluded []string        `json:"left_out,omitempty"`
	// Typical is the diagnosis of the trial that stands for the others: of those
	// with this cause, the one whose goodput is nearest to the middle one of the cell.
	Typical Diagnosis   `json:"typical"`
	Trials  []Diagnosis `json:"repetitions"`
	Advice  []Advice    `json:"advice,omitempty"`
}

// Run diagnoses every cell of a plan under every scenario, from all records of the
// run. A trial that was rerun, or went wrong without a service having
// ended, is excluded, and that is said. The services are those that an advised spec may name.
func Run(plan matrix.Plan, records []record.Record, services *matrix.Catalog) []Cell {
	var all []Cell
	last := analysis.LastAttempts(records)
	for _, groups := range analysis.Groups(plan, records) {
		for _, g := range groups {
			cell := Cell{Label: g.Cell.Label, Scenario: g.Scenario, Cause: Undetermined}
			var taken []*record.Record
			for _, r := range g.All {
				if cell.take(r, plan.SLO, services.Poolers(), last) {
					taken = append(taken, r)
				}
			}
			cell.decide(g, taken)
			cell.Advice = advise(plan, groups, g, cell, services)
			all = append(all, cell)
		}
	}
	return all
}

// take diagnoses a trial, or says why not.
func (c *Cell) take(r *record.Record, slo matrix.SLO, poolers []matrix.Service, last analysis.Attempts) bool {
	if last.Superseded(r.Block, r.Attempt) {
		c.Excluded = append(c.Excluded, fmt.Sprintf("trial %d: its block was rerun", r.N))
		return false
	}
	d := diagnose(*r, slo, poolers)
	if r.Verdict == record.Invalid && d.Cause != ComponentFailed {
		c.Excluded = append(c.Excluded, fmt.Sprintf("trial %d is invalid", r.N))
		return false
	}
	c.Trials = append(c.Trials, d)
	return true
}

// decide names the cause that is first most often; of equals, the one that is
// claimed more strongly. taken are the records of the trials.
func (c *Cell) decide(g analysis.Group, taken []*record.Record) {
	c.Of = len(c.Trials)
	score := make(map[Cause]float64)
	first := make(map[Cause][]Diagnosis)
	for _, d := range c.Trials {
		first[d.Cause] = append(first[d.Cause], d)
		score[d.Cause] += d.score()
	}
	for _, cause := range causes(first) {
		if n := len(first[cause]); n > c.First || n == c.First && score[cause] > score[c.Cause] {
			c.Cause, c.First = cause, n
		}
	}
	if typical := first[c.Cause]; len(typical) > 0 {
		goodput, drawn := goodputOf(g, taken)
		c.Typical = slices.MinFunc(typical, func(a, b Diagnosis) int {
			far := func(d Diagnosis) float64 { return math.Abs(goodput[d.N] - goodput[drawn]) }
			other := func(d Diagnosis) int { return map[bool]int{true: 1}[d.N != drawn] } // of several that are equally near
			return cmp.Or(
				cmp.Compare(far(a), far(b)), other(a)-other(b), cmp.Compare(goodput[a.N], goodput[b.N]), cmp.Compare(a.N, b.N),
			)
		})
	}
}

// goodputOf is the goodput of each trial by its number, and the trial that stands for the cell: reports
// draw it over time. Where none can be used it is the middle one of all that had a load.
func goodputOf(g analysis.Group, taken []*record.Record) (of map[int]float64, drawn int) {
	of = make(map[int]float64)
	var loaded []*record.Record
	for _, r := range taken {
		if r.Load != nil {
			of[r.N] = r.Load.GoodputRPS
			loaded = append(loaded, r)
		}
	}
	if r := cmp.Or(g.Typical(), analysis.Middle(loaded)); r != nil {
		drawn = r.N
	}
	return of, drawn
}

// score is that of the first cause, 0 where none is claimed.
func (d Diagnosis) score() float64 {
	if len(d.Claimed) == 0 {
		return 0
	}
	return d.Claimed[0].Score
}

func causes(m map[Cause][]Diagnosis) []Cause {
	names := make([]Cause, 0, len(m))
	for c := range m {
		names = append(names, c)
	}
	slices.Sort(names)
	return names
}

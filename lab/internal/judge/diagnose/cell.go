package diagnose

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"

	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/record"
)

// Cell is what the repetitions of a cell under a scenario say together.
type Cell struct {
	Label    string          `json:"cell"`
	Scenario matrix.Scenario `json:"scenario"`
	Cause    Cause           `json:"cause"`
	First    int             `json:"first"` // repetitions that have it first
	Of       int             `json:"of"`    // repetitions that were diagnosed
	Left     []string        `json:"left_out,omitempty"`
	// Typical is the diagnosis of the repetition that stands for the others: of those
	// with this cause, the one whose goodput is nearest to the middle one of the cell.
	Typical     Diagnosis   `json:"typical"`
	Repetitions []Diagnosis `json:"repetitions"`
	Advice      []Advice    `json:"advice,omitempty"`
}

// Run diagnoses every cell of a plan under every scenario, from all records of the
// run. A repetition that was shot again, or went wrong without a service having
// ended, is left out, and that is said. The services are those that an advised spec may name.
func Run(plan matrix.Plan, records []record.Record, services *matrix.Catalog) []Cell {
	var all []Cell
	latest := make(map[int]int)
	for _, r := range records {
		latest[r.Block] = max(latest[r.Block], r.Attempt)
	}
	byCell := make(map[string][]record.Record)
	for _, r := range records {
		key := r.Cell + "\n" + matrix.Scenario{Name: r.Scenario, Scale: r.Scale}.String()
		byCell[key] = append(byCell[key], r)
	}
	for _, s := range plan.Scenarios {
		for _, c := range plan.Cells {
			cell := Cell{Label: c.Label, Scenario: s, Cause: Undetermined}
			var taken []record.Record
			for _, r := range byCell[c.Label+"\n"+s.String()] {
				if cell.take(r, plan.SLO, latest) {
					taken = append(taken, r)
				}
			}
			cell.decide(taken)
			all = append(all, cell)
		}
	}
	for i := range all {
		all[i].Advice = advise(plan, records, all[i], services)
	}
	return all
}

// take diagnoses a repetition, or says why not.
func (c *Cell) take(r record.Record, slo matrix.SLO, latest map[int]int) bool {
	if r.Attempt < latest[r.Block] {
		c.Left = append(c.Left, fmt.Sprintf("repetition %d: its block was shot again", r.N))
		return false
	}
	d := Record(r, slo)
	if r.Verdict == record.Invalid && d.Cause != ComponentFailed {
		c.Left = append(c.Left, fmt.Sprintf("repetition %d is invalid", r.N))
		return false
	}
	c.Repetitions = append(c.Repetitions, d)
	return true
}

// decide names the cause that is first most often; of equals, the one that is
// claimed more strongly. taken are the records of the repetitions.
func (c *Cell) decide(taken []record.Record) {
	c.Of = len(c.Repetitions)
	score := make(map[Cause]float64)
	first := make(map[Cause][]Diagnosis)
	for _, d := range c.Repetitions {
		first[d.Cause] = append(first[d.Cause], d)
		score[d.Cause] += d.score()
	}
	for _, cause := range causes(first) {
		if n := len(first[cause]); n > c.First || n == c.First && score[cause] > score[c.Cause] {
			c.Cause, c.First = cause, n
		}
	}
	if typical := first[c.Cause]; len(typical) > 0 {
		goodput, drawn := goodputOf(taken)
		c.Typical = slices.MinFunc(typical, func(a, b Diagnosis) int {
			far := func(d Diagnosis) float64 { return math.Abs(goodput[d.N] - goodput[drawn]) }
			other := func(d Diagnosis) int { return map[bool]int{true: 1}[d.N != drawn] } // of several that are equally near
			return cmp.Or(
				cmp.Compare(far(a), far(b)), other(a)-other(b), cmp.Compare(goodput[a.N], goodput[b.N]), cmp.Compare(a.N, b.N),
			)
		})
	}
}

// goodputOf is the goodput of each repetition by its number, and the repetition with the middle one of those that
// numbers come from, of two the lower: reports draw it over time.
func goodputOf(records []record.Record) (of map[int]float64, drawn int) {
	of = make(map[int]float64)
	for _, r := range records {
		if r.Load != nil {
			of[r.N] = r.Load.GoodputRPS
		}
	}
	var numbers []int
	for _, r := range usable(records) {
		numbers = append(numbers, r.N)
	}
	if len(numbers) == 0 {
		numbers = slices.Collect(maps.Keys(of))
	}
	if len(numbers) == 0 {
		return of, 0
	}
	slices.SortFunc(numbers, func(a, b int) int { return cmp.Or(cmp.Compare(of[a], of[b]), cmp.Compare(a, b)) })
	return of, numbers[(len(numbers)-1)/2]
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

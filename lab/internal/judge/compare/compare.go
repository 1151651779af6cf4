// Package compare sets two runs side by side: it matches their like cells, and says
// of each measure by how much B differs from A, and whether a gate lets that pass.
package compare

import (
	"maps"
	"slices"

	"stormwave/lab/internal/analysis"
	"stormwave/lab/internal/judge/stat"
	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/record"
)

// Run is all that is compared of a run.
type Run struct {
	Name    string
	Plan    matrix.Plan
	Host    record.Host
	Records []record.Record
	// Defaults are the settings of a cell for which a spec sets nothing.
	Defaults matrix.Settings
}

// Comparison is B against A.
type Comparison struct {
	A string `json:"a"`
	B string `json:"b"`
	// Interleaved says that both were run in the blocks of one run, and are compared
	// block by block; else their trials are independent samples.
	Interleaved bool     `json:"interleaved"`
	Unlike      []string `json:"unlike"` // what else than the backend tells A and B apart
	Pairs       []Pair   `json:"pairs"`
	Alone       []Alone  `json:"alone"` // cells without a like one on the other side
}

// Pair is a cell of A and the like one of B, under one scenario.
type Pair struct {
	Scenario string   `json:"scenario"`
	Cell     string   `json:"cell"`             // its label in A
	CellB    string   `json:"cell_b,omitempty"` // its label in B, if that is another
	A        Count    `json:"repetitions_a"`
	B        Count    `json:"repetitions_b"`
	Changes  []Change `json:"changes"`
}

// Count is how many trials there are of a cell.
type Count struct {
	Valid    int `json:"valid"`
	Failed   int `json:"failed"`   // the system failed: they count as the worst there is
	Excluded int `json:"left_out"` // neither, or from a block that was begun again
}

// Alone is a cell that has no partner.
type Alone struct {
	Side     string `json:"side"` // "A" or "B"
	Scenario string `json:"scenario"`
	Cell     string `json:"cell"`
}

// Runs compares two runs that were made at different times. A setting that has one
// value in every cell of A and another in every cell of B does not keep cells from
// being like, but is listed in Unlike; so is all else that should be the same.
func Runs(a, b Run) Comparison {
	c := atTwoTimes(a, b)
	adjust([]Comparison{c})
	return c
}

// atTwoTimes is Runs without regard to how many comparisons there are.
func atTwoTimes(a, b Run) Comparison {
	a, b = complete(a), complete(b)
	c := Comparison{A: a.Name, B: b.Name, Unlike: unlike(a, b)}
	c.compare(newSide(a), newSide(b), apart(a.Plan, b.Plan))
	return c
}

// complete gives the cells of a run the settings that there were not yet when it was
// planned: by their defaults a lab does what it did before it had them.
func complete(run Run) Run {
	run.Plan.Cells = slices.Clone(run.Plan.Cells)
	for i := range run.Plan.Cells {
		settings := make(matrix.Settings)
		maps.Copy(settings, run.Defaults)
		maps.Copy(settings, run.Plan.Cells[i].Settings)
		run.Plan.Cells[i].Settings = settings
	}
	return run
}

// Halves compares what one run has measured with one and with another value of a
// setting. Both were run in each block, so that what drifts over the hours of a
// run hits both alike.
func Halves(run Run, setting, a, b string) Comparison {
	c := Comparison{A: a, B: b, Interleaved: true, Unlike: []string{}}
	c.compare(half(run, setting, a), half(run, setting, b), []string{setting})
	adjust([]Comparison{c})
	return c
}

// compare pairs the like groups, and lists the others. Settings that are ignored do
// not make groups unlike.
func (c *Comparison) compare(a, b side, ignored []string) {
	c.Pairs, c.Alone = []Pair{}, []Alone{}
	partners := make(map[string][]analysis.Group)
	for _, g := range b.groups {
		partners[key(g, ignored)] = append(partners[key(g, ignored)], g)
	}
	for _, g := range a.groups {
		key := key(g, ignored)
		like := partners[key]
		if len(like) == 0 {
			c.Alone = append(c.Alone, Alone{"A", g.Scenario.String(), a.label(g)})
			continue
		}
		partners[key] = like[1:]
		c.Pairs = append(c.Pairs, c.pair(a, b, g, like[0], ignored))
	}
	for _, g := range b.groups {
		for _, left := range partners[key(g, ignored)] {
			if left.Cell.Label == g.Cell.Label {
				c.Alone = append(c.Alone, Alone{"B", g.Scenario.String(), b.label(g)})
			}
		}
	}
}

// pair compares two like groups in every measure.
func (c *Comparison) pair(a, b side, of, with analysis.Group, ignored []string) Pair {
	p := Pair{Scenario: of.Scenario.String(), Cell: a.label(of), A: counted(of), B: counted(with)}
	if label := b.label(with); label != p.Cell {
		p.CellB = label
	}
	baseA, baseB := a.baseline(of.Scenario), b.baseline(with.Scenario)
	why := ""
	switch {
	case c.Interleaved:
	case key(baseA, ignored) != key(baseB, ignored):
		why = "the days of two runs differ, and their baselines are unlike: there is no reference"
	case of.Cell.Baseline || with.Cell.Baseline:
		why = "the days of two runs differ, and the baseline is what tells by how much: measure both in one run"
	}
	reference := of.Cell.Baseline && with.Cell.Baseline
	for _, m := range measures {
		margin := min(m.Margin(a.Plan.Margins()), m.Margin(b.Plan.Margins()))
		switch {
		case c.Interleaved:
			p.Changes = append(p.Changes, m.within(of, with, margin))
		case why != "":
			change := m.alone(of, with, margin, why)
			change.reference = reference
			p.Changes = append(p.Changes, change)
		default:
			p.Changes = append(p.Changes, m.between(of, baseA, with, baseB, margin))
		}
	}
	return p
}

// adjust takes into account that many cells are compared: the p-values of a measure
// under a scenario are one family, over all the comparisons.
func adjust(all []Comparison) {
	families := make(map[string][]*Change)
	for _, c := range all {
		for _, p := range c.Pairs {
			for i := range p.Changes {
				if change := &p.Changes[i]; change.Interval != nil {
					family := p.Scenario + " " + change.Measure
					families[family] = append(families[family], change)
				}
			}
		}
	}
	for _, family := range families {
		values := make([]float64, len(family))
		for i, change := range family {
			values[i] = change.contrast.P
		}
		for i, p := range stat.Holm(values) {
			family[i].adjust(p)
		}
	}
}

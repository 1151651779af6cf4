package analysis

import (
	"maps"
	"slices"

	"stormwave/lab/internal/judge/stat"
	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/record"
)

// Part is what a run has measured under one of its scenarios. Its rows are the cells of the
// plan, in their order: the baseline is row 0.
type Part struct {
	Plan     matrix.Plan
	Scenario matrix.Scenario
	Groups   []Group // by row
	Blocks   []int   // that were run, whole or not, ascending
}

// Parts sorts the trials of a run by scenario, and compares nothing yet.
func Parts(plan matrix.Plan, records []record.Record) []Part {
	parts := make([]Part, len(plan.Scenarios))
	for i, groups := range Groups(plan, records) {
		run := map[int]bool{}
		for _, g := range groups {
			for _, r := range g.All {
				run[r.Block] = true
			}
		}
		parts[i] = Part{
			Plan:     plan,
			Scenario: plan.Scenarios[i],
			Groups:   groups,
			Blocks:   slices.Sorted(maps.Keys(run)),
		}
	}
	return parts
}

// Contrast is how a cell differs from the baseline in a measure. Its word takes into account
// how many others there are.
type Contrast struct {
	stat.Contrast
	Alone float64 // P before that
	// Suspect: no result stands on one side. The estimate is all there is.
	Suspect bool
}

// Between compares two rows in a measure, block by block, and takes no others into account.
func (p *Part) Between(m Measure, base, row int) stat.Contrast {
	return m.Compare(p.byBlock(m, base), p.byBlock(m, row), m.Margin(p.Plan.Margins()), p.Plan.Seed)
}

func (p *Part) byBlock(m Measure, row int) []float64 { return p.Groups[row].ByBlock(m, p.Blocks) }

// Contrasts compares each row with the baseline in a measure. The p-values of the cells that the
// run is made to compare are one family, after Holm; the A/A control is none of it, and the
// baseline's own contrast is empty.
func (p *Part) Contrasts(m Measure) []Contrast {
	contrasts := make([]Contrast, len(p.Groups))
	for row := 1; row < len(p.Groups); row++ {
		c := p.Between(m, 0, row)
		contrasts[row] = Contrast{Contrast: c, Alone: c.P, Suspect: p.Groups[0].Suspect || p.Groups[row].Suspect}
	}
	var family []int
	var values []float64
	for _, row := range p.Plan.Compared() {
		if c := contrasts[row]; c.Interval != nil && !c.Suspect {
			family, values = append(family, row), append(values, c.P)
		}
	}
	for i, v := range stat.Holm(values) {
		c := &contrasts[family[i]]
		c.Contrast = c.Adjusted(v)
	}
	return contrasts
}

// LogRatios are those of the goodput of two rows, of each block in which both have a result.
func (p *Part) LogRatios(base, row int) []float64 {
	ratios, _ := stat.LogRatios(Goodput.Pairs(p.Groups[base], p.Groups[row]))
	return ratios
}

// Excludes says whether the contrast's interval excludes that the two do not differ. Of the A/A
// control, whose interval is the noise band, that is an alarm: the two are the same.
func (c Contrast) Excludes(m Measure) bool {
	return c.Interval != nil && (c.Interval.Low > m.Same() || c.Interval.High < m.Same())
}

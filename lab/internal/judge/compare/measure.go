package compare

import (
	"fmt"
	"math"
	"slices"

	"stormwave/lab/internal/analysis"
	"stormwave/lab/internal/judge/stat"
	"stormwave/lab/internal/metric"
)

// measure is something that two cells are compared by.
type measure struct {
	analysis.Measure
	name string
	unit string
}

// errorRatio is the one measure whose gate binds B's own value.
const errorRatio = "error_ratio"

var measures = judging()

func judging() []measure {
	var all []measure
	for _, m := range metric.Judging {
		all = append(all, measure{
			Measure: analysis.By(m),
			name:    m.Gate,
			unit:    m.Unit.Name(),
		})
	}
	return all
}

// Change is how B differs from A in a measure. A number that is absent could not be
// told; Why says for what reason.
type Change struct {
	Measure string   `json:"measure"`
	Unit    string   `json:"unit,omitempty"`
	A       *float64 `json:"a,omitempty"` // median over the trials
	B       *float64 `json:"b,omitempty"`
	// Estimate is the ratio B/A, or of error_ratio the difference B − A, by Hodges and
	// Lehmann. Of two runs it is of what the cell does against its own run's baseline.
	Estimate *float64    `json:"estimate,omitempty"`
	Interval *[2]float64 `json:"interval,omitempty"` // of Estimate, 95%
	Range    *[2]float64 `json:"range,omitempty"`    // of Estimate, over all pairs of trials, where there is no interval
	P        *float64    `json:"p,omitempty"`        // two-sided, after Holm over all cells of the scenario
	Margin   float64     `json:"margin"`             // what is smaller is no difference: a share, or in the measure's unit
	Word     stat.Word   `json:"word"`
	Why      string      `json:"why,omitempty"`

	contrast stat.Contrast
	bounds   *[2]float64 // lowest and highest value of B, nil without any
	excluded int         // trials of B that are no result

	reference bool // what the cells of two runs are measured against
}

// names are those of all measures.
func names() []string {
	all := make([]string, len(measures))
	for i, m := range measures {
		all[i] = m.name
	}
	return all
}

// newChange is a change of which only the two medians are known.
func (m measure) newChange(a, b analysis.Group, margin float64) Change {
	x, y := m.Values(a.Results()), m.Values(b.Results())
	return Change{
		Measure: m.name, Unit: m.unit, Margin: margin, Word: stat.Inconclusive,
		A: finite(stat.Median(x)), B: finite(stat.Median(y)), bounds: ends(y),
		excluded: len(b.Latest) - len(b.Results()),
	}
}

// within compares two groups of one run, block by block.
func (m measure) within(a, b analysis.Group, margin float64) Change {
	c := m.newChange(a, b, margin)
	x, y := m.Pairs(a, b)
	c.contrast = m.Compare(x, y, margin, 0)
	c.tell()
	if c.Word == stat.TooSmall {
		blocks := fmt.Sprintf("%d blocks", len(x))
		if len(x) == 1 {
			blocks = "1 block"
		}
		c.Why = fmt.Sprintf("%s: %s, and 95%% takes %d", stat.TooSmall, blocks, stat.MinBlocks)
	}
	return c
}

// between compares two groups of two runs. What tells the days of the runs apart is in both
// the cell and its baseline, so each is measured against the baseline of its own run, block
// by block, and the two effects are compared: a difference in differences.
func (m measure) between(a, baseA, b, baseB analysis.Group, margin float64) Change {
	c := m.newChange(a, b, margin)
	x, y := m.effects(baseA, a), m.effects(baseB, b)
	c.contrast = m.shift(x, y, margin)
	c.tell()
	if c.Word == stat.TooSmall {
		c.Why = fmt.Sprintf("%s: %d v %d, and 95%% takes %d v %d", stat.TooSmall, len(x), len(y), MinEach, MinEach)
	}
	return c
}

// alone tells what two groups of two runs that have no reference come to. What the days
// differ by is in it, so that no word can be said.
func (m measure) alone(a, b analysis.Group, margin float64, why string) Change {
	c := m.newChange(a, b, margin)
	x, y := m.Values(a.Results()), m.Values(b.Results())
	if !m.Absolute {
		x, y = logs(x), logs(y)
	}
	c.contrast = m.shift(x, y, margin)
	c.contrast.Interval, c.contrast.Word = nil, stat.Inconclusive
	c.Why = why
	c.tell()
	return c
}

// shift compares two samples that are independent: of logarithms, or of an absolute measure.
func (m measure) shift(x, y []float64, margin float64) stat.Contrast {
	if m.Absolute {
		return shift(x, y, m.Better, margin)
	}
	return asRatio(shift(x, y, m.Better, math.Log1p(margin)))
}

// effects are what a cell does against its baseline in each block: log-ratios, or
// differences.
func (m measure) effects(base, cell analysis.Group) []float64 {
	x, y := m.Pairs(base, cell)
	if !m.Absolute {
		x, y = logs(x), logs(y)
	}
	for i := range y {
		y[i] -= x[i]
	}
	return y
}

// tell fills in what is shown of the contrast.
func (c *Change) tell() {
	c.Estimate, c.Word = finite(c.contrast.Ratio), c.contrast.Word
	switch i := c.contrast.Interval; {
	case i != nil:
		c.Interval, c.P = &[2]float64{shown(i.Low), shown(i.High)}, finite(c.contrast.P)
	case c.Estimate != nil:
		c.Range = &[2]float64{shown(c.contrast.Low), shown(c.contrast.High)}
	}
}

// adjust replaces the p-value by that of the whole family.
func (c *Change) adjust(p float64) {
	c.contrast = c.contrast.Adjusted(p)
	c.tell()
}

// ends are the lowest and the highest value, nil if there is none.
func ends(x []float64) *[2]float64 {
	if len(x) == 0 {
		return nil
	}
	return &[2]float64{slices.Min(x), slices.Max(x)}
}

// shown is a number that JSON can hold: +Inf, to what cannot be measured, is the largest.
func shown(v float64) float64 { return min(v, math.MaxFloat64) }

func finite(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}

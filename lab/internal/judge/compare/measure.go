package compare

import (
	"fmt"
	"math"
	"slices"

	"stormwave/lab/internal/judge/stat"
	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/record"
)

// measure is something that two cells are compared by.
type measure struct {
	name      string
	unit      string
	direction stat.Direction
	value     func(record.Load) float64
	// difference says that B − A is told and not B/A, since A may well be 0.
	difference bool
}

// errorRatio is the one measure whose gate binds B's own value.
const errorRatio = "error_ratio"

var measures = []measure{
	{name: "goodput", unit: "RPS", direction: stat.HigherIsBetter, value: func(l record.Load) float64 { return l.GoodputRPS }},
	{name: "successes", direction: stat.HigherIsBetter, value: func(l record.Load) float64 { return float64(l.Requests - l.Failed) }},
	{name: "p99", unit: "ms", direction: stat.LowerIsBetter, value: func(l record.Load) float64 { return l.Latency.P99 }},
	{name: errorRatio, direction: stat.LowerIsBetter, value: func(l record.Load) float64 { return l.ErrorRatio }, difference: true},
}

// Change is how B differs from A in a measure. A number that is absent could not be
// told; Why says for what reason.
type Change struct {
	Measure string   `json:"measure"`
	Unit    string   `json:"unit,omitempty"`
	A       *float64 `json:"a,omitempty"` // median over the repetitions
	B       *float64 `json:"b,omitempty"`
	// Estimate is the ratio B/A, or of error_ratio the difference B − A, by Hodges
	// and Lehmann.
	Estimate *float64    `json:"estimate,omitempty"`
	Interval *[2]float64 `json:"interval,omitempty"` // of Estimate, 95%
	Range    *[2]float64 `json:"range,omitempty"`    // of Estimate, over all pairs of repetitions, where there is no interval
	P        *float64    `json:"p,omitempty"`        // two-sided, after Holm over all cells of the scenario
	Margin   float64     `json:"margin"`             // what is smaller is no difference: a share, or in the measure's unit
	Word     stat.Word   `json:"word"`
	Why      string      `json:"why,omitempty"`

	contrast stat.Contrast
	bounds   *[2]float64 // lowest and highest value of B, nil without any
}

// margin is within what two cells count as equivalent. Of the share of errors it is
// half of what the objective allows, or the noise if that is more.
func (m measure) margin(floor float64, slo matrix.SLO) float64 {
	if !m.difference {
		return stat.Margin(floor)
	}
	if least := slo.ErrorRatio / 2; !(floor > least) { // NaN is no floor
		return least
	}
	return floor
}

// names are those of all measures.
func names() []string {
	all := make([]string, len(measures))
	for i, m := range measures {
		all[i] = m.name
	}
	return all
}

// values are those of a sample, in the order of its repetitions.
func (m measure) values(s sample) []float64 {
	all := make([]float64, len(s.valid))
	for i, r := range s.valid {
		all[i] = m.value(*r.Load)
	}
	return all
}

// byBlock gives the values of the blocks that both samples have, side by side.
func (m measure) byBlock(a, b sample) (x, y []float64) {
	byBlock := make(map[int]float64, len(a.valid))
	for _, r := range a.valid {
		byBlock[r.Block] = m.value(*r.Load)
	}
	for _, r := range b.valid {
		if v, ok := byBlock[r.Block]; ok {
			x, y = append(x, v), append(y, m.value(*r.Load))
		}
	}
	return x, y
}

// change compares two samples: block by block if they are interleaved.
func (m measure) change(a, b sample, margin float64, interleaved bool) Change {
	x, y := m.values(a), m.values(b)
	c := Change{Measure: m.name, Unit: m.unit, A: finite(stat.Median(x)), B: finite(stat.Median(y)), Margin: margin, bounds: ends(y)}
	n := fmt.Sprintf("%d v %d", len(x), len(y))
	if interleaved {
		x, y = m.byBlock(a, b)
		if n = fmt.Sprintf("%d blocks", len(x)); len(x) == 1 {
			n = "1 block"
		}
	}
	switch zeros := zeros(x, y); {
	case zeros > 0 && !m.difference:
		// What remains would be the survivors only.
		c.Word, c.Why = stat.Inconclusive, fmt.Sprintf("no ratio: %s is 0 in %d of the repetitions", m.name, zeros)
		return c
	case interleaved && m.difference:
		c.contrast = stat.Difference(x, y, m.direction, margin, 0)
	case interleaved:
		c.contrast = stat.Compare(x, y, m.direction, margin, 0)
	case m.difference:
		c.contrast = differenceOf(x, y, m.direction, margin)
	default:
		c.contrast = ratioOf(x, y, m.direction, margin)
	}
	c.tell()
	if c.Word == stat.TooSmall {
		c.Why = fmt.Sprintf("%s: %s, and 95%% takes %d v %d", stat.TooSmall, n, MinEach, MinEach)
		if interleaved {
			c.Why = fmt.Sprintf("%s: %s, and 95%% takes %d", stat.TooSmall, n, stat.MinBlocks)
		}
	}
	return c
}

// tell fills in what is shown of the contrast.
func (c *Change) tell() {
	c.Estimate, c.Word = finite(c.contrast.Ratio), c.contrast.Word
	switch i := c.contrast.Interval; {
	case i != nil:
		c.Interval, c.P = &[2]float64{i.Low, i.High}, finite(c.contrast.P)
	case c.Estimate != nil:
		c.Range = &[2]float64{c.contrast.Low, c.contrast.High}
	}
}

// adjust replaces the p-value by that of the whole family.
func (c *Change) adjust(p float64) {
	c.contrast = c.contrast.Adjusted(p)
	c.tell()
}

// zeros counts the values that have no logarithm.
func zeros(x, y []float64) int {
	n := 0
	for _, v := range slices.Concat(x, y) {
		if v <= 0 {
			n++
		}
	}
	return n
}

// ends are the lowest and the highest value, nil if there is none.
func ends(x []float64) *[2]float64 {
	if len(x) == 0 {
		return nil
	}
	return &[2]float64{slices.Min(x), slices.Max(x)}
}

func finite(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}

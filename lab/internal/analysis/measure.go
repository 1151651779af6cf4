package analysis

import (
	"maps"
	"slices"

	"stormwave/lab/internal/judge/stat"
	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/metric"
	"stormwave/lab/internal/record"
)

// Measure is a number of a trial by which cells are compared.
type Measure struct {
	Better stat.Direction
	// Value reads it from a valid or suspect trial; ok is false where it was not recorded.
	Value func(*record.Record) (v float64, ok bool)
	// Worst is what a trial counts as in which the system failed; nil: it has no such number.
	Worst *float64
	// Absolute measures may well be 0, so that they have no ratio: they are compared by their
	// difference.
	Absolute bool
}

// The measures by which a run is judged as a whole: in requests per second within the objective,
// requests, milliseconds, and a share of the requests.
var (
	Goodput    = By(metric.Goodput)
	Successes  = By(metric.Successes)
	P99        = By(metric.P99)
	ErrorRatio = By(metric.ErrorRatio)
)

// By is the measure that a metric is.
func By(m *metric.Metric) Measure {
	return Measure{Better: m.Better, Value: m.Value, Worst: m.Worst, Absolute: m.Points}
}

// Margin is the least difference that matters: a share, or in the unit of an absolute measure.
func (m Measure) Margin(of matrix.Margin) float64 {
	if m.Absolute {
		return of.Failed
	}
	return of.Ratio
}

// Same is what a contrast comes to of two cells that do not differ.
func (m Measure) Same() float64 {
	if m.Absolute {
		return 0
	}
	return 1
}

// Of is the measure of a trial, the worst there is where the system failed.
func (m Measure) Of(r *record.Record) (float64, bool) {
	switch {
	case !r.HasFailed():
		return m.Value(r)
	case m.Worst == nil:
		return 0, false
	}
	return *m.Worst, true
}

// Compare gives the contrast of a cell with another, whose values are paired by index: one per
// block, NaN where there is none.
func (m Measure) Compare(base, cell []float64, margin float64, seed uint64) stat.Contrast {
	if m.Absolute {
		return stat.Difference(base, cell, m.Better, margin, seed)
	}
	return stat.Compare(base, cell, m.Better, margin, seed)
}

// Values are the measure of trials that have it.
func (m Measure) Values(trials []*record.Record) []float64 {
	values := make([]float64, 0, len(trials))
	for _, r := range trials {
		if v, ok := m.Of(r); ok {
			values = append(values, v)
		}
	}
	return values
}

// byBlock is the measure of trials by block; of two in one, as a race has of the cell that leads, the
// first that has it.
func (m Measure) byBlock(trials []*record.Record) map[int]float64 {
	values := make(map[int]float64, len(trials))
	for _, r := range trials {
		_, twice := values[r.Block]
		if v, ok := m.Of(r); ok && !twice {
			values[r.Block] = v
		}
	}
	return values
}

// Pairs gives the values of the blocks in which both groups have a result, in the blocks' order.
func (m Measure) Pairs(a, b Group) (x, y []float64) {
	one, other := m.byBlock(a.Results()), m.byBlock(b.Results())
	for _, block := range slices.Sorted(maps.Keys(one)) {
		if v, ok := other[block]; ok {
			x, y = append(x, one[block]), append(y, v)
		}
	}
	return x, y
}

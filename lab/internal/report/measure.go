package report

import (
	"math"

	"stormwave/lab/internal/judge/stat"
	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/record"
	"stormwave/lab/internal/report/numeral"
)

// measure is a number by which every cell is compared with the baseline.
type measure struct {
	head  string // of its column
	noun  string // in a sentence
	dir   stat.Direction
	value func(*record.Record) (float64, bool)
	// absolute measures may well be 0, so that they have no ratio. They are compared
	// by their difference.
	absolute bool
	closer   bool // shown in the terminal too
}

// measures are what is compared; goodput, the first, names the winner.
var measures = []measure{
	{head: "Goodput ×", noun: "goodput", dir: stat.HigherIsBetter, value: ofLoad(goodput), closer: true},
	{head: "Successes ×", noun: "successes", dir: stat.HigherIsBetter, value: ofLoad(successes)},
	{head: "p99 ×", noun: "p99", dir: stat.LowerIsBetter, value: ofLoad(p99), closer: true},
	{head: "Failed, points", noun: "failed requests", dir: stat.LowerIsBetter, value: ofLoad(errorRatio), absolute: true},
}

// Indexes in measures.
const (
	byGoodput = 0
	byP99     = 2
	byFailed  = 3
)

// compare gives the contrast of a cell with the baseline, block by block.
func (m measure) compare(base, cell []float64, margin float64, seed uint64) stat.Contrast {
	if m.absolute {
		return stat.Difference(base, cell, m.dir, margin, seed)
	}
	return stat.Compare(base, cell, m.dir, margin, seed)
}

// floor is by how much the baseline may differ from its twin: a share of it, or for
// an absolute measure a difference. It is NaN if they have no block in common.
func (m measure) floor(base, twin []float64) float64 {
	if !m.absolute {
		return stat.Floor(base, twin)
	}
	c := stat.Difference(base, twin, m.dir, 0, 0)
	if c.Interval != nil {
		c.Low, c.High = c.Interval.Low, c.Interval.High
	}
	return math.Max(math.Abs(c.Low), math.Abs(c.High))
}

// margin is within what two cells count as equivalent.
func (m measure) margin(floor float64, slo matrix.SLO) float64 {
	if !m.absolute {
		return stat.Margin(floor)
	}
	if least := slo.ErrorRatio / 2; math.IsNaN(floor) || floor < least {
		return least
	}
	return floor
}

// show writes a ratio, or a difference in percentage points.
func (m measure) show(v float64) string {
	if m.absolute {
		return signed(100 * v)
	}
	return ratio(v)
}

// size writes the A/A floor of the measure.
func (m measure) size(floor float64) string {
	if m.absolute {
		return numeral.Figure(100*floor) + " points"
	}
	return numeral.Figure(100*floor) + "%"
}

package report

import (
	"fmt"
	"strings"

	"stormwave/lab/internal/judge/stat"
	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/metric"
	"stormwave/lab/internal/record"
)

// measure is a number by which every cell is compared with the baseline.
type measure struct {
	head  string // of its column
	noun  string // in a sentence
	dir   stat.Direction
	value func(*record.Record) (float64, bool)
	// worst is what a trial counts as in which the system failed; nil: it has no such number.
	worst *float64
	// absolute measures may well be 0, so that they have no ratio. They are compared
	// by their difference.
	absolute bool
	closer   bool // shown in the terminal too
}

// measures are what is compared; goodput, the first, names the winner.
var measures = judging()

func judging() []measure {
	var all []measure
	for _, m := range metric.Judging {
		name, _, _ := strings.Cut(m.Head, " ")
		head := name + " ×"
		if m.Points {
			head = name + ", points"
		}
		all = append(all, measure{
			head:     head,
			noun:     m.Noun,
			dir:      m.Better,
			value:    m.Value,
			worst:    m.Worst,
			absolute: m.Points,
			closer:   m == metric.Goodput || m == metric.P99,
		})
	}
	return all
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

// margin is the least difference that matters.
func (m measure) margin(of matrix.Margin) float64 {
	if m.absolute {
		return of.Failed
	}
	return of.Ratio
}

// same is what a contrast comes to of two cells that do not differ.
func (m measure) same() float64 {
	if m.absolute {
		return 0
	}
	return 1
}

// show writes a ratio, or a difference in percentage points.
func (m measure) show(v float64) string {
	if m.absolute {
		return signed(100 * v)
	}
	return ratio(v)
}

// span writes the interval of a contrast, or below so many blocks as one takes its range.
func (m measure) span(c contrast) string {
	low, high, unit := c.Low, c.High, ""
	if c.Interval != nil {
		low, high = c.Interval.Low, c.Interval.High
	}
	if m.absolute {
		unit = " points"
	}
	return fmt.Sprintf("%s to %s%s", m.show(low), m.show(high), unit)
}

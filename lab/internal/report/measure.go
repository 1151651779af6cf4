package report

import (
	"fmt"
	"strings"

	"stormwave/lab/internal/analysis"
	"stormwave/lab/internal/metric"
)

// measure is a number by which every cell is compared with the baseline.
type measure struct {
	analysis.Measure
	head string // of its column
	noun string // in a sentence
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
			Measure: analysis.By(m),
			head:    head,
			noun:    m.Noun,
		})
	}
	return all
}

// Indexes in measures.
const (
	byGoodput  = 0
	byP99      = 2
	byFailures = 3
)

// show writes a ratio, or a difference in percentage points.
func (m measure) show(v float64) string {
	if m.Absolute {
		return signed(100 * v)
	}
	return ratio(v)
}

// span writes the interval of a contrast, or below so many blocks as one takes its range.
func (m measure) span(c analysis.Contrast) string {
	low, high, unit := c.Low, c.High, ""
	if c.Interval != nil {
		low, high = c.Interval.Low, c.Interval.High
	}
	if m.Absolute {
		unit = " points"
	}
	return fmt.Sprintf("%s to %s%s", m.show(low), m.show(high), unit)
}

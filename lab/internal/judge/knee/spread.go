package knee

import (
	"math"
	"slices"
)

// Range is a number over the trials of a cell. Median is a value that was
// measured: of an even number the lower of the middle two, for between two steps
// there is none.
type Range struct{ Median, Low, High float64 }

// Spread is the first misses of a cell's trials.
type Spread struct {
	N    int     // trials
	Load Range   // infinite: no step missed
	RPS  Range   // of the trials in which a step held; NaN: in none
	Top  float64 // load of the highest step
}

// Over sums up first misses, at least one of them.
func Over(misses []Miss) Spread {
	var loads, rps []float64
	s := Spread{N: len(misses)}
	for _, m := range misses {
		loads = append(loads, m.Load)
		if !math.IsNaN(m.RPS) {
			rps = append(rps, m.RPS)
		}
		s.Top = max(s.Top, m.Top)
	}
	s.Load, s.RPS = over(loads), over(rps)
	return s
}

func over(values []float64) Range {
	if len(values) == 0 {
		return Range{math.NaN(), math.NaN(), math.NaN()}
	}
	slices.Sort(values)
	return Range{values[(len(values)-1)/2], values[0], values[len(values)-1]}
}

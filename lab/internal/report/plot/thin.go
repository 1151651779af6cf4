package plot

import "math"

// thin keeps of a line about so many points: of each stretch the lowest and the highest,
// so that no peak is lost, and the first that is missing, so that no gap is bridged.
func thin(x, y []float64, most int) ([]float64, []float64) {
	if len(y) <= most || most < 4 {
		return x, y
	}
	var keptX, keptY []float64
	stretches := most / 2
	for s := range stretches {
		from, to := s*len(y)/stretches, (s+1)*len(y)/stretches
		low, high, gap := -1, -1, -1
		for i := from; i < to; i++ {
			switch {
			case math.IsNaN(y[i]):
				if gap < 0 {
					gap = i
				}
			case low < 0:
				low, high = i, i
			case y[i] < y[low]:
				low = i
			case y[i] > y[high]:
				high = i
			}
		}
		for i := from; i < to; i++ {
			if i == low || i == high || i == gap {
				keptX, keptY = append(keptX, x[i]), append(keptY, y[i])
			}
		}
	}
	return keptX, keptY
}

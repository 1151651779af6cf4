package plot

import (
	"math"
	"slices"
)

// thin keeps of a line about so many points: of each stretch the lowest and the highest, so that no peak is lost, and
// the first that is missing, so that no gap is bridged.
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

// straight is how many px a point may be off the line that is drawn.
const straight = 0.25

// straighten leaves out points that lie on the line between those that stay (Ramer-Douglas-Peucker).
func straighten(points []Point) []Point {
	if len(points) < 3 {
		return points
	}
	first, last := points[0], points[len(points)-1]
	wide, high := last.X-first.X, last.Y-first.Y
	off, at := straight*math.Hypot(wide, high), 0
	for i, p := range points[1 : len(points)-1] {
		if d := math.Abs(wide*(p.Y-first.Y) - high*(p.X-first.X)); d > off {
			off, at = d, i+1
		}
	}
	if at == 0 {
		return []Point{first, last}
	}
	return slices.Concat(straighten(points[:at+1]), straighten(points[at:])[1:])
}

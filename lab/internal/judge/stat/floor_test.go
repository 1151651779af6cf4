package stat

import (
	"math"
	"testing"
)

func TestFloor(t *testing.T) {
	for name, c := range map[string]struct {
		ratios []float64
		want   float64
	}{
		"none":           {nil, math.NaN()},
		"the same":       {[]float64{1, 1, 1, 1, 1, 1}, 0},
		"farther above":  {[]float64{0.98, 1, 1.01, 1.02, 1.04, 1.05}, 0.05},
		"farther below":  {[]float64{0.90, 1, 1.01, 1.02, 1.04, 1.05}, 1/0.90 - 1},
		"n too small":    {[]float64{0.98, 1.04}, 0.04},
		"a single block": {[]float64{0.8}, 0.25},
	} {
		t.Run(name, func(t *testing.T) {
			a, b := times(c.ratios...)
			near(t, "Floor", Floor(a, b), c.want, 1e-12)
			near(t, "Floor, exchanged", Floor(b, a), c.want, 1e-12)
		})
	}
}

func TestMargin(t *testing.T) {
	for floor, want := range map[float64]float64{0: 0.03, 0.02: 0.03, 0.05: 0.05, math.NaN(): 0.03} {
		near(t, "Margin", Margin(floor), want, 0)
	}
}

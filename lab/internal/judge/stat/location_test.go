package stat

import (
	"math"
	"testing"
)

// depression holds the changes of nine patients' Hamilton scale under a
// tranquillizer. (Hollander & Wolfe, table 3.1; the example of R's wilcox.test.)
var depression = []float64{
	0.878 - 1.83, 0.647 - 0.50, 0.598 - 1.62, 2.05 - 2.48, 1.06 - 1.68,
	1.29 - 1.88, 1.06 - 1.55, 3.14 - 3.06, 1.29 - 1.30,
}

// darwin holds differences in height of crossed and self-fertilised maize, in
// eighths of an inch. (Fisher 1935, The Design of Experiments, §17 and §21.)
var darwin = []float64{49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48}

func TestLocation(t *testing.T) {
	nan := math.NaN()
	for name, c := range map[string]struct {
		x              []float64
		median, hodges float64
	}{
		"none":       {nil, nan, nan},
		"one":        {[]float64{3}, 3, 3},
		"two":        {[]float64{4, 1}, 2.5, 2.5},
		"three":      {[]float64{9, 1, 2}, 2, 3.5},
		"an outlier": {[]float64{1, 2, 3, 4, 1e6}, 3, 3},
		"a NaN":      {[]float64{1, nan, 2}, nan, nan},
		"large":      {[]float64{math.MaxFloat64, math.MaxFloat64}, math.MaxFloat64, math.MaxFloat64},
		"depression": {depression, -0.49, -0.46}, // R: (pseudo)median 0.46
	} {
		t.Run(name, func(t *testing.T) {
			near(t, "Median", Median(c.x), c.median, 1e-9)
			near(t, "HodgesLehmann", HodgesLehmann(c.x), c.hodges, 1e-9)
		})
	}
}

// near compares with a tolerance; NaN is near NaN only.
func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if got == want || math.IsNaN(got) && math.IsNaN(want) {
		return
	}
	if !(math.Abs(got-want) <= tolerance) {
		t.Errorf("%s = %.9g; want %.9g", what, got, want)
	}
}

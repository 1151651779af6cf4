package analysis

import "testing"

func TestReachOf(t *testing.T) {
	for name, test := range map[string]struct {
		values []float64
		want   Reach
	}{
		"one":            {[]float64{4}, Reach{4, 4, 4, false}},
		"five: a range":  {[]float64{5, 1, 2, 9, 3}, Reach{3, 1, 9, false}},
		"six: intervals": {[]float64{6, 5, 4, 3, 2, 1}, Reach{3.5, 1, 6, true}}, // of the exact signed-rank test
		"none":           {nil, Reach{}},
	} {
		if got := ReachOf(test.values, 1); got != test.want {
			t.Errorf("%s: %+v, want %+v", name, got, test.want)
		}
	}
}

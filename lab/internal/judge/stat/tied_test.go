package stat

import (
	"math"
	"slices"
	"testing"
)

// row is a cell that is so many times a baseline that differs from block to block.
func row(blocks int, by ...float64) []float64 {
	values := make([]float64, blocks)
	for i := range values {
		values[i] = (100 + 10*float64(i%4)) * by[i%len(by)]
	}
	return values
}

func TestTied(t *testing.T) {
	nan := math.NaN()
	for name, c := range map[string]struct {
		values [][]float64
		dir    Direction
		want   []int
	}{
		"no cells":           {nil, HigherIsBetter, nil},
		"one":                {[][]float64{row(8, 1)}, HigherIsBetter, []int{0}},
		"best throughput":    {[][]float64{row(8, 1), row(8, 2, 2.1), row(8, 0.5)}, HigherIsBetter, []int{1}},
		"best latency":       {[][]float64{row(8, 1), row(8, 2, 2.1), row(8, 0.5)}, LowerIsBetter, []int{2}},
		"within the margin":  {[][]float64{row(8, 1), row(8, 1.01), row(8, 0.5)}, HigherIsBetter, []int{0, 1}},
		"noisy":              {[][]float64{row(8, 1), row(8, 0.7, 1.2), row(8, 0.5)}, HigherIsBetter, []int{0, 1}},
		"no value":           {[][]float64{row(8, 1), row(8, nan), nil}, HigherIsBetter, []int{0}},
		"only missing":       {[][]float64{row(8, nan)}, HigherIsBetter, nil},
		"n too small":        {[][]float64{row(5, 1), row(5, 0.5)}, HigherIsBetter, []int{0, 1}},
		"one shares too few": {[][]float64{row(8, 1), row(8, 0.5, nan), row(8, 0.5)}, HigherIsBetter, []int{0, 1}},
		// Six blocks tell one cell from the best, but not two: p ≥ 2 × 0.031.
		"two of six": {[][]float64{row(6, 1), row(6, 0.5)}, HigherIsBetter, []int{0}},
		"three of six": {[][]float64{row(6, 1), row(6, 0.5), row(6, 0.4)}, HigherIsBetter,
			[]int{0, 1, 2}},
		"broke down":            {[][]float64{row(8, 1), row(8, 0)}, HigherIsBetter, []int{0}},
		"broke down at times":   {[][]float64{row(8, 1), row(8, 0, 0.9)}, HigherIsBetter, []int{0}},
		"no errors at all":      {[][]float64{row(8, 0), row(8, 0), row(8, 0.1)}, LowerIsBetter, []int{0, 1}},
		"all of them broken":    {[][]float64{row(8, 0), row(8, 0)}, HigherIsBetter, []int{0, 1}},
		"equals: the first one": {[][]float64{row(8, 1), row(8, 1)}, HigherIsBetter, []int{0, 1}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Tied(c.values, c.dir, 0.03, 1); !slices.Equal(got, c.want) {
				t.Errorf("Tied = %v; want %v", got, c.want)
			}
		})
	}
}

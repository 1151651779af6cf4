package stat

import (
	"slices"
	"testing"
)

func TestIsotonic(t *testing.T) {
	for _, c := range []struct {
		name             string
		y, weights, want []float64
	}{
		{"none", nil, nil, []float64{}},
		{"rises already", []float64{1, 2, 3}, []float64{1, 1, 1}, []float64{1, 2, 3}},
		{"falls", []float64{3, 2, 1}, []float64{1, 1, 1}, []float64{2, 2, 2}},
		{"one falls", []float64{1, 3, 2, 4}, []float64{1, 1, 1, 1}, []float64{1, 2.5, 2.5, 4}},
		{"weights count", []float64{1, 3, 2}, []float64{1, 3, 1}, []float64{1, 2.75, 2.75}},
		{"pools fall in turn", []float64{1, 4, 3, 0}, []float64{1, 1, 1, 1}, []float64{1, 7.0 / 3, 7.0 / 3, 7.0 / 3}},
	} {
		before := slices.Clone(c.y)
		if got := Isotonic(c.y, c.weights); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v; want %v", c.name, got, c.want)
		}
		if !slices.Equal(c.y, before) {
			t.Errorf("%s: the values were changed", c.name)
		}
	}
}

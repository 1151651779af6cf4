package stat

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestHolm(t *testing.T) {
	nan := math.NaN()
	for name, c := range map[string]struct{ p, want []float64 }{
		"none":            {nil, nil},
		"one":             {[]float64{0.04}, []float64{0.04}},
		"in its order":    {[]float64{0.01, 0.04, 0.03, 0.005}, []float64{0.03, 0.06, 0.06, 0.02}}, // R's p.adjust
		"never above one": {[]float64{0.9, 0.8}, []float64{1, 1}},
		"not tested":      {[]float64{nan, 0.02, 0.03}, []float64{nan, 0.04, 0.04}},
	} {
		t.Run(name, func(t *testing.T) {
			got := Holm(c.p)
			if len(got) != len(c.want) {
				t.Fatalf("Holm(%v) = %v; want %v", c.p, got, c.want)
			}
			for i := range got {
				near(t, "adjusted", got[i], c.want[i], 1e-12)
			}
		})
	}
}

// Holm never lowers a p-value and never turns two of them around.
func TestHolmKeepsTheOrder(t *testing.T) {
	random := rand.New(rand.NewPCG(4, 1))
	for range 500 {
		p := make([]float64, 1+random.IntN(12))
		for i := range p {
			p[i] = math.Pow(random.Float64(), 3)
		}
		adjusted := Holm(p)
		for i := range p {
			if adjusted[i] < p[i] || adjusted[i] > 1 {
				t.Fatalf("Holm(%v) = %v", p, adjusted)
			}
			for j := range p {
				if p[i] < p[j] && adjusted[i] > adjusted[j] {
					t.Fatalf("Holm(%v) = %v: %d and %d have changed places", p, adjusted, i, j)
				}
			}
		}
	}
}

func TestMinBlocksFor(t *testing.T) {
	for contrasts, want := range map[int]int{0: 6, 1: 6, 2: 7, 3: 7, 4: 8, 10: 9, 25: 10, 26: 11, 50: 11} {
		if got := MinBlocksFor(contrasts); got != want {
			t.Errorf("MinBlocksFor(%d) = %d; want %d", contrasts, got, want)
		}
		// A family of equal contrasts, all of the same sign in each block.
		p := make([]float64, max(contrasts, 1))
		for i := range p {
			p[i] = SignFlip(upTo(want))
		}
		if Holm(p)[0] >= alpha {
			t.Errorf("%d blocks cannot tell one of %d contrasts", want, contrasts)
		}
	}
}

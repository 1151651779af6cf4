package stat

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestSignFlip(t *testing.T) {
	for name, c := range map[string]struct {
		x    []float64
		want float64
	}{
		"none":          {nil, math.NaN()},
		"a NaN":         {[]float64{1, math.NaN()}, math.NaN()},
		"zeros alone":   {make([]float64, 8), 1},
		"least of 5":    {upTo(5), 0.0625},
		"least of 6":    {upTo(6), 0.03125},
		"least of 30":   {upTo(30), math.Ldexp(2, -30)},
		"rounded":       {[]float64{0.1, 0.2, -0.3}, 1}, // whose sum is 5.6e-17
		"equal sums":    {[]float64{0.1, 0.2, 0.3}, 0.25},
		"in the middle": {[]float64{1, -2, -3, 4}, 1},
		"darwin":        {darwin, 1726.0 / 32768}, // Fisher: 863 and as many on the other side
	} {
		t.Run(name, func(t *testing.T) { near(t, "SignFlip", SignFlip(c.x), c.want, 1e-15) })
	}
}

func TestSignFlipAgainstEnumeration(t *testing.T) {
	random := rand.New(rand.NewPCG(2, 1))
	for range 200 {
		x := make([]float64, 1+random.IntN(10))
		for i := range x {
			x[i] = float64(random.IntN(21) - 8)
		}
		observed, count := math.Abs(sum(x, 0)), 0
		for flipped := range uint(1) << len(x) {
			if math.Abs(sum(x, flipped)) >= observed {
				count++
			}
		}
		near(t, "SignFlip", SignFlip(x), float64(count)/float64(uint(1)<<len(x)), 1e-15)
	}
}

func sum(x []float64, flipped uint) float64 {
	total := 0.0
	for i, v := range x {
		total += v * float64(1-2*int(flipped>>i&1))
	}
	return total
}

// Beyond 30 values draws take over where the exact p-value ends.
func TestSignFlipDrawn(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 1))
	x := make([]float64, exactBlocks)
	for i := range x {
		x[i] = random.NormFloat64() + 0.35
	}
	total, size := math.Abs(sum(x, 0)), 0.0
	for _, v := range x {
		size += math.Abs(v)
	}
	near(t, "drawn", drawFlips(x, total-size*1e-12, 1), SignFlip(x), 0.006) // 3 standard errors at p = 0.04
	if got, again := SignFlip(upTo(31)), SignFlip(upTo(31)); got != again || got != 1.0/(resamples+1) {
		t.Errorf("SignFlip of 31 = %g, then %g; want %g, the least that draws can give", got, again, 1.0/(resamples+1))
	}
}

package stat

import (
	"math"
	"math/bits"
	"math/rand/v2"
	"testing"
)

func upTo(n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = float64(i + 1)
	}
	return x
}

func TestSignedRank(t *testing.T) {
	for name, c := range map[string]struct {
		x    []float64
		want float64
	}{
		"none":          {nil, math.NaN()},
		"a NaN":         {[]float64{1, math.NaN()}, math.NaN()},
		"zeros alone":   {make([]float64, 8), 1},
		"least of 5":    {upTo(5), 0.0625},
		"least of 6":    {upTo(6), 0.03125},
		"zeros aside":   {append(upTo(6), 0, 0), 0.03125},
		"all tied":      {[]float64{2, 2, 2, 2, 2, 2}, 0.03125},
		"in the middle": {[]float64{1, -2, -3, 4}, 1},
		"depression":    {depression, 0.0390625}, // R: V = 5
		"darwin":        {darwin, 0.04125977},    // R: V = 96
	} {
		t.Run(name, func(t *testing.T) { near(t, "SignedRank", SignedRank(c.x), c.want, 1e-8) })
	}
}

func TestMannWhitney(t *testing.T) {
	for name, c := range map[string]struct {
		x, y []float64
		want float64
	}{
		"none":         {nil, upTo(3), math.NaN()},
		"a NaN":        {upTo(3), []float64{math.NaN()}, math.NaN()},
		"all equal":    {[]float64{1, 1, 1}, []float64{1, 1}, 1},
		"least of 3v3": {[]float64{1, 2, 3}, []float64{4, 5, 6}, 0.1},
		"least of 4v4": {[]float64{1, 2, 3, 4}, []float64{5, 6, 7, 8}, 2.0 / 70},
		"least of 5v5": {upTo(5), []float64{6, 7, 8, 9, 10}, 2.0 / 252},
		// Hollander & Wolfe, table 4.1; R's wilcox.test: W = 35.
		"permeability": {
			[]float64{0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46},
			[]float64{1.15, 0.88, 0.90, 0.74, 1.21}, 0.2544123,
		},
	} {
		t.Run(name, func(t *testing.T) { near(t, "MannWhitney", MannWhitney(c.x, c.y), c.want, 1e-7) })
	}
}

// Ties included, the p-values are those of going through all arrangements.
func TestRanksAgainstEnumeration(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	for range 200 {
		x, y := make([]float64, 2+random.IntN(4)), make([]float64, 2+random.IntN(4))
		for _, sample := range [][]float64{x, y} {
			for i := range sample {
				sample[i] = float64(random.IntN(7) - 3)
			}
		}
		near(t, "MannWhitney", MannWhitney(x, y), everyChoice(x, y), 1e-12)
		near(t, "SignedRank", SignedRank(x), everySign(x), 1e-12)
	}
}

// everyChoice is MannWhitney by all ways to choose x from the values of both.
func everyChoice(x, y []float64) float64 {
	all := append(append([]float64{}, x...), y...)
	off := func(chosen uint) float64 { // of U from its mean
		u := -float64(len(x)*len(y)) / 2
		for i, a := range all {
			for j, b := range all {
				if chosen>>i&1 == 1 && chosen>>j&1 == 0 {
					u += over(a, b)
				}
			}
		}
		return math.Abs(u)
	}
	observed, count, ways := off(1<<len(x)-1), 0, 0
	for chosen := range uint(1) << len(all) {
		if bits.OnesCount(chosen) == len(x) {
			ways++
			if off(chosen) >= observed {
				count++
			}
		}
	}
	return float64(count) / float64(ways)
}

func over(a, b float64) float64 {
	switch {
	case a > b:
		return 1
	case a == b:
		return 0.5
	}
	return 0
}

// everySign is SignedRank by all ways to give the values signs.
func everySign(x []float64) float64 {
	off := func(flipped uint) float64 {
		sum := 0.0
		for i, a := range x {
			rank := 0.5
			for _, b := range x {
				if b != 0 {
					rank += over(math.Abs(a), math.Abs(b))
				}
			}
			if a != 0 {
				sum += rank * math.Copysign(1, a) * float64(1-2*int(flipped>>i&1))
			}
		}
		return math.Abs(sum)
	}
	observed, count := off(0), 0
	for flipped := range uint(1) << len(x) {
		if off(flipped) >= observed {
			count++
		}
	}
	return float64(count) / float64(uint(1)<<len(x))
}

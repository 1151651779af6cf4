package stat

import (
	"math"
	"math/rand/v2"
)

// SignFlip is the two-sided p-value of Fisher's randomisation test that x is
// symmetric about 0: the share of all 2ⁿ ways to give its values signs whose sum is
// as far from 0 as that of x. It is exact up to 30 values; beyond, it is estimated
// from 10,000 draws with a fixed seed. NaN if x is empty or holds a NaN. (Fisher
// 1935, The Design of Experiments, §21.)
func SignFlip(x []float64) float64 {
	return signFlip(x, 1)
}

func signFlip(x []float64, seed uint64) float64 {
	sum, size := 0.0, 0.0
	for _, v := range x {
		sum += v
		size += math.Abs(v)
	}
	if len(x) == 0 || math.IsNaN(sum) {
		return math.NaN()
	}
	// Sums that are equal on paper differ by rounding.
	observed := math.Abs(sum) - size*1e-12
	switch {
	case observed <= 0:
		return 1
	case len(x) > exactBlocks:
		return drawFlips(x, observed, seed)
	}
	// Meeting in the middle: 2 × 2ⁿᐟ² sums instead of 2ⁿ.
	left, right := signSums(x[:len(x)/2]), signSums(x[len(x)/2:])
	count, j := 0, len(right)
	for _, a := range left {
		for j > 0 && a+right[j-1] >= observed {
			j--
		}
		count += len(right) - j
	}
	// As many lie on the other side.
	return math.Ldexp(float64(2*count), -len(x))
}

// signSums returns the sums of x under all choices of signs, in ascending order.
func signSums(x []float64) []float64 {
	sums := []float64{0}
	for _, v := range x {
		v = math.Abs(v)
		longer := make([]float64, 0, 2*len(sums))
		i := 0 // of those to add v to; those to take it from come first
		for _, s := range sums {
			for ; i < len(sums) && sums[i]+v <= s-v; i++ {
				longer = append(longer, sums[i]+v)
			}
			longer = append(longer, s-v)
		}
		for ; i < len(sums); i++ {
			longer = append(longer, sums[i]+v)
		}
		sums = longer
	}
	return sums
}

// drawFlips counts the observed signs as one of the draws, so p is never 0.
func drawFlips(x []float64, observed float64, seed uint64) float64 {
	random := rand.New(rand.NewPCG(seed, uint64(len(x))))
	x = sorted(x)
	count := 1
	for range resamples {
		sum, signs := 0.0, uint64(0)
		for i, v := range x {
			if i%64 == 0 {
				signs = random.Uint64() // a bit for each of the next 64
			}
			sum += v * float64(1-2*int(signs&1))
			signs >>= 1
		}
		if math.Abs(sum) >= observed {
			count++
		}
	}
	return float64(count) / (resamples + 1)
}

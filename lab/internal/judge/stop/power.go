package stop

import (
	"math"
	"math/rand/v2"
	"slices"

	"stormwave/lab/internal/judge/stat"
)

const (
	alpha     = 0.05
	power     = 0.8   // of the runs in which a difference that is there is told
	simulated = 4_000 // runs; their standard error of the power is 0.6%
	maxExact  = 30    // blocks; beyond, the normal approximation
)

// Detectable is the least ratio above 1 that so many blocks tell from 1 in four runs of
// five, where sd is the standard deviation of the log-ratio from block to block and as
// many comparisons share the alarm of 5%. A ratio below 1 is told from its reciprocal on.
// It is infinite where nothing can be told, however large, and never below 1 + margin: what
// is smaller is called neither better nor worse.
//
// The test is the exact two-sided signed-rank at alpha/comparisons, the first step of
// Holm, on normal log-ratios. It rejects a shift beyond the k-th smallest Walsh average,
// k from the null distribution (Hollander & Wolfe §3.1, §3.3), so that the 80th percentile
// of these over simulated runs is the shift that is told in 80% of them. The sign-flip
// test that the report asks besides has as much power or a little more. The simulation is
// seeded: the same arguments give the same ratio.
func Detectable(sd float64, blocks, comparisons int, margin float64) float64 {
	tail := alpha / float64(2*max(1, comparisons))
	shift := math.Inf(1)   // in standard deviations
	if blocks > maxExact { // enough for any number of comparisons
		// The efficiency of signed rank relative to the mean is 3/π (Hodges & Lehmann 1956).
		shift = (normalQuantile(1-tail) + normalQuantile(power)) * math.Sqrt(math.Pi/3/float64(blocks))
	} else if k := stat.SignedRankRejects(blocks, tail); k > 0 {
		shift = told(blocks, k)
	}
	return math.Exp(math.Max(sd*shift, math.Log1p(margin)))
}

// told is the shift, in standard deviations, beyond the k-th smallest Walsh average with the power.
func told(blocks, k int) float64 {
	random := rand.New(rand.NewPCG(1, uint64(blocks)))
	needed := make([]float64, simulated)
	x := make([]float64, blocks)
	averages := make([]float64, 0, blocks*(blocks+1)/2)
	for run := range needed {
		for i := range x {
			x[i] = random.NormFloat64()
		}
		averages = averages[:0]
		for i, a := range x {
			for _, b := range x[i:] {
				averages = append(averages, (a+b)/2)
			}
		}
		slices.Sort(averages)
		needed[run] = -averages[k-1]
	}
	slices.Sort(needed)
	return needed[int(math.Ceil(power*simulated))-1]
}

func normalQuantile(p float64) float64 { return math.Sqrt2 * math.Erfinv(2*p-1) }

package stat

import (
	"math"
	"slices"
)

// SignedRank is the exact two-sided p-value of Wilcoxon's signed-rank test that x
// is symmetric about 0. Zeros are left out and ties share their ranks, and the
// distribution is that of the ranks so shared. NaN if x is empty or holds a NaN.
// (Wilcoxon 1945; Hollander & Wolfe §3.1.)
func SignedRank(x []float64) float64 {
	if len(x) == 0 || slices.ContainsFunc(x, math.IsNaN) {
		return math.NaN()
	}
	var sizes []float64
	var positive []bool
	for _, v := range x {
		if v != 0 {
			sizes, positive = append(sizes, math.Abs(v)), append(positive, v > 0)
		}
	}
	ranks := doubledRanks(sizes)
	observed, total := 0, 0
	for i, r := range ranks {
		total += r
		if positive[i] {
			observed += r
		}
	}
	return extreme(signedSums(ranks), 2*observed-total, total)
}

// MannWhitney is the exact two-sided p-value of the rank-sum test that x and y,
// which are not paired, have one distribution. Ties share their ranks, and the
// distribution is that of the ranks so shared. It is meant for up to 50 values
// each. NaN if x or y is empty or holds a NaN. (Mann & Whitney 1947; Hollander &
// Wolfe §4.1.)
func MannWhitney(x, y []float64) float64 {
	all := slices.Concat(x, y)
	if len(x) == 0 || len(y) == 0 || slices.ContainsFunc(all, math.IsNaN) {
		return math.NaN()
	}
	ranks := doubledRanks(all)
	observed := 0
	for _, r := range ranks[:len(x)] {
		observed += r
	}
	centre := 2 * len(x) * (len(all) + 1) // of twice a sum
	return extreme(chosenSums(ranks, len(x)), 2*observed-centre, centre)
}

// extreme is the probability of a sum s with |2s − centre| ≥ |observed|.
func extreme(probability []float64, observed, centre int) float64 {
	p := 0.0
	for s, v := range probability {
		if off := 2*s - centre; max(off, -off) >= max(observed, -observed) {
			p += v
		}
	}
	return min(p, 1)
}

// doubledRanks returns twice the rank of each value from 1 on, which is whole even
// if ties share the mean of their ranks.
func doubledRanks(x []float64) []int {
	order := sorted(x)
	ranks := make([]int, len(x))
	for i, v := range x {
		first, _ := slices.BinarySearch(order, v)
		after, _ := slices.BinarySearch(order[first:], math.Nextafter(v, math.Inf(1)))
		ranks[i] = 2*first + after + 1
	}
	return ranks
}

// signedSums returns the probability of each sum of ranks if each is taken with
// probability ½.
func signedSums(ranks []int) []float64 {
	p := []float64{1}
	for _, r := range ranks {
		next := make([]float64, len(p)+r)
		for s, v := range p {
			next[s] += v / 2
			next[s+r] += v / 2
		}
		p = next
	}
	return p
}

// chosenSums returns the probability of each sum of n ranks drawn from ranks.
func chosenSums(ranks []int, n int) []float64 {
	total := 0
	for _, r := range ranks {
		total += r
	}
	// ways[k][s] is the number of ways to choose k of the ranks so far with sum s.
	ways := make([][]float64, n+1)
	for k := range ways {
		ways[k] = make([]float64, total+1)
	}
	ways[0][0] = 1
	for i, r := range ranks {
		for k := min(i+1, n); k > 0; k-- {
			for s := r; s <= total; s++ {
				ways[k][s] += ways[k-1][s-r]
			}
		}
	}
	all := 0.0
	for _, w := range ways[n] {
		all += w
	}
	for s := range ways[n] {
		ways[n][s] /= all
	}
	return ways[n]
}

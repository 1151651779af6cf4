package stat

import (
	"cmp"
	"math"
	"slices"
)

// Holm adjusts p-values for being one family: those below 0.05 afterwards hold
// together with 95% confidence, whatever depends on what. The result is in the
// order given. A NaN, of a test that could not be made, stays and does not count.
// (Holm 1979.)
func Holm(p []float64) []float64 {
	adjusted := slices.Clone(p)
	var order []int
	for i, v := range p {
		if !math.IsNaN(v) {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(p[a], p[b]) })
	highest := 0.0
	for done, i := range order {
		highest = max(highest, min(1, p[i]*float64(len(order)-done)))
		adjusted[i] = highest
	}
	return adjusted
}

// MinBlocksFor is the fewest blocks with which one of so many contrasts can be told
// after Holm, however large it is: the least p of n blocks is 2/2ⁿ. One contrast
// takes 6, ten take 9, fifty take 11.
func MinBlocksFor(contrasts int) int {
	n := MinBlocks
	for math.Ldexp(float64(2*contrasts), -n) >= alpha {
		n++
	}
	return n
}

package stat

import "math"

// McNemar is the exact two-sided p-value that of two verdicts on the same blocks neither is
// the more frequent. only and other count the blocks with one of the two alone; without any
// it is 1. (McNemar 1947; Liddell 1976 for the exact form.)
func McNemar(only, other int) float64 {
	n := only + other
	tail, ways := 0.0, 1.0 // ways to choose k of n
	for k := range min(only, other) + 1 {
		tail += ways
		ways *= float64(n-k) / float64(k+1)
	}
	return min(1, math.Ldexp(2*tail, -n))
}

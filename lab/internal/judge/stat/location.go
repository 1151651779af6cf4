package stat

import (
	"math"
	"slices"
)

// Median is the middle of x, the mean of the middle two if their number is even;
// NaN if x is empty or holds a NaN.
func Median(x []float64) float64 {
	return middle(sorted(x))
}

// HodgesLehmann estimates the location of x by the median of its Walsh averages,
// the means of all pairs, each value with itself included. On clean data it is
// nearly as precise as the mean, and an outlying block moves it little. It is NaN
// if x is empty or holds a NaN. (Hodges & Lehmann 1963; Hollander & Wolfe §3.2.)
func HodgesLehmann(x []float64) float64 {
	return middle(walsh(x))
}

// walsh returns the Walsh averages of x in ascending order.
func walsh(x []float64) []float64 {
	averages := make([]float64, 0, len(x)*(len(x)+1)/2)
	for i, a := range x {
		for _, b := range x[i:] {
			averages = append(averages, a/2+b/2)
		}
	}
	slices.Sort(averages)
	return averages
}

func sorted(x []float64) []float64 {
	return slices.Sorted(slices.Values(x))
}

// middle is the median of sorted values. NaN sorts first.
func middle(x []float64) float64 {
	n := len(x)
	if n == 0 || math.IsNaN(x[0]) {
		return math.NaN()
	}
	low, high := x[(n-1)/2], x[n/2]
	if low == high { // as they are, infinite ones too
		return low
	}
	return low/2 + high/2
}

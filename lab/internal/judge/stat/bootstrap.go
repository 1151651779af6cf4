package stat

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"

	gonum "gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// bootstrap resamples the blocks of x with replacement and returns the location of
// each resample by HodgesLehmann, in ascending order.
func bootstrap(x []float64, resamples int, seed uint64) []float64 {
	// Sorted first: the order in which blocks are given changes nothing.
	x = sorted(x)
	averages := pairs(x)
	random := rand.New(rand.NewPCG(seed, uint64(len(x))))
	drawn := make([]int, len(x)) // how often each block is
	estimates := make([]float64, resamples)
	for i := range estimates {
		clear(drawn)
		for range x {
			drawn[random.IntN(len(x))]++
		}
		estimates[i] = resampled(averages, drawn)
	}
	slices.Sort(estimates)
	return estimates
}

// cut leaves that tail of the estimates out at either end.
func cut(estimates []float64, tail float64) Interval {
	return Interval{
		gonum.Quantile(tail, gonum.LinInterp, estimates, nil),
		gonum.Quantile(1-tail, gonum.LinInterp, estimates, nil),
	}
}

// expandedTail makes up for resamples spreading less than samples do, by
// √((n−1)/n), and for the spread being estimated, as Student's t does. (Hesterberg
// 2015, What teachers should know about the bootstrap, §5.3.)
func expandedTail(n int) float64 {
	size := float64(n)
	t := distuv.StudentsT{Sigma: 1, Nu: size - 1}.Quantile(1 - alpha/2)
	return distuv.UnitNormal.CDF(-t * math.Sqrt(size/(size-1)))
}

// pair is the Walsh average of two blocks, or of one with itself.
type pair struct {
	average float64
	i, j    int
}

func pairs(x []float64) []pair {
	all := make([]pair, 0, len(x)*(len(x)+1)/2)
	for i, a := range x {
		for j := i; j < len(x); j++ {
			all = append(all, pair{a/2 + x[j]/2, i, j})
		}
	}
	slices.SortFunc(all, func(a, b pair) int { return cmp.Compare(a.average, b.average) })
	return all
}

// resampled is HodgesLehmann of a resample. Its Walsh averages are among those of
// the sample, so they are counted in the order that these are in, not sorted anew.
func resampled(averages []pair, drawn []int) float64 {
	n := 0
	for _, times := range drawn {
		n += times
	}
	total := n * (n + 1) / 2
	low, seen := math.NaN(), 0
	for _, p := range averages {
		times := drawn[p.i] * drawn[p.j]
		if p.i == p.j {
			times = drawn[p.i] * (drawn[p.i] + 1) / 2
		}
		seen += times
		if math.IsNaN(low) && seen > (total-1)/2 {
			low = p.average
		}
		if seen > total/2 {
			return low/2 + p.average/2
		}
	}
	return low
}

// Package stat says what the blocks of a run show, and what they do not.
//
// The unit is the block: cell and baseline are run in every block, so what is
// compared is the pair within the block, and n is the number of blocks. Nothing
// here counts requests. Ratios are worked on as logarithms, so that twice as fast
// and half as fast are equally far from 1.
//
// Functions never change their arguments. With up to 30 blocks all is exact and
// needs no chance, intervals with up to 128; beyond, it is resampled 10,000 times
// from the given seed.
package stat

// MinBlocks is the fewest blocks that give an interval or a word other than
// TooSmall: a two-sided signed-rank or sign-flip test cannot go below p = 0.0625
// with 5, and reaches 0.031 with 6.
const MinBlocks = 6

const (
	alpha       = 0.05   // two-sided; intervals cover 1 − alpha
	exactBlocks = 30     // up to here the exact sign-flip test takes about a millisecond at most
	rankBlocks  = 128    // up to here intervals invert the signed-rank test; more blocks than any run has
	resamples   = 10_000 // beyond
)

// Direction says which way is good.
type Direction int

// Throughput is better when higher, latency when lower.
const (
	HigherIsBetter Direction = iota
	LowerIsBetter
)

// better says whether a is better than b.
func (d Direction) better(a, b float64) bool {
	if d == LowerIsBetter {
		return a < b
	}
	return a > b
}

// Word is what a comparison comes to.
type Word string

// The five words; see Compare for what earns each.
const (
	Better       Word = "better"
	Worse        Word = "worse"
	Equivalent   Word = "equivalent"
	Inconclusive Word = "inconclusive"
	TooSmall     Word = "n too small"
)

// Interval is a closed 95% confidence interval.
type Interval struct{ Low, High float64 }

func (i Interval) within(low, high float64) bool { return low <= i.Low && i.High <= high }

func (i Interval) has(v float64) bool { return i.Low <= v && v <= i.High }

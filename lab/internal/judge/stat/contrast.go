package stat

import (
	"fmt"
	"math"
	"slices"
)

// Contrast is how a cell differs from the baseline.
type Contrast struct {
	N        int       // blocks that both have a value in
	Ratio    float64   // cell/baseline, HodgesLehmann over the blocks; of Difference, cell − baseline
	Interval *Interval // of Ratio, 95%; nil if N is below MinBlocks
	// Low and High are the lowest and the highest block's ratio.
	Low, High float64
	P         float64 // sign-flip, two-sided
	Word      Word
	Warnings  []error // weak or missing data, by which nothing fails
}

// Compare gives the ratio of a cell to the baseline. Values are paired by index,
// one per block; NaN is a missing one. margin is a share: 0.03 is 3%, and reaches
// from 1/1.03 to 1.03, so that exchanging the two cells exchanges better and worse.
// The word is
//
//   - TooSmall with fewer than MinBlocks pairs;
//   - Equivalent if the interval lies within the margin: two one-sided tests at
//     2.5% each (Schuirmann 1987);
//   - Better or Worse if the interval excludes 1, the ratio lies beyond the margin
//     and the sign-flip p is below 0.05;
//   - Inconclusive otherwise.
//
// The margin is of practical importance and fixed before the run; it knows nothing of
// the noise, which can thus lead to Inconclusive only.
//
// A block in which either value is missing is excluded with a warning, and so is one
// with a value below 0. A value of 0, or of +Inf, is one that no ratio can measure, such
// as the goodput of a system that has failed: its ratio ranks beyond every other, and is
// shown as 0 or +Inf. With no pair at all every number is NaN.
func Compare(base, cell []float64, dir Direction, margin float64, seed uint64) Contrast {
	x, warnings := LogRatios(base, cell)
	c := newContrast(x, dir, math.Log1p(margin), seed, Exp)
	c.Warnings = warnings
	return c
}

// Difference is Compare for values that may be 0, such as a share of errors: Ratio,
// Interval, Low and High are of the difference cell − baseline, and the margin is
// in the unit of the values.
func Difference(base, cell []float64, dir Direction, margin float64, seed uint64) Contrast {
	x, warnings := overPairs(base, cell, func(b, c float64) (float64, bool) { return c - b, finite(c - b) })
	c := newContrast(x, dir, margin, seed, func(v float64) float64 { return v })
	c.Warnings = warnings
	return c
}

// Adjusted is the contrast with a p-value that takes the others of its family into
// account, as Holm gives it: what no longer is significant becomes Inconclusive.
func (c Contrast) Adjusted(p float64) Contrast {
	c.P = p
	if (c.Word == Better || c.Word == Worse) && !(p < alpha) {
		c.Word = Inconclusive
	}
	return c
}

// beyond stands for the logarithm of a value that has no size: it ranks beyond those of
// all values that are measured, and two of them cancel.
const beyond = 1e3

// Log is the natural logarithm of a value from 0 to +Inf, both of which have a finite one
// that ranks beyond all others.
func Log(v float64) float64 { return max(-beyond, min(math.Log(v), beyond)) }

// Exp undoes Log. The mean of a ratio that is measured and one that is not is none that is.
func Exp(x float64) float64 {
	switch {
	case x < -beyond/4:
		return 0
	case x > beyond/4:
		return math.Inf(1)
	}
	return math.Exp(x)
}

// LogRatios returns Log(cell) − Log(baseline) of each block that both have a value in, and
// warnings of those that are excluded.
func LogRatios(base, cell []float64) ([]float64, []error) {
	return overPairs(base, cell, func(b, c float64) (float64, bool) { return Log(c) - Log(b), b >= 0 && c >= 0 })
}

// newContrast judges x, which has a value per block and is 0 where the two cells do
// not differ. shown turns a value of x into what is reported.
func newContrast(x []float64, dir Direction, margin float64, seed uint64, shown func(float64) float64) Contrast {
	nan := math.NaN()
	c := Contrast{N: len(x), Ratio: nan, Low: nan, High: nan, P: exactP(x, seed), Word: TooSmall}
	if c.N == 0 {
		return c
	}
	estimate, order := HodgesLehmann(x), sorted(x)
	c.Ratio, c.Low, c.High = shown(estimate), shown(order[0]), shown(order[c.N-1])
	if c.N < MinBlocks {
		return c
	}
	interval := Confidence(x, seed)
	c.Interval = &Interval{shown(interval.Low), shown(interval.High)}
	switch {
	case interval.within(-margin, margin):
		c.Word = Equivalent
	case interval.has(0) || math.Abs(estimate) <= margin || c.P >= alpha:
		c.Word = Inconclusive
	case dir.better(estimate, 0):
		c.Word = Better
	default:
		c.Word = Worse
	}
	return c
}

// exactP is the p-value of the sign-flip test, or where a value of x has no size that of the
// signed-rank test: a sum of what has none says nothing.
func exactP(x []float64, seed uint64) float64 {
	if slices.ContainsFunc(x, func(v float64) bool { return math.Abs(v) > beyond/4 }) {
		return SignedRank(x)
	}
	return signFlip(x, seed)
}

// overPairs applies f to the two values of each block and leaves out the blocks
// where one is missing or f has no result.
func overPairs(base, cell []float64, f func(base, cell float64) (float64, bool)) ([]float64, []error) {
	all, shared := max(len(base), len(cell)), min(len(base), len(cell))
	var x []float64
	missing, refused := all-shared, 0
	for i := range shared {
		b, c := base[i], cell[i]
		switch v, ok := f(b, c); {
		case math.IsNaN(b) || math.IsNaN(c):
			missing++
		case !ok:
			refused++
		default:
			x = append(x, v)
		}
	}
	var warnings []error
	if missing > 0 {
		warnings = append(
			warnings, fmt.Errorf("excluded %d of %d blocks: the cell or the baseline has no value there", missing, all),
		)
	}
	if refused > 0 {
		const below = "excluded %d of %d blocks: the cell or the baseline is below 0 there"
		warnings = append(warnings, fmt.Errorf(below, refused, all))
	}
	return x, warnings
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

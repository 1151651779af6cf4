package stat

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// trials draws the values of cells in blocks that differ from each other by 10% and
// within which trials differ by a share of noise; by is what a cell is multiplied by.
func trials(random *rand.Rand, blocks int, noise float64, by ...float64) [][]float64 {
	cells := make([][]float64, len(by))
	for range blocks {
		block := math.Exp(0.1 * random.NormFloat64())
		for i, times := range by {
			cells[i] = append(cells[i], 1000*block*times*math.Exp(noise*random.NormFloat64()))
		}
	}
	return cells
}

// each runs a property on pairs of cells of all sizes that are computed exactly.
func each(t *testing.T, property func(t *testing.T, random *rand.Rand, base, cell []float64)) {
	t.Helper()
	random := rand.New(rand.NewPCG(5, 1))
	for blocks := range exactBlocks + 1 {
		for _, noise := range []float64{0.01, 0.1} {
			for _, by := range []float64{0.8, 1, 1.05} {
				cells := trials(random, blocks, noise, 1, by)
				if blocks > 0 {
					property(t, random, cells[0], cells[1])
				}
			}
		}
	}
}

func same(t *testing.T, what string, got, want Contrast) {
	t.Helper()
	near(t, what+": Ratio", got.Ratio, want.Ratio, 1e-9)
	near(t, what+": Low", got.Low, want.Low, 1e-9)
	near(t, what+": High", got.High, want.High, 1e-9)
	near(t, what+": P", got.P, want.P, 1e-9)
	if got.N != want.N || got.Word != want.Word || (got.Interval == nil) != (want.Interval == nil) {
		t.Fatalf("%s: %+v; want %+v", what, got, want)
	}
	if want.Interval != nil {
		near(t, what+": Interval.Low", got.Interval.Low, want.Interval.Low, 1e-9)
		near(t, what+": Interval.High", got.Interval.High, want.Interval.High, 1e-9)
	}
}

func TestUnitsDoNotMatter(t *testing.T) {
	each(t, func(t *testing.T, _ *rand.Rand, base, cell []float64) {
		milli := func(x []float64) []float64 {
			scaled := slices.Clone(x)
			for i := range scaled {
				scaled[i] /= 1000
			}
			return scaled
		}
		same(t, "in thousandths",
			Compare(milli(base), milli(cell), HigherIsBetter, 0.03, 1), Compare(base, cell, HigherIsBetter, 0.03, 1))
	})
}

func TestExchangeInverts(t *testing.T) {
	opposite := map[Word]Word{
		Better:       Worse,
		Worse:        Better,
		Equivalent:   Equivalent,
		Inconclusive: Inconclusive,
		TooSmall:     TooSmall,
	}
	seen := map[Word]bool{}
	each(t, func(t *testing.T, _ *rand.Rand, base, cell []float64) {
		want := Compare(base, cell, HigherIsBetter, 0.03, 1)
		seen[want.Word] = true
		same(t, "other direction", Compare(base, cell, LowerIsBetter, 0.03, 1),
			Contrast{
				N:        want.N,
				Ratio:    want.Ratio,
				Interval: want.Interval,
				Low:      want.Low,
				High:     want.High,
				P:        want.P,
				Word:     opposite[want.Word],
			})

		inverse := Contrast{
			N:     want.N,
			Ratio: 1 / want.Ratio,
			Low:   1 / want.High,
			High:  1 / want.Low,
			P:     want.P,
			Word:  opposite[want.Word],
		}
		if want.Interval != nil {
			inverse.Interval = &Interval{1 / want.Interval.High, 1 / want.Interval.Low}
		}
		same(t, "exchanged", Compare(cell, base, HigherIsBetter, 0.03, 1), inverse)
	})
	if len(seen) != len(opposite) {
		t.Errorf("only the words %v came up", seen)
	}
}

func TestOrderOfBlocksDoesNotMatter(t *testing.T) {
	check := func(t *testing.T, random *rand.Rand, base, cell []float64) {
		other, shuffled := make([]float64, len(base)), make([]float64, len(cell))
		for i, j := range random.Perm(len(base)) {
			other[i], shuffled[i] = base[j], cell[j]
		}
		same(t, "shuffled", Compare(other, shuffled, HigherIsBetter, 0.03, 1), Compare(base, cell, HigherIsBetter, 0.03, 1))
	}
	each(t, check)
	random := rand.New(rand.NewPCG(6, 1))
	cells := trials(random, 40, 0.03, 1, 1.02)
	check(t, random, cells[0], cells[1])
}

func TestEstimateLiesInItsInterval(t *testing.T) {
	each(t, func(t *testing.T, _ *rand.Rand, base, cell []float64) {
		c := Compare(base, cell, HigherIsBetter, 0.03, 1)
		if c.Ratio < c.Low || c.Ratio > c.High {
			t.Fatalf("the ratio is outside of its range: %+v", c)
		}
		if i := c.Interval; i != nil && !(c.Low <= i.Low && i.Low <= c.Ratio && c.Ratio <= i.High && i.High <= c.High) {
			t.Fatalf("interval %v of %+v", *i, c)
		}
	})
}

func TestTheSeedDecides(t *testing.T) {
	cells := trials(rand.New(rand.NewPCG(7, 1)), rankBlocks+1, 0.03, 1, 1.01)
	x, _ := LogRatios(cells[0], cells[1])
	if Confidence(x, 1) != Confidence(x, 1) || signFlip(x, 1) != signFlip(x, 1) {
		t.Error("one seed, two results")
	}
	if Confidence(x, 1) == Confidence(x, 2) || signFlip(x, 1) == signFlip(x, 2) {
		t.Error("two seeds, one result: is it used?")
	}
}

// Sorted or not, what is given stays as it is.
func TestArgumentsAreNotChanged(t *testing.T) {
	cells := trials(rand.New(rand.NewPCG(8, 1)), 33, 0.1, 1, 1.1, 0.9)
	kept := [][]float64{slices.Clone(cells[0]), slices.Clone(cells[1]), slices.Clone(cells[2])}
	for _, n := range []int{33, 12} {
		x, y := cells[0][:n], cells[1][:n]
		Median(x)
		HodgesLehmann(x)
		Confidence(x, 1)
		Width(x, 1)
		SignFlip(x)
		SignedRank(x)
		MannWhitney(x, y)
		Holm(x)
		Compare(x, y, LowerIsBetter, 0.03, 1)
		Difference(x, y, LowerIsBetter, 0.03, 1)
		Tied(cells, HigherIsBetter, 0.03, 1)
	}
	for i := range kept {
		if !slices.Equal(kept[i], cells[i]) {
			t.Errorf("cell %d was changed", i)
		}
	}
}

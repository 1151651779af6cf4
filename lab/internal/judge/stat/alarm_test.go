package stat

import (
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// noises draw what a shot of a cell is multiplied by.
var noises = map[string]func(*rand.Rand) float64{
	"3%":            func(r *rand.Rand) float64 { return math.Exp(0.03 * r.NormFloat64()) },
	"15%":           func(r *rand.Rand) float64 { return math.Exp(0.15 * r.NormFloat64()) },
	"skewed":        func(r *rand.Rand) float64 { return 1 + 0.1*r.ExpFloat64() },
	"a slow tenth":  func(r *rand.Rand) float64 { return math.Exp(0.02*r.NormFloat64() - math.Floor(r.Float64()+0.1)) },
	"one per mille": func(r *rand.Rand) float64 { return math.Exp(0.001 * r.NormFloat64()) },
}

// run draws a run: the baseline, its twin, and a cell for each of by.
func run(r *rand.Rand, blocks int, noise func(*rand.Rand) float64, by ...float64) (base, twin []float64, cells [][]float64) {
	all := shots(r, blocks, 0, append([]float64{1, 1}, by...)...)
	for _, cell := range all {
		for i := range cell {
			cell[i] *= noise(r)
		}
	}
	return all[0], all[1], all[2:]
}

// share is the share of runs in which something happens.
func share(runs int, seed uint64, happens func(*rand.Rand) bool) float64 {
	random, count := rand.New(rand.NewPCG(seed, 2)), 0
	for range runs {
		if happens(random) {
			count++
		}
	}
	return float64(count) / float64(runs)
}

func isCalled(c Contrast) bool { return c.Word == Better || c.Word == Worse }

// A cell that is the same as the baseline is rarely called better or worse: with no
// margin as often as the test allows, with that of the twins hardly ever.
func TestFalseAlarms(t *testing.T) { simulateFalseAlarms(t, 1) }

func simulateFalseAlarms(t *testing.T, times int) {
	t.Helper()
	runs := 1000 * times
	for _, name := range slices.Sorted(maps.Keys(noises)) {
		for _, blocks := range []int{6, 8, 10, 12} {
			bare := share(runs, 1, func(r *rand.Rand) bool {
				base, _, cells := run(r, blocks, noises[name], 1)
				return isCalled(Compare(base, cells[0], HigherIsBetter, 0, 1))
			})
			floored := share(runs, 2, func(r *rand.Rand) bool {
				base, twin, cells := run(r, blocks, noises[name], 1)
				return isCalled(Compare(base, cells[0], HigherIsBetter, Margin(Floor(base, twin)), 1))
			})
			t.Logf("noise %s, %d blocks: %.1f%% without a margin, %.1f%% with the floor", name, blocks, 100*bare, 100*floored)
			if bare > 0.06 { // 5% and two standard errors
				t.Errorf("noise %s, %d blocks: %.1f%% false alarms without a margin", name, blocks, 100*bare)
			}
			if floored > 0.02 {
				t.Errorf("noise %s, %d blocks: %.1f%% false alarms", name, blocks, 100*floored)
			}
		}
	}
}

// An effect of 10% under noise of 3% per shot is found, and called by its name.
func TestPower(t *testing.T) { simulatePower(t, 1) }

func simulatePower(t *testing.T, times int) {
	t.Helper()
	for blocks, least := range map[int]float64{6: 0.75, 8: 0.95, 10: 0.99, 12: 0.99} {
		for by, want := range map[float64]Word{1 / 1.1: Worse, 1.1: Better} {
			found := share(1000*times, 3, func(r *rand.Rand) bool {
				base, twin, cells := run(r, blocks, noises["3%"], by)
				return Compare(base, cells[0], HigherIsBetter, Margin(Floor(base, twin)), 1).Word == want
			})
			t.Logf("%d blocks: %.1f%% of %.2f are called %s", blocks, 100*found, by, want)
			if found < least {
				t.Errorf("%d blocks: %.1f%% of %.2f are called %s; want %.0f%%", blocks, 100*found, by, want, 100*least)
			}
		}
	}
}

// Cells that do not differ are called equivalent if the blocks suffice, and one
// beyond the margin hardly ever is.
func TestEquivalence(t *testing.T) { simulateEquivalence(t, 1) }

func simulateEquivalence(t *testing.T, times int) {
	t.Helper()
	equivalent := func(by float64, blocks int) float64 {
		return share(2000*times, 4, func(r *rand.Rand) bool {
			base, _, cells := run(r, blocks, noises["3%"], by)
			return Compare(base, cells[0], HigherIsBetter, 0.05, 1).Word == Equivalent
		})
	}
	if got := equivalent(1, 12); got < 0.8 {
		t.Errorf("%.1f%% of equal cells are equivalent with 12 blocks", 100*got)
	}
	for _, blocks := range []int{6, 8, 10, 12} {
		if got := equivalent(1.05, blocks); got > 0.035 { // 2.5% and three standard errors
			t.Errorf("%.1f%% of cells at the margin are equivalent with %d blocks", 100*got, blocks)
		}
	}
}

// The best cell is among the tied, and so are, with the margin of the twins, all
// that are as good. Without a margin they are not: see Tied.
func TestTiedHoldsTheBest(t *testing.T) { simulateTiedHoldsTheBest(t, 1) }

func simulateTiedHoldsTheBest(t *testing.T, times int) {
	t.Helper()
	const blocks = 10
	runs := 250 * times
	for _, name := range slices.Sorted(maps.Keys(noises)) {
		for _, cells := range []int{3, 5, 10} {
			equal := slices.Repeat([]float64{1}, cells)
			random := rand.New(rand.NewPCG(5, uint64(cells)))
			dropped, incomplete, bare := 0.0, 0.0, 0.0
			for range runs {
				base, twin, values := run(random, blocks, noises[name], equal...)
				tied := Tied(values, HigherIsBetter, 0, 1)
				if !slices.Contains(tied, 0) {
					dropped += 1.0 / float64(runs)
				}
				if len(tied) < cells {
					bare += 1.0 / float64(runs)
				}
				if len(Tied(values, HigherIsBetter, Margin(Floor(base, twin)), 1)) < cells {
					incomplete += 1.0 / float64(runs)
				}
			}
			t.Logf("noise %s, %d cells: a given one is dropped in %.1f%%; any in %.1f%%, with the floor in %.1f%%",
				name, cells, 100*dropped, 100*bare, 100*incomplete)
			if dropped > 0.05 {
				t.Errorf("noise %s, %d cells: one of the best is dropped in %.1f%% of runs", name, cells, 100*dropped)
			}
			if incomplete > 0.05 {
				t.Errorf("noise %s, %d cells: a cell as good as the best is dropped in %.1f%% of runs", name, cells, 100*incomplete)
			}
		}
	}
}

func TestTiedDropsTheRest(t *testing.T) {
	exact := share(1000, 6, func(r *rand.Rand) bool {
		_, _, cells := run(r, 10, noises["3%"], 1, 0.9, 1, 0.9, 0.9)
		return slices.Equal(Tied(cells, HigherIsBetter, 0.03, 1), []int{0, 2})
	})
	if exact < 0.9 {
		t.Errorf("the two best of five were found in %.1f%% of runs", 100*exact)
	}
}

package stat

import (
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// noises draw what a trial of a cell is multiplied by: from what a quiet machine shows to what
// this kind of host shows of a system that collapses.
var noises = map[string]func(*rand.Rand) float64{
	"1%":            func(r *rand.Rand) float64 { return math.Exp(0.01 * r.NormFloat64()) },
	"5%":            func(r *rand.Rand) float64 { return math.Exp(0.05 * r.NormFloat64()) },
	"15%":           func(r *rand.Rand) float64 { return math.Exp(0.15 * r.NormFloat64()) },
	"40%":           func(r *rand.Rand) float64 { return math.Exp(0.4 * r.NormFloat64()) },
	"skewed":        func(r *rand.Rand) float64 { return 1 + 0.1*r.ExpFloat64() },
	"a slow tenth":  func(r *rand.Rand) float64 { return math.Exp(0.02*r.NormFloat64() - math.Floor(r.Float64()+0.1)) },
	"one per mille": func(r *rand.Rand) float64 { return math.Exp(0.001 * r.NormFloat64()) },
	"fails a tenth": func(r *rand.Rand) float64 { return math.Exp(0.02*r.NormFloat64()) * (1 - math.Floor(r.Float64()+0.1)) },
}

// delta is the margin that a spec has by default.
const delta = 0.03

// run draws a run: the baseline, and a cell for each of by.
func run(r *rand.Rand, blocks int, noise func(*rand.Rand) float64, by ...float64) (base []float64, cells [][]float64) {
	all := trials(r, blocks, 0, append([]float64{1}, by...)...)
	for _, cell := range all {
		for i := range cell {
			cell[i] *= noise(r)
		}
	}
	return all[0], all[1:]
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

// words are those of the cells of a run together, as a report gives them.
func words(base []float64, cells [][]float64) []Word {
	var contrasts []Contrast
	var p []float64
	for _, cell := range cells {
		c := Compare(base, cell, HigherIsBetter, delta, 1)
		contrasts, p = append(contrasts, c), append(p, c.P)
	}
	var found []Word
	for i, v := range Holm(p) {
		found = append(found, contrasts[i].Adjusted(v).Word)
	}
	return found
}

func isCalled(w Word) bool { return w == Better || w == Worse }

// That any of the cells of a run is called better or worse although all are the same as the
// baseline is rare, whatever the noise.
func TestFalseAlarms(t *testing.T) { simulateFalseAlarms(t, 1) }

func simulateFalseAlarms(t *testing.T, times int) {
	t.Helper()
	runs := 500 * times
	for _, name := range slices.Sorted(maps.Keys(noises)) {
		for _, blocks := range []int{6, 8, 12} {
			for _, cells := range []int{1, 4} {
				got := share(runs, 1, func(r *rand.Rand) bool {
					base, all := run(r, blocks, noises[name], slices.Repeat([]float64{1}, cells)...)
					return slices.ContainsFunc(words(base, all), isCalled)
				})
				t.Logf("noise %s, %d blocks, %d cells: %.1f%% false alarms", name, blocks, cells, 100*got)
				if got > 0.065 { // 5% and more than a standard error
					t.Errorf("noise %s, %d blocks, %d cells: %.1f%% false alarms", name, blocks, cells, 100*got)
				}
			}
		}
	}
}

// An effect of 10% under noise of 3% per trial is found, and called by its name.
func TestPower(t *testing.T) { simulatePower(t, 1) }

func simulatePower(t *testing.T, times int) {
	t.Helper()
	noise := func(r *rand.Rand) float64 { return math.Exp(0.03 * r.NormFloat64()) }
	for blocks, least := range map[int]float64{6: 0.9, 8: 0.97, 10: 0.99, 12: 0.99} {
		for by, want := range map[float64]Word{1 / 1.1: Worse, 1.1: Better} {
			found := share(1000*times, 3, func(r *rand.Rand) bool {
				base, cells := run(r, blocks, noise, by)
				return words(base, cells)[0] == want
			})
			t.Logf("%d blocks: %.1f%% of %.2f are called %s", blocks, 100*found, by, want)
			if found < least {
				t.Errorf("%d blocks: %.1f%% of %.2f are called %s; want %.0f%%", blocks, 100*found, by, want, 100*least)
			}
		}
	}
}

// Cells that do not differ are called equivalent if the blocks suffice, and one at the margin
// or beyond hardly ever is, whatever the noise: that leads to inconclusive.
func TestEquivalence(t *testing.T) { simulateEquivalence(t, 1) }

func simulateEquivalence(t *testing.T, times int) {
	t.Helper()
	equivalent := func(noise string, by float64, blocks int) float64 {
		return share(300*times, 4, func(r *rand.Rand) bool {
			base, cells := run(r, blocks, noises[noise], by)
			return words(base, cells)[0] == Equivalent
		})
	}
	if got := equivalent("1%", 1, 8); got < 0.9 {
		t.Errorf("%.1f%% of equal cells are equivalent with 8 blocks and 1%% of noise", 100*got)
	}
	for _, name := range slices.Sorted(maps.Keys(noises)) {
		for _, by := range []float64{1 + delta, 1 / (1 + delta), 0.9, 0.83} {
			for _, blocks := range []int{6, 8, 12} {
				if got := equivalent(name, by, blocks); got > 0.06 { // 5%, and a standard error
					t.Errorf("noise %s: %.1f%% of cells × %.2f are equivalent with %d blocks", name, 100*got, by, blocks)
				}
			}
		}
	}
}

// The best cell is among the tied, and so mostly are all that are as good: see Tied.
func TestTiedHoldsTheBest(t *testing.T) { simulateTiedHoldsTheBest(t, 1) }

func simulateTiedHoldsTheBest(t *testing.T, times int) {
	t.Helper()
	const blocks = 10
	runs := 250 * times
	for _, name := range slices.Sorted(maps.Keys(noises)) {
		for _, cells := range []int{3, 5, 10} {
			equal := slices.Repeat([]float64{1}, cells)
			random := rand.New(rand.NewPCG(5, uint64(cells)))
			dropped, incomplete := 0.0, 0.0
			for range runs {
				_, values := run(random, blocks, noises[name], equal...)
				tied := Tied(values, HigherIsBetter, delta, 1)
				if !slices.Contains(tied, 0) {
					dropped += 1.0 / float64(runs)
				}
				if len(tied) < cells {
					incomplete += 1.0 / float64(runs)
				}
			}
			t.Logf(
				"noise %s, %d cells: a given one is dropped in %.1f%%; any in %.1f%%", name, cells, 100*dropped, 100*incomplete,
			)
			if dropped > 0.05 {
				t.Errorf("noise %s, %d cells: one of the best is dropped in %.1f%% of runs", name, cells, 100*dropped)
			}
			if incomplete > 0.13 {
				t.Errorf("noise %s, %d cells: a cell as good as the best is dropped in %.1f%% of runs", name, cells, 100*incomplete)
			}
		}
	}
}

func TestTiedDropsTheRest(t *testing.T) {
	noise := func(r *rand.Rand) float64 { return math.Exp(0.03 * r.NormFloat64()) }
	exact := share(1000, 6, func(r *rand.Rand) bool {
		_, cells := run(r, 10, noise, 1, 0.9, 1, 0.9, 0.9)
		return slices.Equal(Tied(cells, HigherIsBetter, delta, 1), []int{0, 2})
	})
	if exact < 0.9 {
		t.Errorf("the two best of five were found in %.1f%% of runs", 100*exact)
	}
}

package stop

import (
	"math"
	"math/rand/v2"
	"testing"

	"stormwave/lab/internal/judge/stat"
	"stormwave/lab/internal/matrix"
)

// A ratio that can be told is called better or worse by the report's own words in about
// four runs of five: here with the other comparisons as significant as this one, which is
// the first step of Holm.
func TestDetectableIsTold(t *testing.T) {
	const runs = 1_000
	for _, c := range []struct {
		blocks, comparisons int
		sd                  float64
	}{{6, 1, 0.17}, {8, 1, 0.06}, {8, 5, 0.17}, {9, 12, 0.1}, {12, 3, 0.1}, {20, 20, 0.17}} {
		ratio := Detectable(c.sd, c.blocks, c.comparisons, matrix.DefaultMargin.Ratio)
		random := rand.New(rand.NewPCG(7, uint64(c.blocks)))
		told := 0
		for range runs {
			base, cell := make([]float64, c.blocks), make([]float64, c.blocks)
			for i := range base {
				base[i], cell[i] = 1, ratio*math.Exp(c.sd*random.NormFloat64())
			}
			contrast := stat.Compare(base, cell, stat.HigherIsBetter, matrix.DefaultMargin.Ratio, 1)
			if contrast.Adjusted(contrast.P*float64(c.comparisons)).Word == stat.Better {
				told++
			}
		}
		if share := float64(told) / runs; share < 0.75 || share > 0.88 {
			t.Errorf("%+v: a ratio of %.3f is told in %.1f%% of the runs; want about 80%%", c, ratio, 100*share)
		}
	}
}

// What no number of blocks below MinBlocksFor can tell is not detectable, whatever the noise;
// from there on it is.
func TestDetectableFromTheLeastBlocksOn(t *testing.T) {
	for _, comparisons := range []int{1, 2, 5, 10, 20, 50} {
		least := stat.MinBlocksFor(comparisons)
		if got := Detectable(0.001, least-1, comparisons, matrix.DefaultMargin.Ratio); !math.IsInf(got, 1) {
			t.Errorf("%d blocks tell one of %d comparisons from %v on", least-1, comparisons, got)
		}
		if got := Detectable(0.1, least, comparisons, matrix.DefaultMargin.Ratio); !(got > 1.03 && got < 2) {
			t.Errorf("%d blocks tell one of %d comparisons from %v on", least, comparisons, got)
		}
	}
}

// Where the exact test gives way to the approximation, and as blocks are added, the ratio
// goes on falling; it never gets below what is called a difference.
func TestDetectableFalls(t *testing.T) {
	before := math.Inf(1)
	for _, blocks := range []int{8, 10, 15, 20, 25, 30, 31, 40, 60, 100, 1000} {
		got := Detectable(0.2, blocks, 1, matrix.DefaultMargin.Ratio)
		if !(got < before) || blocks == 31 && got < 0.97*before {
			t.Errorf("%d blocks: %v, after %v", blocks, got, before)
		}
		before = got
	}
	if got := Detectable(0.001, 20, 1, matrix.DefaultMargin.Ratio); math.Abs(got-1.03) > 1e-12 {
		t.Errorf("almost without noise: %v; want the margin", got)
	}
}

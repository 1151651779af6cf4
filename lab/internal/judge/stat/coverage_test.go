package stat

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
)

// The simulations are seeded, so they give the same result on each run; their
// bounds are wide enough for other seeds too. Those of the table in Confidence are
// shown by go test -v.

// distribution is one that log-ratios of blocks may have.
type distribution interface {
	Rand() float64
	Quantile(p float64) float64
}

type named struct {
	name string
	distribution
}

// distributions go from what is expected to what is feared: the ratio of two cells
// with noise of one kind is symmetric, that with the noise of one cell is not.
func distributions(seed uint64) []named {
	src := rand.NewPCG(seed, 1)
	return []named{
		{"normal", distuv.Normal{Sigma: 1, Src: src}},                // both lognormal
		{"laplace", distuv.Laplace{Scale: 1, Src: src}},              // both double Pareto
		{"heavy tails", distuv.StudentsT{Sigma: 1, Nu: 3, Src: src}}, // outlying blocks
		{"log of exponential", distuv.GumbelRight{Beta: 1, Src: src}},
		{"gamma", distuv.Gamma{Alpha: 2, Beta: 1, Src: src}},
		{"exponential", distuv.Exponential{Rate: 1, Src: src}},
		{"lognormal ½", distuv.LogNormal{Sigma: 0.5, Src: src}},
		{"lognormal 1", distuv.LogNormal{Sigma: 1, Src: src}},
	}
}

func (d named) sample(n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = d.Rand()
	}
	return x
}

// location is what HodgesLehmann estimates: the median of the mean of two draws.
// It is computed from evenly spaced quantiles in the place of draws.
func (d named) location() float64 {
	x := make([]float64, 300)
	for i := range x {
		x[i] = d.Quantile((float64(i) + 0.5) / float64(len(x)))
	}
	return HodgesLehmann(x)
}

func TestLocationOfDistributions(t *testing.T) {
	want := map[string]float64{
		"normal":      0,
		"exponential": distuv.Gamma{Alpha: 2, Beta: 1}.Quantile(0.5) / 2, // the sum of two
		"gamma":       distuv.Gamma{Alpha: 4, Beta: 1}.Quantile(0.5) / 2,
	}
	for _, d := range distributions(1) {
		if v, ok := want[d.name]; ok {
			near(t, d.name, d.location(), v, 1e-3)
		}
	}
}

// coverage is the share of samples whose interval holds the true location, for
// each of the intervals made of a sample.
func coverage(d named, n, samples int, intervals func(x []float64) []Interval) []float64 {
	truth := d.location()
	var shares []float64
	for range samples {
		made := intervals(d.sample(n))
		shares = append(shares, make([]float64, len(made)-len(shares))...)
		for i, interval := range made {
			if interval.has(truth) {
				shares[i] += 1 / float64(samples)
			}
		}
	}
	return shares
}

// covers wants 93 to 97%. Six blocks cover 96.9% of any symmetric distribution, so
// above there is room for three standard errors; below there is none.
func covers(t *testing.T, d named, n, samples int, got float64) {
	t.Helper()
	if above := 3 * math.Sqrt(0.97*0.03/float64(samples)); got < 0.93 || got > 0.97+above {
		t.Errorf("n = %d, %s: covers %.1f%%; want 93 to 97%%", n, d.name, 100*got)
	}
}

func TestCoverage(t *testing.T) { simulateCoverage(t, 1) }

func simulateCoverage(t *testing.T, times int) {
	t.Helper()
	samples := 1500 * times
	for _, n := range []int{6, 7, 8, 9, 10, 11, 12, 20, 30} {
		low, high := 1.0, 0.0
		for _, d := range distributions(uint64(n)) {
			got := coverage(d, n, samples, func(x []float64) []Interval { return []Interval{Confidence(x, 1)} })[0]
			low, high = min(low, got), max(high, got)
			covers(t, d, n, samples, got)
		}
		t.Logf("n = %2d: signed rank covers %.1f to %.1f%%", n, 100*low, 100*high)
	}
}

// This is why few blocks are not resampled.
func TestBootstrapIsTooShortForSix(t *testing.T) { simulateBootstrapIsTooShortForSix(t, 1) }

func simulateBootstrapIsTooShortForSix(t *testing.T, times int) {
	t.Helper()
	const n = 6
	samples := 600 * times
	low := []float64{1, 1}
	for _, d := range distributions(n) {
		got := coverage(d, n, samples, func(x []float64) []Interval {
			estimates := bootstrap(x, 500, 1)
			return []Interval{cut(estimates, alpha/2), cut(estimates, expandedTail(n))}
		})
		t.Logf("%s: percentile covers %.1f%%, expanded %.1f%%", d.name, 100*got[0], 100*got[1])
		low[0], low[1] = min(low[0], got[0]), min(low[1], got[1])
	}
	for i, least := range low {
		if least >= 0.93 {
			t.Errorf("bootstrap %d covers at least %.1f%%: use it for few blocks too, and say so in Confidence", i, 100*least)
		}
	}
}

// The bootstrap, which takes over for many blocks, is good enough for 31 already. Over all distributions together,
// for a single one would take more samples than there is time for.
func TestBootstrapCoversBeyond(t *testing.T) { simulateBootstrapCoversBeyond(t, 1) }

func simulateBootstrapCoversBeyond(t *testing.T, times int) {
	t.Helper()
	const n = 31
	samples := 100 * times
	mean, all := 0.0, distributions(n)
	for _, d := range all {
		got := coverage(d, n, samples, func(x []float64) []Interval {
			return []Interval{cut(bootstrap(x, 800, 1), expandedTail(n))}
		})
		mean += got[0] / float64(len(all))
	}
	t.Logf("n = %d: expanded covers %.1f%%", n, 100*mean)
	if mean < 0.93 || mean > 0.97 {
		t.Errorf("n = %d: covers %.1f%%; want 93 to 97%%", n, 100*mean)
	}
}

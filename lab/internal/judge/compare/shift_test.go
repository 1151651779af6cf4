package compare

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"

	"stormwave/lab/internal/judge/stat"
)

func TestArrangements(t *testing.T) {
	for _, test := range []struct {
		m, n int
		want []float64
	}{
		{1, 3, []float64{1, 1, 1, 1}},
		{2, 2, []float64{1, 1, 2, 1, 1}},
		{2, 3, []float64{1, 1, 2, 2, 2, 1, 1}},
	} {
		if got := arrangements(test.m, test.n); !slices.Equal(got, test.want) {
			t.Errorf("%d v %d: %v; want %v", test.m, test.n, got, test.want)
		}
	}
}

// The table of critical values that every textbook has for a two-sided 0.05 names
// the largest U that is rejected, one less than how many are.
func TestRejected(t *testing.T) {
	for _, test := range []struct{ m, n, critical int }{
		{3, 3, -1}, {4, 4, 0}, {4, 10, 5}, {5, 5, 2}, {6, 6, 5}, {8, 8, 13}, {8, 20, 41}, {10, 10, 23}, {12, 15, 49},
		{20, 20, 127},
	} {
		if got := rejected(test.m, test.n); got != test.critical+1 {
			t.Errorf("%d v %d: %d values are rejected; want %d", test.m, test.n, got, test.critical+1)
		}
		if got, turned := rejected(test.m, test.n), rejected(test.n, test.m); got != turned {
			t.Errorf("%d v %d: %d are rejected, turned round %d", test.m, test.n, got, turned)
		}
	}
}

func TestRankSumOfManyIsNearTheExactOne(t *testing.T) {
	random := rand.New(rand.NewPCG(9, 9))
	for range 50 {
		x, y := make([]float64, 20+random.IntN(10)), make([]float64, 20+random.IntN(10))
		shift := random.Float64()
		for i := range x {
			x[i] = random.NormFloat64()
		}
		for i := range y {
			y[i] = random.NormFloat64() + shift
		}
		got, exact := rankSum(differences(x, y), len(x), len(y)), stat.MannWhitney(x, y)
		if math.Abs(got-exact) > 0.002+0.02*exact {
			t.Errorf("%d v %d: p = %v; exact is %v", len(x), len(y), got, exact)
		}
	}
	if got := rankSum(differences([]float64{1, 2}, []float64{1, 2}), 2, 2); got != 1 {
		t.Errorf("p of the same values = %v; want 1", got)
	}
}

// ratioOf compares two independent samples by the ratio of b to a.
func ratioOf(a, b []float64, dir stat.Direction, margin float64) stat.Contrast {
	return asRatio(shift(logs(a), logs(b), dir, math.Log1p(margin)))
}

func TestShift(t *testing.T) {
	// The 16 differences are 9 to 15: 9, 10 10, 11 11 11, 12 12 12 12, 13 13 13, …
	a, b := []float64{1, 4, 2, 3}, []float64{16, 13, 14, 15}
	got := shift(a, b, stat.LowerIsBetter, 1)
	if got.Ratio != 12 || *got.Interval != (stat.Interval{Low: 9, High: 15}) || math.Abs(got.P-2.0/70) > 1e-12 ||
		got.Word != stat.Worse {
		t.Errorf(
			"difference = %v in %v, p %v, %s; want 12 in 9 to 15, p 2/70, worse", got.Ratio, got.Interval, got.P, got.Word,
		)
	}
	if !slices.Equal(a, []float64{1, 4, 2, 3}) {
		t.Errorf("the sample was changed to %v", a)
	}
}

func TestWords(t *testing.T) {
	base := []float64{99, 100, 101, 102}
	times := func(f float64) []float64 {
		x := make([]float64, len(base))
		for i, v := range base {
			x[i] = v * f
		}
		return x
	}
	for _, test := range []struct {
		name   string
		a, b   []float64
		dir    stat.Direction
		margin float64
		want   stat.Word
	}{
		{"the same", base, base, stat.HigherIsBetter, 0.04, stat.Equivalent},
		{"the same, but a spread above the margin", base, base, stat.HigherIsBetter, 0.02, stat.Inconclusive},
		{"more is better", base, times(1.2), stat.HigherIsBetter, 0.03, stat.Better},
		{"more is worse", base, times(1.2), stat.LowerIsBetter, 0.03, stat.Worse},
		{"less is worse", base, times(0.8), stat.HigherIsBetter, 0.03, stat.Worse},
		{"less is better", base, times(0.8), stat.LowerIsBetter, 0.03, stat.Better},
		{"apart, but less than the noise", base, times(1.2), stat.LowerIsBetter, 0.25, stat.Equivalent},
		{"apart, partly beyond the noise", base, times(1.2), stat.LowerIsBetter, 0.21, stat.Inconclusive},
		{"3 v 4", base[:3], times(2), stat.HigherIsBetter, 0.03, stat.TooSmall},
		{"none", nil, base, stat.HigherIsBetter, 0.03, stat.TooSmall},
	} {
		got := ratioOf(test.a, test.b, test.dir, test.margin)
		if got.Word != test.want {
			t.Errorf("%s: %s (%v in %v, p %v); want %s", test.name, got.Word, got.Ratio, got.Interval, got.P, test.want)
		}
		if (got.Interval == nil) != (test.want == stat.TooSmall) {
			t.Errorf("%s: interval %v", test.name, got.Interval)
		}
	}
}

// Exchanging the runs turns every ratio round, and better into worse.
func TestRatioTurnedRound(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 3))
	opposite := map[stat.Word]stat.Word{
		stat.Better:       stat.Worse,
		stat.Worse:        stat.Better,
		stat.Equivalent:   stat.Equivalent,
		stat.Inconclusive: stat.Inconclusive,
		stat.TooSmall:     stat.TooSmall,
	}
	seen := make(map[stat.Word]int)
	for range 500 {
		a, b := make([]float64, 3+random.IntN(8)), make([]float64, 3+random.IntN(8))
		factor := math.Exp(0.1 * random.NormFloat64())
		for i := range a {
			a[i] = 100 * math.Exp(0.02*random.NormFloat64())
		}
		for i := range b {
			b[i] = 100 * factor * math.Exp(0.02*random.NormFloat64())
		}
		there, back := ratioOf(a, b, stat.HigherIsBetter, 0.03), ratioOf(b, a, stat.HigherIsBetter, 0.03)
		seen[there.Word]++
		if math.Abs(there.Ratio*back.Ratio-1) > 1e-9 || back.Word != opposite[there.Word] {
			t.Fatalf("%v v %v: × %v %s, turned round × %v %s", a, b, there.Ratio, there.Word, back.Ratio, back.Word)
		}
		if i := there.Interval; i != nil &&
			(math.Abs(i.Low*back.Interval.High-1) > 1e-9 || i.Low > there.Ratio || there.Ratio > i.High) {
			t.Fatalf("%v v %v: %v, turned round %v", a, b, i, back.Interval)
		}
	}
	for word := range opposite {
		if seen[word] < 10 {
			t.Errorf("%q came %d times; want all words tried", word, seen[word])
		}
	}
}

// distributions of the log of a measure, from what is expected to what is feared.
// spread is that of B, times that of A.
func distributions(seed uint64) []struct {
	name   string
	spread float64
	draw   func() float64
} {
	src := rand.NewPCG(seed, 1)
	median := func(d interface {
		Rand() float64
		Quantile(float64) float64
	}) func() float64 {
		middle := d.Quantile(0.5)
		return func() float64 { return d.Rand() - middle }
	}
	return []struct {
		name   string
		spread float64
		draw   func() float64
	}{
		{"normal", 1, median(distuv.Normal{Sigma: 1, Src: src})},
		{"normal, B spread × 2", 2, median(distuv.Normal{Sigma: 1, Src: src})},
		{"heavy tails", 1, median(distuv.StudentsT{Sigma: 1, Nu: 3, Src: src})},
		{"log of exponential", 1, median(distuv.GumbelRight{Beta: 1, Src: src})},
		{"exponential", 1, median(distuv.Exponential{Rate: 1, Src: src})},
		{"lognormal", 1, median(distuv.LogNormal{Sigma: 1, Src: src})},
	}
}

var sizes = [][2]int{{4, 4}, {5, 5}, {6, 6}, {8, 8}, {12, 12}, {4, 10}, {10, 4}}

// covered is the share of intervals that hold the true shift, which is 0, lowest
// and highest over the distributions.
func covered(m, n, samples int, interval func(x, y []float64) stat.Interval) (low, high float64) {
	low = 1
	for _, d := range distributions(uint64(100*m + n)) {
		hits := 0
		x, y := make([]float64, m), make([]float64, n)
		for range samples {
			for i := range x {
				x[i] = d.draw()
			}
			for i := range y {
				y[i] = d.spread * d.draw()
			}
			if i := interval(x, y); i.Low <= 0 && 0 <= i.High {
				hits++
			}
		}
		share := float64(hits) / float64(samples)
		low, high = min(low, share), max(high, share)
	}
	return low, high
}

// The simulations are seeded: they give the same result on each run.
func TestCoverage(t *testing.T) { simulateCoverage(t, 1) }

func simulateCoverage(t *testing.T, times int) {
	t.Helper()
	for _, size := range sizes {
		m, n := size[0], size[1]
		low, high := covered(
			m, n, 2500*times, func(x, y []float64) stat.Interval { return confidence(differences(x, y), m, n) },
		)
		t.Logf("%2d v %2d: the rank-sum interval covers %.1f to %.1f%%", m, n, 100*low, 100*high)
		least := 0.935
		if m > n {
			least = 0.92 // with few trials that spread more than the many, ranks tell too much
		}
		if low < least || high > 0.985 {
			t.Errorf("%d v %d: covers %.1f to %.1f%%; want about 95%%", m, n, 100*low, 100*high)
		}
	}
}

// This is why the samples are not resampled.
func TestBootstrapIsTooShortForFew(t *testing.T) { simulateBootstrapIsTooShortForFew(t, 1) }

func simulateBootstrapIsTooShortForFew(t *testing.T, times int) {
	t.Helper()
	random := rand.New(rand.NewPCG(5, 5))
	draw := func(from []float64) []float64 {
		to := make([]float64, len(from))
		for i := range to {
			to[i] = from[random.IntN(len(from))]
		}
		return to
	}
	for _, n := range []int{4, 6} {
		low, high := covered(n, n, 100*times, func(x, y []float64) stat.Interval {
			shifts := make([]float64, 400)
			for i := range shifts {
				shifts[i] = stat.Median(differences(draw(x), draw(y)))
			}
			slices.Sort(shifts)
			return stat.Interval{Low: shifts[10], High: shifts[389]}
		})
		t.Logf("%d v %d: the percentile bootstrap covers %.1f to %.1f%%", n, n, 100*low, 100*high)
		if low > 0.93 {
			t.Errorf("%d v %d: it covers at least %.1f%%: use it, and say so in confidence", n, n, 100*low)
		}
	}
}

// How often the words come: hardly ever where there is no difference, nearly
// always where there is one of 10% and the trials spread by 2%.
func TestAlarmsAndPower(t *testing.T) { simulateAlarmsAndPower(t, 1) }

func simulateAlarmsAndPower(t *testing.T, times int) {
	t.Helper()
	random := rand.New(rand.NewPCG(7, 7))
	share := func(n int, factor float64, want ...stat.Word) float64 {
		samples := 1000 * times
		hits := 0
		for range samples {
			a, b := make([]float64, n), make([]float64, n)
			for i := range a {
				a[i] = 200 * math.Exp(0.02*random.NormFloat64())
				b[i] = 200 * math.Exp(0.02*random.NormFloat64()) * factor
			}
			if slices.Contains(want, ratioOf(a, b, stat.LowerIsBetter, 0.03).Word) {
				hits++
			}
		}
		return float64(hits) / float64(samples)
	}
	for _, n := range []int{4, 6, 10} {
		alarms, power := share(n, 1, stat.Better, stat.Worse), share(n, 1.1, stat.Worse)
		t.Logf("%d v %d: false alarms %.2f%%, a difference of 10%% is called worse in %.1f%%", n, n, 100*alarms, 100*power)
		if alarms > 0.05 || power < 0.95 {
			t.Errorf(
				"%d v %d: false alarms %.2f%%, power %.1f%%; want at most 5%% and at least 95%%", n, n, 100*alarms, 100*power,
			)
		}
	}
}

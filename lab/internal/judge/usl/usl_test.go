package usl

import (
	"errors"
	"math"
	"math/rand"
	"strings"
	"testing"
)

func points(law Fit, noise float64, seed int64, ns ...float64) []Point {
	random := rand.New(rand.NewSource(seed))
	var all []Point
	for _, n := range ns {
		all = append(all, Point{n, law.At(n) * (1 + noise*random.NormFloat64())})
	}
	return all
}

var wide = []float64{1, 2, 4, 8, 16, 32, 64}

func TestFitFindsTheLaw(t *testing.T) {
	for _, law := range []Fit{
		{Lambda: 1000, Sigma: 0.05},
		{Lambda: 1000, Sigma: 0.02, Kappa: 0.0005},
		{Lambda: 40, Kappa: 0.001},
	} {
		got, err := Of(points(law, 0, 1, wide...))
		if err != nil {
			t.Fatalf("%+v: %v", law, err)
		}
		if math.Abs(got.Lambda/law.Lambda-1) > 1e-6 || math.Abs(got.Sigma-law.Sigma) > 1e-6 ||
			math.Abs(got.Kappa-law.Kappa) > 1e-8 || got.Residual > 1e-6 {
			t.Errorf("got %+v, want %+v", got, law)
		}
	}
}

func TestFitUnderNoise(t *testing.T) {
	law := Fit{Lambda: 1000, Sigma: 0.02, Kappa: 0.0005}
	n, x := law.Peak()
	for seed := range int64(20) {
		got, err := Of(points(law, 0.02, seed, append(wide, wide...)...))
		if err != nil {
			t.Fatal(err)
		}
		gotN, gotX := got.Peak()
		if math.Abs(gotX/x-1) > 0.05 || math.Abs(gotN/n-1) > 0.2 || got.Residual > 0.04 {
			t.Errorf("seed %d: peak of %.0f at %.0f, residual %.3f; want %.0f at %.0f", seed, gotX, gotN, got.Residual, x, n)
		}
	}
}

// A service without any limit answers as fast under any load. What noise alone curves is
// no law: neither a peak nor a limit is claimed, whether the concurrency is exact or
// itself measured.
func TestNoiseIsNoLaw(t *testing.T) {
	const fits, noise, answer = 500, 0.01, 0.010 // of them, a share, seconds
	for name, inFlight := range map[string]func(users, x, random float64) float64{
		"users": func(users, _, _ float64) float64 { return users },
		"requests in flight": func(_, x, random float64) float64 {
			return x * answer * (1 + noise*random)
		},
	} {
		accepted, finite := 0, 0
		for seed := range int64(fits) {
			random := rand.New(rand.NewSource(seed))
			var data []Point
			for users := 25.0; users <= 500; users += 50 {
				x := users / (0.5 + answer) * (1 + noise*random.NormFloat64())
				data = append(data, Point{inFlight(users, x, random.NormFloat64()), x})
			}
			fit, err := Of(data)
			if err != nil {
				continue
			}
			accepted++
			if n, _ := fit.Peak(); !math.IsInf(n, 1) {
				finite++
			}
		}
		if accepted > 0 {
			t.Errorf("%s: %d of %d fits are accepted, %d with a finite peak; want none", name, accepted, fits, finite)
		}
	}
}

func TestPeak(t *testing.T) {
	for _, tt := range []struct {
		law  Fit
		n, x float64
	}{
		{Fit{Lambda: 10, Sigma: 0, Kappa: 0.01}, 10, 10 * 10 / (1 + 0.9)},
		{Fit{Lambda: 10, Sigma: 0.1}, math.Inf(1), 100},
		{Fit{Lambda: 10}, math.Inf(1), math.Inf(1)},
	} {
		if n, x := tt.law.Peak(); n != tt.n || math.Abs(x-tt.x) > 1e-9 {
			t.Errorf("%+v: %g at %g, want %g at %g", tt.law, x, n, tt.x, tt.n)
		}
	}
}

func TestDataThatCannotCarryAFitIsRefused(t *testing.T) {
	law := Fit{Lambda: 1000, Sigma: 0.05}
	for name, c := range map[string]struct {
		data []Point
		says string
	}{
		"too few":    {points(law, 0, 1, 1, 2, 4, 8, 16), "5 concurrencies, it takes 6"},
		"repeats":    {points(law, 0, 1, 1, 1, 1, 2, 2, 4, 4, 8), "4 concurrencies, it takes 6"},
		"too narrow": {points(law, 0, 1, 10, 11, 12, 13, 14, 15, 16), "the highest must be 4 times the lowest"},
		"no law":     {[]Point{{1, 100}, {2, 900}, {4, 50}, {8, 2000}, {16, 3}, {32, 700}}, "the best is 65% off"},
		"zero": {
			[]Point{{1, 100}, {2, 190}, {4, 0}, {8, 700}, {16, 1300}, {32, 2500}},
			"4 requests in flight with a throughput of 0",
		},
		"not finite": {[]Point{{1, 100}, {2, math.Inf(1)}, {4, 1}, {8, 700}, {16, 1300}, {32, 2500}}, "a throughput of +Inf"},

		"no limit": {points(Fit{Lambda: 1000}, 0, 1, wide...), "grows as the requests in flight do, up to 64"},
		"peak of N too far": {
			points(Fit{Lambda: 1000, Kappa: 0.00002}, 0, 1, wide...),
			"its peak is at 224 requests in flight, more than twice the most that were measured, 64",
		},
		"peak of X too far": {
			points(Fit{Lambda: 1000, Sigma: 0.01}, 0, 1, wide...),
			"100000 per second, is more than twice the highest that was measured, 39264",
		},
	} {
		if fit, err := Of(c.data); !errors.Is(err, ErrCannot) || !strings.Contains(err.Error(), c.says) || fit != (Fit{}) {
			t.Errorf("%s: %+v, %v; want to be refused: %s", name, fit, err, c.says)
		}
	}
}

package knee

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"stormwave/lab/internal/judge/usl"
	"stormwave/lab/internal/record"
)

// rising is a load that rises to 500 VUs in 90 s and stays there for 30 s. Each
// second has the p99 and the requests per VU that at gives for its VUs.
func rising(at func(vus float64) (p99, perUser float64)) record.Series {
	s := record.Series{Step: 1, Curves: map[string][]*float64{}}
	for i := range 120 {
		vus := math.Min(500, float64(i+1)*500/90)
		p99, perUser := at(vus)
		for name, v := range map[string]float64{"vus": vus, "p99_ms": p99, "rps": perUser * vus} {
			s.Curves[name] = append(s.Curves[name], new(v))
		}
	}
	return s
}

// closed is a trial of a load of users.
var closed = declared(record.UnitVUs, [3]float64{45, 0, 250}, [3]float64{45, 250, 500}, [3]float64{30, 500, 500})

// An open load saturates at a rate: the VUs that k6 takes for it are up to the answers.
func TestBendOfAnOpenLoad(t *testing.T) {
	open := declared(record.UnitRate, [3]float64{45, 0, 500}, [3]float64{45, 500, 1000}, [3]float64{30, 1000, 1000})
	s := record.Series{Step: 1, Curves: map[string][]*float64{}}
	for i := range 121 {
		due := math.Min(1000, (float64(i)+0.5)*1000/90)
		rps, p99, vus := due, 10.0, due/100
		if due > 600 {
			rps, p99, vus = 500, 900, 500
		}
		for name, v := range map[string]float64{"vus": vus, "p99_ms": p99, "rps": rps} {
			s.Curves[name] = append(s.Curves[name], new(v))
		}
	}
	load, top := Load(&open, s)
	if len(load) != 120 || top != 1000 {
		t.Fatalf("%d seconds of load up to %v; want 120 up to 1000", len(load), top)
	}
	for i, want := range map[int]float64{0: 5.56, 60: 672.22, 119: 1000} {
		if math.Abs(*load[i]-want) > 0.01 {
			t.Errorf("a load of %v in second %d; want %v", *load[i], i, want)
		}
	}
	if k, ok := FindSaturation(&open, s); !ok || math.Abs(k.Load-605.6) > 0.1 || k.RPS != 500 || k.Top != 1000 {
		t.Errorf("%+v, %t; want a at above 600 requests per second", k, ok)
	}
	if k, ok := FindSaturation(&open, record.Series{}); ok {
		t.Errorf("without curves: %+v", k)
	}
}

func TestBendOfCurves(t *testing.T) {
	for _, tt := range []struct {
		name     string
		at       func(vus float64) (p99, perUser float64)
		vus, rps float64 // infinite: none
	}{
		{"flat", func(float64) (float64, float64) { return 12, 1.9 }, math.Inf(1), math.NaN()},
		{"saturates at 300", func(v float64) (float64, float64) {
			if v < 300 {
				return 12, 1.9
			}
			return 900, 1.9 * 300 / v * 0.8
		}, 300, 450},
		{"slow but follows", func(v float64) (float64, float64) {
			if v < 300 {
				return 12, 1.9
			}
			return 100, 1.85
		}, math.Inf(1), math.NaN()},
		{"slow from the beginning", func(float64) (float64, float64) { return 800, 1 }, math.Inf(1), math.NaN()},
	} {
		t.Run(tt.name, func(t *testing.T) {
			k, ok := FindSaturation(&closed, rising(tt.at))
			if !ok {
				t.Fatal("the curves do not tell")
			}
			same := func(got, want, within float64) bool {
				return math.IsInf(want, 1) && math.IsInf(got, 1) || math.IsNaN(want) &&
					math.IsNaN(got) || math.Abs(got-want) <= within
			}
			if !same(k.Load, tt.vus, 6) || !same(k.RPS, tt.rps, 15) || k.Top != 500 {
				t.Errorf("got %+v, want %v VUs and %v RPS", k, tt.vus, tt.rps)
			}
		})
	}
}

func TestOneSlowSecondIsNoBend(t *testing.T) {
	s := rising(func(float64) (float64, float64) { return 12, 1.9 })
	for i := 60; i < 63; i++ {
		s.Curves["p99_ms"][i], s.Curves["rps"][i] = new(2000.0), new(10.0)
	}
	if k, ok := FindSaturation(&closed, s); !ok || !math.IsInf(k.Load, 1) {
		t.Errorf("three seconds are taken for a saturation: %+v, %v", k, ok)
	}
}

func TestCurvesThatDoNotTell(t *testing.T) {
	empty := rising(func(float64) (float64, float64) { return 12, 1.9 })
	for i := range 40 {
		empty.Curves["p99_ms"][i] = nil
	}
	short := rising(func(float64) (float64, float64) { return 12, 1.9 })
	short.Curves["rps"] = short.Curves["rps"][:10]
	for name, s := range map[string]record.Series{"none": {}, "no light load": empty, "cut short": short} {
		if k, ok := FindSaturation(&closed, s); ok {
			t.Errorf("%s: %+v", name, k)
		}
	}
}

// thinking is the wave on a service that answers x requests a second with so many in
// flight, asked by users who think for half a second: in each step as many are in flight
// as the users who do not think.
func thinking(x func(inFlight float64) float64) *record.Record {
	r := &record.Record{Scale: 1, Phases: map[string]record.Phase{}}
	before := 0.0
	for users := 50.0; users <= 500; users += 50 {
		mean := (before + users) / 2
		low, high := 0.0, mean
		for range 60 {
			if n := (low + high) / 2; n+0.5*x(n) < mean {
				low = n
			} else {
				high = n
			}
		}
		rate := x(low)
		r.Phases[fmt.Sprintf("vus_%g", users)] = record.Phase{
			Requests: int64(math.Round(rate * 9)), Latency: &record.Latency{Mean: new(1000 * low / rate)},
		}
		before = users
	}
	return r
}

// The law is that of the service: λ is what it does for one request at a time, not how
// often a user who thinks comes back.
func TestPointsAreOfRequestsInFlight(t *testing.T) {
	service := usl.Fit{Lambda: 130, Sigma: 0.15, Kappa: 0.0002} // at most 739 a second, with 65 in flight
	points, ok := Points(thinking(service.At))
	if !ok || len(points) != 10 {
		t.Fatalf("%d points, %t", len(points), ok)
	}
	fit, err := usl.Of(points)
	if err != nil {
		t.Fatal(err)
	}
	n, x := fit.Peak()
	wantN, wantX := service.Peak()
	if math.Abs(fit.Lambda/service.Lambda-1) > 0.02 || math.Abs(x/wantX-1) > 0.02 || math.Abs(n/wantN-1) > 0.05 {
		t.Errorf("the law has λ %.4g and a peak of %.4g at %.3g; the service has %.4g, %.4g at %.3g",
			fit.Lambda, x, n, service.Lambda, wantX, wantN)
	}

	unlimited, ok := Points(thinking(func(inFlight float64) float64 { return inFlight / 0.010 }))
	if !ok {
		t.Fatal("no points")
	}
	if fit, err := usl.Of(unlimited); err == nil {
		n, x := fit.Peak()
		t.Errorf("a service without a limit has a peak of %.4g at %.3g", x, n)
	}
}

// What is in flight in a step takes its length, which is the script's to say.
func TestPointsOfDeclaredSteps(t *testing.T) {
	r := declared(record.UnitRate, [3]float64{9, 0, 200}, [3]float64{30, 200, 400})
	for _, p := range r.Phases {
		p.Latency.Mean = new(20.0)
	}
	points, ok := Points(&r)
	want := []usl.Point{{N: 2, X: 100}, {N: 2, X: 100}}
	if !ok || !slices.Equal(points, want) {
		t.Errorf("%v, %t; want %v", points, ok, want)
	}
}

// A record from before the mean was kept has no requests in flight to tell of; 0 would
// be a measurement.
func TestPointsWithoutTheMean(t *testing.T) {
	r := thinking(func(inFlight float64) float64 { return inFlight / 0.010 })
	r.Phases["vus_250"] = record.Phase{Requests: 4_000, Latency: &record.Latency{P99: 12}}
	if points, ok := Points(r); ok || points != nil {
		t.Errorf("points %v, %t; want none", points, ok)
	}
	r.Phases["vus_250"] = record.Phase{} // no request began: there is nothing to miss
	if points, ok := Points(r); !ok || len(points) != 9 {
		t.Errorf("%d points, %t; want 9", len(points), ok)
	}
}

package knee

import (
	"math"
	"testing"

	"stormwave/lab/internal/record"
)

// rising is a load that rises to 500 VUs in 90 s and stays there for 30 s. Each
// second has the p99 and the requests per VU that bend gives for its VUs.
func rising(bend func(vus float64) (p99, perUser float64)) record.Series {
	s := record.Series{Step: 1, Curves: map[string][]*float64{}}
	for i := range 120 {
		vus := math.Min(500, float64(i+1)*500/90)
		p99, perUser := bend(vus)
		for name, v := range map[string]float64{"vus": vus, "p99_ms": p99, "rps": perUser * vus} {
			s.Curves[name] = append(s.Curves[name], new(v))
		}
	}
	return s
}

func TestKneeOfCurves(t *testing.T) {
	for _, tt := range []struct {
		name     string
		bend     func(vus float64) (p99, perUser float64)
		vus, rps float64 // infinite: none
	}{
		{"flat", func(float64) (float64, float64) { return 12, 1.9 }, math.Inf(1), math.NaN()},
		{"bends at 300", func(v float64) (float64, float64) {
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
			k, ok := FromCurves(rising(tt.bend))
			if !ok {
				t.Fatal("the curves do not tell")
			}
			same := func(got, want, within float64) bool {
				return math.IsInf(want, 1) && math.IsInf(got, 1) || math.IsNaN(want) && math.IsNaN(got) || math.Abs(got-want) <= within
			}
			if !same(k.VUs, tt.vus, 6) || !same(k.RPS, tt.rps, 15) || k.Top != 500 {
				t.Errorf("got %+v, want %v VUs and %v RPS", k, tt.vus, tt.rps)
			}
		})
	}
}

func TestOneSlowSecondIsNoKnee(t *testing.T) {
	s := rising(func(float64) (float64, float64) { return 12, 1.9 })
	for i := 60; i < 63; i++ {
		s.Curves["p99_ms"][i], s.Curves["rps"][i] = new(2000.0), new(10.0)
	}
	if k, ok := FromCurves(s); !ok || !math.IsInf(k.VUs, 1) {
		t.Errorf("three seconds are taken for a knee: %+v, %v", k, ok)
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
		if k, ok := FromCurves(s); ok {
			t.Errorf("%s: %+v", name, k)
		}
	}
}

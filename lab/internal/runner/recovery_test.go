package runner

import (
	"testing"
	"time"

	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/measure/load"
	"stormwave/lab/internal/metric"
	"stormwave/lab/internal/record"
)

// points is a curve; what is below 0 could not be read.
func points(values ...float64) []*float64 {
	var all []*float64
	for _, v := range values {
		point := &v
		if v < 0 {
			point = nil
		}
		all = append(all, point)
	}
	return all
}

func TestRecovery(t *testing.T) {
	const never, none = -1.0, -1.0
	type curves map[string][]*float64
	p95 := func(values ...float64) curves { return curves{metric.P95Curve.Name: points(values...)} }
	for _, c := range []struct {
		name   string
		curves curves
		want   float64
	}{
		{"never slow", p95(10, 20, 30, 40), 0},
		{"slow in the rise only", p95(900, 900, 30, 40), 0},
		{"back after two seconds", p95(10, 900, 900, 900, 40, 40), 2},
		{"back, slow again, back", p95(10, 10, 900, 40, 900, 40), 3},
		{"a second that could not be read", p95(10, 10, 900, none, 40), 1},
		{"never back", p95(10, 10, 40, 900), never},
		{"nothing to see", p95(10, 10, none, none), never},

		{"all is refused at once", curves{
			metric.P95Curve.Name:   points(0.3, 0.3, 0.3, 0.3, 0.3, 0.3),
			metric.ErrorRatio.Name: points(1, 1, 1, 1, 1, 1),
		}, never},
		{"more fails than may, for a second", curves{
			metric.P95Curve.Name:   points(9, 9, 9, 9, 9, 9),
			metric.ErrorRatio.Name: points(0, 0, 0, 0.011, 0.01, 0),
		}, 2},
		{"no more fails than may", curves{
			metric.P95Curve.Name:   points(9, 9, 9, 9, 9, 9),
			metric.ErrorRatio.Name: points(1, 1, 0.01, 0.01, 0.01, 0.01),
		}, 0},
		{"no answer to the end", curves{
			metric.P95Curve.Name: points(9, 9, 9, none, none, none),
			metric.RPS.Name:      points(90, 90, 90, none, none, 0),
			metric.VUs.Name:      points(40, 40, 40, 40, 40, 40),
		}, never},
		{"no answer for two seconds", curves{
			metric.P95Curve.Name: points(9, 9, 9, none, none, 9),
			metric.RPS.Name:      points(90, 90, 90, 0, none, 90),
			metric.VUs.Name:      points(40, 40, 40, 40, 40, 40),
		}, 3},
		{"a percentile could not be read", curves{
			metric.P95Curve.Name: points(9, 9, 9, none, none, none),
			metric.RPS.Name:      points(90, 90, 90, 90, 90, 90),
			metric.VUs.Name:      points(40, 40, 40, 40, 40, 40),
		}, 0},
		{"all VUs have gone", curves{
			metric.P95Curve.Name: points(9, 9, 9, none, none, none),
			metric.RPS.Name:      points(90, 90, 90, none, none, none),
			metric.VUs.Name:      points(40, 40, 40, 0, 0, none),
		}, 0},
		{"the last think when the load is over", curves{
			metric.P95Curve.Name: points(9, 9, 9, 9, 9, 9, none),
			metric.RPS.Name:      points(90, 90, 90, 90, 90, 90, none),
			metric.VUs.Name:      points(40, 40, 40, 40, 40, 40, 3),
		}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			series := record.Series{Step: 1, Curves: c.curves}
			script := load.Script{Ramp: 2 * time.Second, Nominal: 6 * time.Second}
			got := recovery(series, script, matrix.SLO{ErrorRatio: 0.01, P99: matrix.Duration(500 * time.Millisecond)})
			switch {
			case c.want == never && got != nil:
				t.Errorf("recovery = %v; want never", *got)
			case c.want != never && got == nil:
				t.Errorf("never recovered; want %v", c.want)
			case got != nil && *got != c.want:
				t.Errorf("recovery = %v; want %v", *got, c.want)
			}
		})
	}
}

package diagnose

import (
	"slices"
	"testing"

	"stormwave/lab/internal/record"
	"stormwave/lab/internal/service"
)

// The trial that stands for a cell is of its cause, and of the middle goodput, as the one that is drawn.
func TestTypicalIsOfTheMiddleGoodput(t *testing.T) {
	p := plan(t)
	for name, tt := range map[string]struct {
		goodputs []float64
		waits    []float64 // by which the cause is claimed more or less strongly; 0: another cause
		suspect  []int
		want     int
	}{
		"the middle of three":             {[]float64{400, 500, 900}, []float64{180, 1.9, 180}, nil, 2},
		"of two the lower":                {[]float64{900, 500}, []float64{180, 180}, nil, 2},
		"of four the lower middle":        {[]float64{900, 100, 600, 500}, []float64{180, 180, 180, 180}, nil, 4},
		"the middle has another cause":    {[]float64{400, 510, 900, 590, 300}, []float64{180, 0, 180, 180, 180}, nil, 4},
		"suspect ones are not drawn":      {[]float64{100, 500, 900}, []float64{180, 180, 180}, []int{1}, 2},
		"suspect ones alone are":          {[]float64{100, 500}, []float64{180, 180}, []int{1, 2}, 1},
		"equally near: the lower":         {[]float64{400, 500, 600}, []float64{180, 0, 180}, nil, 1},
		"of the same goodput: the second": {[]float64{500, 500, 500}, []float64{180, 180, 180}, nil, 2},
	} {
		var records []record.Record
		for i, goodput := range tt.goodputs {
			r := observed("direct", 0, 900, map[string]float64{"pool_wait_mean_ms": tt.waits[i], "pool_waiting_max": 400})
			r.N, r.Block, r.Cell, r.Load.GoodputRPS = i+1, i+1, "pool_size=1", goodput
			if slices.Contains(tt.suspect, r.N) {
				r.Verdict = record.Suspect
			}
			records = append(records, r)
		}
		for _, c := range Run(p, records, service.Catalog()) {
			if c.Label == "pool_size=1" && (c.Typical.N != tt.want || c.Cause != AppPoolStarved) {
				t.Errorf("%s: trial %d stands for %s; want %d", name, c.Typical.N, c.Cause, tt.want)
			}
		}
	}
}

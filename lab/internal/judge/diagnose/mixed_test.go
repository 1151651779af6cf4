package diagnose

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"stormwave/lab/internal/record"
	"stormwave/lab/internal/service"
)

// Two things are wrong at once, and neither brings the other about.
func TestTwoCausesAreMixed(t *testing.T) {
	locked := map[string]float64{
		"execution_mean_ms":        40,
		"query_mean_ms":            41,
		"query_ok_mean_ms":         41,
		"pool_wait_mean_ms":        200,
		"primary_lock_waiting_max": 8,
		`primary_wait_events{event="Lock:transactionid"}`: 5,
	}
	slow := map[string]float64{
		"execution_mean_ms":                40,
		"query_mean_ms":                    41,
		"primary_qps":                      120,
		"primary_rows_returned_per_second": 3_000_000,
	}
	for _, tt := range []struct {
		name    string
		want    []Cause
		changes []map[string]float64
	}{
		{"locks", []Cause{DBLockContention}, []map[string]float64{locked}},
		{"locks behind a quota", []Cause{AppCPUBound, DBLockContention}, []map[string]float64{locked, {
			`cpu_cores{service="app"}`:       0.2,
			`cpu_limit_cores{service="app"}`: 0.2,
		}}},
		{"scans and locks", []Cause{DBLockContention, SlowQuery}, []map[string]float64{locked, slow}},
		// One explains the other, or goes with all.
		{"a busy server beside scans", []Cause{SlowQuery}, []map[string]float64{slow, {
			`cpu_cores{service="postgres"}`: 1.6,
			"host_cpu_busy_ratio":           0.98,
			"host_psi_cpu_ratio":            0.8,
		}}},
		{"a busy host beside locks", []Cause{DBLockContention}, []map[string]float64{locked, {
			"host_cpu_busy_ratio": 0.98,
			"host_psi_cpu_ratio":  0.8,
		}}},
		{"a service that ended beside locks", []Cause{ComponentFailed}, []map[string]float64{locked, {
			`service_deaths{service="replica"}`: 1,
		}}},
		// One is much the stronger.
		{"locks beside some memory pressure", []Cause{DBLockContention}, []map[string]float64{locked, {
			"host_psi_memory_ratio": 0.1,
		}}},
	} {
		changes := map[string]float64{}
		for _, c := range tt.changes {
			maps.Copy(changes, c)
		}
		d := Record(observed("direct", 0, 900, changes), slo)
		if !slices.Equal(d.Causes(), tt.want) || (d.Cause == Mixed) != (len(tt.want) > 1) {
			t.Errorf("%s: %s of %v; claimed: %v; want %v", tt.name, d.Cause, d.Causes(), claims(d), tt.want)
		}
	}
}

// Each of the causes gets its advice.
func TestMixedIsAdvisedAgainstEach(t *testing.T) {
	p := plan(t)
	r := observed("direct", 0, 900, map[string]float64{
		"execution_mean_ms":        40,
		"query_mean_ms":            41,
		"primary_lock_waiting_max": 8,
		`primary_wait_events{event="Lock:transactionid"}`: 5,
		`cpu_cores{service="app"}`:                        0.2,
		`cpu_limit_cores{service="app"}`:                  0.2,
	})
	r.Cell = p.Cells[0].Label
	c := Run(p, []record.Record{r}, service.Catalog())[0]
	if c.Cause != Mixed || len(c.Advice) != 2 || c.Advice[0].Cause != AppCPUBound ||
		c.Advice[1].Cause != DBLockContention {
		t.Errorf("%s: advice %+v; want one against %s and one against %s", c.Cause, c.Advice, AppCPUBound, DBLockContention)
	}
}

// A trial in which nothing went well has no percentiles that could be too high.
func TestNothingAnsweredIsNeverWell(t *testing.T) {
	for name, load := range map[string]record.Load{
		"nothing was sent":            {},
		"all failed at once":          {Requests: 9000, Failed: 9000, ErrorRatio: 1, Status: map[string]int64{"503": 9000}},
		"nothing was answered":        {Requests: 9000, Failed: 9000, ErrorRatio: 1, Status: map[string]int64{"0": 9000}},
		"nothing was sent in time":    {Dropped: 9000},
		"one of two was turned away ": {Requests: 2, Failed: 1, ErrorRatio: 0.5},
	} {
		r := observed("direct", 0, 0, nil)
		r.Load = &load
		for _, ratio := range []float64{0.01, 1} {
			slo := slo
			slo.ErrorRatio = ratio
			d := Record(r, slo)
			well := load.Failed < load.Requests && ratio == 1
			if (d.Cause == None) != well {
				t.Errorf("%s, %v may fail: %s", name, ratio, d.Cause)
			}
		}
	}
}

// What rules a cause out is said, and is not a figure that speaks for it.
func TestRuledOutSaysWhy(t *testing.T) {
	starved := map[string]float64{
		"pool_wait_mean_ms": 144,
		"query_mean_ms":     11.6,
	}
	for _, tt := range []struct {
		name    string
		of      Cause
		want    string
		pool    string
		changes []map[string]float64
	}{
		{"an unlimited pool", AppPoolStarved, "the pool has no limit: who waits, waits until the server accepts a connection",
			"unlimited", []map[string]float64{starved}},
		{"a pool behind locks", AppPoolStarved, "explained by db-lock-contention", "8", []map[string]float64{starved, {
			"execution_mean_ms":                               11.2,
			"primary_lock_waiting_max":                        8,
			`primary_wait_events{event="Lock:transactionid"}`: 7,
		}}},
		{"an idle pool", AppPoolStarved, "a query waits 0.01 ms for a connection of the backend's pool, 1.64% of its time",
			"8", nil},
		{"no pooler", PgBouncerPoolStarved, "no query goes through PgBouncer", "8", nil},
		{"connections to spare", DBConnectionsExhausted, "8 of 100 connections", "8", nil},
		{"full, and none refused", DBConnectionsExhausted, "0 × SQLSTATE 53300", "8", []map[string]float64{{
			"primary_connections_max": 99,
		}}},
		{"an idle server", DBCPUBound, "the servers used 0.22 of 2 cores", "8", nil},
		{"idle neighbours", NoisyHost,
			"0% of the CPU was stolen, processes outside of the lab used 0.05 of 2 cores", "8", nil},
		{"cached", DBIOBound, "100% of the blocks were in shared buffers", "8", nil},
	} {
		changes := map[string]float64{}
		for _, c := range tt.changes {
			maps.Copy(changes, c)
		}
		r := observed("direct", 0, 900, changes)
		r.Effective["pool_size"] = tt.pool
		d := Record(r, slo)
		i := slices.IndexFunc(d.RuledOut, func(f Finding) bool { return f.Cause == tt.of })
		if i < 0 || d.RuledOut[i].Why != tt.want {
			t.Errorf("%s: %s is not ruled out for: %s; ruled out: %+v", tt.name, tt.of, tt.want, d.RuledOut)
		}
		for _, f := range d.RuledOut {
			if f.Why == "" || strings.Contains(f.Why, "an unknown number") {
				t.Errorf("%s: %s is ruled out for %q", tt.name, f.Cause, f.Why)
			}
		}
	}
}

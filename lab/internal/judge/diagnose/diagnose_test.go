package diagnose

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"stormwave/lab/internal/analysis"
	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/record"
	"stormwave/lab/internal/service"
)

var slo = matrix.SLO{ErrorRatio: 0.01, P99: matrix.Duration(500 * time.Millisecond)}

// healthy are the metrics of a trial in which nothing was at its limit.
func healthy() map[string]float64 {
	return map[string]float64{
		`cpu_cores{service="k6"}`: 0.3, `cpu_limit_cores{service="k6"}`: 2,
		`cpu_cores{service="app"}`: 0.3, `cpu_limit_cores{service="app"}`: 2,
		`cpu_cores{service="postgres"}`: 0.2, `cpu_limit_cores{service="postgres"}`: 2, `cpu_cores{service="replica"}`: 0.02,
		`cpu_cores{service="pgbouncer"}`: 0.1, `cpu_limit_cores{service="pgbouncer"}`: 2,
		"host_cpu_busy_ratio": 0.5, "host_cpu_steal_ratio": 0, "host_cpu_other_cores": 0.05,
		"host_psi_cpu_ratio": 0.2, "host_psi_io_ratio": 0, "host_psi_memory_ratio": 0, "host_runnable_mean": 2,
		"host_memory_used_bytes_max": 2 << 30, "host_disk_busy_ratio": 0.01, "host_disk_read_bytes_per_second": 0,
		"pool_wait_mean_ms": 0.01, "pool_acquired_max": 5, "pool_waiting_max": 0, "pool_new_conns": 0,
		"query_mean_ms":                    0.6,
		"execution_mean_ms":                0.1,
		"pgbouncer_wait_mean_ms":           0.01,
		"pgbouncer_client_waiting_max":     0,
		"pgbouncer_server_active_max":      3,
		"primary_connections_max":          8,
		"primary_qps":                      1000,
		"replica_qps":                      0,
		"primary_rows_returned_per_second": 26_000,
		"replica_rows_returned_per_second": 0,
		"primary_lock_waiting_max":         0, "primary_cache_hit_ratio": 1,
		"reads_primary": 1000, "reads_replica": 0, "read_fallbacks": 0,
		`statement_mean_ms{statement="select_author_feed"}`: 0.9,
	}
}

// observed is a trial with other metrics, and so many requests failed of 10,000.
func observed(topology string, failed int64, p99 float64, changes map[string]float64) record.Record {
	m := healthy()
	maps.Copy(m, changes)
	return record.Record{
		N: 1, Block: 1, Cell: "x=1", Scenario: "storm", Scale: 1, Verdict: record.Valid,
		Effective: map[string]string{
			"topology":                    topology,
			"pool_size":                   "8",
			"postgres.max_connections":    "100",
			"pgbouncer.default_pool_size": "20",
		},
		Load: &record.Load{
			Requests:   10_000,
			Status:     map[string]int64{"200": 10_000 - failed, "503": failed},
			Failed:     failed,
			ErrorRatio: float64(failed) / 10_000,
			Latency:    record.Latency{P99: p99},
		},
		Metrics: m,
	}
}

func TestCauses(t *testing.T) {
	for _, tt := range []struct {
		want     Cause
		topology string
		failed   int64
		p99      float64
		changes  map[string]float64
		pool     string
	}{
		{want: None, topology: "direct", p99: 40},
		{want: None, topology: "direct", p99: 40, changes: map[string]float64{
			"host_cpu_busy_ratio": 0.95,
			"host_psi_cpu_ratio":  0.9,
		}},
		// The study's storm: an unlimited pool against a hundred connections.
		{want: DBConnectionsExhausted, topology: "direct", failed: 1260, p99: 3700, pool: "unlimited",
			changes: map[string]float64{
				"primary_connections_max":        97,
				`query_errors{sqlstate="53300"}`: 1260,
				"pool_new_conns":                 6601,
				"pool_wait_mean_ms":              135,
				"query_mean_ms":                  9,
				`cpu_cores{service="postgres"}`:  0.95,
				"host_cpu_busy_ratio":            0.89,
				"host_psi_cpu_ratio":             0.85,
			}},
		// The same on the replica, which takes the reads.
		{want: DBConnectionsExhausted, topology: "replica", failed: 500, p99: 1800, pool: "unlimited",
			changes: map[string]float64{
				"replica_connections_max":        95,
				`query_errors{sqlstate="53300"}`: 500,
				"query_mean_ms":                  9,
				`cpu_cores{service="replica"}`:   0.7,
			}},
		// The same, recorded before SQLSTATEs were.
		{want: DBConnectionsExhausted, topology: "direct", failed: 1260, p99: 3700, pool: "unlimited",
			changes: map[string]float64{
				"primary_connections_max": 97, "pool_new_conns": 6601, "pool_wait_mean_ms": 135, "query_mean_ms": 9,
				`cpu_cores{service="postgres"}`: 0.95, "host_cpu_busy_ratio": 0.89, "host_psi_cpu_ratio": 0.85,
			}},
		{want: AppPoolStarved, topology: "direct", p99: 900, pool: "1", changes: map[string]float64{
			"pool_wait_mean_ms": 180, "pool_acquired_max": 1, "pool_waiting_max": 400, "host_cpu_busy_ratio": 0.6,
		}},
		{want: PgBouncerPoolStarved, topology: "pgbouncer", p99: 900, changes: map[string]float64{
			"pgbouncer_wait_mean_ms":       90,
			"query_mean_ms":                91,
			"pgbouncer_client_waiting_max": 60,
			"pgbouncer_server_active_max":  1,
			"pool_wait_mean_ms":            5,
		}},
		{want: PgBouncerCPUBound, topology: "pgbouncer", p99: 1500, changes: map[string]float64{
			`cpu_cores{service="pgbouncer"}`: 0.15, `cpu_limit_cores{service="pgbouncer"}`: 0.15,
			`service_throttled_ratio{service="pgbouncer"}`: 0.8,
			"query_mean_ms": 60, "pgbouncer_wait_mean_ms": 20, "pgbouncer_client_waiting_max": 5, "pool_wait_mean_ms": 100,
		}},
		{want: AppCPUBound, topology: "direct", p99: 2500, changes: map[string]float64{
			`cpu_cores{service="app"}`: 0.2, `cpu_limit_cores{service="app"}`: 0.2,
			`service_throttled_ratio{service="app"}`: 0.7,
			"query_mean_ms":                          30, "pool_wait_mean_ms": 60,
		}},
		{want: NetworkLatency, topology: "direct", p99: 800, changes: map[string]float64{
			"query_mean_ms":     41,
			"pool_wait_mean_ms": 120,
		}},
		{want: DBLockContention, topology: "direct", p99: 900, changes: map[string]float64{
			"execution_mean_ms": 40, "query_mean_ms": 41, "pool_wait_mean_ms": 200, "primary_lock_waiting_max": 8,
			`primary_wait_events{event="Lock:transactionid"}`: 5,
		}},
		{want: DBIOBound, topology: "direct", p99: 900, changes: map[string]float64{
			"execution_mean_ms": 12, "query_mean_ms": 13, "pool_wait_mean_ms": 30, "primary_cache_hit_ratio": 0.7,
			`primary_wait_events{event="IO:DataFileRead"}`: 6, "host_disk_busy_ratio": 0.9, "host_psi_io_ratio": 0.6,
		}},
		{want: SlowQuery, topology: "direct", p99: 3000, changes: map[string]float64{
			"execution_mean_ms":                60,
			"query_mean_ms":                    61,
			"pool_wait_mean_ms":                300,
			"primary_qps":                      120,
			"primary_rows_returned_per_second": 3_000_000,
			`cpu_cores{service="postgres"}`:    1.6, "host_cpu_busy_ratio": 0.98, "host_psi_cpu_ratio": 0.8,
		}},
		{want: DBCPUBound, topology: "direct", p99: 3000, changes: map[string]float64{
			"execution_mean_ms":                30,
			"query_mean_ms":                    31,
			"pool_wait_mean_ms":                300,
			"primary_qps":                      240,
			"primary_rows_returned_per_second": 6_000,
			`cpu_cores{service="postgres"}`:    1.5, "host_cpu_busy_ratio": 0.97, "host_psi_cpu_ratio": 0.8,
		}},
		{want: ReplicaLagging, topology: "replica", p99: 700, changes: map[string]float64{
			"replica_heartbeat_lag_seconds_max": 14,
			`read_fallbacks{reason="session"}`:  900,
			"read_fallbacks":                    900,
			"reads_primary":                     900,
			"reads_replica":                     8000,
			"replica_lag_bytes_max":             3e6,
		}},
		{want: MemoryPressure, topology: "direct", p99: 900, changes: map[string]float64{"host_psi_memory_ratio": 0.4}},
		{want: HostCPUSaturated, topology: "direct", p99: 900, changes: map[string]float64{
			"host_cpu_busy_ratio": 0.97, "host_psi_cpu_ratio": 0.9, "query_mean_ms": 5,
		}},
		{want: ComponentFailed, topology: "direct", p99: 40, changes: map[string]float64{
			`service_deaths{service="replica"}`: 1,
		}},
		// These come before all that the figures else say.
		{want: GeneratorSaturated, topology: "direct", p99: 900, changes: map[string]float64{
			`cpu_cores{service="k6"}`:               0.3,
			`cpu_limit_cores{service="k6"}`:         0.3,
			`service_throttled_ratio{service="k6"}`: 0.6,
			"pool_wait_mean_ms":                     180,
		}},
		{want: NoisyHost, topology: "direct", p99: 900, changes: map[string]float64{
			"host_cpu_other_cores": 1.1,
			"host_cpu_busy_ratio":  1,
			"host_psi_cpu_ratio":   0.9,
		}},
		{want: NoisyHost, topology: "direct", p99: 40, changes: map[string]float64{"host_cpu_steal_ratio": 0.12}},
		{want: Undetermined, topology: "direct", p99: 900},
	} {
		t.Run(string(tt.want), func(t *testing.T) {
			r := observed(tt.topology, tt.failed, tt.p99, tt.changes)
			if tt.pool != "" {
				r.Effective["pool_size"] = tt.pool
			}
			d := Record(r, slo)
			if d.Cause != tt.want {
				text, _ := json.MarshalIndent(d.Claimed, "", " ")
				t.Fatalf("got %s, want %s; claimed: %s", d.Cause, tt.want, text)
			}
			if (tt.want == GeneratorSaturated || tt.want == NoisyHost) && len(d.Claimed) != 1 {
				t.Errorf("%d causes are claimed beside it", len(d.Claimed)-1)
			}
			if tt.want != None && tt.want != Undetermined && len(d.Claimed[0].Evidence) < 1 {
				t.Error("claimed without evidence")
			}
		})
	}
}

func TestMissingMetricsAreNamed(t *testing.T) {
	r := observed("direct", 0, 900, nil)
	delete(r.Metrics, "pool_wait_mean_ms")
	delete(r.Metrics, "host_cpu_other_cores") // steal tells of neighbours too
	d := Record(r, slo)
	if d.Cause != Undetermined || len(d.Missing) != 1 || d.Missing[0] != "pool_wait_mean_ms" {
		t.Errorf("cause %s, missing %v; want %s and pool_wait_mean_ms", d.Cause, d.Missing, Undetermined)
	}
}

// That nobody sleeps does not rule out that statements read too much, where it is not known what they read.
func TestHalfOfASignatureRulesNothingOut(t *testing.T) {
	r := observed(
		"direct", 0, 900, map[string]float64{"execution_mean_ms": 40, "query_mean_ms": 41, "pool_wait_mean_ms": 0},
	)
	delete(r.Metrics, "primary_rows_returned_per_second")
	d := Record(r, slo)
	if d.Cause != Undetermined || len(d.Missing) != 1 || d.Missing[0] != "primary_rows_returned_per_second" {
		t.Errorf("cause %s, missing %v; want %s and primary_rows_returned_per_second", d.Cause, d.Missing, Undetermined)
	}
}

func TestRecordWithoutALoadHasNoCause(t *testing.T) {
	r := record.Record{N: 3, Verdict: record.Invalid}
	if d := Record(r, slo); d.Cause != Undetermined {
		t.Errorf("cause %s of a record without figures", d.Cause)
	}
	r.Metrics = map[string]float64{`service_deaths{service="primary"}`: 1}
	if d := Record(r, slo); d.Cause != ComponentFailed {
		t.Errorf("cause %s where the primary ended", d.Cause)
	}
}

// plan has a cell with a small pool, and one that differs from it by the pool alone.
func plan(t *testing.T) matrix.Plan {
	t.Helper()
	spec, err := matrix.Parse([]byte(`
name: pools
scenarios: [storm]
factors: {pool_size: [1, 2]}
baseline: {pool_size: 1}
blocks: 3
slo: {error_ratio: 0.01, p99: 500ms}
`), service.Inventory("storm"))
	if err != nil {
		t.Fatal(err)
	}
	return spec.Plan()
}

func TestRunGathersTrials(t *testing.T) {
	p := plan(t)
	starved := map[string]float64{"pool_wait_mean_ms": 180, "pool_acquired_max": 1, "pool_waiting_max": 400}
	var records []record.Record
	add := func(block int, cell string, verdict record.Verdict, goodput, p99 float64, changes map[string]float64) {
		r := observed("direct", 0, p99, changes)
		r.N, r.Block, r.Cell, r.Verdict, r.Load.GoodputRPS = len(records)+1, block, cell, verdict, goodput
		records = append(records, r)
	}
	for block := 1; block <= 3; block++ {
		add(block, "pool_size=1", record.Valid, 500, 900, starved)
		add(block, "pool_size=2", record.Valid, 900, 40, nil)
	}
	add(4, "pool_size=1", record.Invalid, 0, 900, nil)
	cells := Run(p, records, service.Catalog())
	var one, two Cell
	for _, c := range cells {
		switch c.Label {
		case "pool_size=1":
			one = c
		case "pool_size=2":
			two = c
		}
	}
	if one.Cause != AppPoolStarved || one.First != 3 || one.Of != 3 || len(one.Excluded) != 1 || two.Cause != None ||
		two.First != 3 {
		t.Errorf("got %s in %d of %d, %d excluded, and %s", one.Cause, one.First, one.Of, len(one.Excluded), two.Cause)
	}
	if len(one.Advice) != 1 || one.Advice[0].Settings["pool_size"] != "2" ||
		!strings.Contains(one.Advice[0].Tried, "pool_size=2") {
		t.Fatalf("advice %+v, want the pool of 2 that was tried", one.Advice)
	}
	if _, err := matrix.Parse([]byte(one.Advice[0].Spec), service.Inventory("storm")); err != nil {
		t.Errorf("the spec that is advised is refused: %v\n%s", err, one.Advice[0].Spec)
	}

	// The same, but a pool of 2 was no better: then 4 is advised.
	for i := range records {
		if records[i].Cell == "pool_size=2" {
			records[i].Load.GoodputRPS = 400
		}
	}
	for _, c := range Run(p, records, service.Catalog()) {
		if c.Label == "pool_size=1" && (len(c.Advice) != 1 || c.Advice[0].Settings["pool_size"] != "4") {
			t.Errorf("advice %+v although a pool of 2 was worse, want 4", c.Advice)
		}
	}
}

// Whatever is advised is a spec that can be run.
func TestEveryAdviceIsASpec(t *testing.T) {
	p := plan(t)
	for _, s := range slices.Concat(inside(service.Catalog().Poolers()), outside) {
		for _, topology := range []string{"direct", "replica", "pgbouncer", "pgbouncer+replica"} {
			cell := p.Cells[0]
			cell.Settings = maps.Clone(cell.Settings)
			cell.Settings["topology"] = topology
			p.Cells[0] = cell
			limited := Cell{Cause: s.cause}
			groups := analysis.Groups(p, nil)[0]
			for _, a := range advise(p, groups, groups[0], limited, service.Catalog()) {
				if len(a.Settings) == 0 {
					continue
				}
				if _, err := matrix.Parse([]byte(a.Spec), service.Inventory("storm")); err != nil {
					t.Errorf("%s over %s: %v\n%s", s.cause, topology, err, a.Spec)
				}
			}
		}
	}
}

// A thousand records are to take two seconds at most; see the figure of
// go test -bench Run.
func BenchmarkRun(b *testing.B) {
	spec, err := matrix.Parse(
		[]byte("name: b\nscenarios: [storm]\nfactors: {pool_size: [1, 2, 4, 8, 16, 32, 64, 128, 256, 512]}\nbaseline: "+
			"{pool_size: 1}\nblocks: 90\nslo: {error_ratio: 0.01, p99: 500ms}\n"),
		service.Inventory("storm"),
	)
	if err != nil {
		b.Fatal(err)
	}
	p := spec.Plan()
	var records []record.Record
	for i := range 1000 {
		r := observed("direct", 0, 900, map[string]float64{"pool_wait_mean_ms": 180})
		r.N, r.Block, r.Cell = i+1, 1+i/11, p.Cells[i%11].Label
		records = append(records, r)
	}
	for b.Loop() {
		Run(p, records, service.Catalog())
	}
}

// A system that does not start has no figures, but the reason that the lab gives.
func TestSystemThatDoesNotStart(t *testing.T) {
	why := "the system does not start with the cell's settings; it does with those of a cell before"
	d := Record(record.Record{N: 1, Verdict: record.Failed, Reasons: []string{why, "apply the cell: …"}}, matrix.SLO{})
	if d.Cause != ComponentFailed || d.Claimed[0].Evidence[0].Words != why {
		t.Errorf("%s, %+v; want %s for the reason", d.Cause, d.Claimed, ComponentFailed)
	}
}

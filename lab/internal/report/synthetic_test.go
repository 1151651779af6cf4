package report

import (
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/record"
	"stormwave/lab/internal/service"
)

const runName = "2026-11-23T0915Z-quick"

// controlSuffix is what the label of the A/A control ends in.
const controlSuffix = " twin=2"

func isControl(label string) bool { return strings.HasSuffix(label, controlSuffix) }

// groups are the rows of a run under one of its scenarios.
func groups(run Run, s matrix.Scenario) []group {
	for _, p := range newParts(run) {
		if p.Scenario == s {
			return p.rows
		}
	}
	return nil
}

// synthetic is a run of quick.yaml with so many blocks and made-up numbers: the
// baseline fails as in the study, the other cells differ from it and a little
// from block to block. Nothing in it is random.
func synthetic(t testing.TB, blocks int) Run {
	t.Helper()
	src, err := os.ReadFile("testdata/quick.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return synthesize(t, src, blocks)
}

// synthesize is synthetic with another spec.
func synthesize(t testing.TB, src []byte, blocks int) Run {
	t.Helper()
	spec, err := matrix.Parse(src, service.Inventory("storm", "wave"))
	if err != nil {
		t.Fatal(err)
	}
	spec.Blocks = blocks
	up, first, mean, most := 3.91, 17.2, 2.84, 4.02
	run := Run{
		Name: runName, Plan: spec.Plan(), Spec: src, Services: service.Catalog(),
		Host: record.Host{
			Kernel:      "Linux 6.1.0 x86_64",
			Distro:      "Debian GNU/Linux 12",
			CPUModel:    "Example CPU @ 2.50GHz",
			Cores:       2,
			MemoryBytes: 8 << 30,
			Go:          "go1.26.8", Commit: "0123456789abcdef", Dirty: true, Env: record.EnvHost,
			Programs: []record.Program{
				{Name: "k6", Path: ".lab/tools/k6", Version: "2.0.0", SHA256: "aa11"},
				{Name: "postgres", Path: "/usr/lib/postgresql/15/bin/postgres", Version: "15.14", SHA256: "bb22"},
			},
			Lab: record.Figures{Up: &up, UpCached: true, FirstUp: &first, TurnaroundMean: &mean, TurnaroundMax: &most},
		},
	}
	at := time.Date(2026, 11, 23, 9, 15, 0, 0, time.UTC)
	for _, s := range run.Plan.Trials {
		for i, c := range run.Plan.Cells {
			if c.Label == s.Cell {
				run.Records = append(run.Records, trial(s, c, i, at))
			}
		}
		at = at.Add(time.Minute)
	}
	return run
}

// trial is a record of the cell with index i in the plan; 0 is the baseline.
func trial(s matrix.Trial, c matrix.Cell, i int, at time.Time) record.Record {
	// A little from block to block, and from cell to cell within one.
	vary := 1 + 0.01*float64(s.Block%3-1) + 0.002*float64((5*s.Block+3*i)%7-3)
	requests := math.Round(78_029 * vary * s.Scenario.Scale)
	failed, p99, goodput := math.Round(requests*0.1269*vary), 3_720*vary, 412.0*vary
	connections, acquired := 100.0, 97.0
	phases := []string{"ramp", "hold", "down"}
	var recovery *float64 // the baseline does not recover
	if !c.Baseline && !c.Control {
		requests = math.Round((85_000 + 100*float64(i)) * vary * s.Scenario.Scale)
		failed, p99, goodput = 0, (190+5*float64(i))*vary, (1_690+10*float64(i))*vary
		connections, acquired = 14, 8
		recovery = new(2.0 + float64(i))
	}
	if s.Scenario.Name == "wave" {
		phases = []string{"vus_50", "vus_100", "vus_500", "hold"}
	}
	peak, k6 := 1_980*vary, 0.52
	ok := record.Latency{P50: p99 / 9, P95: p99 / 2, P99: p99 * 0.9, Max: p99 * 1.5}
	return record.Record{
		Schema: 1, Run: runName, N: s.N, // a schema whose phases go by their names
		Block: s.Block, Cell: s.Cell, Baseline: c.Baseline,
		Scenario: s.Scenario.Name, Scale: s.Scenario.Scale, Settings: c.Settings,
		Effective: map[string]string{
			"app.pool_size": c.Settings["pool_size"], "postgres.max_connections": "100", "postgres.server_version": "15.14",
		},
		Start: at, End: at.Add(50 * time.Second), Verdict: record.Valid,
		Load: &record.Load{
			Requests: int64(requests), Failed: int64(failed), ErrorRatio: failed / requests,
			Status:  map[string]int64{"200": int64(requests - failed), "503": int64(failed)},
			RPSMean: requests / 50 / s.Scenario.Scale, RPSPeak: &peak, GoodputRPS: goodput,
			Latency:   record.Latency{P50: p99 / 10, P95: p99 / 2, P99: p99, Max: p99 * 2},
			OKLatency: &ok, VUsMax: 1000, CPUCores: &k6,
		},
		Metrics: map[string]float64{
			"primary_qps": requests / 25, "primary_qps_peak": requests / 20, "primary_connections_max": connections,
			"primary_active_max": connections / 2, "primary_query_mean_ms": 0.31, "primary_cache_hit_ratio": 0.99973,
			"primary_rows_returned_per_second": 151_000, "primary_rows_fetched_per_second": 149_000.4,
			"primary_rows_written_per_second": 0.004, "primary_lock_waiting_max": 0,
			`primary_wait_events{event="Client:ClientRead"}`: 3.2, `primary_wait_events{event="LWLock:ProcArray"}`: 0.4,
			"pool_acquired_max":            acquired,
			"pool_waiting_max":             310,
			"pool_wait_mean_ms":            41.5,
			"pool_acquire_timeouts":        0,
			"pool_new_conns":               acquired,
			"pgbouncer_client_waiting_max": 0, "pgbouncer_server_active_max": 0, "pgbouncer_wait_mean_ms": 0,
			"replica_qps":             2,
			"replica_qps_peak":        3,
			"replica_connections_max": 4,
			"replica_active_max":      1,
			"replica_query_mean_ms":   0.2,
			"replica_cache_hit_ratio": 1, "replica_rows_returned_per_second": 10, "replica_rows_fetched_per_second": 10,
			"replica_rows_written_per_second":    0,
			"replica_lock_waiting_max":           0,
			"replica_lag_seconds_max":            0.021,
			"replica_lag_bytes_max":              81_920,
			"host_cpu_busy_ratio":                0.93,
			"host_cpu_steal_ratio":               0.001,
			"host_psi_cpu_ratio":                 0.61,
			"host_load1_max":                     11.4,
			"host_memory_used_bytes_max":         2 << 30,
			"host_network_bytes_per_second":      44e6,
			"host_disk_read_bytes_per_second":    0,
			"host_disk_written_bytes_per_second": 1.2e6, "host_disk_busy_ratio": 0.02,
			`cpu_cores{service="app"}`: 0.48, `cpu_cores{service="k6"}`: 0.52, `cpu_cores{service="primary"}`: 0.71,
			`cpu_cores{service="node-exporter"}`:  0.01,
			`memory_pss_bytes_max{service="app"}`: 52 << 20, `memory_pss_bytes_max{service="primary"}`: 301 << 20,
		},
		Phases: phasesOf(phases, requests, failed, p99), Recovery: recovery,
		Lab: map[string]float64{"turnaround_s": 2.5 + 0.1*float64(s.N), "warmup_s": 5, "idle_busy_ratio": 0.04},
	}
}

// phasesOf spreads requests over phases, and lets each be slower than the one before.
func phasesOf(names []string, requests, failed, p99 float64) map[string]record.Phase {
	phases := map[string]record.Phase{}
	share := 1 / float64(len(names))
	for i, name := range names {
		slow := p99 * float64(i+1) * share
		phases[name] = record.Phase{
			Requests: int64(requests * share), Failed: int64(failed * share),
			Latency:   &record.Latency{P50: slow / 10, P95: slow / 2, P99: slow, Max: slow * 2},
			OKLatency: &record.Latency{P50: slow / 9, P95: slow / 2, P99: slow * 0.9, Max: slow * 1.5},
		}
	}
	return phases
}

// wounded is the synthetic run with what goes wrong in real ones: a block that was
// interrupted, trials that are not valid, metrics that could not be read, a
// scenario that was not run to its end, an empty result.
func wounded(t testing.TB) Run {
	run := synthetic(t, 1)
	run.Host.Forced = []string{"the lab's binary"}
	for i := range run.Records {
		r := &run.Records[i]
		switch r.N {
		case 5:
			r.Verdict, r.Reasons = record.Suspect, []string{"k6 used 92% of the CPU that it may have"}
		case 6:
			r.Verdict, r.Load, r.Metrics, r.Phases = record.Invalid, nil, nil, nil
			r.Reasons = []string{"pgbouncer exited: signal killed\nlast lines: a|b <script> *_*"}
		case 7:
			delete(r.Metrics, "primary_qps")
			delete(r.Metrics, `cpu_cores{service="app"}`)
			r.Reasons = []string{"primary_qps_peak: estimated", "primary_qps: no samples in the window"}
			r.Load.RPSPeak = nil
		case 8:
			delete(r.Metrics, "primary_qps")
			r.Reasons = []string{"primary_qps: no samples in the window"}
		case 9:
			r.Load.Failed, r.Load.ErrorRatio, r.Load.GoodputRPS, r.Load.OKLatency = r.Load.Requests, 1, 0, nil
			for name, p := range r.Phases {
				r.Phases[name] = record.Phase{Requests: p.Requests, Failed: p.Requests, Latency: p.Latency}
			}
		}
	}
	first := run.Records[0]
	run.Records = append([]record.Record{first}, run.Records[:9]...) // the tenth was not run
	for i := range run.Records[1:] {
		r := &run.Records[i+1]
		r.N, r.Attempt = r.N+1, 2
	}
	return run
}

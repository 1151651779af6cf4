package report

import (
	"math"
	"os"
	"strings"
	"testing"

	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/metric"
	"stormwave/lab/internal/record"
)

// suffered is what the made-up study gives a remedy.
type suffered struct {
	requests, failed, p99, goodput float64 // failed is a share
	connections, opened            float64
	cores, memory                  float64 // of each service on the way
	miss                           int     // of the wave's ten steps the first that misses the SLO; 0: none
}

var outcomes = map[string]suffered{
	"none":     {50_000, 0.127, 3_720, 412, 97, 6_600, 0.6, 200, 7},
	"cap":      {85_000, 0, 195, 1_690, 9, 8, 0.5, 130, 0},          // cures all
	"timeouts": {52_000, 0.126, 910, 411, 96, 9_000, 0.62, 201, 7},  // only fails sooner
	"replica":  {60_000, 0.05, 1_900, 700, 98, 4_000, 0.45, 190, 9}, // less of the same
	"pooler":   {84_000, 0, 210, 1_688, 24, 970, 0.52, 140, 0},
	"all":      {80_000, 0, 260, 1_580, 26, 8, 0.4, 100, 0},
}

// studied is a made-up run of study.yaml, with every metric that there is.
func studied(t testing.TB, change func(*record.Record)) Run {
	t.Helper()
	src, err := os.ReadFile("testdata/study.yaml")
	if err != nil {
		t.Fatal(err)
	}
	run := synthesize(t, src, 8)
	for i := range run.Records {
		r := &run.Records[i]
		_, remedy, _ := strings.Cut(strings.TrimSuffix(r.Cell, controlSuffix), "=")
		suffer(r, outcomes[remedy])
		if change != nil {
			change(r)
		}
	}
	return run
}

// suffer gives a record the suffered of its remedy, and a little noise.
func suffer(r *record.Record, o suffered) {
	noise := 1 + 0.004*float64((7*r.Block+3*r.N)%5-2)
	requests := math.Round(o.requests * noise)
	failed := math.Round(requests * o.failed * noise)
	l := r.Load
	l.Requests, l.Failed, l.ErrorRatio = int64(requests), int64(failed), failed/requests
	l.Status = map[string]int64{
		"200": int64(requests - failed),
		"503": int64(failed * 0.75),
		"500": int64(failed) - int64(failed*0.75),
	}
	l.Latency.P99, l.GoodputRPS = o.p99*noise, o.goodput*noise
	for name, v := range map[string]float64{
		"primary_connections_max": o.connections, "pool_new_conns": o.opened, "pool_new_conns_per_second": o.opened / 50,
		"pool_closed_conns_per_second": o.opened / 60,
		"query_cancels_per_second":     0.2,
		"requests_shed":                float64(l.Status["503"] / 4),
		"query_mean_ms":                5 * noise, "execution_mean_ms": 0.09,
	} {
		r.Metrics[name] = v
	}
	for _, service := range []string{"app", "postgres", "replica", "pgbouncer"} {
		r.Metrics[metric.CPUCores.At(service).Key()] = o.cores * noise / float64(len(service))
		r.Metrics[metric.MemoryPSS.At(service).Key()] = o.memory * (1 << 20)
	}
	delete(r.Metrics, metric.PgBouncerWait.Name)
	if r.Route().Through(pgbouncer) {
		r.Metrics[metric.PgBouncerWait.Name] = 1.5
	}
	if r.Route().ReadsFrom("replica") {
		for name, v := range map[string]float64{
			"reads_primary": 12, "reads_replica": requests - 12, "read_fallbacks": 12, `read_fallbacks{reason="gone"}`: 10,
			`read_fallbacks{reason="late"}`: 2, "stale_reads": 0, "replica_heartbeat_lag_seconds_max": 0.31,
		} {
			r.Metrics[name] = v
		}
	}
	if r.Scenario == "wave" {
		r.Load.StaleReads = new(int64(r.Block)) // as if it were checked
		r.Phases = rise(o, r.Block)
	}
}

// rise has the ten steps of the wave and its hold. The first miss moves by a step from
// block to block.
func rise(o suffered, block int) map[string]record.Phase {
	phases := map[string]record.Phase{}
	names := []string{
		"vus_50", "vus_100", "vus_150", "vus_200", "vus_250", "vus_300", "vus_350", "vus_400", "vus_450", "vus_500", "hold",
	}
	for i, name := range names {
		requests := int64(900 * (i + 1))
		p := record.Phase{Requests: requests, Latency: &record.Latency{P50: 2, P95: 10, P99: 20 * float64(i+1), Max: 600}}
		p.Latency.Mean = new(2 + 0.3*float64(i*i))
		if name == "hold" {
			p.Requests = 30_000
		}
		if o.miss > 0 && i+1 >= o.miss+block-2 {
			p.Failed, p.Latency.P99 = p.Requests/8, 1_200
		}
		phases[name] = p
	}
	return phases
}

func TestStudyGolden(t *testing.T) {
	text := build(t, studied(t, nil))
	golden(t, "study.md", []byte(text))
	at, after := strings.Index(text, "\n## The study, settled\n"), strings.Index(text, "\n## How to read it\n")
	if at < 0 || at > after {
		t.Errorf("the study is at %d, how to read the tables at %d", at, after)
	}
}

// A run that was interrupted has the section too, with what there is.
func TestStudyOfAnInterruptedRun(t *testing.T) {
	run := studied(t, nil)
	all := run.Records
	for trials, want := range map[int]string{
		0:  "- every number of every cell: not run",
		14: ", n too small",
	} {
		run.Records = all[:trials]
		text := build(t, run)
		if !strings.Contains(text, want) {
			t.Errorf("after %d trials the report lacks %q", trials, want)
		}
		if strings.Contains(text, "NaN") || strings.Contains(text, "Inf") {
			t.Errorf("after %d trials the report has numbers that are none", trials)
		}
	}
}

// Only a plan that asks of remedies has the section, and columns of metrics that a
// run does not have are not in its report.
func TestStudyOnlyWhereAsked(t *testing.T) {
	for _, text := range []string{build(t, synthetic(t, 2)), build(t, wounded(t))} {
		for _, not := range []string{
			"The study, settled", "Where the time of a request goes", "Shed %", "Cancels/s", "Stale reads", "Fall-backs",
		} {
			if strings.Contains(text, not) {
				t.Errorf("the report has %q", not)
			}
		}
	}
}

// What is counted as a cost are the services on the way of the queries.
func TestCosts(t *testing.T) {
	run := studied(t, nil)
	for _, r := range run.Records[:14] {
		want := map[string][]string{
			"direct":            {"app", "postgres"},
			"replica":           {"app", "postgres", "replica"},
			"pgbouncer":         {"app", "postgres", "pgbouncer"},
			"pgbouncer+replica": {"app", "postgres", "replica", "pgbouncer"},
		}[r.Settings[matrix.Topology]]
		cpu, memory := 0.0, 0.0
		for _, s := range want {
			cpu += r.Metrics[metric.CPUCores.At(s).Key()]
			if s != "app" {
				memory += r.Metrics[metric.MemoryPSS.At(s).Key()]
			}
		}
		cpu *= 50 * 1_000 / float64(r.Load.Requests-r.Load.Failed)
		if got, ok := cpuPerSuccess(&r); !ok || math.Abs(got/cpu-1) > 1e-9 {
			t.Errorf("%s: %v s per 1,000, want %v", r.Cell, got, cpu)
		}
		if got, ok := costs[1].Value(&r); !ok || got != memory {
			t.Errorf("%s: %v bytes, want %v", r.Cell, got, memory)
		}
	}
	r := run.Records[0]
	delete(r.Metrics, metric.CPUCores.At("app").Key())
	if v, ok := cpuPerSuccess(&r); ok {
		t.Errorf("without the backend's CPU: %v", v)
	}
}

func TestRestOfQuery(t *testing.T) {
	r := record.Record{
		Settings: matrix.Settings{matrix.Topology: "direct"},
		Metrics:  map[string]float64{"query_mean_ms": 5, "execution_mean_ms": 1, metric.PgBouncerWait.Name: 3},
	}
	if v, ok := restOfQuery(&r); !ok || v != 4 {
		t.Errorf("direct: %v, %t; want 4", v, ok)
	}
	r.Settings[matrix.Topology] = "pgbouncer"
	if v, ok := restOfQuery(&r); !ok || v != 1 {
		t.Errorf("through the pooler: %v, %t; want 1", v, ok)
	}
	delete(r.Metrics, metric.PgBouncerWait.Name)
	if v, ok := restOfQuery(&r); ok {
		t.Errorf("with the pooler's wait unknown: %v", v)
	}
}

// The parts are of queries that succeeded, so what is left of their time is the rest: not what is left of queries that
// a time limit cut off, which the servers do not count.
func TestRestOfQueriesThatWereCutOff(t *testing.T) {
	r := record.Record{
		Settings: matrix.Settings{matrix.Topology: "direct"},
		Metrics: map[string]float64{
			"query_mean_ms":                  100,
			"execution_mean_ms":              0.1,
			"primary_statements":             4500,
			`query_errors{sqlstate="57014"}`: 3000,
		},
	}
	if v, ok := restOfQuery(&r); ok || !strings.HasPrefix(restUnknown(&r), "queries failed") {
		t.Errorf("without the time of the successful queries: %v, %q; want unknown, for queries failed", v, restUnknown(&r))
	}
	r.Metrics["query_ok_mean_ms"] = 0.35
	if v, ok := restOfQuery(&r); !ok || math.Abs(v-0.25) > 1e-9 {
		t.Errorf("with it: %v, %t; want 0.25", v, ok)
	}
	delete(r.Metrics, "query_ok_mean_ms")
	r.Metrics[`query_errors{sqlstate="57014"}`] = 30
	if v, ok := restOfQuery(&r); !ok || math.Abs(v-99.9) > 1e-9 {
		t.Errorf("with 30 of 4,530 that failed: %v, %t; want 99.9", v, ok)
	}
}

func TestMissText(t *testing.T) {
	run := studied(t, nil)
	p := analyze(t, run).parts[1]
	table := p.missTable()
	for row, want := range map[int][]string{
		0: {"350", "300 to 400", "600", "500 to 700"}, // steps of 9 s: 100 RPS more in each
		2: {"none up to 500", "", "1,000", ""},
	} {
		if got := table.rows[row][2:]; strings.Join(got, "|") != strings.Join(want, "|") {
			t.Errorf("row %d: %q; want %q", row, got, want)
		}
	}
	for i := range p.rows[2].Used {
		p.rows[2].Used[i].Phases["vus_100"] = record.Phase{Requests: 5}
	}
	if text := p.missTable().markdown(); !strings.Contains(
		text, "- First miss of `remedy=cap`: 3 trials without the latency of every step\n",
	) {
		t.Error(text)
	}
}

package diagnose

import (
	"math"
	"slices"
	"strings"
	"testing"

	"stormwave/lab/internal/metric"
	"stormwave/lab/internal/record"
)

// machine is a trial on a machine of so many CPUs, on which its services are not pinned.
func machine(cpus float64, changes map[string]float64) map[string]float64 {
	m := map[string]float64{
		"host_cpu_busy_ratio":     0.5,
		"host_cpu_busy_cores":     0.5 * cpus,
		"host_runnable_mean":      cpus,
		"primary_connections_max": 60 * cpus,
	}
	for _, service := range []string{"k6", "app", "postgres", "pgbouncer"} {
		m[metric.CPULimit.At(service).Key()] = cpus
	}
	for name, v := range changes {
		m[name] = v
	}
	if busy, ok := changes["host_cpu_busy_ratio"]; ok {
		m["host_cpu_busy_cores"] = busy * cpus
	}
	return m
}

// The same shares of the machine give the same diagnosis, whatever its size.
func TestSharesOfAnyMachine(t *testing.T) {
	for _, tt := range []struct {
		name    string
		want    Cause
		pool    string
		changes func(cpus float64) map[string]float64
	}{
		{
			name: "a busy server",
			want: DBCPUBound,
			changes: func(cpus float64) map[string]float64 {
				return map[string]float64{
					metric.CPUCores.At("postgres").Key(): 0.75 * cpus,
					"host_cpu_busy_ratio":                0.95,
					"host_psi_cpu_ratio":                 0.8,
					"execution_mean_ms":                  30,
					"query_mean_ms":                      31,
					"pool_wait_mean_ms":                  300,
					"primary_qps":                        40 * cpus,
					"primary_rows_returned_per_second":   1000 * cpus,
				}
			},
		},
		{
			name: "an idle machine, two connections in use",
			want: AppPoolStarved,
			pool: "2",
			changes: func(cpus float64) map[string]float64 {
				return map[string]float64{
					metric.CPUCores.At("postgres").Key(): 0.11 * cpus,
					"host_cpu_busy_ratio":                0.21,
					"pool_wait_mean_ms":                  180,
					"pool_acquired_max":                  2,
					"pool_waiting_max":                   900,
					"execution_mean_ms":                  2,
					"query_mean_ms":                      2.3,
					"primary_qps":                        870,
				}
			},
		},
		{
			name: "1% used by others",
			want: Undetermined,
			changes: func(cpus float64) map[string]float64 {
				return map[string]float64{"host_cpu_other_cores": 0.01 * cpus}
			},
		},
		{
			name: "40% used by others",
			want: NoisyHost,
			changes: func(cpus float64) map[string]float64 {
				return map[string]float64{"host_cpu_other_cores": 0.4 * cpus}
			},
		},
		{
			name: "five runnable processes on each CPU",
			want: HostCPUSaturated,
			changes: func(cpus float64) map[string]float64 {
				return map[string]float64{"host_cpu_busy_ratio": 0.97, "host_runnable_mean": 5 * cpus}
			},
		},
		{
			name: "one runnable process on each CPU",
			want: Undetermined,
			changes: func(cpus float64) map[string]float64 {
				return map[string]float64{"host_cpu_busy_ratio": 0.97, "host_runnable_mean": cpus}
			},
		},
		{
			name: "one session in fifty waits for a lock",
			want: Undetermined,
			changes: func(cpus float64) map[string]float64 {
				return map[string]float64{
					`primary_wait_events{event="Lock:tuple"}`: cpus,
					"primary_lock_waiting_max":                2 * cpus,
					"primary_qps":                             1000 * cpus,
					"execution_mean_ms":                       50,
					"query_mean_ms":                           50.5,
				}
			},
		},
		{
			name: "half of the sessions wait for a lock",
			want: DBLockContention,
			changes: func(cpus float64) map[string]float64 {
				return map[string]float64{
					`primary_wait_events{event="Lock:tuple"}`: 25 * cpus,
					"primary_lock_waiting_max":                50 * cpus,
					"primary_qps":                             1000 * cpus,
					"execution_mean_ms":                       50,
					"query_mean_ms":                           50.5,
				}
			},
		},
	} {
		for _, cpus := range []float64{2, 16, 64} {
			r := observed("direct", 0, 900, machine(cpus, tt.changes(cpus)))
			if tt.pool != "" {
				r.Effective["pool_size"] = tt.pool
			}
			if d := Record(r, slo); d.Cause != tt.want {
				t.Errorf("%s, %.0f CPUs: %s; claimed: %v; want %s", tt.name, cpus, d.Cause, claims(d), tt.want)
			}
		}
	}
}

// The figures of a machine of 16 CPUs, a fifth busy: two connections are in use, and their servers use 1.7 CPUs.
func TestTwoConnectionsAreNoBusyServer(t *testing.T) {
	r := observed("direct", 0, 900, machine(16, map[string]float64{
		metric.CPUCores.At("postgres").Key(): 1.7,
		"host_cpu_busy_ratio":                0.21,
		"pool_wait_mean_ms":                  180,
		"pool_acquired_max":                  2,
		"pool_waiting_max":                   900,
		"execution_mean_ms":                  2,
		"query_mean_ms":                      2.3,
		"primary_qps":                        870,
	}))
	r.Effective["pool_size"] = "2"
	if d := Record(r, slo); d.Cause != AppPoolStarved {
		t.Errorf("%s; claimed: %v; want %s", d.Cause, claims(d), AppPoolStarved)
	}
	quiet := observed("direct", 0, 900, machine(64, map[string]float64{"host_cpu_other_cores": 0.6}))
	if d := Record(quiet, slo); d.Cause != Undetermined {
		t.Errorf("0.6 of 64 CPUs used by others: %s; claimed: %v", d.Cause, claims(d))
	}
}

// The number of CPUs is the record's, else that of the service that may use the most; but where all are pinned, it
// follows from the cores that are busy and their share, which may be diluted a little.
func TestNumberOfCPUs(t *testing.T) {
	for _, tt := range []struct {
		told, limit, busy, ratio float64
		want                     float64
	}{
		{told: 15.98, limit: 4, busy: 8, ratio: 0.5, want: 16},
		{limit: 2, busy: 1.95, ratio: 0.894, want: 2}, // 2.18: counted for longer than divided by
		{limit: 2, busy: 1.55, ratio: 0.625, want: 2}, // 2.48
		{limit: 4, busy: 8, ratio: 0.5, want: 16},
		{busy: 8, ratio: 0.5, want: 16},
		{limit: 16, want: 16},
		{want: math.NaN()},
	} {
		o := &observation{Record: record.Record{Metrics: map[string]float64{}}}
		for name, v := range map[string]float64{
			"host_cpus":                       tt.told,
			`cpu_limit_cores{service="app"}`:  tt.limit,
			`cpu_limit_cores{service="idle"}`: tt.limit / 2,
			"host_cpu_busy_cores":             tt.busy,
			"host_cpu_busy_ratio":             tt.ratio,
		} {
			if v > 0 {
				o.Metrics[name] = v
			}
		}
		if got := o.cpus(); got != tt.want && !(math.IsNaN(got) && math.IsNaN(tt.want)) {
			t.Errorf("%+v: %v CPUs", tt, got)
		}
	}
}

// No figure says that a service used more than it may, nor that it was held back for more than all the time.
func TestUseStaysWithinTheLimit(t *testing.T) {
	r := observed("direct", 0, 900, map[string]float64{
		metric.CPUCores.At("k6").Key():         0.147,
		metric.CPULimit.At("k6").Key():         0.15,
		metric.ThrottledSeconds.At("k6").Key(): 1.67, // added up over run queues
	})
	r.Load.CPUCores = new(0.19) // k6's start included, which the time does not hold
	d := Record(r, slo)
	if d.Cause != GeneratorSaturated {
		t.Fatalf("%s; want %s", d.Cause, GeneratorSaturated)
	}
	var words []string
	for _, e := range d.Claimed[0].Evidence {
		words = append(words, e.Words)
	}
	if text := strings.Join(words, "\n"); strings.Contains(text, "0.19") || strings.Contains(text, "167%") ||
		!slices.Contains(words, "k6 used 0.15 of 0.15 cores") {
		t.Errorf("it is said:\n%s", text)
	}
}

// By the periods in which a quota held it back a service is at its limit, though it uses half of it on average.
func TestThrottledPeriods(t *testing.T) {
	for _, tt := range []struct {
		share, old float64
		want       Cause
	}{
		{0.8, math.NaN(), AppCPUBound},
		{0.05, math.NaN(), Undetermined},
		{math.NaN(), 0.8, Undetermined}, // seconds added up over CPUs: no share of the time
	} {
		r := observed("direct", 0, 900, map[string]float64{
			metric.CPUCores.At("app").Key(): 2,
			metric.CPULimit.At("app").Key(): 4,
		})
		if !math.IsNaN(tt.share) {
			r.Metrics[metric.Throttled.At("app").Key()] = tt.share
		}
		if !math.IsNaN(tt.old) {
			r.Metrics[metric.ThrottledSeconds.At("app").Key()] = tt.old
		}
		if d := Record(r, slo); d.Cause != tt.want {
			t.Errorf("throttled %v (%v): %s; claimed %v; want %s", tt.share, tt.old, d.Cause, claims(d), tt.want)
		}
	}
}

// A backend that Go's runtime keeps within one CPU has used all that it can when it has used that one.
func TestBackendWithinGOMAXPROCS(t *testing.T) {
	r := observed(
		"direct", 0, 2500, map[string]float64{`cpu_cores{service="app"}`: 0.97, "query_mean_ms": 30, "pool_wait_mean_ms": 60},
	)
	if d := Record(r, slo); d.Cause == AppCPUBound {
		t.Errorf("with two CPUs to use it is %s", d.Cause)
	}
	r.Effective["app.GOMAXPROCS"] = "1"
	if d := Record(r, slo); d.Cause != AppCPUBound {
		t.Errorf("with one CPU to use it is %s; want %s", d.Cause, AppCPUBound)
	}
}

// What the backend turns away by its own limit is told by that limit, unless something brings the overload about.
func TestOverloadShed(t *testing.T) {
	r := observed("direct", 6000, 40, map[string]float64{"requests_shed": 6000})
	r.Effective["max_inflight"], r.Effective["max_queue"] = "1", "0"
	d := Record(r, slo)
	const want = "6000 requests, 60%, were turned away by max_inflight 1"
	if d.Cause != OverloadShed || d.Claimed[0].Evidence[0].Words != want {
		t.Errorf("%s, %+v; want %s by %q", d.Cause, d.Claimed, OverloadShed, want)
	}
	for _, e := range d.Claimed[0].Evidence {
		CheckEvidence(t, r, e)
	}
	r.Metrics["pool_wait_mean_ms"], r.Metrics["pool_acquired_max"] = 180, 8
	if d := Record(r, slo); d.Cause != AppPoolStarved {
		t.Errorf("%s where the pool is empty; want %s", d.Cause, AppPoolStarved)
	}
	r = observed("direct", 6000, 40, nil)
	r.Effective["max_inflight"] = "unlimited"
	if d := Record(r, slo); d.Cause == OverloadShed || len(d.Missing) > 0 {
		t.Errorf("%s, missing %v, without a limit", d.Cause, d.Missing)
	}
}

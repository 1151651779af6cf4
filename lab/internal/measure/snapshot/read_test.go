//go:build services

package snapshot

import (
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"stormwave/lab/internal/stack/proc"
)

// The known trial: 10 s of load from t0, sampled 0.3 s after each full second, and
// a backend that is gone 12 s after t0. So sample -1 is the last before the load,
// 9 the last within it, and 11 the last at the settled time.
var (
	t0    = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	known = Window{
		Before: t0.Add(-1500 * time.Millisecond), Start: t0, End: t0.Add(10 * time.Second), Settled: t0.Add(12 * time.Second),
	}
)

const firstSample, lastSample = -8, 13

// signal gives the value of a series' k-th sample; ok is false where it has none.
type signal func(k int) (value float64, ok bool)

func constant(value float64) signal {
	return func(int) (float64, bool) { return value, true }
}

// climbing grows from base by so much each second of the load.
func climbing(base, perSecond float64) signal {
	return func(k int) (float64, bool) { return base + perSecond*float64(min(max(k+1, 0), 10)), true }
}

// steady grows by so much each second, with and without a load.
func steady(perSecond float64) signal {
	return func(k int) (float64, bool) { return perSecond * float64(k-firstSample), true }
}

// spike is a value with another at one sample.
func spike(value float64, at int, top float64) signal {
	return func(k int) (float64, bool) {
		if k == at {
			return top, true
		}
		return value, true
	}
}

// between is there only from one sample to another.
func between(from, to int, s signal) signal {
	return func(k int) (float64, bool) {
		value, ok := s(k)
		return value, ok && from <= k && k <= to
	}
}

// knownSeries are what the exporters of the known trial have served.
func knownSeries() map[string]signal {
	s := map[string]signal{
		`node_cpu_seconds_total{job="node",cpu="0",mode="user"}`:          steady(0.5),
		`node_cpu_seconds_total{job="node",cpu="0",mode="steal"}`:         steady(0.1),
		`node_cpu_seconds_total{job="node",cpu="0",mode="idle"}`:          steady(0.3),
		`node_cpu_seconds_total{job="node",cpu="0",mode="iowait"}`:        steady(0.1),
		`node_load1{job="node"}`:                                          spike(1, 4, 7.5),
		`node_memory_MemTotal_bytes{job="node"}`:                          constant(1000),
		`node_memory_MemAvailable_bytes{job="node"}`:                      spike(400, 5, 300),
		`node_network_receive_bytes_total{job="node",device="lo"}`:        steady(70),
		`node_network_transmit_bytes_total{job="node",device="eth0"}`:     steady(30),
		`node_disk_read_bytes_total{job="node",device="vda"}`:             steady(5),
		`node_disk_read_bytes_total{job="node",device="dm-0"}`:            steady(5),
		`node_disk_written_bytes_total{job="node",device="vda"}`:          steady(8),
		`node_disk_io_time_seconds_total{job="node",device="vda"}`:        steady(0.2),
		`node_disk_io_time_seconds_total{job="node",device="vdb"}`:        steady(0.6),
		`node_pressure_cpu_waiting_seconds_total{job="node"}`:             steady(0.25),
		`node_pressure_io_waiting_seconds_total{job="node"}`:              steady(0.03),
		`node_pressure_memory_waiting_seconds_total{job="node"}`:          steady(0.02),
		`node_procs_running{job="node"}`:                                  spike(2, 3, 12),
		`lab_service_cpu_limit_cores{job="lab",service="app"}`:            constant(0.5),
		`lab_service_cpu_limit_cores{job="lab",service="k6"}`:             constant(2), // without a quota
		`lab_service_quota_periods_total{job="lab",service="app"}`:        steady(50),
		`lab_service_throttled_periods_total{job="lab",service="app"}`:    steady(35),
		`app_http_requests_total{job="app",route="/api/feed",code="200"}`: between(-8, 12, climbing(1000, 100)),
		// 7, then 20 more
		`app_http_requests_total{job="app",route="/api/feed",code="503"}`: between(3, 12, spike(27, 3, 7)),
		`app_http_requests_total{job="app",route="/api/sessions",code="201"}`: between(
			-8, 12, func(k int) (float64, bool) { return map[bool]float64{true: 104, false: 100}[k >= -1], true },
		),
		`app_http_requests_total{job="app",route="other",code="404"}`: climbing(0, 1000),
		`app_http_shed_requests_total{job="app",reason="full"}`: between(-8, 12, func(k int) (float64, bool) {
			return map[bool]float64{true: 13, false: 4}[k >= 3], true
		}),
		`app_pool_acquired_conns{job="app",target="primary"}`:            spike(3, 2, 8),
		`app_pool_acquired_conns{job="app",target="replica"}`:            spike(1, 2, 4),
		`app_pool_waiting{job="app",target="primary"}`:                   spike(0, 9, 40),
		`app_pool_acquires_total{job="app",target="primary"}`:            climbing(0, 200),
		`app_query_errors_total{job="app",sqlstate="acquire_timeout"}`:   between(6, 12, constant(33)),
		`app_query_errors_total{job="app",sqlstate="57014"}`:             between(6, 12, constant(5)),
		`app_pool_new_conns_total{job="app",target="primary"}`:           restarted(-1, 40, 3),
		`app_pool_closed_conns_total{job="app",target="primary"}`:        steady(2),
		`app_query_cancels_total{job="app",target="primary"}`:            climbing(0, 0.5),
		`app_reads_total{job="app",target="primary"}`:                    climbing(9, 10),
		`app_reads_total{job="app",target="replica"}`:                    climbing(9, 30),
		`app_read_fallbacks_total{job="app",reason="gone"}`:              climbing(0, 3),
		`app_read_fallbacks_total{job="app",reason="late"}`:              climbing(0, 0),
		`app_stale_reads_total{job="app"}`:                               constant(0),
		`app_replica_probes_total{job="app",target="replica"}`:           climbing(7, 5),
		`app_replica_lag_seconds{job="app"}`:                             spike(0, 5, 0.4),
		`go_cpu_classes_gc_mark_assist_cpu_seconds_total{job="app"}`:     steady(0.05),
		`go_cpu_classes_gc_mark_dedicated_cpu_seconds_total{job="app"}`:  steady(0.04),
		`go_cpu_classes_gc_mark_idle_cpu_seconds_total{job="app"}`:       steady(0.5), // on CPUs that would idle
		`go_cpu_classes_gc_pause_cpu_seconds_total{job="app"}`:           steady(0.01),
		`go_cpu_classes_user_cpu_seconds_total{job="app"}`:               steady(0.3),
		`lab_pg_replica_lag_bytes{job="lab"}`:                            spike(0, 3, 4096),
		`lab_pg_replica_lag_seconds{job="lab"}`:                          spike(0, 10, 9), // after the end
		`lab_service_cpu_seconds_total{job="lab",service="app"}`:         steady(0.4),
		`lab_service_cpu_seconds_total{job="lab",service="k6"}`:          between(0, 9, climbing(0, 0.6)),
		`lab_service_cpu_seconds_total{job="lab",service="gone"}`:        between(-8, -3, constant(5)),
		`lab_service_pss_bytes{job="lab",service="app"}`:                 spike(1e6, 8, 2e6),
		`process_open_fds{job="lab"}`:                                    spike(30, 4, 41),
		pool("client_active_connections", "stormwave"):                   spike(2, 1, 6),
		`lab_pooler_clients{job="lab",service="pgpool",state="served"}`:  constant(32),
		`lab_pooler_clients{job="lab",service="pgpool",state="waiting"}`: spike(0, 4, 7),
		pool("client_active_connections", "pgbouncer"):                   constant(1),
		pool("client_waiting_connections", "pgbouncer"):                  constant(1),
		pool("server_active_connections", "stormwave"):                   constant(4),
		pool("server_active_connections", "replica"):                     constant(2),
		pool("client_maxwait_seconds", "stormwave"):                      spike(0, 5, 0.5),
		pool("client_maxwait_seconds", "replica"):                        spike(0, 5, 0.25),
		stat("client_wait_seconds", "stormwave"):                         climbing(9, 0.2),
		stat("sql_transactions_pooled", "stormwave"):                     climbing(9, 100),
		stat("client_wait_seconds", "pgbouncer"):                         climbing(9, 50),
		stat("sql_transactions_pooled", "pgbouncer"):                     climbing(9, 1),
	}
	for _, server := range []string{"primary", "replica"} {
		busy := map[string]float64{"primary": 1, "replica": 0}[server]
		add := func(name, labels string, value signal) {
			s[fmt.Sprintf(`lab_pg_%s{job="lab",server=%q%s}`, name, server, labels)] = value
		}
		add("connections", `,state="active"`, spike(2*busy, 6, 30*busy))
		add("connections", `,state="idle"`, constant(10))
		add("statements_total", ``, climbing(500, 200*busy))
		add("statement_seconds_total", ``, climbing(5, 0.3*busy))
		add("blocks_hit_total", ``, climbing(1e6, 990*busy))
		add("blocks_read_total", ``, climbing(1e4, 10*busy))
		add("rows_returned_total", ``, climbing(0, 5100*busy))
		add("rows_fetched_total", ``, climbing(0, 5000*busy))
		add("rows_inserted_total", ``, climbing(0, 3*busy))
		add("rows_updated_total", ``, climbing(0, 2*busy))
		add("rows_deleted_total", ``, climbing(0, 1*busy))
		add("lock_waiting", ``, spike(0, 4, 5*busy))
		add("backend_sessions", ``, spike(1, 4, 8*busy))
	}
	s[`lab_pg_waiting{job="lab",server="primary",event="Lock:tuple"}`] = between(4, 5, constant(5)) // 2 of 10 samples
	return s
}

func pool(gauge, database string) string {
	return fmt.Sprintf(`pgbouncer_pools_%s{job="pgbouncer",database=%q}`, gauge, database)
}

func stat(counter, database string) string {
	return fmt.Sprintf(`pgbouncer_stats_totals_%s_total{job="pgbouncer",database=%q}`, counter, database)
}

// restarted is a counter that is high before the load and begins anew in it.
func restarted(until int, high, fresh float64) signal {
	return func(k int) (float64, bool) {
		if k <= until {
			return high, true
		}
		return fresh, true
	}
}

// backfill makes a TSDB of the series, with the samples at their exact times.
func backfill(t *testing.T, all map[string]signal) string {
	t.Helper()
	var text strings.Builder
	for _, name := range slices.Sorted(maps.Keys(all)) {
		for k := firstSample; k <= lastSample; k++ {
			if value, ok := all[name](k); ok {
				at := t0.Add(time.Duration(k)*time.Second + 300*time.Millisecond)
				fmt.Fprintf(&text, "%s %g %.3f\n", name, value, float64(at.UnixMilli())/1000)
			}
		}
	}
	text.WriteString("# EOF\n")
	source, dir := filepath.Join(t.TempDir(), "samples"), t.TempDir()
	if err := os.WriteFile(source, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := proc.Run(t.Context(), proc.Spec{
		Name: "promtool",
		Path: tools(t).Path("promtool"),
		Args: []string{"tsdb", "create-blocks-from", "openmetrics", source, dir},
	}); err != nil {
		t.Fatal(err)
	}
	return dir
}

// fromHistograms are the metrics that the known trial has no samples for.
var fromHistograms = []string{
	"http_mean_ms", "http_p95_ms", "http_p99_ms", "pool_wait_mean_ms", "query_mean_ms", "statement_mean_ms",
}

func TestReadKnownTrial(t *testing.T) {
	reader, _ := startPrometheus(t, backfill(t, knownSeries()), nil)
	got, err := reader.Read(t.Context(), known)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]float64{
		"host_cpu_busy_ratio": 0.6, "host_cpu_steal_ratio": 0.1, "host_load1_max": 7.5, "host_memory_used_bytes_max": 700,
		"host_network_bytes_per_second": 100, "host_disk_read_bytes_per_second": 5, "host_disk_written_bytes_per_second": 8,
		"host_disk_busy_ratio": 0.6, "host_psi_cpu_ratio": 0.25,
		"host_psi_io_ratio":                              0.03,
		"host_psi_memory_ratio":                          0.02,
		"host_runnable_mean":                             3,
		"host_cpu_busy_cores":                            0.6,
		"host_cpu_other_cores":                           0,
		"host_cpu_steal_cores":                           0.1,
		"host_cpus":                                      1,
		`cpu_limit_cores{service="app"}`:                 0.5,
		`cpu_limit_cores{service="k6"}`:                  2,
		`service_throttled_periods_ratio{service="app"}`: 0.7,
		"pool_acquired_mean":                             4.8,
		"pool_acquires_per_second":                       200,
		`query_errors{sqlstate="acquire_timeout"}`:       33,
		`query_errors{sqlstate="57014"}`:                 5,
		"primary_active_mean":                            4.8,
		"replica_active_mean":                            0,
		"primary_blocks_read_per_second":                 10,
		"replica_blocks_read_per_second":                 0,
		"http_requests":                                  1031,
		"http_errors_5xx":                                27,
		"http_rps":                                       102.7,
		"http_rps_peak":                                  120,
		"requests_shed":                                  9,
		"pool_new_conns_per_second":                      0.3,
		"pool_closed_conns_per_second":                   2,
		"query_cancels_per_second":                       0.5,
		"reads_primary":                                  100,
		"reads_replica":                                  300,
		"read_fallbacks":                                 30,
		`read_fallbacks{reason="gone"}`:                  30,
		`read_fallbacks{reason="late"}`:                  0,
		"gc_cpu_ratio":                                   0.25,
		"stale_reads":                                    0,
		"probe_statements":                               50,
		"replica_heartbeat_lag_seconds_max":              0.4,
		"execution_mean_ms":                              1.5,
		"pool_acquired_max":                              12,
		"pool_waiting_max":                               40,
		"pool_acquire_timeouts":                          33,
		"pool_new_conns":                                 3,
		"primary_connections_max":                        40,
		"primary_backend_sessions_max":                   8,
		"primary_active_max":                             30,
		"primary_statements":                             2000,
		"primary_qps":                                    200,
		"primary_qps_peak":                               200,
		"primary_query_mean_ms":                          1.5,
		"primary_cache_hit_ratio":                        0.99,
		"primary_rows_returned_per_second":               5100,
		"primary_rows_fetched_per_second":                5000,
		"primary_rows_written_per_second":                6,
		"primary_lock_waiting_max":                       5,
		`primary_wait_events{event="Lock:tuple"}`:        1,
		"replica_connections_max":                        10,
		"replica_backend_sessions_max":                   1,
		"replica_active_max":                             0,
		"replica_statements":                             0,
		"replica_qps":                                    0,
		"replica_qps_peak":                               0,
		"replica_rows_returned_per_second":               0,
		"replica_rows_fetched_per_second":                0,
		"replica_rows_written_per_second":                0,
		"replica_lock_waiting_max":                       0,
		"replica_lag_bytes_max":                          4096,
		"replica_lag_seconds_max":                        0,
		"pgbouncer_client_active_max":                    6,
		"pgbouncer_client_waiting_max":                   0,
		"pgbouncer_server_active_max":                    6,
		`pooler_clients_served_max{service="pgpool"}`:    32,
		`pooler_clients_waiting_max{service="pgpool"}`:   7,
		"pgbouncer_maxwait_seconds_max":                  0.5,
		"pgbouncer_wait_mean_ms":                         2,
		`cpu_cores{service="app"}`:                       0.4,
		`cpu_cores{service="k6"}`:                        0.6,
		`memory_pss_bytes_max{service="app"}`:            2e6,
		"supervisor_open_fds_max":                        41,
	}
	for name, value := range want {
		if v, ok := got.Metrics[name]; !ok || math.Abs(v-value) > 1e-9*math.Max(1, value) {
			t.Errorf("%s = %v, %v; want %v", name, v, ok, value)
		}
	}
	for name, value := range got.Metrics {
		if _, ok := want[name]; !ok {
			t.Errorf("%s = %v was not expected", name, value)
		}
	}
	// These two have no denominator, and the histograms no samples in this trial.
	if !slices.Equal(got.Missing, fromHistograms) {
		t.Errorf("missing = %v; want %v", got.Missing, fromHistograms)
	}
	curve := func(name string) []float64 {
		values := make([]float64, len(got.Series.Curves[name]))
		for i, v := range got.Series.Curves[name] {
			if values[i] = math.NaN(); v != nil {
				values[i] = *v
			}
		}
		return values
	}
	// The grid is 0.7 s ahead of the samples: a second gets 0.3 of one step and 0.7
	// of the next.
	if got := curve("http_errors_5xx_per_second"); !slices.Equal(got[:5], []float64{0, 0, 4.9, 16.1, 6}) {
		t.Errorf("errors per second = %v", got)
	}
	if got := curve("primary_active"); len(got) != 10 || got[5] != 2 || got[6] != 30 || got[7] != 2 {
		t.Errorf("active = %v", got)
	}
	if peak, ok := got.Series.Peak("http_rps"); !ok || peak != 116.1 {
		t.Errorf("peak of http_rps = %v, %v; want 116.1", peak, ok)
	}
	if _, ok := got.Series.Peak("rps"); ok {
		t.Error("rps has a peak without k6")
	}
}

func TestReadNamesWhatIsMissing(t *testing.T) {
	for name, c := range map[string]struct {
		change func(map[string]signal)
		want   []string
	}{
		"an absent series": {
			func(s map[string]signal) { delete(s, `node_load1{job="node"}`) },
			[]string{"host_load1_max"},
		},
		"an older backend": {
			func(s map[string]signal) {
				maps.DeleteFunc(s, func(name string, _ signal) bool { return strings.HasPrefix(name, "go_cpu_classes_") })
			},
			nil,
		},
		"none before the load": {
			func(s map[string]signal) {
				s[`app_pool_new_conns_total{job="app",target="primary"}`] = between(0, 12, constant(3))
			},
			[]string{"pool_new_conns", "pool_new_conns_per_second"},
		},
		"none at the end": {
			func(s map[string]signal) {
				s[`app_pool_new_conns_total{job="app",target="primary"}`] = between(-8, 5, constant(3))
			},
			[]string{"pool_new_conns", "pool_new_conns_per_second"},
		},
		"a database that could not be read": {
			func(s map[string]signal) {
				maps.DeleteFunc(s, func(name string, _ signal) bool { return strings.Contains(name, `server="replica"`) })
			},
			[]string{
				"replica_active_max", "replica_active_mean", "replica_backend_sessions_max", "replica_blocks_read_per_second",
				"replica_cache_hit_ratio", "replica_connections_max", "replica_lock_waiting_max", "replica_qps", "replica_qps_peak",
				"replica_query_mean_ms", "replica_rows_fetched_per_second", "replica_rows_returned_per_second",
				"replica_rows_written_per_second", "replica_statements", "replica_wait_events",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			series := knownSeries()
			c.change(series)
			reader, _ := startPrometheus(t, backfill(t, series), nil)
			got, err := reader.Read(t.Context(), known)
			if err != nil {
				t.Fatal(err)
			}
			missing := slices.DeleteFunc(got.Missing, func(name string) bool {
				return slices.Contains(fromHistograms, name)
			})
			slices.Sort(missing)
			if !slices.Equal(missing, c.want) {
				t.Errorf("missing = %v; want %v", missing, c.want)
			}
			for _, name := range c.want {
				if v, ok := got.Metrics[name]; ok {
					t.Errorf("%s = %v although it is missing", name, v)
				}
			}
		})
	}
}

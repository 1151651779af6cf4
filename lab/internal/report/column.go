package report

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"stormwave/lab/internal/backend"
	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/record"
	"stormwave/lab/internal/report/numeral"
	"stormwave/lab/internal/route"
)

// column is one number of every row.
type column struct {
	head   string // with the unit
	name   string // as in the records: reasons call a missing number by it
	value  func(*record.Record) (float64, bool)
	show   func(float64) string
	why    func(*record.Record) string // for want of a reason in the record; "": not recorded
	closer bool                        // shown in the terminal too
	worst  *float64                    // what a repetition counts as in which the system failed; nil: it has no such number
	later  bool                        // not always measured: without a single number the column is not in the table at all
}

func milliseconds(d matrix.Duration) float64 {
	return float64(d) / float64(time.Millisecond)
}

// load is a column that k6 measured.
func load(head, name string, show func(float64) string, value func(*record.Load) float64) column {
	return column{head: head, name: name, show: show, value: ofLoad(value)}
}

// ofLoad reads a number of the load. Every repetition that is shown has one.
func ofLoad(value func(*record.Load) float64) func(*record.Record) (float64, bool) {
	return func(r *record.Record) (float64, bool) { return value(r.Load), true }
}

// metric is a column that Prometheus gave, by its canonical name.
func metric(head, name string, show func(float64) string) column {
	return column{head: head, name: name, show: show, value: func(r *record.Record) (float64, bool) {
		v, ok := r.Metrics[name]
		return v, ok
	}}
}

func (c column) close() column { c.closer = true; return c }

// later is a metric that the lab did not always measure: the report of a run before
// it has no such column.
func later(head, name string, show func(float64) string) column {
	c := metric(head, name, show)
	c.later = true
	return c
}

// ofReplica is a later metric that there is only where reads go to the replica.
func ofReplica(head, name string, show func(float64) string) column {
	c := later(head, name, show)
	c.why = func(r *record.Record) string {
		if !r.Route().ReadsFrom(route.Replica) {
			return "no reads go to the replica"
		}
		return ""
	}
	return c
}

// present leaves out the later columns of which no repetition has a number.
func (p part) present(columns []column) []column {
	return slices.DeleteFunc(slices.Clone(columns), func(c column) bool {
		return c.later && !slices.ContainsFunc(p.rows, func(g group) bool {
			_, n := g.median(c)
			return n > 0
		})
	})
}

func successes(l *record.Load) float64 { return float64(l.Requests - l.Failed) }

func goodput(l *record.Load) float64 { return l.GoodputRPS }

func errorRatio(l *record.Load) float64 { return l.ErrorRatio }

func p99(l *record.Load) float64 { return l.ServedP99() }

// shed counts the requests that admission control turned away, as the backend tells. Where
// there is no such control none was, whatever else was answered with the same status.
func shed(r *record.Record) (float64, bool) {
	if r.Settings[matrix.MaxInflight] == backend.Unlimited {
		return 0, true
	}
	n, ok := r.Metrics["requests_shed"]
	return n, ok
}

// shedColumn is a share of the requests, of runs that counted apart what is shed.
func shedColumn(head string, value func(failed, shed float64) float64) column {
	return column{head: head, name: "requests_shed", show: numeral.Percent, later: true,
		value: func(r *record.Record) (float64, bool) {
			_, apart := r.Metrics["http_shed"] // of older runs the status 503, which says other things too
			n, ok := shed(r)
			_, counted := r.Metrics["requests_shed"]
			return value(float64(r.Load.Failed), n) / float64(r.Load.Requests), (apart || counted) && ok && r.Load.Requests > 0
		},
		why: func(*record.Record) string { return "not counted apart from other answers 503" },
	}
}

// ofOK reads a percentile of the successful requests, which there may be none of.
func ofOK(value func(*record.Latency) float64) func(*record.Record) (float64, bool) {
	return func(r *record.Record) (float64, bool) {
		if r.Load.OKLatency == nil {
			return 0, false
		}
		return value(r.Load.OKLatency), true
	}
}

// okColumn is a percentile of the successful requests.
func okColumn(head string, value func(*record.Latency) float64) column {
	return column{head: head, name: "ok_latency_ms", show: numeral.Figure, value: ofOK(value), why: func(r *record.Record) string {
		if r.Load.Failed == r.Load.Requests {
			return "no request succeeded"
		}
		return ""
	}}
}

func (c column) orWorst(v *float64) column { c.worst = v; return c }

// What is compared, and what a repetition in which the system failed counts as.
var (
	goodputColumn = load("Goodput RPS", "goodput_rps", numeral.Figure, goodput).close().orWorst(noGoodput)
	failedColumn  = load("Failed %", "error_ratio", numeral.Percent, errorRatio).close().orWorst(allFailed)
	p99Column     = load("p99 ms", "latency_ms", numeral.Figure, p99).close().orWorst(noAnswer)
)

// userColumns are what k6 saw from outside.
var userColumns = []column{
	load("VUs max", "vus_max", numeral.Count, func(l *record.Load) float64 { return float64(l.VUsMax) }),
	load("Requests", "requests", numeral.Count, func(l *record.Load) float64 { return float64(l.Requests) }).close(),
	load("Successes", "failed", numeral.Count, successes).orWorst(noGoodput),
	failedColumn,
	shedColumn("Shed %", func(_, shed float64) float64 { return shed }),
	shedColumn("Errors %", func(failed, shed float64) float64 { return failed - shed }),
	{head: "Stale reads", name: "stale_reads", show: numeral.Count, later: true, value: func(r *record.Record) (float64, bool) {
		if r.Load.StaleReads == nil {
			return 0, false
		}
		return float64(*r.Load.StaleReads), true
	}},
	load("RPS mean", "rps_mean", numeral.Figure, func(l *record.Load) float64 { return l.RPSMean }),
	{head: "RPS peak", name: "rps_peak", show: numeral.Figure, value: func(r *record.Record) (float64, bool) {
		return optional(r.Load.RPSPeak)
	}},
	goodputColumn,
	load("p50 ms", "latency_ms", numeral.Figure, func(l *record.Load) float64 { return l.Latency.P50 }),
	load("p95 ms", "latency_ms", numeral.Figure, func(l *record.Load) float64 { return l.Latency.P95 }),
	p99Column,
	okColumn("p50 ms (successes)", func(l *record.Latency) float64 { return l.P50 }),
	okColumn("p95 ms (successes)", func(l *record.Latency) float64 { return l.P95 }),
	okColumn("p99 ms (successes)", func(l *record.Latency) float64 { return l.P99 }),
}

func optional(v *float64) (float64, bool) {
	if v == nil {
		return 0, false
	}
	return *v, true
}

// serverColumns are one database server's, "primary_" or "replica_".
func serverColumns(prefix string) []column {
	return []column{
		metric("QPS", prefix+"qps", numeral.Figure),
		metric("QPS peak", prefix+"qps_peak", numeral.Figure),
		metric("Connections max", prefix+"connections_max", numeral.Count),
		metric("Active max", prefix+"active_max", numeral.Count),
		metric("Query mean ms", prefix+"query_mean_ms", numeral.Figure),
		metric("Cache hit %", prefix+"cache_hit_ratio", numeral.Percent),
		metric("Rows returned/s", prefix+"rows_returned_per_second", numeral.Figure),
		metric("Rows fetched/s", prefix+"rows_fetched_per_second", numeral.Figure),
		metric("Rows written/s", prefix+"rows_written_per_second", numeral.Figure),
		metric("Lock waits max", prefix+"lock_waiting_max", numeral.Count),
	}
}

var poolColumns = []column{
	metric("Pool in use max", "pool_acquired_max", numeral.Count),
	metric("Pool waiting max", "pool_waiting_max", numeral.Count),
	metric("Pool wait mean ms", "pool_wait_mean_ms", numeral.Figure),
	metric("Acquire timeouts", "pool_acquire_timeouts", numeral.Count),
	metric("Connection attempts", "pool_new_conns", numeral.Count),
	later("Connection attempts/s", "pool_new_conns_per_second", numeral.Figure),
	later("Closed connections/s", "pool_closed_conns_per_second", numeral.Figure),
	later("Cancels/s", "query_cancels_per_second", numeral.Figure),
	metric("PgBouncer clients waiting max", "pgbouncer_client_waiting_max", numeral.Count),
	metric("PgBouncer servers active max", "pgbouncer_server_active_max", numeral.Count),
	metric("PgBouncer wait mean ms", "pgbouncer_wait_mean_ms", numeral.Figure),
}

var replicaColumns = append(serverColumns("replica_"),
	metric("Lag max s", "replica_lag_seconds_max", numeral.Figure),
	metric("Lag max MB", "replica_lag_bytes_max", megabytes),
	ofReplica("Heartbeat lag max s", "replica_heartbeat_lag_seconds_max", numeral.Figure),
	ofReplica("Reads of the replica", "reads_replica", numeral.Count),
	ofReplica("Reads of the primary", "reads_primary", numeral.Count),
	ofReplica("Stale reads (backend)", "stale_reads", numeral.Count),
	ofReplica("Fall-backs", "read_fallbacks", numeral.Count),
)

// fallbackColumns are the reads that the primary took for the replica, by reason.
func (p part) fallbackColumns() []column {
	var columns []column
	for _, reason := range labelsOf(p.metrics, "read_fallbacks", "reason") {
		columns = append(columns, ofReplica("Fall-backs: "+reason, series("read_fallbacks", "reason", reason), numeral.Count))
	}
	return columns
}

var hostColumns = []column{
	metric("CPU busy %", "host_cpu_busy_ratio", numeral.Percent),
	metric("CPU steal %", "host_cpu_steal_ratio", numeral.Percent),
	metric("CPU pressure %", "host_psi_cpu_ratio", numeral.Percent),
	metric("Load max", "host_load1_max", numeral.Figure),
	metric("Memory max MiB", "host_memory_used_bytes_max", mebibytes),
	metric("Network MB/s", "host_network_bytes_per_second", megabytes),
	metric("Disk read MB/s", "host_disk_read_bytes_per_second", megabytes),
	metric("Disk written MB/s", "host_disk_written_bytes_per_second", megabytes),
	metric("Disk busy %", "host_disk_busy_ratio", numeral.Percent),
}

// byService makes a column of each service for which a metric was recorded.
func (p part) byService(name, unit string, show func(float64) string) []column {
	var columns []column
	for _, service := range labelsOf(p.metrics, name, "service") {
		columns = append(columns, metric(service+" "+unit, series(name, "service", service), show))
	}
	return columns
}

// series writes a labelled metric as records do.
func series(name, label, value string) string { return name + `{` + label + `="` + value + `"}` }

// metricsOf lists all metrics of the rows, sorted.
func metricsOf(rows []group) []string {
	found := map[string]bool{}
	for _, g := range rows {
		for _, r := range g.used {
			for name := range r.Metrics {
				found[name] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// labelsOf lists the values that a label of a metric has, the services on a
// request's way first.
func labelsOf(metrics []string, name, label string) []string {
	var found []string
	for _, key := range metrics {
		rest, ok := strings.CutPrefix(key, name+`{`+label+`="`)
		if value, whole := strings.CutSuffix(rest, `"}`); ok && whole {
			found = append(found, value)
		}
	}
	onTheWay := []string{"k6", "app", "pgbouncer", "postgres", "primary", "replica", "prometheus"}
	rank := func(s string) int {
		if i := slices.Index(onTheWay, s); i >= 0 {
			return i
		}
		return len(onTheWay)
	}
	slices.SortFunc(found, func(a, b string) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a, b))
	})
	return found
}

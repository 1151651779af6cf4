package snapshot

import (
	"regexp"
	"slices"

	"github.com/prometheus/common/model"

	"stormwave/lab/internal/backend"
	"stormwave/lab/internal/series"
)

// metric says how a canonical metric is read.
type metric struct {
	name   string
	from   string          // selector of the family it is read from
	reduce reduction       // makes one number of the family
	weigh  weight          // which of its series count
	per    weight          // which count as the whole of a ratio
	by     model.LabelName // one number for each value of the label
	scale  float64         // factor to the canonical unit; 0: 1
}

// Metrics that others are made of.
const (
	busyCores  = "host_cpu_busy_cores"
	otherCores = "host_cpu_other_cores" // what is busy with nothing of the lab's
	stealCores = "host_cpu_steal_cores" // that the hypervisor gave to others
	memoryPSS  = "memory_pss_bytes_max"
)

const (
	milli      = 1000 // seconds to milliseconds
	nodeCPU    = `node_cpu_seconds_total{job="node"}`
	nodeMemory = `{__name__=~"node_memory_Mem(Total|Available)_bytes",job="node"}`
	nodeNet    = `{__name__=~"node_network_(receive|transmit)_bytes_total",job="node"}`
	serviceCPU = series.ServiceCPU + `{job="lab"}`
)

// What the backend under test tells.
var (
	app    = backend.Bundled.Metrics
	labels = backend.Bundled.Labels

	appHTTP      = app.Requests + `{job="app"}`
	appReads     = app.Reads + `{job="app"}`
	appFallbacks = app.ReadFallbacks + `{job="app"}`

	// The counter of successful acquires is there even when nothing has failed.
	appFailures = `{__name__=~"` + app.QueryErrors + `|` + app.PoolAcquires + `",job="app"}`
)

// metrics is the whole adapter between what the exporters serve and the
// canonical metrics, but for what is read from histograms (distribution.go).
var metrics = slices.Concat([]metric{
	{name: "host_cpu_busy_ratio", from: nodeCPU, reduce: ratioInLoad, weigh: but("mode", "idle", "iowait")},
	{name: "host_cpu_steal_ratio", from: nodeCPU, reduce: ratioInLoad, weigh: only("mode", "steal")},
	{name: "host_load1_max", from: `node_load1{job="node"}`, reduce: highest},
	{name: "host_memory_used_bytes_max", from: nodeMemory, reduce: highest, weigh: totalLessAvailable},
	{name: "host_network_bytes_per_second", from: nodeNet, reduce: rateInLoad},
	{
		name:   "host_disk_read_bytes_per_second",
		from:   `node_disk_read_bytes_total{job="node"}`,
		reduce: rateInLoad,
		weigh:  wholeDisks,
	},
	{
		name:   "host_disk_written_bytes_per_second",
		from:   `node_disk_written_bytes_total{job="node"}`,
		reduce: rateInLoad,
		weigh:  wholeDisks,
	},
	{
		name:   "host_disk_busy_ratio",
		from:   `node_disk_io_time_seconds_total{job="node"}`,
		reduce: topTimeInLoad,
		weigh:  wholeDisks,
	},
	{name: "host_psi_cpu_ratio", from: `node_pressure_cpu_waiting_seconds_total{job="node"}`, reduce: timeInLoad},

	// Not on every kernel.
	{name: "host_psi_io_ratio", from: `node_pressure_io_waiting_seconds_total{job="node"}`, reduce: timeInLoad},
	{name: "host_psi_memory_ratio", from: `node_pressure_memory_waiting_seconds_total{job="node"}`, reduce: timeInLoad},
	{name: "host_runnable_mean", from: `node_procs_running{job="node"}`, reduce: mean},
	// Steal is busy too: to the lab the CPU was not there.
	{name: busyCores, from: nodeCPU, reduce: rateInLoad, weigh: but("mode", "idle", "iowait")},
	{name: stealCores, from: nodeCPU, reduce: rateInLoad, weigh: only("mode", "steal")},
	{name: "host_cpus", from: nodeCPU, reduce: rateInLoad}, // as many as have told their time

	{name: "http_requests", from: appHTTP, reduce: sent, weigh: apiRoutes},
	{name: "http_errors_5xx", from: appHTTP, reduce: sent, weigh: serverErrors},
	{name: "requests_shed", from: app.Shed + `{job="app"}`, reduce: sent},
	{name: "http_rps", from: appHTTP, reduce: rate, weigh: apiRoutes},
	{name: "http_rps_peak", from: appHTTP, reduce: peakRate, weigh: apiRoutes},
	{name: "pool_acquired_max", from: app.PoolAcquired + `{job="app"}`, reduce: highest},
	{name: "pool_acquired_mean", from: app.PoolAcquired + `{job="app"}`, reduce: mean},
	{name: "pool_waiting_max", from: app.PoolWaiting + `{job="app"}`, reduce: highest},
	{name: "pool_acquires_per_second", from: app.PoolAcquires + `{job="app"}`, reduce: rate},
	// Only what has come up.
	{name: "query_errors", from: appFailures, reduce: anyGrowth, by: "sqlstate"},
	{name: "pool_acquire_timeouts", from: appFailures, reduce: growth, weigh: only("sqlstate", labels.AcquireTimeout)},
	{name: "pool_new_conns", from: app.PoolNewConns + `{job="app"}`, reduce: growth},
	{name: "pool_new_conns_per_second", from: app.PoolNewConns + `{job="app"}`, reduce: rate},
	{name: "pool_closed_conns_per_second", from: app.PoolClosed + `{job="app"}`, reduce: rateInLoad},
	{name: "query_cancels_per_second", from: app.QueryCancels + `{job="app"}`, reduce: rate},
	{name: "reads_primary", from: appReads, reduce: growth, weigh: only("target", labels.Primary)},
	{name: "reads_replica", from: appReads, reduce: growth, weigh: only("target", labels.Replica)},
	{name: "read_fallbacks", from: appFallbacks, reduce: growth},
	{name: "read_fallbacks", from: appFallbacks, reduce: growth, by: "reason"},
	{name: "stale_reads", from: app.StaleReads + `{job="app"}`, reduce: growth},
	// Of the backend's role too, but asked for by no request.
	{name: "probe_statements", from: app.ReplicaProbes + `{job="app"}`, reduce: sent},
},
	database("primary"),
	database("replica"),
	[]metric{
		{name: "replica_lag_bytes_max", from: series.PGReplicaLagBytes + `{job="lab"}`, reduce: highest},
		// The backend's own view, where it has a replica; the number of probes is always there.
		{name: "replica_heartbeat_lag_seconds_max", reduce: highestIfThere, weigh: named(app.ReplicaLag),
			from: `{__name__=~"` + app.ReplicaLag + `|` + app.ReplicaProbes + `",job="app"}`},
		// Over the statements of both servers.
		{name: "execution_mean_ms", reduce: ratio, scale: milli, weigh: named(series.PGStatementSeconds), per: named(series.PGStatements),
			from: `{__name__=~"` + series.PGStatements + "|" + series.PGStatementSeconds + `",job="lab"}`},
		{name: "replica_lag_seconds_max", from: series.PGReplicaLagSeconds + `{job="lab"}`, reduce: highest},

		{name: "pgbouncer_client_active_max", from: pools("client_active_connections"), reduce: highest, weigh: notConsole},
		{name: "pgbouncer_client_waiting_max", from: pools("client_waiting_connections"), reduce: highest, weigh: notConsole},
		{name: "pgbouncer_server_active_max", from: pools("server_active_connections"), reduce: highest, weigh: notConsole},
		{name: "pgbouncer_maxwait_seconds_max", from: pools("client_maxwait_seconds"), reduce: topmost, weigh: notConsole},
		// Waits are counted when they end in a server, once in each transaction.
		{name: "pgbouncer_wait_mean_ms", reduce: ratio, scale: milli,
			from:  `{__name__=~"pgbouncer_stats_totals_(client_wait_seconds|sql_transactions_pooled)_total",job="pgbouncer"}`,
			weigh: both(notConsole, named("pgbouncer_stats_totals_client_wait_seconds_total")),
			per:   both(notConsole, named("pgbouncer_stats_totals_sql_transactions_pooled_total"))},

		{name: "cpu_cores", from: serviceCPU, reduce: rateInLoad, by: "service"},
		{name: "cpu_limit_cores", from: series.ServiceCPULimit + `{job="lab"}`, reduce: highest, by: "service"},
		// Absent without a quota; that each service has a limit is always there.
		{name: "service_throttled_periods_ratio", reduce: ratioInLoad, by: "service",
			weigh: named(series.ServiceThrottled), per: named(series.ServiceQuotaPeriods),
			from: `{__name__=~"` + series.ServiceThrottled + `|` + series.ServiceQuotaPeriods + `|` + series.ServiceCPULimit + `",job="lab"}`},
		{name: "supervisor_open_fds_max", from: `process_open_fds{job="lab"}`, reduce: highest},
		{name: memoryPSS, from: series.ServicePSS + `{job="lab"}`, reduce: highest, by: "service"},
	})

// database returns the metrics of one PostgreSQL server.
func database(server string) []metric {
	from := func(name string) string { return name + `{job="lab",server="` + server + `"}` }
	either := func(names string) string { return `{__name__=~"` + names + `",job="lab",server="` + server + `"}` }
	return []metric{
		{name: server + "_connections_max", from: from(series.PGConnections), reduce: highest},
		{name: server + "_active_max", from: from(series.PGConnections), reduce: highest, weigh: only("state", "active")},
		{name: server + "_active_mean", from: from(series.PGConnections), reduce: mean, weigh: only("state", "active")},
		{name: server + "_blocks_read_per_second", from: from(series.PGBlocksRead), reduce: rate},
		{name: server + "_statements", from: from(series.PGStatements), reduce: sent},
		{name: server + "_qps", from: from(series.PGStatements), reduce: rate},
		{name: server + "_qps_peak", from: from(series.PGStatements), reduce: peakRate},
		{name: server + "_query_mean_ms", from: either(series.PGStatements + "|" + series.PGStatementSeconds), reduce: ratio, scale: milli,
			weigh: named(series.PGStatementSeconds), per: named(series.PGStatements)},
		{name: server + "_cache_hit_ratio", from: either(series.PGBlocksHit + "|" + series.PGBlocksRead), reduce: ratio, weigh: named(series.PGBlocksHit)},
		{name: server + "_rows_returned_per_second", from: from(series.PGRowsReturned), reduce: rate},
		{name: server + "_rows_fetched_per_second", from: from(series.PGRowsFetched), reduce: rate},
		{name: server + "_rows_written_per_second", reduce: rate,
			from: either(series.PGRowsInserted + "|" + series.PGRowsUpdated + "|" + series.PGRowsDeleted)},
		{name: server + "_lock_waiting_max", from: from(series.PGLockWaiting), reduce: highest},
		// No waiter, no series: the number that wait for locks is always there.
		{name: server + "_wait_events", from: either(series.PGWaiting + "|" + series.PGLockWaiting), reduce: mean, by: "event"},
	}
}

// pools selects a gauge of PgBouncer's pools. A pool exists from its first client
// on; that of the console always does, so no client is not the same as no answer.
func pools(gauge string) string { return "pgbouncer_pools_" + gauge + `{job="pgbouncer"}` }

var notConsole = but("database", "pgbouncer")

func only(label model.LabelName, values ...string) weight {
	return func(m model.Metric) float64 { return count(slices.Contains(values, string(m[label]))) }
}

func but(label model.LabelName, values ...string) weight {
	return func(m model.Metric) float64 { return count(!slices.Contains(values, string(m[label]))) }
}

func named(name string) weight { return only(model.MetricNameLabel, name) }

func both(a, b weight) weight {
	return func(m model.Metric) float64 { return a(m) * b(m) }
}

func count(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

// apiRoutes leaves out requests that matched no route.
func apiRoutes(m model.Metric) float64 {
	return count(slices.Contains(backend.Bundled.Routes, string(m["route"])))
}

func serverErrors(m model.Metric) float64 {
	code := string(m["code"])
	return apiRoutes(m) * count(len(code) == 3 && code[0] == '5')
}

func totalLessAvailable(m model.Metric) float64 {
	if m[model.MetricNameLabel] == "node_memory_MemAvailable_bytes" {
		return -1
	}
	return 1
}

// stacked devices pass on to others what is counted there.
var stacked = regexp.MustCompile(`^(dm-|md|loop|ram|zram|sr|nbd|fd)`)

func wholeDisks(m model.Metric) float64 { return count(!stacked.MatchString(string(m["device"]))) }

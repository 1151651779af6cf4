// Package series names what the lab's own exporter serves (job "lab" in
// Prometheus): the exporter writes these series, the snapshot reads them back.
package series

// Services of the stack, labelled service.
const (
	ServiceCPU = "lab_service_cpu_seconds_total" // of all its processes, ended ones included
	ServicePSS = "lab_service_pss_bytes"         // proportional set size
	ServiceUp  = "lab_service_up"                // 1: its process runs
	// ServiceCPULimit is the CPUs that it may use, by affinity and quota. Where it has a quota,
	// ServiceQuotaPeriods counts the quota's periods in which it ran, and ServiceThrottled those
	// of them in which the quota held it back.
	ServiceCPULimit     = "lab_service_cpu_limit_cores"
	ServiceQuotaPeriods = "lab_service_quota_periods_total"
	ServiceThrottled    = "lab_service_throttled_periods_total"
)

// Service is the name by which metrics know a service: the primary is simply postgres there.
func Service(name string) string {
	if name == "primary" {
		return "postgres"
	}
	return name
}

// Sessions of the PostgreSQL servers, labelled server ("primary", "replica").
// The lab's own sessions are left out.
const (
	PGUp             = "lab_pg_up"               // 1: the server could be read
	PGConnections    = "lab_pg_connections"      // also labelled state: active, idle, idle_in_transaction, other
	PGMaxConnections = "lab_pg_max_connections"  // as many sessions as there may be
	PGWaiting        = "lab_pg_waiting"          // active ones, also labelled event ("Lock:tuple"); no waiter, no series
	PGLockWaiting    = "lab_pg_lock_waiting"     // those that wait for a lock
	PGBackend        = "lab_pg_backend_sessions" // those of the backend's role
)

// Counters of the PostgreSQL servers, labelled server.
const (
	PGStatements       = "lab_pg_statements_total" // of the backend, ended without an error
	PGStatementSeconds = "lab_pg_statement_seconds_total"
	PGBlocksHit        = "lab_pg_blocks_hit_total"  // found in shared buffers
	PGBlocksRead       = "lab_pg_blocks_read_total" // asked of the operating system
	PGRowsReturned     = "lab_pg_rows_returned_total"
	PGRowsFetched      = "lab_pg_rows_fetched_total"
	PGRowsInserted     = "lab_pg_rows_inserted_total"
	PGRowsUpdated      = "lab_pg_rows_updated_total"
	PGRowsDeleted      = "lab_pg_rows_deleted_total"
	PGWAL              = "lab_pg_wal_bytes_total" // the primary's: written; the replica's: replayed
)

// Replication, seen from the primary; absent while no replica streams.
const (
	PGReplicaLagBytes   = "lab_pg_replica_lag_bytes"
	PGReplicaLagSeconds = "lab_pg_replica_lag_seconds"
)

// PoolerClients are the clients of a pooler on the way of the queries that lets in as many as it serves at once,
// labelled service and state: served, waiting (in its socket's queue).
const PoolerClients = "lab_pooler_clients"

// TrialInfo is 1 while a trial runs, labelled run, n, cell and scenario.
const TrialInfo = "lab_shot_info"

// How far the run is that has begun last since the stack is up, labelled run.
const (
	RunPlanned  = "lab_run_shots_planned" // at most: a run may end when it has measured enough
	RunDone     = "lab_run_shots_done"    // a trial that was rerun counts once
	RunVerdicts = "lab_run_verdicts"      // of those that are done, also labelled verdict
)

// Metrics lists every metric above.
var Metrics = []string{
	ServiceCPU, ServicePSS, ServiceUp, ServiceCPULimit, ServiceQuotaPeriods, ServiceThrottled,
	PGUp, PGConnections, PGMaxConnections, PGWaiting, PGLockWaiting, PGBackend,
	PGStatements, PGStatementSeconds, PGBlocksHit, PGBlocksRead,
	PGRowsReturned, PGRowsFetched, PGRowsInserted, PGRowsUpdated, PGRowsDeleted, PGWAL,
	PGReplicaLagBytes, PGReplicaLagSeconds, PoolerClients,
	TrialInfo, RunPlanned, RunDone, RunVerdicts,
}

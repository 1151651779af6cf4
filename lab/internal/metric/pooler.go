package metric

import (
	lab "stormwave/lab/internal/series"
)

// PgBouncer's pools, one for each database. A pool exists from its first client on; that of the console always does,
// so no client is not the same as no answer.
var notConsole = Not("database", "pgbouncer")

func pools(gauge string) Selector { return series("pgbouncer", "pgbouncer_pools_"+gauge) }

// Waits are counted when they end in a server, once in each transaction.
const (
	pgWaitSeconds  = "pgbouncer_stats_totals_client_wait_seconds_total"
	pgTransactions = "pgbouncer_stats_totals_sql_transactions_pooled_total"
)

// What PgBouncer tells.
var (
	PgBouncerClients = add("pgbouncer_client_active_max", Things, "clients of PgBouncer that are linked to a server").
				from(pools("client_active_connections"), Highest).counting(notConsole)
	PgBouncerWaiting = add("pgbouncer_client_waiting_max", Things, "clients of PgBouncer that wait for a server").
				from(pools("client_waiting_connections"), Highest).counting(notConsole).
				in(Pools, "PgBouncer clients waiting max")
	PgBouncerServers = add("pgbouncer_server_active_max", Things, "connections of PgBouncer to the servers at work").
				from(pools("server_active_connections"), Highest).counting(notConsole).
				in(Pools, "PgBouncer servers active max")
	PgBouncerLongest = add("pgbouncer_maxwait_seconds_max", Seconds, "how long the client that waits longest has waited").
				from(pools("client_maxwait_seconds"), HighestOne).counting(notConsole)
	PgBouncerWait = add("pgbouncer_wait_mean_ms", Milliseconds, "mean wait for a server in PgBouncer, per transaction").
			from(series("pgbouncer", pgWaitSeconds, pgTransactions), Part).counting(notConsole, Named(pgWaitSeconds)).
			per(notConsole, Named(pgTransactions)).times(milli).in(Pools, "PgBouncer wait mean ms")
	PgBouncerQueue = add("pgbouncer_client_waiting", Things, "clients that wait for a server").
			from(pools("client_waiting_connections"), Unread).counting(notConsole).kept()
	PgBouncerAtWork = add("pgbouncer_server_active", Things, "connections to the servers at work").
			from(pools("server_active_connections"), Unread).counting(notConsole).kept()

	PgBouncerIdle = live(Things, "connections to the servers that are idle", series("pgbouncer",
		"pgbouncer_pools_server_idle_connections", "pgbouncer_pools_server_used_connections"), Level).counting(notConsole)
	PgBouncerPoolSize = live(Things, "as many as a pool may have", series("pgbouncer", "pgbouncer_databases_pool_size"),
		TopLevel).counting(Not("name", "pgbouncer"))
	PgBouncerWaited = live(Seconds, "waiting for a server in PgBouncer", series("pgbouncer", pgWaitSeconds), Speed).
			counting(notConsole)
)

// Poolers that let in only as many clients as they serve. Their clients are there where such a pooler is on the way;
// that each service has a limit is always there.
var (
	poolerClients = series("lab", lab.PoolerClients, lab.ServiceCPULimit)

	PoolerServed = add("pooler_clients_served_max", Things, "clients that a pooler serves").
			from(poolerClients, HighestIfThere).counting(Named(lab.PoolerClients), Is("state", "served")).by("service").
			addedUp().in(Pools, "Pooler clients served max").later()
	PoolerWaiting = add("pooler_clients_waiting_max", Things, "clients that wait in the queue of a pooler's socket").
			from(poolerClients, HighestIfThere).counting(Named(lab.PoolerClients), Is("state", "waiting")).by("service").
			addedUp().in(Pools, "Pooler clients waiting max").later()
)

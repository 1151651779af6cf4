package metric

import (
	lab "stormwave/lab/internal/series"
)

// Server is what is measured of a PostgreSQL server. Sessions, AtWork, Waits, MaxConnections and WAL are curves.
type Server struct {
	QPS, QPSPeak, Statements, QueryMean, CacheHit, BlocksRead *Metric
	Connections, Active, ActiveMean, LockWaiting, WaitEvents  *Metric
	OfBackend, RowsReturned, RowsFetched, RowsWritten         *Metric

	Sessions, AtWork, Waits, MaxConnections, WAL *Metric
}

// The servers.
var (
	OfPrimary = server("primary", Primary, add, Is("server", "primary"))
	OfReplica = server("replica", Replica, add, Is("server", "replica"))
)

// Servers are both, the primary first.
var Servers = []Server{OfPrimary, OfReplica}

// OfServers are the metrics of the servers that the matchers choose, together: none of them is in the table.
func OfServers(which ...Matcher) Server { return server("servers", None, unlisted, which...) }

func server(name string, t Table, add func(string, Unit, string) *Metric, which ...Matcher) Server {
	of := func(names ...string) Selector { return series("lab", names...).and(which...) }
	is := func(suffix string, unit Unit, help string) *Metric { return add(name+suffix, unit, help) }
	active := Is("state", "active")
	s := Server{
		QPS: is("_qps", EventsASec, "statements of the backend that ended without an error").
			from(of(lab.PGStatements), Rate).in(t, "QPS").kept(),
		QPSPeak: is("_qps_peak", EventsASec, "the most statements in a second").
			from(of(lab.PGStatements), PeakRate).in(t, "QPS peak"),
		Connections: is("_connections_max", Things, "sessions of clients; the lab's own are left out").
			from(of(lab.PGConnections), Highest).in(t, "Connections max"),
		OfBackend: is("_backend_sessions_max", Things, "sessions of the backend's role").
			from(of(lab.PGBackend), Highest),
		Active: is("_active_max", Things, "sessions at work").
			from(of(lab.PGConnections), Highest).counting(active).in(t, "Active max"),
		ActiveMean: is("_active_mean", Mean, "sessions at work, on average").
			from(of(lab.PGConnections), MeanOverLoad).counting(active),
		QueryMean: is("_query_mean_ms", Milliseconds, "mean time that the server took to execute a statement").
			from(of(lab.PGStatements, lab.PGStatementSeconds), Part).counting(Named(lab.PGStatementSeconds)).
			per(Named(lab.PGStatements)).times(milli).in(t, "Query mean ms"),
		CacheHit: is("_cache_hit_ratio", Ratio, "share of the blocks that were in shared buffers").
			from(of(lab.PGBlocksHit, lab.PGBlocksRead), Part).counting(Named(lab.PGBlocksHit)).in(t, "Cache hit %"),
		RowsReturned: is("_rows_returned_per_second", RowsASec, "rows of sequential scans and entries of index scans").
			from(of(lab.PGRowsReturned), Rate).in(t, "Rows returned/s"),
		RowsFetched: is("_rows_fetched_per_second", RowsASec, "rows fetched by index").
			from(of(lab.PGRowsFetched), Rate).in(t, "Rows fetched/s"),
		RowsWritten: is("_rows_written_per_second", RowsASec, "rows inserted, updated and deleted").
			from(of(lab.PGRowsInserted, lab.PGRowsUpdated, lab.PGRowsDeleted), Rate).in(t, "Rows written/s"),
		LockWaiting: is("_lock_waiting_max", Things, "sessions that wait for a lock that another one holds").
			from(of(lab.PGLockWaiting), Highest).in(t, "Lock waits max"),
		// No waiter, no series: the number that wait for locks is always there.
		WaitEvents: is("_wait_events", Mean, "sessions at work that wait, by what they wait for").
			from(of(lab.PGWaiting, lab.PGLockWaiting), MeanOverLoad).by("event"),
		Statements: is("_statements", Things, "statements of the backend that ended without an error").
			from(of(lab.PGStatements), Sent),
		BlocksRead: is("_blocks_read_per_second", EventsASec, "blocks asked of the operating system").
			from(of(lab.PGBlocksRead), Rate),
		Sessions: is("_connections", Things, "sessions of clients; the lab's own are left out").
			from(of(lab.PGConnections), Unread).kept(),
		AtWork: is("_active", Things, "sessions at work").
			from(of(lab.PGConnections), Unread).counting(active).kept(),
		Waits: unlisted("", Things, "what sessions at work wait for, as each second shows it").
			from(of(lab.PGWaiting), Unread),
		MaxConnections: unlisted("", Things, "as many sessions as there may be").
			from(of(lab.PGMaxConnections), Unread).drawn(TopLevel),
		WAL: unlisted("", BytesASec, "WAL that the primary writes, and that the replica replays").
			from(of(lab.PGWAL), Unread).drawn(Speed),
	}
	s.RowsReturned.Kept = t == Primary
	return s
}

package report

import (
	"stormwave/lab/internal/judge/diagnose"
	"stormwave/lab/internal/record"
	"stormwave/lab/internal/report/numeral"
)

const stations = `The way of a query, station by station: means over the queries of the repetition, of which a read of
the feed makes two. The pool's wait, for connecting too, ends before the query begins as the backend sees it. A query that
succeeds is PgBouncer's wait, the execution on the server, and the rest: driver, network, the transfer of rows and the
backend's work on them, and waiting for a CPU in between. Servers and PgBouncer tell no time of queries that failed, so
the rest is what is left of the successful ones; of a run that did not keep these apart it is told where at most 1% of
the statements failed. The query as the backend sees it is the mean over all, failed ones included. Each number is a
median of its own and from a counter of its own, so the parts add up nearly.

`

// stationColumns are where the time of a query goes, from the backend inwards.
var stationColumns = []column{
	metric("Pool wait ms", "pool_wait_mean_ms", numeral.Figure),
	{
		head: "PgBouncer wait ms", name: poolerWait, show: numeral.Figure, why: direct,
		value: func(r *record.Record) (float64, bool) {
			v, ok := r.Metrics[poolerWait]
			return v, ok && r.Route().Through(pgbouncer)
		},
	},
	metric("Execution ms", "execution_mean_ms", numeral.Figure),
	{head: "Rest ms", name: "query_ok_mean_ms", show: numeral.Figure, value: restOfQuery, why: restUnknown},
	queryColumn,
}

// littleColumns hold the figures against each other: by Little's law the connections
// in use are their acquires per second × the time that each is held.
var littleColumns = []column{
	{head: "Busy connections, by Little's law", name: "pool_acquires_per_second", show: numeral.Figure, value: busyByLaw},
	later("Busy connections, sampled", "pool_acquired_mean", numeral.Figure),
}

func busyByLaw(r *record.Record) (float64, bool) {
	acquires, counted := r.Metrics["pool_acquires_per_second"]
	held, timed := r.Metrics["query_mean_ms"]
	return acquires * held / 1000, counted && timed
}

// queryColumn is measured together with what the query's parts are.
var queryColumn = later("Query, as the backend sees it, ms", "query_mean_ms", numeral.Figure)

// poolerWait is a metric of PgBouncer's.
const (
	pgbouncer  = "pgbouncer"
	poolerWait = "pgbouncer_wait_mean_ms"
)

func direct(r *record.Record) string {
	if !r.Route().Through(pgbouncer) {
		return "not through PgBouncer"
	}
	return ""
}

// restOfQuery is what neither PgBouncer nor a server accounts for of a query that succeeds, in ms. Since they
// are counted apart, it may come out slightly below 0.
func restOfQuery(r *record.Record) (float64, bool) {
	query, _, ok := diagnose.QueryTime(*r)
	execution, executed := r.Metrics["execution_mean_ms"]
	wait, waited := r.Metrics[poolerWait]
	if !r.Route().Through(pgbouncer) {
		wait, waited = 0, true
	}
	return query - wait - execution, ok && executed && waited
}

func restUnknown(r *record.Record) string {
	if _, name, ok := diagnose.QueryTime(*r); !ok && name == "query_ok_mean_ms" {
		return "queries failed, and the time of those that did not is not known"
	}
	return "one of its parts is not known"
}

package report

import (
	"stormwave/lab/internal/judge/diagnose"
	"stormwave/lab/internal/metric"
	"stormwave/lab/internal/record"
	"stormwave/lab/internal/report/numeral"
)

const readingBreakdown = `Where the time of a query goes, from the backend inwards: means over the queries of the trial,
of which a read of the feed makes two. The pool's wait, for connecting too, ends before the query begins as the backend
sees it. A query that succeeds is PgBouncer's wait, the execution on the server, and the rest: driver, network, the
transfer of rows and the backend's work on them, and waiting for a CPU in between. Servers and PgBouncer report no
time of queries that failed, so the rest is what is left of the successful ones; a run that did not keep these apart has
it only where at most 1% of the statements failed. The query as the backend sees it is the mean over all, failed ones
included. Each number is a median of its own and from a counter of its own, so the parts add up only nearly.

`

// breakdownColumns are where the time of a query goes, from the backend inwards.
var breakdownColumns = []column{
	of(metric.PoolWait).headed("Pool wait ms"),
	{
		head: "PgBouncer wait ms", name: metric.PgBouncerWait.Name, show: numeral.Figure, why: direct,
		value: func(r *record.Record) (float64, bool) {
			v, ok := metric.PgBouncerWait.Value(r)
			return v, ok && r.Route().Through(pgbouncer)
		},
	},
	of(metric.Execution).headed("Execution ms"),
	{head: "Rest ms", name: metric.QueryOKMean.Name, show: numeral.Figure, value: restOfQuery, why: restUnknown},
	queryColumn,
}

// littleColumns hold the figures against each other: by Little's law the connections
// in use are their acquires per second × the time that each is held.
var littleColumns = []column{
	{
		head: "Busy connections, by Little's law", name: metric.PoolAcquiresRate.Name,
		show: numeral.Figure, value: busyByLaw,
	},
	of(metric.PoolAcquiredMean).headed("Busy connections, sampled"),
}

func busyByLaw(r *record.Record) (float64, bool) {
	acquires, counted := metric.PoolAcquiresRate.Value(r)
	held, timed := metric.QueryMean.Value(r)
	return acquires * held / 1000, counted && timed
}

// queryColumn is measured together with what the query's parts are.
var queryColumn = of(metric.QueryMean).headed("Query, as the backend sees it, ms")

// pgbouncer is the hop that metric.PgBouncerWait is of.
const pgbouncer = "pgbouncer"

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
	execution, executed := metric.Execution.Value(r)
	wait, waited := metric.PgBouncerWait.Value(r)
	if !r.Route().Through(pgbouncer) {
		wait, waited = 0, true
	}
	return query - wait - execution, ok && executed && waited
}

func restUnknown(r *record.Record) string {
	if _, from, ok := diagnose.QueryTime(*r); !ok && from == metric.QueryOKMean {
		return "queries failed, and the time of those that did not is not known"
	}
	return "one of its parts is not known"
}

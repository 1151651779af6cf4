package metric

import (
	"stormwave/lab/internal/backend"
	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/record"
)

// What the backend under test tells. Its series are read with some that are always there.
var (
	app = backend.Series

	ofWorkload  = Not("route", backend.Unrouted)
	serverError = Like("code", "5..")

	appHTTP      = series("app", app.Requests)
	appLatency   = series("app", app.RequestDuration).and(ofWorkload)
	appAcquires  = series("app", app.AcquireDuration)
	appQueries   = series("app", app.QueryDuration)
	appReads     = series("app", app.Reads)
	appFallbacks = series("app", app.ReadFallbacks)
	appFailures  = series("app", app.QueryErrors, app.PoolAcquires)
)

// What is made of a histogram, in PromQL.
const (
	meanOf = "histogram_sum(%s) / histogram_count(%s)"
	p95Of  = "histogram_quantile(0.95, %s)"
	p99Of  = "histogram_quantile(0.99, %s)"
)

// Requests, as the backend counts them.
var (
	HTTPRequests = add("http_requests", Things, "requests of the workload that were answered, errors included").
			from(appHTTP, Sent).counting(ofWorkload)
	HTTPErrors = add("http_errors_5xx", Things, "answers that are errors of the server (5xx)").
			from(appHTTP, Sent).counting(ofWorkload, serverError)
	RequestsShed = add("requests_shed", Things, "requests turned away by admission control").
			from(series("app", app.Shed), Sent)
	HTTPRate = add("http_rps", RequestsASec, "requests of the workload that were answered").
			from(appHTTP, Rate).counting(ofWorkload).kept()
	HTTPRatePeak = add("http_rps_peak", RequestsASec, "the most requests answered in a second").
			from(appHTTP, PeakRate).counting(ofWorkload)
	HTTPErrorRate = add("http_errors_5xx_per_second", RequestsASec, "answers that are errors of the server (5xx)").
			from(appHTTP, Unread).drawn(Speed).counting(ofWorkload, serverError).kept()
	HTTPMean = add("http_mean_ms", Milliseconds, "mean time from a request's headers to its answer").
			from(appLatency, OverHistogram).ofHistogram(meanOf)
	HTTPP95 = add("http_p95_ms", Milliseconds, "95th percentile of the time from a request's headers to its answer").
		from(appLatency, OverHistogram).ofHistogram(p95Of)
	HTTPP99 = add("http_p99_ms", Milliseconds, "99th percentile of the time from a request's headers to its answer").
		from(appLatency, OverHistogram).ofHistogram(p99Of)
)

// The backend's pools.
var (
	PoolAcquired = add("pool_acquired_max", Things, "connections of the backend's pools in use").
			from(series("app", app.PoolAcquired), Highest).in(Pools, "Pool in use max")
	PoolAcquiredMean = add("pool_acquired_mean", Mean, "connections of the backend's pools in use, on average").
				from(series("app", app.PoolAcquired), MeanOverLoad).later()
	PoolInUse = add("pool_acquired", Things, "connections in use").
			from(series("app", app.PoolAcquired), Unread).kept()
	PoolWaiting = add("pool_waiting_max", Things, "requests that wait for a connection of a pool").
			from(series("app", app.PoolWaiting), Highest).in(Pools, "Pool waiting max")
	PoolQueue = add("pool_waiting", Things, "requests that wait for a connection of the pool at this moment").
			from(series("app", app.PoolWaiting), Unread).kept()
	// However the wait ended: without those who gave up, a mean flatters.
	PoolWait = add("pool_wait_mean_ms", Milliseconds, "mean wait for a connection of a pool, however it ended").
			from(appAcquires, OverHistogram).ofHistogram(meanOf).in(Pools, "Pool wait mean ms")
	PoolAcquiresRate = add("pool_acquires_per_second", EventsASec, "connections that were got from a pool").
				from(series("app", app.PoolAcquires), Rate)
	QueryErrors = add("query_errors", Things, "acquires and queries that failed, by SQLSTATE, or a word for want of one").
			from(appFailures, GrowthIfAny).by("sqlstate")
	AcquireTimeouts = add("pool_acquire_timeouts", Things, "waits for a connection that were given up").
			from(appFailures, Growth).counting(Is("sqlstate", backend.AcquireTimeout)).in(Pools, "Acquire timeouts")
	NewConns = add("pool_new_conns", Things, "attempts to open a connection").
			from(series("app", app.PoolNewConns), Growth).in(Pools, "Connection attempts")
	NewConnsRate = add("pool_new_conns_per_second", ConnsASec, "attempts to open a connection").
			from(series("app", app.PoolNewConns), Rate).in(Pools, "Connection attempts/s").later()
	ClosedConnsRate = add("pool_closed_conns_per_second", ConnsASec, "connections closed").
			from(series("app", app.PoolClosed), RateInLoad).in(Pools, "Closed connections/s").later()
	QueryCancels = add("query_cancels_per_second", EventsASec, "queries whose context ended before they did").
			from(series("app", app.QueryCancels), Rate).in(Pools, "Cancels/s").later()
)

// Queries, as the backend times them.
var (
	QueryMean = add("query_mean_ms", Milliseconds, "mean time of a query on its connection, failed ones included").
			from(appQueries, OverHistogram).ofHistogram(meanOf).later()
	QueryOKMean = add("query_ok_mean_ms", Milliseconds, "mean time of a query that succeeded").
			from(series("app", app.QueryOKDuration), OverHistogram).ofHistogram(meanOf).optional()
	StatementMean = add("statement_mean_ms", Milliseconds, "mean time of a query, by statement").
			from(appQueries, OverHistogram).ofHistogram(meanOf).by("statement")
)

// Of the backend's role too, but asked for by no request.
var ProbeStatements = add("probe_statements", Things, "statements of the replica's probe").
	from(series("app", app.ReplicaProbes), Sent)

// What only charts and dashboards show of the backend.
var (
	InFlight = live(Things, "requests being worked on", series("app", app.InFlight), Level)
	Queued   = live(Things, "requests that wait to be worked on because as many as may be are in flight",
		series("app", app.Queued), Level)
	ShedRate  = live(RequestsASec, "requests answered 503 at once", series("app", app.Shed), Speed)
	Answers   = live(RequestsASec, "answers, those of no route included", appHTTP, Speed)
	ErrorPart = live(Ratio, "share of the answers that are errors of the server (5xx)", appHTTP.and(ofWorkload), Share).
			counting(serverError)
	PoolIdle    = live(Things, "connections that are idle", series("app", app.PoolIdle), Level)
	PoolOpening = live(Things, "connections being opened", series("app", app.PoolOpening), Level)
	PoolMax     = live(Things, "as many as there may be", series("app", app.PoolMax), Level)
	PoolWaitP99 = live(Milliseconds, "99th percentile of the wait for a connection, however it ended",
		appAcquires, Spread).ofHistogram(p99Of)
	Acquires = live(EventsASec, "waits for a connection that ended", appAcquires, Spread).
			ofHistogram("histogram_count(%s)").times(0)
	QueryFailures = live(EventsASec, "acquires and queries that failed", series("app", app.QueryErrors), Speed)
)

// shed counts the requests that admission control turned away, as the backend tells. Where
// there is no such control none was, whatever else was answered with the same status.
func shed(r *record.Record) (float64, bool) {
	if r.Settings[matrix.MaxInflight] == backend.Unlimited {
		return 0, true
	}
	return RequestsShed.Get(r.Metrics)
}

// ofShed is a share of the requests, of runs that counted apart what is shed.
func ofShed(part func(failed, shed float64) float64) reader {
	return func(r *record.Record) (float64, bool) {
		_, apart := r.Metrics["http_shed"] // of older runs the status 503, which says other things too
		_, counted := RequestsShed.Get(r.Metrics)
		n, ok := shed(r)
		share := part(float64(r.Load.Failed), n) / float64(r.Load.Requests)
		return share, (apart || counted) && ok && r.Load.Requests > 0
	}
}

func notApart(*record.Record) string { return "not counted apart from other answers 503" }

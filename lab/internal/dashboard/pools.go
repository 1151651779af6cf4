package dashboard

import (
	"stormwave/lab/internal/metric"
)

// perRequest is what the requests have spent, for each of them, in milliseconds.
func perRequest(seconds string) string {
	return "1000 * " + seconds + " / histogram_count(sum(rate(" + metric.HTTPMean.Family.String() + "[" + window + "])))"
}

// ofHistogram is what a histogram has added up in a second.
func ofHistogram(m *metric.Metric) string {
	return "histogram_sum(sum(rate(" + m.Family.String() + "[" + window + "])))"
}

var pools = board{
	name:        "pools",
	title:       "Pools",
	description: "The way of one request from the door to the server, and where it waits.",
	variable:    server,
	rows: []row{
		{"1 HTTP: requests in flight", []*panel{
			lines("Requests in flight", 8, "when they grow while the rate does not: by Little's law their number is their "+
				"rate times their time.",
				of("{{route}}", metric.InFlight)),
			lines("Answers by status", 8, "about 503 (no room or no connection), 504 (too slow) and 500 (a bug); 499 is a "+
				"client that went away.",
				of("{{code}}", metric.Answers)),
			lines("Where the time goes", 8, "about the largest: that is the bottleneck. The wait in PgBouncer and the "+
				"execution are parts of the query.",
				of("whole request", metric.HTTPMean),
				raw("pool wait", perRequest(ofHistogram(metric.PoolWait)), metric.Milliseconds,
					"what of it was spent waiting for a pooled connection"),
				raw("query", perRequest(ofHistogram(metric.QueryMean)), metric.Milliseconds, "in queries"),
				of("pooler wait", metric.PgBouncerWaited).as(perRequest(metric.PgBouncerWaited.Query(window))),
				of("execution", metric.Executed).as(perRequest(metric.Executed.Query(window)))),
		}},
		{"2 Admission: the queue at the door", []*panel{
			lines("Queue", 12, "when some wait all the time: the door (max_inflight) is too narrow, or what is "+
				"behind it too slow.",
				of("in flight", metric.InFlight),
				of("queued", metric.Queued)),
			lines("Turned away", 12, "when it is a large share: goodput is bounded by what is behind the door. The queue was "+
				"full, or they had waited as long as they may.",
				of("{{reason}}", metric.ShedRate)),
		}},
		{"3 The backend's pools", []*panel{
			poolTo("primary"),
			poolTo("replica"),
			lines("Waiting for a connection", 8, "when any wait for more than some seconds.",
				of("{{target}}", metric.PoolQueue)).worryAbove(1),
			lines("Wait for a connection", 8, "when it is a good part of the request's time, or at the acquire timeout.",
				of("{{target}}", metric.PoolWaitP99)),
			lines("Acquires by outcome", 8, "about all but ok: at the acquire timeout, given up by the caller, or with "+
				"an error on connecting.",
				of("{{outcome}}", metric.Acquires)),
			lines("Connections opened and closed", 8, "when they do not stop after the first seconds: each costs the server a "+
				"process and a log-in.",
				of("opened, {{target}}", metric.NewConnsRate),
				of("closed, {{target}}", metric.ClosedConnsRate).dash()),
			lines("Cancels", 12, "when connections are closed at the same rate: a timeout under load has become a reconnect "+
				"storm. Each closes its connection, or asks the server to cancel.",
				of("{{target}}", metric.QueryCancels)),
			lines("Failures by cause", 12, "about each: 53300 is max_connections, 57014 the statement timeout, 08P01 "+
				"PgBouncer's queue, acquire_timeout the backend's own pool.",
				of("{{sqlstate}}", metric.QueryFailures)),
		}},
		{"4 PgBouncer (in topologies with it)", []*panel{
			lines("Clients of the pooler", 8, "when any wait.",
				of("waiting, {{database}}", metric.PgBouncerQueue),
				of("active, {{database}}", metric.PgBouncerClients).dash()),
			lines("Servers of the pooler", 8, "when all are at work while clients wait.",
				of("{{database}}", metric.PgBouncerAtWork),
				of("idle, {{database}}", metric.PgBouncerIdle).dash(),
				of("limit", metric.PgBouncerPoolSize)),
			lines("Longest wait", 8, "above a second: the pool is far too small, or a server hangs.",
				of("{{database}}", metric.PgBouncerLongest)).worryAbove(1),
			lines("Mean wait", 12, "when it is longer than the query itself. It is counted when the wait ends with a server.",
				of("{{database}}", metric.PgBouncerWait)),
			lines("The pooler's thread", 12, "above 90% of a CPU: PgBouncer has one thread, and then it is the bottleneck.",
				of("pgbouncer", metric.CPUCores.At("pgbouncer"))).worryAbove(0.9),
		}},
		{"5 The servers", []*panel{
			sessions("the primary", 8, metric.OfPrimary),
			sessions("the replica", 8, metric.OfReplica),
			lines("Waits for locks", 8, "when any wait for more than a moment.",
				of("{{server}}", chosen.LockWaiting)).worryAbove(1),
			lines("Wait events", 24, "about Lock (other transactions), LWLock (contention in the server) and IO (disk), when "+
				"they make up most of the active sessions. One that computes waits for nothing and is not here.",
				of("{{event}}", chosen.Waits)).stack(),
		}},
	},
}

// poolTo is the backend's pool to a server. One without a limit tells a very large one.
func poolTo(server string) *panel {
	only := metric.Is("target", server)
	return lines("Pool to the "+server, 8, "when those in use stay at the limit while requests wait.",
		of("in use", metric.PoolInUse.Only(only)),
		of("idle", metric.PoolIdle.Only(only)),
		of("opening", metric.PoolOpening.Only(only)),
		of("limit", metric.PoolMax).as(metric.PoolMax.Only(only).Query(window)+" < 1e5")).stack()
}

package diagnose

import (
	"math"
	"strconv"

	"stormwave/lab/internal/backend"
	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/metric"
	"stormwave/lab/internal/route"
)

// Signatures of the way from the backend to a server: RED for the services, and the
// time of a query taken apart by where it was spent.

// serviceCPU says how near a service is to the CPU it may use: by its use, or by a
// quota that kept it from running. most is what its own threads can use at once.
func (o *observation) serviceCPU(service string, most float64) (claim, []Evidence) {
	used := o.get(metric.CPUCores.At(service))
	limit := math.Min(most, o.get(metric.CPULimit.At(service)))
	words := usedOf(service, used, limit) + " it can use"
	throttled, held := o.throttled(service)
	return either(claim{rise(used/limit, 0.7, 0.92), words}, throttled), []Evidence{
		o.metric(metric.CPUCores.At(service), words),
		held,
	}
}

// appCPU: Go's runtime keeps a backend within GOMAXPROCS, where that is set.
func appCPU(o *observation) (claim, []Evidence) {
	most := o.setting(matrix.AppPrefix + "GOMAXPROCS")
	if math.IsNaN(most) {
		most = math.Inf(1)
	}
	return o.serviceCPU("app", most)
}

// collecting: the backend has no CPU left, or the host has none, and Go's garbage collector takes a good part of what
// the backend gets. With Go's defaults that is a few percent.
func collecting(o *observation) (claim, []Evidence) {
	share := o.or(metric.GCShare, math.NaN())
	if math.IsNaN(share) {
		return none("what garbage collection costs was not recorded"), nil
	}
	words := say("garbage collection took %s of the backend's CPU time", percent(share))
	own, evidence := appCPU(o)
	busy := claim{rise(o.get(metric.HostBusy), 0.75, 0.92), words}
	return both(claim{rise(share, 0.15, 0.4), words}, either(own, busy)), append([]Evidence{
		o.metric(metric.GCShare, words),
		o.effective(gcPercent, say("%s is %s", gcPercent, o.Effective[gcPercent])),
	}, evidence...)
}

// shed: the backend turns requests away, for it works on as many as it may.
func shed(o *observation) (claim, []Evidence) {
	most := o.setting(matrix.MaxInflight)
	if math.IsNaN(most) || math.IsInf(most, 1) {
		return none("the backend works on any number of requests at once"), nil
	}
	n := o.get(metric.RequestsShed)
	share := n / math.Max(1, float64(o.Load.Requests))
	words := say("%s requests, %s, were turned away by max_inflight %s", count(n), percent(share), short(most))
	return claim{rise(share, 0.005, 0.03), words}, []Evidence{
		o.metric(metric.RequestsShed, words),
		o.effective(matrix.MaxQueue, say("%s may wait", short(o.setting(matrix.MaxQueue)))),
	}
}

// notOnTheWay rules a cause out by the topology.
func (o *observation) notOnTheWay(words string) (claim, []Evidence) {
	return none(words), []Evidence{{Name: "attested." + matrix.Topology, Words: words}}
}

// appPool: queries wait for a connection of the backend's longer than for anything
// else, and all of these are in use.
func appPool(o *observation) (claim, []Evidence) {
	s := o.breakdown()
	size, used := o.setting(matrix.PoolSize), o.get(metric.PoolAcquired)
	if o.route().ReadsFrom(route.Replica) {
		size *= 2 // one pool for each server
	}
	share := s.waiting()
	wait := say("a query waits %s for a connection of the backend's pool, %s of its time", millis(s.pool), percent(share))
	bounded := claim{score: 1}
	if math.IsInf(size, 1) {
		bounded = none("the pool has no limit: who waits, waits until the server accepts a connection")
	}
	return both(bounded, claim{rise(share, 0.3, 0.7), wait}, claim{rise(s.pool, 0.5, 3), wait}), []Evidence{
		o.metric(metric.PoolWait, wait),
		o.effective(matrix.PoolSize, say("%s of %s connections in use", count(used), short(size))),
		o.metric(metric.PoolWaiting, say("up to %s requests waited", count(o.or(metric.PoolWaiting, math.NaN())))),
	}
}

// network: a query that succeeds takes much longer than its execution, and nobody waits for a CPU. One that failed
// may have spent its time anywhere.
func network(o *observation) (claim, []Evidence) {
	s := o.breakdown()
	query, from, ok := QueryTime(o.Record)
	if !ok {
		o.get(from)
	}
	beside := math.Max(s.execution+s.pooler, 0.01)
	other := "PgBouncer" // in words that stand in reports of runs without a pooler
	if p, ok := onTheWay(o.poolers, o.route()); ok {
		other = p.Title
	}
	words := say("a query takes %s, %s of it neither in %s nor on the server", millis(query), millis(s.rest), other)
	return both(claim{rise(s.rest, 2, 8), words}, claim{rise(s.rest/beside, 1.5, 5), words}), []Evidence{
		o.metric(from, words),
		o.metric(metric.Execution, say("its execution %s", millis(s.execution))),
	}
}

// connections: the server refuses connections, for it has as many as it may.
func connections(o *observation) (claim, []Evidence) {
	refused, of53300 := o.refused()
	fullest, service := metric.OfPrimary.Connections, "postgres"
	if o.or(metric.OfReplica.Connections, 0) > o.get(fullest) {
		fullest, service = metric.OfReplica.Connections, "replica"
	}
	most, limit := o.get(fullest), o.setting(matrix.PostgresPrefix+"max_connections")
	cpu := o.or(metric.CPUCores.At(service), math.NaN())
	share := refused / math.Max(1, float64(o.Load.Requests))
	full := say("%s of %s connections", count(most), short(limit))
	some := claim{0.5*rise(refused, 0, 1) + 0.5*rise(share, 0, 0.02), of53300.Words}
	return both(claim{rise(most/limit, 0.5, 0.85), full}, some), []Evidence{
		o.metric(fullest, full),
		of53300,
		o.metric(metric.NewConns, say("%s attempts to open a connection", count(o.or(metric.NewConns, math.NaN())))),
		o.metric(metric.CPUCores.At(service), say("its server used %s", cores(cpu))),
	}
}

// refused counts the connections that the server has refused. Records from before
// SQLSTATEs were kept tell at least how many requests were answered 503.
func (o *observation) refused() (float64, Evidence) {
	if len(metric.QueryErrors.Values(o.Metrics)) == 0 {
		for _, overload := range o.backend.Outcome.Overload {
			refusal := strconv.Itoa(overload)
			if n := float64(o.Load.Status[refusal]); n > 0 {
				words := say("%s × %s, for want of a connection or of room", count(n), refusal)
				return n, Evidence{"load.status." + refusal, n, words}
			}
		}
	}
	full := metric.QueryErrors.At("53300")
	n := o.or(full, 0)
	return n, Evidence{full.Key(), n, say("%s × SQLSTATE 53300", count(n))}
}

// lagging: reads leave the replica, or wait, for it is behind.
func lagging(o *observation) (claim, []Evidence) {
	if !o.route().ReadsFrom(route.Replica) {
		return o.notOnTheWay("no read goes to the replica")
	}
	lag := o.or(metric.HeartbeatLag, math.NaN())
	behind := 0.0
	for _, reason := range backend.Lagging {
		behind += o.or(metric.FallbackReasons.At(reason), 0)
	}
	reads := o.get(metric.ReadsPrimary) + o.get(metric.ReadsReplica)
	unplayed := o.or(metric.ReplicaLagBytes, math.NaN()) / 1e6
	late := say("the replica was up to %s s behind", short(lag))
	left := say("%s of %s reads went to the primary instead", count(o.or(metric.ReadFallbacks, 0)), count(reads))
	return either(claim{rise(lag, 0.8, 2.5), late}, claim{rise(behind/math.Max(1, reads), 0.02, 0.1), left}), []Evidence{
		o.metric(metric.HeartbeatLag, late),
		o.metric(metric.ReadFallbacks, left),
		o.metric(metric.ReplicaLagBytes, say("%s MB of WAL not replayed at most", short(unplayed))),
	}
}

package diagnose

import (
	"math"

	"stormwave/app/contract"
	"stormwave/lab/internal/matrix"
)

// Signatures of the way from the backend to a server: RED for the services, and the
// time of a query taken apart by station.

// serviceCPU says how near a service is to the CPU it may use: by its use, or by a
// quota that kept it from running. most is what its own threads can use at once.
func (o *observation) serviceCPU(service string, most float64) (float64, []Evidence) {
	used, limit := o.get(of("cpu_cores", "service", service)), math.Min(most, o.get(of("cpu_limit_cores", "service", service)))
	throttled := o.or(of("service_throttled_ratio", "service", service), math.NaN())
	return either(rise(used/limit, 0.7, 0.92), rise(throttled, 0.05, 0.25)), []Evidence{
		o.metric(of("cpu_cores", "service", service), say("%s used %s of %s it can use", service, short(used), cores(limit))),
		o.metric(of("service_throttled_ratio", "service", service), say("its quota kept it from running %s of the time", percent(throttled))),
	}
}

func appCPU(o *observation) (float64, []Evidence) { return o.serviceCPU("app", math.Inf(1)) }

// poolerCPU: PgBouncer has one thread.
func poolerCPU(o *observation) (float64, []Evidence) {
	if !o.throughPooler() {
		return 0, []Evidence{{Name: "attested." + matrix.Topology, Words: "no query goes through PgBouncer"}}
	}
	return o.serviceCPU("pgbouncer", 1)
}

// appPool: queries wait for a connection of the backend's longer than for anything
// else, and all of these are in use.
func appPool(o *observation) (float64, []Evidence) {
	s := o.stations()
	size, used := o.setting(matrix.PoolSize), o.get("pool_acquired_max")
	if o.overReplica() {
		size *= 2 // one pool for each server
	}
	score := both(rise(s.share(s.pool), 0.3, 0.7), rise(s.pool, 0.5, 3))
	if math.IsInf(size, 1) {
		score = 0 // who has no limit waits for connections to open
	}
	return score, []Evidence{
		o.metric("pool_wait_mean_ms", say("a query waits %s for a connection of the backend's pool, %s of its time", millis(s.pool), percent(s.share(s.pool)))),
		o.attested(matrix.PoolSize, say("%s of %s connections in use", count(used), short(size))),
		o.metric("pool_waiting_max", say("up to %s requests waited", count(o.or("pool_waiting_max", math.NaN())))),
	}
}

// poolerPool: the same in PgBouncer.
func poolerPool(o *observation) (float64, []Evidence) {
	if !o.throughPooler() {
		return 0, []Evidence{{Name: "attested." + matrix.Topology, Words: "no query goes through PgBouncer"}}
	}
	s := o.stations()
	size := o.setting(matrix.PgBouncerPrefix + "default_pool_size")
	waiting := o.get("pgbouncer_client_waiting_max")
	return both(rise(s.onConnection(s.pooler), 0.3, 0.65), rise(s.pooler, 0.5, 3), rise(waiting, 0, 3)), []Evidence{
		o.metric("pgbouncer_wait_mean_ms", say("a query waits %s in PgBouncer, %s of its time", millis(s.pooler), percent(s.share(s.pooler)))),
		o.attested(matrix.PgBouncerPrefix+"default_pool_size", say("%s of %s server connections in use", count(o.or("pgbouncer_server_active_max", math.NaN())), short(size))),
		o.metric("pgbouncer_client_waiting_max", say("up to %s clients waited", count(waiting))),
	}
}

// network: a query takes much longer than its execution, and nobody waits for a CPU.
func network(o *observation) (float64, []Evidence) {
	s := o.stations()
	return both(rise(s.rest, 2, 8), rise(s.rest/math.Max(s.execution+s.pooler, 0.01), 1.5, 5)), []Evidence{
		o.metric("query_mean_ms", say("a query takes %s, %s of it neither in PgBouncer nor on the server", millis(o.get("query_mean_ms")), millis(s.rest))),
		o.metric("execution_mean_ms", say("its execution %s", millis(s.execution))),
	}
}

// connections: the server refuses connections, for it has as many as it may.
func connections(o *observation) (float64, []Evidence) {
	refused, of53300 := o.refused()
	fullest, service := "primary_connections_max", "postgres"
	if o.or("replica_connections_max", 0) > o.get(fullest) {
		fullest, service = "replica_connections_max", "replica"
	}
	most, limit := o.get(fullest), o.setting(matrix.PostgresPrefix+"max_connections")
	cpu := o.or(of("cpu_cores", "service", service), math.NaN())
	share := refused / math.Max(1, float64(o.Load.Requests))
	return both(0.5*rise(refused, 0, 1)+0.5*rise(share, 0, 0.02), rise(most/limit, 0.5, 0.85)), []Evidence{
		o.metric(fullest, say("%s of %s connections", count(most), short(limit))),
		of53300,
		o.metric("pool_new_conns", say("%s connections opened", count(o.or("pool_new_conns", math.NaN())))),
		o.metric(of("cpu_cores", "service", service), say("its server used %s", cores(cpu))),
	}
}

// refused counts the connections that the server has refused. Records from before
// SQLSTATEs were kept tell at least how many requests were answered 503.
func (o *observation) refused() (float64, Evidence) {
	if len(o.labelled("query_errors", "sqlstate")) == 0 && o.Load.Status["503"] > 0 {
		n := float64(o.Load.Status["503"])
		return n, Evidence{"load.status.503", n, say("%s × 503, for want of a connection or of room", count(n))}
	}
	name := of("query_errors", "sqlstate", "53300")
	n := o.or(name, 0)
	return n, Evidence{name, n, say("%s × SQLSTATE 53300", count(n))}
}

// lagging: reads leave the replica, or wait, for it is behind.
func lagging(o *observation) (float64, []Evidence) {
	if !o.overReplica() {
		return 0, []Evidence{{Name: "attested." + matrix.Topology, Words: "no read goes to the replica"}}
	}
	lag := o.or("replica_heartbeat_lag_seconds_max", math.NaN())
	behind := o.or(of("read_fallbacks", "reason", contract.FallbackSession), 0) + o.or(of("read_fallbacks", "reason", contract.FallbackLate), 0)
	reads := o.get("reads_primary") + o.get("reads_replica")
	return either(rise(lag, 0.8, 2.5), rise(behind/math.Max(1, reads), 0.02, 0.1)), []Evidence{
		o.metric("replica_heartbeat_lag_seconds_max", say("the replica was up to %s s behind", short(lag))),
		o.metric("read_fallbacks", say("%s of %s reads went to the primary instead", count(o.or("read_fallbacks", 0)), count(reads))),
		o.metric("replica_lag_bytes_max", say("%s MB of WAL not replayed at most", short(o.or("replica_lag_bytes_max", math.NaN())/1e6))),
	}
}

package diagnose

import (
	"math"
	"slices"
	"strings"

	"stormwave/lab/internal/matrix"
)

// Signatures of PgBouncer, whose limits are several, and what may help against them.

// poolerPool: the same in PgBouncer, or it takes no more clients.
func poolerPool(o *observation) (claim, []Evidence) {
	if !o.route().Through(pgbouncer) {
		return o.notOnTheWay("no query goes through PgBouncer")
	}
	s := o.stations()
	name, size := o.poolerLimit()
	waiting := o.get("pgbouncer_client_waiting_max")
	share := s.inPooler()
	wait := say("a query waits %s in PgBouncer, %s of its time on the connection", millis(s.pooler), percent(share))
	clients := say("up to %s clients waited", count(waiting))
	used := count(o.or("pgbouncer_server_active_max", math.NaN()))
	active := say("%s of %s server connections in use", used, short(size))
	if name != defaultPoolSize {
		active += ", by " + strings.TrimPrefix(name, pgbouncerPrefix)
	}
	c := both(
		claim{rise(share, 0.3, 0.65), wait},
		claim{rise(s.pooler, 0.5, 3), wait},
		claim{rise(waiting, 0, 3), clients},
	)
	refused, why := o.refusedByPooler()
	if why.Words != "" {
		c = either(c, refused)
	}
	return c, []Evidence{
		o.metric("pgbouncer_wait_mean_ms", wait),
		o.attested(name, active),
		o.metric("pgbouncer_client_waiting_max", clients),
		why,
	}
}

// poolerLimit is the limit of PgBouncer's connections to a server that binds first: that of a pool, or a smaller
// one of a database or of a user.
func (o *observation) poolerLimit() (name string, size float64) {
	name, size = defaultPoolSize, o.setting(defaultPoolSize)
	for _, other := range widerPools {
		if n := o.setting(other); n > 0 && n < size {
			name, size = other, n
		}
	}
	return name, size
}

// refusedByPooler says how many queries and clients PgBouncer itself has refused, and by which of its limits: it
// gives one SQLSTATE for all.
func (o *observation) refusedByPooler() (claim, Evidence) {
	name := of("query_errors", "sqlstate", "08P01")
	n := o.or(name, 0)
	if n == 0 {
		return none(""), Evidence{Value: math.NaN()}
	}
	clients := o.or("pgbouncer_client_active_max", 0) + o.or("pgbouncer_client_waiting_max", 0)
	words := say("%s × SQLSTATE 08P01", count(n))
	patience, limited := o.Attested[queryWaitTimeout]
	switch most := o.setting(maxClientConn); {
	case clients >= 0.9*most:
		words += say(": %s of %s clients, by max_client_conn", count(clients), short(most))
	case limited:
		words += say(": they waited longer than query_wait_timeout, %s s", patience)
	}
	share := n / math.Max(1, float64(o.Load.Requests))
	return claim{0.5*rise(n, 0, 1) + 0.5*rise(share, 0, 0.02), words}, o.metric(name, words)
}

// prepared: a statement is prepared on one connection of PgBouncer's and executed on another, which does not know
// it, or knows another one by its name.
func prepared(o *observation) (claim, []Evidence) {
	if !o.route().Through(pgbouncer) {
		return o.notOnTheWay("no query goes through PgBouncer")
	}
	unknown, taken := of("query_errors", "sqlstate", "26000"), of("query_errors", "sqlstate", "42P05")
	lost := o.or(unknown, 0) + o.or(taken, 0)
	share := lost / math.Max(1, float64(o.Load.Requests))
	words := say("%s statements were not known where they were executed, or known already (SQLSTATE 26000, 42P05)",
		count(lost))
	mode := say("exec_mode is %s, and PgBouncer's pool_mode %s with max_prepared_statements %s",
		o.Attested[matrix.ExecMode], o.Attested[pgbouncerPrefix+"pool_mode"], o.Attested[maxPrepared])
	return claim{0.5*rise(lost, 0, 1) + 0.5*rise(share, 0, 0.02), words}, []Evidence{
		{unknown, o.or(unknown, 0), words},
		{"attested." + matrix.ExecMode, 0, mode},
	}
}

// refusesClients says whether a diagnosis tells that PgBouncer takes no more clients.
func (d Diagnosis) refusesClients() bool {
	return slices.ContainsFunc(d.Claimed, func(f Finding) bool {
		return f.Cause == PgBouncerPoolStarved && slices.ContainsFunc(f.Evidence, func(e Evidence) bool {
			return strings.Contains(e.Words, "max_client_conn")
		})
	})
}

// morePooled proposes to raise the limit of PgBouncer's that binds: that of its clients, where the evidence tells
// of it; else that of its connections to a server, of which there need be no more than the backend has.
func (t tuning) morePooled(words string) []proposal {
	now, ok := t.number(defaultPoolSize)
	if !ok || !t.Route().Through(pgbouncer) {
		return nil
	}
	clients, _ := t.number(matrix.PoolSize)
	var all []proposal
	if most, ok := t.number(maxClientConn); ok && t.refused {
		for _, n := range more(most) {
			all = append(all, proposal{"let PgBouncer take more clients", matrix.Settings{maxClientConn: whole(n)}})
		}
		return all
	}
	limit := defaultPoolSize
	for _, name := range widerPools {
		if n, ok := t.number(name); ok && n > 0 && n < now {
			limit, now = name, n
		}
	}
	if limit != defaultPoolSize {
		words = "let PgBouncer have more connections to a database"
	}
	for _, n := range more(now) {
		n = math.Min(n, clients)
		if n <= now || len(all) > 0 && all[len(all)-1].settings[limit] == whole(n) {
			continue
		}
		change := matrix.Settings{limit: whole(n)}
		for _, other := range widerPools {
			if other != limit {
				t.makeRoom(change, other, n)
			}
		}
		if n > t.room() {
			change[maxConnections] = whole(n + spare)
		}
		all = append(all, proposal{words, change})
	}
	return all
}

// fittingExecMode proposes to prepare nothing that PgBouncer does not keep track of, or to let it do so.
func (t tuning) fittingExecMode() []proposal {
	all := []proposal{{
		"send queries as PgBouncer can pass them on (exec_mode)",
		matrix.Settings{matrix.ExecMode: matrix.ExecAuto},
	}}
	if n, ok := t.number(maxPrepared); ok && n == 0 {
		all = append(all, proposal{
			"let PgBouncer keep track of prepared statements (max_prepared_statements, from 1.21 on)",
			matrix.Settings{maxPrepared: "200"},
		})
	}
	return all
}

// pooler proposes PgBouncer, where there is none.
func (t tuning) pooler() []proposal {
	if t.Route().Through(pgbouncer) {
		return nil
	}
	change := matrix.Settings{
		matrix.Topology: t.Route().With(pgbouncer).String(),
		matrix.ExecMode: matrix.ExecAuto,
	}
	if n, ok := t.number(defaultPoolSize); ok && n > t.room() {
		change[defaultPoolSize] = whole(t.room())
	}
	return []proposal{{"have fewer connections to the servers: let PgBouncer hold them", change}}
}

// withoutPooler proposes to do without PgBouncer, with no more connections than the servers take.
func (t tuning) withoutPooler() []proposal {
	if !t.Route().Through(pgbouncer) {
		return nil
	}
	change := matrix.Settings{matrix.Topology: t.Route().Without(pgbouncer).String()}
	n, ok := t.number(matrix.PoolSize)
	if most := t.room(); ok && n > most {
		if math.IsInf(n, 1) {
			most = math.Min(most, connectionsPerCPU*t.cpus)
		}
		change[matrix.PoolSize] = whole(most)
		if least, ok := t.number(matrix.PoolMin); ok && least > most {
			change[matrix.PoolMin] = whole(most)
		}
	}
	return []proposal{{"PgBouncer has one thread: do without it, or run several", change}}
}

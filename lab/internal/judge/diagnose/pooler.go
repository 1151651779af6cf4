package diagnose

import (
	"math"
	"slices"
	"strings"

	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/metric"
	"stormwave/lab/internal/route"
)

// Signatures of a pooler, whose limits are several, and what may help against them.

// poolerCPU: a pooler has as many threads as it has.
func poolerCPU(p matrix.Service) func(*observation) (claim, []Evidence) {
	return func(o *observation) (claim, []Evidence) {
		if !o.route().Through(p.Name) {
			return o.notOnTheWay("no query goes through " + p.Title)
		}
		most := math.Inf(1)
		if p.Pool.Threads > 0 {
			most = float64(p.Pool.Threads)
		}
		return o.serviceCPU(p.Name, most)
	}
}

// poolerPool: queries wait for a connection of a pooler's, or it takes no more clients. Who waits in the queue of its
// socket, waits for the backend's connection to be made.
func poolerPool(p matrix.Service) func(*observation) (claim, []Evidence) {
	return func(o *observation) (claim, []Evidence) {
		if !o.route().Through(p.Name) {
			return o.notOnTheWay("no query goes through " + p.Title)
		}
		s := o.breakdown()
		from, took, share := metric.ByKey(p.Pool.Wait), s.pooler, s.inPooler()
		wait := say("a query waits %s in %s, %s of its time on the connection", millis(took), p.Title, percent(share))
		if p.Pool.Queues {
			from, took, share = metric.PoolWait, s.pool, s.waiting()
			wait = say("a query waits %s for a connection through %s, %s of its time", millis(took), p.Title, percent(share))
		}
		clientsWaiting, used := metric.ByKey(p.Pool.Waiting), o.or(metric.ByKey(p.Pool.Used), math.NaN())
		waiting := o.get(clientsWaiting)
		clients := say("up to %s clients waited", count(waiting))
		limit, size := p.Tightest(o.setting)
		active := say("%s of %s server connections in use", count(used), short(size))
		if limit != p.Pool.Size {
			active += ", by " + limit
		}
		c := both(
			claim{rise(share, 0.3, 0.65), wait},
			claim{rise(took, 0.5, 3), wait},
			claim{rise(waiting, 0, 3), clients},
		)
		refused, why := o.refusedBy(p)
		if why.Words != "" {
			c = either(c, refused)
		}
		return c, []Evidence{
			o.metric(from, wait),
			o.effective(p.Settings.Prefix+limit, active),
			o.metric(clientsWaiting, clients),
			why,
		}
	}
}

// refusedBy says how many queries and clients a pooler itself has refused, and by which of its limits: it gives one
// SQLSTATE for all.
func (o *observation) refusedBy(p matrix.Service) (claim, Evidence) {
	refusals := metric.QueryErrors.At(p.Pool.Refusal)
	n := o.or(refusals, 0)
	if p.Pool.Refusal == "" || n == 0 {
		return none(""), Evidence{Value: math.NaN()}
	}
	if !o.crowded(p) && (matrix.IdleLimit{}).Ends(o.Effective[p.Settings.Prefix+p.Pool.Idle]) {
		return none(""), Evidence{Value: math.NaN()} // it ended connections that idled
	}
	clients := o.or(metric.ByKey(p.Pool.Serving), 0) + o.or(metric.ByKey(p.Pool.Waiting), 0)
	words := say("%s × SQLSTATE %s", count(n), p.Pool.Refusal)
	patience, limited := o.Effective[p.Settings.Prefix+p.Pool.Patience]
	switch most := o.setting(p.Settings.Prefix + p.Pool.Clients); {
	case clients >= 0.9*most:
		words += say(": %s of %s clients%s", count(clients), short(most), byClients(p))
	case limited:
		words += say(": they waited longer than %s, %s s", p.Pool.Patience, patience)
	}
	share := n / math.Max(1, float64(o.Load.Requests))
	return claim{0.5*rise(n, 0, 1) + 0.5*rise(share, 0, 0.02), words}, o.metric(refusals, words)
}

// byClients ends the evidence that a pooler takes no more clients.
func byClients(p matrix.Service) string { return ", by " + p.Pool.Clients }

// refusesClients says whether a diagnosis tells that a pooler takes no more clients.
func (d Diagnosis) refusesClients(poolers []matrix.Service) bool {
	return slices.ContainsFunc(poolers, func(p matrix.Service) bool {
		return slices.ContainsFunc(d.Claimed, func(f Finding) bool {
			return f.Cause == PoolStarved(p.Name) && slices.ContainsFunc(f.Evidence, func(e Evidence) bool {
				return e.Name == metric.QueryErrors.At(p.Pool.Refusal).Key() && strings.HasSuffix(e.Words, byClients(p))
			})
		})
	})
}

// losesPrepared says whether a pooler may execute a statement on another connection than it was prepared on.
func losesPrepared(p matrix.Service) bool { return p.Pool.Prepared != "" }

// prepared: a statement is prepared on one connection of a pooler's and executed on another, which does not know it,
// or knows another one by its name.
func prepared(o *observation) (claim, []Evidence) {
	p, ok := onTheWay(o.poolers, o.route())
	if !ok || !losesPrepared(p) {
		return o.notOnTheWay("no query goes through a pooler that changes connections between statements")
	}
	unknown, taken := metric.QueryErrors.At("26000"), metric.QueryErrors.At("42P05")
	lost := o.or(unknown, 0) + o.or(taken, 0)
	share := lost / math.Max(1, float64(o.Load.Requests))
	words := say("%s statements were not known where they were executed, or known already (SQLSTATE 26000, 42P05)",
		count(lost))
	effective := func(key string) string { return key + " " + o.Effective[p.Settings.Prefix+key] }
	mode := say("exec_mode is %s, and %s's %s with %s",
		o.Effective[matrix.ExecMode], p.Title, effective(p.Pool.Mode), effective(p.Pool.Prepared))
	return claim{0.5*rise(lost, 0, 1) + 0.5*rise(share, 0, 0.02), words}, []Evidence{
		{unknown.Key(), o.or(unknown, 0), words},
		{"attested." + matrix.ExecMode, 0, mode},
	}
}

// morePooled proposes to raise the limit of a pooler's that binds: that of its clients, where the evidence tells of
// it; else that of its connections to a server, of which there need be no more than the backend has.
func (t tuning) morePooled(p matrix.Service) []proposal {
	var all []proposal
	accepted := p.Settings.Prefix + p.Pool.Clients
	if most, ok := t.number(accepted); ok && t.refused {
		for _, n := range more(most) {
			all = append(all, proposal{"let " + p.Title + " take more clients", matrix.Settings{accepted: whole(n)}})
		}
		return all
	}
	limit, now := p.Tightest(t.amount)
	if math.IsNaN(now) {
		return nil
	}
	words := "give " + p.Title + "'s pool more connections"
	if limit != p.Pool.Size {
		words = "let " + p.Title + " have more connections to a database"
	}
	clients, _ := t.number(matrix.PoolSize)
	if p.Pool.Queues && t.Route().ReadsFrom(route.Replica) {
		clients *= 2 // the backend has a pool for each server, and all are let in at the same door
	}
	setting := p.Settings.Prefix + limit
	for _, n := range more(now) {
		n = math.Min(n, clients)
		if n <= now || len(all) > 0 && all[len(all)-1].settings[setting] == whole(n) {
			continue
		}
		change := matrix.Settings{setting: whole(n)}
		for _, other := range p.Pool.Bounds {
			if other != limit {
				t.makeRoom(change, p.Settings.Prefix+other, n)
			}
		}
		if n > t.room() {
			change[maxConnections] = whole(n + spare)
		}
		all = append(all, proposal{words, change})
	}
	return all
}

// fittingExecMode proposes to prepare nothing that a pooler does not keep track of, or to let it do so.
func (t tuning) fittingExecMode() []proposal {
	p, ok := onTheWay(t.poolers, t.Route())
	if !ok || !losesPrepared(p) {
		return nil
	}
	all := []proposal{{
		"send queries as " + p.Title + " can pass them on (exec_mode)",
		matrix.Settings{matrix.ExecMode: matrix.ExecAuto},
	}}
	tracked := p.Settings.Prefix + p.Pool.Prepared
	if n, ok := t.number(tracked); ok && n == 0 {
		all = append(all, proposal{
			"let " + p.Title + " keep track of prepared statements (" + p.Pool.Prepared + ")",
			matrix.Settings{tracked: p.Settings.Defaults[p.Pool.Prepared]},
		})
	}
	return all
}

// pooler proposes the first pooler whose clients share its connections, where there is none.
func (t tuning) pooler() []proposal {
	i := slices.IndexFunc(t.poolers, func(p matrix.Service) bool { return !p.Pool.Queues })
	if _, on := onTheWay(t.poolers, t.Route()); on || i < 0 {
		return nil
	}
	p := t.poolers[i]
	change := matrix.Settings{
		matrix.Topology: t.Route().With(p.Name).String(),
		matrix.ExecMode: matrix.ExecAuto,
	}
	size := p.Settings.Prefix + p.Pool.Size
	if n, ok := t.number(size); ok && n > t.room() {
		change[size] = whole(t.room())
	}
	return []proposal{{"have fewer connections to the servers: let " + p.Title + " hold them", change}}
}

// withoutPooler proposes to do without a pooler, with no more connections than the servers take.
func (t tuning) withoutPooler(p matrix.Service) []proposal {
	change := matrix.Settings{matrix.Topology: t.Route().Without(p.Name).String()}
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
	words := "do without " + p.Title
	if p.Pool.Threads == 1 {
		words = p.Title + " has one thread: do without it, or run several"
	}
	return []proposal{{words, change}}
}

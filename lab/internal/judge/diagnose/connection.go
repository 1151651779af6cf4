package diagnose

import (
	"math"

	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/metric"
	"stormwave/lab/internal/route"
)

// Signatures of connections that end before their time.

// idleEnded: the backend sends queries on connections that a server or the pooler has ended, for they idled.
func idleEnded(o *observation) (claim, []Evidence) {
	limit, value, ok := o.idleLimit()
	if !ok {
		return none("nothing ends connections that idle"), nil
	}
	met := metric.QueryErrors.At(limit.SQLState)
	n := o.or(met, 0)
	share := n / math.Max(1, float64(o.Load.Requests))
	words := say("%s queries met a connection that had been ended while it idled (SQLSTATE %s)", count(n), limit.SQLState)
	return claim{0.5*rise(n, 0, 1) + 0.5*rise(share, 0, 0.02), words}, []Evidence{
		{met.Key(), n, words},
		o.effective(limit.Setting, say("%s is %s", limit.Setting, value)),
	}
}

// idleLimit is the limit of idle connections by which the most queries failed. A pooler has one SQLSTATE for all that
// it refuses: it counts as this limit's only where no other can be why.
func (o *observation) idleLimit() (limit matrix.IdleLimit, value string, ok bool) {
	for _, l := range matrix.IdleLimits(o.poolers) {
		v := o.Effective[l.Setting]
		p, _ := onTheWay(o.poolers, o.route())
		if ofPooler := l.Setting == p.Settings.Prefix+p.Pool.Idle; !l.Ends(v) || ofPooler && o.crowded(p) {
			continue
		}
		if !ok || o.or(metric.QueryErrors.At(l.SQLState), 0) > o.or(metric.QueryErrors.At(limit.SQLState), 0) {
			limit, value, ok = l, v, true
		}
	}
	return limit, value, ok
}

// crowded says whether a pooler had no room for a client, or clients that waited under a limit.
func (o *observation) crowded(p matrix.Service) bool {
	waiting := o.or(metric.ByKey(p.Pool.Waiting), 0)
	clients := o.or(metric.ByKey(p.Pool.Serving), 0) + waiting
	_, limited := o.Effective[p.Settings.Prefix+p.Pool.Patience]
	return limited && waiting > 0 || clients >= 0.9*o.setting(p.Settings.Prefix+p.Pool.Clients)
}

// churn: whoever gives a query up closes its connection, and opens another while the server still executes: it has more
// sessions than the pool has connections.
func churn(o *observation) (claim, []Evidence) {
	cancels := o.or(metric.QueryCancels, 0)
	share := cancels / math.Max(1, o.perSecond())
	given := say("%s queries a second were given up", short(cancels))
	if cancels == 0 {
		return none("no query was given up"), nil
	}
	size, name := o.setting(matrix.PoolSize), matrix.PoolSize
	if p, ok := onTheWay(o.poolers, o.route()); ok && !p.Pool.Queues {
		key, most := p.Tightest(o.setting)
		size, name = most, p.Settings.Prefix+key
	}
	most := o.get(metric.OfPrimary.Connections)
	if o.route().ReadsFrom(route.Replica) {
		most = math.Max(most, o.or(metric.OfReplica.Connections, 0))
	}
	beyond := say("a server had up to %s sessions by %s %s", count(most), name, short(size))
	opened := o.or(metric.NewConnsRate, 0)
	attempts := say("%s connections a second were opened", short(opened))
	return both(
			claim{rise(share, 0.005, 0.03), given},
			claim{rise(opened/cancels, 0.2, 0.6), attempts},
			claim{rise((most-size)/size, 0.1, 0.5), beyond},
			claim{rise(most-size, 1, 3), beyond},
		), []Evidence{
			o.metric(metric.QueryCancels, given),
			o.metric(metric.NewConnsRate, attempts),
			o.metric(metric.OfPrimary.Connections, beyond),
		}
}

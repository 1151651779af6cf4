package diagnose

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"stormwave/lab/internal/backend"
	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/metric"
	"stormwave/lab/internal/record"
	"stormwave/lab/internal/route"
)

// observation is a record as the signatures read it. It remembers what they asked
// for in vain.
type observation struct {
	record.Record
	slo      matrix.SLO
	poolers  []matrix.Service // that there are
	explains map[Cause][]Cause
	missing  []string
}

// get returns a metric; what is not in the record is NaN, and noted.
func (o *observation) get(m *metric.Metric) float64 {
	if v, ok := m.Get(o.Metrics); ok {
		return v
	}
	if !slices.Contains(o.missing, m.Key()) {
		o.missing = append(o.missing, m.Key())
	}
	return math.NaN()
}

// or returns a metric that may be absent because nothing happened.
func (o *observation) or(m *metric.Metric, otherwise float64) float64 {
	if v, ok := m.Get(o.Metrics); ok {
		return v
	}
	return otherwise
}

// setting returns a number that a setting is read back as, +Inf where it is no
// limit, NaN where it is not read back.
func (o *observation) setting(name string) float64 {
	text, ok := o.Effective[name]
	if !ok {
		return math.NaN()
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return math.Inf(1)
	}
	return v
}

// metric is evidence that a metric gives.
func (o *observation) metric(m *metric.Metric, words string) Evidence {
	return Evidence{m.Key(), o.or(m, math.NaN()), words}
}

func (o *observation) effective(setting, words string) Evidence {
	return Evidence{"attested." + setting, o.setting(setting), words}
}

func (o *observation) errorRatio() Evidence {
	if o.Load.Requests == 0 {
		return Evidence{"load.requests", 0, "no request was sent"}
	}
	return Evidence{"load.error_ratio", o.Load.ErrorRatio, percent(o.Load.ErrorRatio) + " of the requests failed"}
}

func (o *observation) p99() Evidence {
	return Evidence{"load.latency_ms.p99", o.Load.Latency.P99, "p99 " + millis(o.Load.Latency.P99)}
}

// missed says whether the objective was missed. Where nothing was answered, or every request failed, it was missed
// however fast that went, and whatever share of failures it allows.
func (o *observation) missed() bool {
	l := o.Load
	return l.Requests == 0 || l.Failed >= l.Requests || l.ErrorRatio > o.slo.ErrorRatio ||
		l.Latency.P99 > o.slo.P99.Milliseconds()
}

// route is the way that the queries really took.
func (o *observation) route() route.Route { return route.Of(o.Effective[matrix.Topology]) }

// onTheWay is the pooler on a route; ok is false where there is none.
func onTheWay(poolers []matrix.Service, way route.Route) (p matrix.Service, ok bool) {
	i := slices.IndexFunc(poolers, func(p matrix.Service) bool { return way.Through(p.Name) })
	if i < 0 {
		return p, false
	}
	return poolers[i], true
}

// seen are the poolers that a record tells of: of one that did not run there is nothing to rule out.
func seen(poolers []matrix.Service, r record.Record) []matrix.Service {
	return slices.DeleteFunc(slices.Clone(poolers), func(p matrix.Service) bool {
		_, effective := r.Effective[p.Settings.Prefix+p.Pool.Size]
		_, counted := r.Metrics[p.Pool.Waiting]
		_, ran := metric.CPUCores.At(p.Name).Get(r.Metrics)
		return !effective && !counted && !ran && !route.Of(r.Effective[matrix.Topology]).Through(p.Name)
	})
}

// maxFailed is the share of failed statements up to which a mean over all of them stands for the successful ones.
const maxFailed = 0.01

// statements counts the statements that ended without an error, and those that failed on their connection.
func statements(r record.Record) (succeeded, failed float64) {
	for state, n := range metric.QueryErrors.Values(r.Metrics) {
		if !slices.Contains(backend.Bundled.Labels.Unsent, state) {
			failed += n
		}
	}
	primary, counted := metric.OfPrimary.Statements.Get(r.Metrics)
	replica, _ := metric.OfReplica.Statements.Get(r.Metrics)
	probes, _ := metric.ProbeStatements.Get(r.Metrics)
	succeeded = primary + replica - probes
	if !counted && r.Load != nil {
		succeeded = 2 * float64(r.Load.Requests-r.Load.Failed) // a request looks up its session, and does one thing
	}
	return math.Max(0, succeeded), failed
}

// failing says whether more statements failed than a mean can do without.
func failing(r record.Record) bool {
	succeeded, failed := statements(r)
	return failed > maxFailed*(succeeded+failed)
}

// QueryTime is the mean time in milliseconds of a query that succeeded, from when the backend has its connection to
// the last row, and the metric that tells it. Statistics of the servers and of PgBouncer hold such queries only, so
// only with it a query's time can be taken apart. Records from before query_ok_mean_ms have the mean over all
// queries, which stands for it where at most 1% of them failed; else ok is false.
func QueryTime(r record.Record) (ms float64, from *metric.Metric, ok bool) {
	if ms, ok := metric.QueryOKMean.Get(r.Metrics); ok {
		return ms, metric.QueryOKMean, true
	}
	if failing(r) {
		return math.NaN(), metric.QueryOKMean, false
	}
	ms, ok = metric.QueryMean.Get(r.Metrics)
	return ms, metric.QueryMean, ok
}

// breakdown are where the time of a query goes, in milliseconds, from the backend inwards.
type breakdown struct {
	pool float64 // wait for a connection of the backend's, however it ended
	held float64 // time of a query on that connection, however it ended

	// The parts of a query that succeeded.
	pooler    float64 // wait in a pooler for a connection of its own
	execution float64 // on the server
	rest      float64 // driver, network, rows; NaN where the time of the successful queries is not known
}

func (o *observation) breakdown() breakdown {
	s := breakdown{
		pool:      o.get(metric.PoolWait),
		held:      o.get(metric.QueryMean),
		execution: o.get(metric.Execution),
	}
	if p, ok := onTheWay(o.poolers, o.route()); ok && p.Pool.Wait != "" {
		s.pooler = o.get(metric.ByKey(p.Pool.Wait))
	}
	succeeded, _, ok := QueryTime(o.Record)
	if !ok {
		succeeded = math.NaN()
	}
	s.rest = math.Max(0, succeeded-s.pooler-s.execution)
	return s
}

// waiting is the wait for a connection's share in the time of a query, 0…1; NaN where that is not known.
func (s breakdown) waiting() float64 {
	if t := s.pool + s.held; t > 0 {
		return s.pool / t
	}
	return math.NaN()
}

// inPooler is the share of a pooler's wait in the time of a successful query on its connection, 0…1. A rest that is
// not known counts as none.
func (s breakdown) inPooler() float64 {
	t := s.pooler + s.execution
	if !math.IsNaN(s.rest) {
		t += s.rest
	}
	if t > 0 {
		return s.pooler / t
	}
	return math.NaN()
}

// limit is a time limit as it is read back, in milliseconds; 0 where there is none.
func (o *observation) limit(name string) float64 {
	text := o.Effective[name]
	if minutes, ok := strings.CutSuffix(text, "min"); ok { // as PostgreSQL writes them
		text = minutes + "m"
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0
	}
	return float64(d) / float64(time.Millisecond)
}

// cutOff are statements that a limit of the server's has ended.
func (o *observation) cutOff(sqlstate, limit string) (n float64, words Evidence) {
	ended := metric.QueryErrors.At(sqlstate)
	n = o.or(ended, 0)
	if n == 0 {
		return 0, Evidence{Value: math.NaN()}
	}
	return n, o.metric(ended, say("%s statements were cut off after %s (%s)", count(n), millis(o.limit(limit)), limit))
}

// perSecond is how many statements ended in a second, failed or not, on both servers.
func (o *observation) perSecond() float64 {
	succeeded, failed := statements(o.Record)
	return (o.get(metric.OfPrimary.QPS) + o.get(metric.OfReplica.QPS)) * (1 + failed/math.Max(1, succeeded))
}

// cpus is how many CPUs the machine has. A record that does not say so has the limits of the services: one that is not
// pinned may use them all. Where each is pinned to fewer, it follows from the cores that are busy and their share. That
// share was once diluted by up to a quarter, so it goes before the limits only where it tells of far more.
func (o *observation) cpus() float64 {
	if all := math.Round(o.or(metric.HostCPUs, 0)); all >= 1 {
		return all
	}
	most := 0.0
	for _, limit := range metric.CPULimit.Values(o.Metrics) {
		most = math.Max(most, limit)
	}
	busy, ratio := o.or(metric.HostBusyCores, math.NaN()), o.or(metric.HostBusy, math.NaN())
	if all := math.Round(busy / ratio); ratio > 0 && all > 1.3*most {
		return all
	}
	if most == 0 {
		o.get(metric.HostBusyCores)
		return math.NaN()
	}
	return most
}

// rise is how far v is on its way from low, where nothing is said, to high, where
// all is: 0…1; NaN stays NaN.
func rise(v, low, high float64) float64 {
	return math.Min(1, math.Max(0, (v-low)/(high-low)))
}

// claim is how strongly a figure speaks for a cause, 0…1, or NaN where it is not known; and what it is, in words.
type claim struct {
	score float64
	words string
}

// both is the weakest of claims that must hold together: its words tell why a cause is ruled out. One that is 0 rules
// it out whatever the others are; else it is not known where one of them is not.
func both(claims ...claim) claim {
	weakest := claims[0]
	for _, c := range claims[1:] {
		switch {
		case weakest.score == 0:
		case c.score == 0, math.IsNaN(c.score):
			weakest = c
		case c.score < weakest.score: // never where the weakest is NaN
			weakest = c
		}
	}
	return weakest
}

// either is the strongest of claims of which one is enough; the words are those of all that are known, since only
// together they rule a cause out. One that is not known says nothing.
func either(claims ...claim) claim {
	strongest := claim{score: math.NaN()}
	var words []string
	for _, c := range claims {
		if math.IsNaN(c.score) {
			continue
		}
		if !(c.score <= strongest.score) {
			strongest.score = c.score
		}
		words = append(words, c.words)
	}
	strongest.words = strings.Join(words, ", ")
	return strongest
}

// none rules a cause out.
func none(words string) claim { return claim{words: words} }

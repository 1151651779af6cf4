package runner

import (
	"maps"
	"math"
	"slices"
	"strings"

	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/measure/load"
	"stormwave/lab/internal/metric"
	"stormwave/lab/internal/record"
	"stormwave/lab/internal/route"
)

// Statements of the backend's role that no request asked for: readiness,
// read-back, and the pooler's checks of connections that have idled.
const ownStatements = 100

// counts asks whether three have counted the same: k6 its requests, the backend
// the same requests, the databases the statements that the script says they need. Only
// requests that never reached the backend, or were cut off, may differ. unanswered are those
// before the load that had no answer.
func (v *verdict) counts(rec *record.Record, unanswered int64, each *load.Statements) {
	l := rec.Load
	backend, counted := metric.HTTPRequests.Value(rec)
	if l == nil || !counted && metric.HTTPRequests.Told(v.services.Backend()) {
		return // missing is said already
	}
	sent := l.Requests + l.SetupRequests
	if counted {
		v.arrived(l, sent, unanswered, backend)
	}
	v.endedIdle(rec)
	primary, countedPrimary := metric.OfPrimary.Statements.Value(rec)
	replica, countedReplica := metric.OfReplica.Statements.Value(rec)
	switch {
	case !countedPrimary || !countedReplica:
		return
	case each == nil:
		v.say("not checked: statements of the databases, for the script does not declare how many a request takes")
		return
	}
	perRequest := each.Most
	if rec.Route().ReadsFrom(route.Replica) {
		perRequest = each.MostWithReplica
	}
	probes, _ := metric.ProbeStatements.Value(rec)
	statements := primary + replica - probes
	least := float64(each.Least*(l.Requests-l.Failed)) - probed(rec, probes) // a refused request needs none
	most := float64(perRequest*(sent+l.Interrupted) + ownStatements)
	if statements < least || statements > most {
		v.invalid("counts disagree: the databases ran %.0f statements for %d requests, want %.0f to %.0f",
			statements, sent, least, most)
	}
}

// probed is how many statements the replica's probe may have asked between the scrapes of its counter and of the
// servers', which are at most a second apart at each end of the window.
func probed(rec *record.Record, probes float64) float64 {
	window := rec.End.Sub(rec.Start).Seconds()
	if window <= 0 {
		return 0
	}
	return math.Ceil(2 * probes / window)
}

// arrived asks whether the backend has counted the requests that k6 has sent.
func (v *verdict) arrived(l *record.Load, sent, unanswered int64, backend float64) {
	if l.Requests > 0 && backend <= float64(l.SetupRequests) {
		v.invalid("no request of the load reached the backend, of %d", l.Requests)
	}
	bound := unanswered + l.Status["0"] + l.Interrupted
	if off := math.Abs(float64(sent) - backend); off > float64(bound) {
		v.invalid(
			"counts disagree: k6 sent %d requests, the backend counted %.0f; at most %d may differ", sent, backend, bound,
		)
	}
}

// endedIdle says so where queries met connections that had been ended while they idled.
func (v *verdict) endedIdle(rec *record.Record) {
	for _, limit := range matrix.IdleLimits(v.services.Poolers()) {
		n, _ := metric.QueryErrors.At(limit.SQLState).Get(rec.Metrics)
		if value := rec.Settings[limit.Setting]; limit.Ends(value) && n > 0 {
			v.say("%.0f queries met a connection that had been ended while it idled (SQLSTATE %s): %s is %s",
				n, limit.SQLState, limit.Setting, value)
		}
	}
}

// told leaves out what is made of series that the backend does not tell, and says how many.
func (v *verdict) told(metrics map[string]float64) map[string]float64 {
	untold := metric.Untold(v.services.Backend())
	if len(untold) > 0 {
		v.say("not told by the backend: %d metrics", len(untold))
	}
	maps.DeleteFunc(metrics, func(name string, _ float64) bool {
		name, _, _ = strings.Cut(name, "{")
		return slices.Contains(untold, name)
	})
	return metrics
}

// sessions asks whether the backend has held to the size of its pools: by its own gauges it might even where it has
// not. Through a pooler the servers see the pooler's.
func (v *verdict) sessions(rec *record.Record) {
	way := rec.Route()
	most, bound := v.services.Backend().Sessions.Of(rec.Settings, way.ReadsFrom(route.Replica))
	held, counted := metric.OfPrimary.OfBackend.Value(rec)
	onReplica, also := metric.OfReplica.OfBackend.Value(rec)
	if !bound || !counted || !also || len(way.Poolers()) > 0 {
		return
	}
	// A server ends a session some time after its client has closed it, and the client has opened another meanwhile: on a
	// busy machine Miniflux with one idle connection had 22 of 20.
	ending := max(1, most/10)
	if held+onReplica > float64(most+ending) {
		v.invalid("the backend does not hold to its pools: the servers had %.0f sessions, and it may open %d",
			held+onReplica, most)
	}
}

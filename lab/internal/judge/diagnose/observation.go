package diagnose

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/record"
)

// observation is a record as the signatures read it. It remembers what they asked
// for in vain.
type observation struct {
	record.Record
	slo     matrix.SLO
	missing []string
}

// get returns a metric; what is not in the record is NaN, and noted.
func (o *observation) get(name string) float64 {
	if v, ok := o.Metrics[name]; ok {
		return v
	}
	if !slices.Contains(o.missing, name) {
		o.missing = append(o.missing, name)
	}
	return math.NaN()
}

// or returns a metric that may be absent because nothing happened.
func (o *observation) or(name string, otherwise float64) float64 {
	if v, ok := o.Metrics[name]; ok {
		return v
	}
	return otherwise
}

// of names a metric of a label's value: cpu_cores{service="app"}.
func of(name, label, value string) string { return name + `{` + label + `="` + value + `"}` }

// labelled returns the values of a metric by those of its label.
func (o *observation) labelled(name, label string) map[string]float64 {
	prefix := name + `{` + label + `="`
	found := make(map[string]float64)
	for key, v := range o.Metrics {
		if rest, ok := strings.CutPrefix(key, prefix); ok {
			if value, whole := strings.CutSuffix(rest, `"}`); whole {
				found[value] = v
			}
		}
	}
	return found
}

// setting returns a number that a setting is attested with, +Inf where it is no
// limit, NaN where it is not attested.
func (o *observation) setting(name string) float64 {
	text, ok := o.Attested[name]
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
func (o *observation) metric(name, words string) Evidence {
	return Evidence{name, o.or(name, math.NaN()), words}
}

func (o *observation) attested(setting, words string) Evidence {
	return Evidence{"attested." + setting, o.setting(setting), words}
}

func (o *observation) errorRatio() Evidence {
	return Evidence{"load.error_ratio", o.Load.ErrorRatio, percent(o.Load.ErrorRatio) + " of the requests failed"}
}

func (o *observation) p99() Evidence {
	return Evidence{"load.latency_ms.p99", o.Load.Latency.P99, "p99 " + millis(o.Load.Latency.P99)}
}

// missed says whether the objective was missed.
func (o *observation) missed() bool {
	return o.Load.ErrorRatio > o.slo.ErrorRatio || o.Load.Latency.P99 > bound(o.slo)
}

// bound is the objective's p99 in milliseconds.
func bound(slo matrix.SLO) float64 { return float64(slo.P99) / 1e6 }

func (o *observation) throughPooler() bool {
	return strings.Contains(o.Attested[matrix.Topology], matrix.Pooled)
}

func (o *observation) overReplica() bool {
	return strings.Contains(o.Attested[matrix.Topology], matrix.Replica)
}

// stations are where the time of one query goes, in milliseconds, from the backend
// inwards. They are means over all queries.
type stations struct {
	pool      float64 // wait for a connection of the backend's
	pooler    float64 // wait in PgBouncer for a connection of its own
	execution float64 // on the server
	rest      float64 // driver, network, rows
}

func (o *observation) stations() stations {
	s := stations{pool: o.get("pool_wait_mean_ms"), execution: o.get("execution_mean_ms")}
	if o.throughPooler() {
		s.pooler = o.get("pgbouncer_wait_mean_ms")
	}
	s.rest = math.Max(0, o.get("query_mean_ms")-s.pooler-s.execution)
	return s
}

// total is the time of a query, the wait for its connection included.
func (s stations) total() float64 { return s.pool + s.pooler + s.execution + s.rest }

// share is a part of the total, 0…1; NaN where that is not known.
func (s stations) share(part float64) float64 {
	if t := s.total(); t > 0 {
		return part / t
	}
	return math.NaN()
}

// onConnection is a part of the time after the wait for a connection, 0…1.
func (s stations) onConnection(part float64) float64 {
	if t := s.total() - s.pool; t > 0 {
		return part / t
	}
	return math.NaN()
}

// rise is how far v is on its way from low, where nothing is said, to high, where
// all is: 0…1; NaN stays NaN.
func rise(v, low, high float64) float64 {
	return math.Min(1, math.Max(0, (v-low)/(high-low)))
}

// both is the weaker of two claims that must hold together.
func both(claims ...float64) float64 {
	least := 1.0
	for _, c := range claims {
		least = math.Min(least, c)
	}
	return least
}

// either is the stronger of claims of which one is enough. One that is not known
// says nothing.
func either(claims ...float64) float64 {
	most := math.NaN()
	for _, c := range claims {
		if math.IsNaN(most) || c > most {
			most = c
		}
	}
	return most
}

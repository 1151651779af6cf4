package telemetry

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// StatusClientGone is the status under which a request is counted whose client
// went away before the answer (nginx's 499; nobody receives it).
const StatusClientGone = 499

// Route meters one route. Its usual series are resolved beforehand: a lookup by
// labels costs more than all else that is measured here.
type Route struct {
	name     string
	method   string
	requests *prometheus.CounterVec
	usual    map[int]prometheus.Counter // by status, of the route's own method; never changed
	duration prometheus.Observer
	inFlight prometheus.Gauge
}

// Route returns the meter of a route that is served for one method.
func (m *Metrics) Route(name, method string, statuses ...int) *Route {
	r := &Route{
		name:     name,
		method:   method,
		requests: m.requests,
		usual:    make(map[int]prometheus.Counter, len(statuses)),
		duration: m.requestDuration.WithLabelValues(name),
		inFlight: m.inFlight.WithLabelValues(name),
	}
	for _, status := range statuses {
		r.usual[status] = m.requests.WithLabelValues(name, method, strconv.Itoa(status))
	}
	return r
}

// Begin counts a request in.
func (r *Route) Begin() { r.inFlight.Inc() }

// End counts a request out.
func (r *Route) End(method string, status int, took time.Duration) {
	r.inFlight.Dec()
	r.duration.Observe(took.Seconds())
	if method == r.method {
		if c, ok := r.usual[status]; ok {
			c.Inc()
			return
		}
	}
	r.requests.WithLabelValues(r.name, methodLabel(method), strconv.Itoa(status)).Inc()
}

// methodLabel bounds what a client can make up.
func methodLabel(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch,
		http.MethodDelete, http.MethodOptions:
		return method
	}
	return "other"
}

package telemetry

import "github.com/prometheus/client_golang/prometheus"

// Admission meters the way in.
type Admission struct {
	queued prometheus.Gauge
	shed   *prometheus.CounterVec
}

// Admission returns the meter of the way in.
func (m *Metrics) Admission() *Admission { return &Admission{m.queued, m.shed} }

// Wait counts a request that starts to wait for its turn, Waited counts it out.
func (a *Admission) Wait() { a.queued.Inc() }

// Waited ends what Wait began.
func (a *Admission) Waited() { a.queued.Dec() }

// Shed counts a request that was turned away, by one of the contract's reasons.
func (a *Admission) Shed(reason string) { a.shed.WithLabelValues(reason).Inc() }

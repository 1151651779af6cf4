package telemetry

import (
	"math"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"stormwave/app/contract"
)

// Reads meters where reads are answered. It is there without a replica too: then
// all come from the primary.
type Reads struct {
	byTarget  *prometheus.CounterVec
	fallbacks *prometheus.CounterVec
	stale     prometheus.Counter
}

// Reads returns the meter of the reads.
func (m *Metrics) Reads() *Reads { return m.reads }

func newReads() *Reads {
	r := &Reads{
		byTarget: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: contract.MetricReads, Help: "Reads by the server whose answer was given.",
		}, []string{"target"}),
		fallbacks: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: contract.MetricReadFallbacks, Help: "Reads that the primary took for the replica, by reason.",
		}, []string{"reason"}),
		stale: prometheus.NewCounter(prometheus.CounterOpts{
			Name: contract.MetricStaleReads, Help: "Answers that lacked what their session had written before.",
		}),
	}
	for _, target := range []string{contract.TargetPrimary, contract.TargetReplica} {
		r.byTarget.WithLabelValues(target)
	}
	for _, reason := range contract.Fallbacks {
		r.fallbacks.WithLabelValues(reason)
	}
	return r
}

// Answered counts a read that the target has answered.
func (r *Reads) Answered(target string) { r.byTarget.WithLabelValues(target).Inc() }

// FellBack counts a read that goes to the primary, by one of the contract's reasons.
func (r *Reads) FellBack(reason string) { r.fallbacks.WithLabelValues(reason).Inc() }

// Stale counts an answer that was older than its session.
func (r *Reads) Stale() { r.stale.Inc() }

// Replica meters what the probe finds out.
type Replica struct {
	usable, lag, lagSize prometheus.Gauge
	probes               *prometheus.CounterVec
}

// Replica returns the meter of the replica's probe. Its gauges exist from then on.
func (m *Metrics) Replica() *Replica {
	gauge := func(name, help string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: help})
	}
	r := &Replica{
		usable:  gauge(contract.MetricReplicaUsable, "Whether reads go to the replica."),
		lag:     gauge(contract.MetricReplicaLag, "By how much the replica's newest heartbeat is older than the primary's."),
		lagSize: gauge(contract.MetricReplicaLagSize, "WAL that the replica has not replayed."),
		probes:  m.probes,
	}
	m.registry.MustRegister(r.usable, r.lag, r.lagSize)
	return r
}

// Usable tells whether reads go to the replica.
func (r *Replica) Usable(yes bool) {
	r.usable.Set(0)
	if yes {
		r.usable.Set(1)
	}
}

// Behind tells how far the replica is behind.
func (r *Replica) Behind(lag time.Duration, bytes int64) {
	r.lag.Set(lag.Seconds())
	r.lagSize.Set(float64(bytes))
}

// Unseen tells that the replica did not answer: how far it is behind is not known.
func (r *Replica) Unseen() {
	r.lag.Set(math.NaN())
	r.lagSize.Set(math.NaN())
}

// Probed counts a statement of the probe.
func (r *Replica) Probed(target string) { r.probes.WithLabelValues(target).Inc() }

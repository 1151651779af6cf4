// Package telemetry holds the backend's Prometheus metrics. Their names are the
// contract's; every label has a bounded set of values.
package telemetry

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"stormwave/app/contract"
)

// Metrics is the backend's own registry and everything in it.
type Metrics struct {
	registry        *prometheus.Registry
	requests        *prometheus.CounterVec
	requestDuration *prometheus.HistogramVec
	inFlight        *prometheus.GaugeVec
	waiting         *prometheus.GaugeVec
	acquireDuration *prometheus.HistogramVec
	queryDuration   *prometheus.HistogramVec
	queryOK         *prometheus.HistogramVec
	queryErrors     *prometheus.CounterVec
	queryCancels    *prometheus.CounterVec
	closedConns     *prometheus.CounterVec
	queued          prometheus.Gauge
	shed            *prometheus.CounterVec
	reads           *Reads
	probes          *prometheus.CounterVec
}

// New returns metrics in a registry of their own, with the Go and process collectors.
func New() *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: contract.MetricRequests, Help: "Requests answered, by exact status; 499: the client went away.",
		}, []string{"route", "method", "code"}),
		requestDuration: histogram(contract.MetricRequestDuration, "Time from a request's headers to its answer.", "route"),
		inFlight: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: contract.MetricInFlight, Help: "Requests being worked on.",
		}, []string{"route"}),
		waiting: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: contract.MetricPoolWaiting, Help: "Requests waiting for a pooled connection.",
		}, []string{"target"}),
		acquireDuration: histogram(
			contract.MetricAcquireDuration, "Wait for a pooled connection, by how it ended.", "target", "outcome",
		),
		queryDuration: histogram(
			contract.MetricQueryDuration, "Time of a query on its connection, rows read, failures included.", "statement",
			"target",
		),
		queryOK: histogram(contract.MetricQueryOKDuration,
			"Time of a query on its connection, rows read, of those that succeeded.", "target"),
		queryErrors: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: contract.MetricQueryErrors, Help: "Failed acquires and queries, by SQLSTATE or a word where there is none.",
		}, []string{"target", "sqlstate"}),
		queryCancels: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: contract.MetricQueryCancels, Help: "Queries whose context ended before they did.",
		}, []string{"target"}),
		closedConns: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: contract.MetricPoolClosed, Help: "Connections closed.",
		}, []string{"target"}),
		queued: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: contract.MetricQueued, Help: "Requests waiting to be worked on.",
		}),
		shed: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: contract.MetricShed, Help: "Requests turned away by admission control.",
		}, []string{"reason"}),
		reads: newReads(),
		probes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: contract.MetricReplicaProbes, Help: "Statements of the replica's probe.",
		}, []string{"target"}),
	}
	for _, reason := range contract.Sheds {
		m.shed.WithLabelValues(reason)
	}
	for _, target := range []string{contract.TargetPrimary, contract.TargetReplica} {
		m.probes.WithLabelValues(target)
	}
	m.registry.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		m.requests, m.requestDuration, m.inFlight, m.waiting, m.acquireDuration, m.queryDuration, m.queryOK, m.queryErrors,
		m.queryCancels, m.closedConns, m.queued, m.shed, m.reads.byTarget, m.reads.fallbacks, m.reads.stale, m.probes,
	)
	return m
}

// Registry is what Handler exposes.
func (m *Metrics) Registry() *prometheus.Registry { return m.registry }

// Handler serves the metrics, native histograms to scrapers that ask for protobuf.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{Registry: m.registry})
}

// buckets reach from an idle pool's acquire to past any client's patience.
var buckets = []float64{
	.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .075, .1, .15, .2, .3, .5, .75, 1, 1.5, 2, 3, 5, 10, 30,
}

// histogram has classic buckets for every reader and native ones for exact
// percentiles: a factor of 1.1 keeps a quantile within 5% of the truth.
func histogram(name, help string, labels ...string) *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: name, Help: help,
		Buckets:                         buckets,
		NativeHistogramBucketFactor:     1.1,
		NativeHistogramMaxBucketNumber:  200,
		NativeHistogramMinResetDuration: time.Hour,
	}, labels)
}

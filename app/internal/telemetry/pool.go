package telemetry

import (
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	"stormwave/app/contract"
)

// Pool meters one connection pool.
type Pool struct {
	waiting prometheus.Gauge
	acquire map[string]prometheus.Observer // by outcome; never changed
	query   map[string]prometheus.Observer // by statement; never changed
	queryOK prometheus.Observer
	errors  *prometheus.CounterVec
	cancels prometheus.Counter
	closed  prometheus.Counter
}

// Pool returns the meter of the pool called target, which runs the named
// statements and fails with the given states.
func (m *Metrics) Pool(target string, statements, states []string) *Pool {
	p := &Pool{
		waiting: m.waiting.WithLabelValues(target),
		acquire: map[string]prometheus.Observer{},
		query:   map[string]prometheus.Observer{},
		queryOK: m.queryOK.WithLabelValues(target),
		errors:  m.queryErrors.MustCurryWith(prometheus.Labels{"target": target}),
		cancels: m.queryCancels.WithLabelValues(target),
		closed:  m.closedConns.WithLabelValues(target),
	}
	for _, outcome := range []string{
		contract.OutcomeOK, contract.OutcomeTimeout, contract.OutcomeCanceled, contract.OutcomeError,
	} {
		p.acquire[outcome] = m.acquireDuration.WithLabelValues(target, outcome)
	}
	for _, statement := range statements {
		p.query[statement] = m.queryDuration.WithLabelValues(statement, target)
	}
	for _, state := range states { // from 0, so that the first error is seen as an increase
		p.errors.WithLabelValues(state)
	}
	return p
}

// Wait counts a request that starts to wait for a connection.
func (p *Pool) Wait() { p.waiting.Inc() }

// Acquired counts it out again, with one of the contract's outcomes.
func (p *Pool) Acquired(outcome string, took time.Duration) {
	p.waiting.Dec()
	p.acquire[outcome].Observe(took.Seconds())
}

// Queried records a query, failed or not. Those that succeeded are kept apart too: the statistics of servers and
// poolers hold no others, and are compared with these.
func (p *Pool) Queried(statement string, took time.Duration, ok bool) {
	p.query[statement].Observe(took.Seconds())
	if ok {
		p.queryOK.Observe(took.Seconds())
	}
}

// Failed counts a failure by one of the states given to Metrics.Pool.
func (p *Pool) Failed(state string) { p.errors.WithLabelValues(state).Inc() }

// Canceled counts a query whose context ended before it did.
func (p *Pool) Canceled() { p.cancels.Inc() }

// Closed counts a connection that is closed.
func (p *Pool) Closed() { p.closed.Inc() }

// WatchPool exports the figures that the pool called target keeps by itself.
func (m *Metrics) WatchPool(target string, stat func() *pgxpool.Stat) {
	m.registry.MustRegister(newPoolCollector(target, stat))
}

// poolFigure is one field of pgxpool.Stat.
type poolFigure struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
	read func(*pgxpool.Stat) float64
}

// poolCollector reads Stat once a scrape, so that its figures belong together.
type poolCollector struct {
	stat    func() *pgxpool.Stat
	figures []poolFigure
}

func newPoolCollector(target string, stat func() *pgxpool.Stat) *poolCollector {
	c := &poolCollector{stat: stat}
	add := func(kind prometheus.ValueType, name, help string, read func(*pgxpool.Stat) float64) {
		desc := prometheus.NewDesc(name, help, nil, prometheus.Labels{"target": target})
		c.figures = append(c.figures, poolFigure{desc, kind, read})
	}
	const gauge, counter = prometheus.GaugeValue, prometheus.CounterValue
	add(
		gauge, contract.MetricPoolAcquired, "Connections in use.",
		func(s *pgxpool.Stat) float64 { return float64(s.AcquiredConns()) },
	)
	add(
		gauge, contract.MetricPoolIdle, "Connections not in use.",
		func(s *pgxpool.Stat) float64 { return float64(s.IdleConns()) },
	)
	add(
		gauge, contract.MetricPoolConstructing, "Connections being opened.",
		func(s *pgxpool.Stat) float64 { return float64(s.ConstructingConns()) },
	)
	add(
		gauge, contract.MetricPoolTotal, "Connections in use, not in use and being opened.",
		func(s *pgxpool.Stat) float64 { return float64(s.TotalConns()) },
	)
	add(
		gauge, contract.MetricPoolMax, "Most connections the pool may hold.",
		func(s *pgxpool.Stat) float64 { return float64(s.MaxConns()) },
	)
	add(
		counter, contract.MetricPoolAcquires, "Successful acquires.",
		func(s *pgxpool.Stat) float64 { return float64(s.AcquireCount()) },
	)
	add(
		counter, contract.MetricPoolAcquireSeconds, "Time spent in successful acquires.",
		func(s *pgxpool.Stat) float64 { return s.AcquireDuration().Seconds() },
	)
	add(
		counter, contract.MetricPoolCanceled, "Acquires given up by the caller.",
		func(s *pgxpool.Stat) float64 { return float64(s.CanceledAcquireCount()) },
	)
	add(
		counter, contract.MetricPoolEmpty, "Successful acquires that had to wait.",
		func(s *pgxpool.Stat) float64 { return float64(s.EmptyAcquireCount()) },
	)
	add(
		counter, contract.MetricPoolEmptySeconds, "Wait of the successful acquires that had to.",
		func(s *pgxpool.Stat) float64 { return s.EmptyAcquireWaitTime().Seconds() },
	)
	add(
		counter, contract.MetricPoolNewConns, "Attempts to open a connection.",
		func(s *pgxpool.Stat) float64 { return float64(s.NewConnsCount()) },
	)
	add(
		counter, contract.MetricPoolLifetimeDestroy, "Connections closed for their age.",
		func(s *pgxpool.Stat) float64 { return float64(s.MaxLifetimeDestroyCount()) },
	)
	add(
		counter, contract.MetricPoolIdleDestroy, "Connections closed for being idle.",
		func(s *pgxpool.Stat) float64 { return float64(s.MaxIdleDestroyCount()) },
	)
	return c
}

// Describe implements prometheus.Collector.
func (c *poolCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, f := range c.figures {
		ch <- f.desc
	}
}

// Collect implements prometheus.Collector.
func (c *poolCollector) Collect(ch chan<- prometheus.Metric) {
	s := c.stat()
	for _, f := range c.figures {
		ch <- prometheus.MustNewConstMetric(f.desc, f.kind, f.read(s))
	}
}

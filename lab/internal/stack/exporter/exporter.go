// Package exporter serves what no other exporter gives: CPU and memory of each
// service, and the state of both PostgreSQL servers, read over connections that
// are held from before the load. During an unlimited storm a new connection is
// refused, which is when the figures matter most.
package exporter

import (
	"context"
	"maps"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Source is what is watched.
type Source interface {
	// PIDs returns the process id of each service that runs.
	PIDs() map[string]int
	// Queues returns the port of each pooler in use that lets its clients wait in its socket's queue.
	Queues() map[string]uint16
	// Connect opens a superuser's connection to one of the servers.
	Connect(ctx context.Context, server string) (*pgx.Conn, error)
}

// Exporter gathers the metrics of one stack.
type Exporter struct {
	source   Source
	registry *prometheus.Registry
	servers  map[string]*server

	mu    sync.Mutex
	trial *Trial
	run   *Progress
	guest map[string]int // processes of others to watch, by service
}

// Trial names what is under load.
type Trial struct {
	Run      string `json:"run"`
	N        int    `json:"n"`
	Cell     string `json:"cell"`
	Scenario string `json:"scenario"`
}

// New returns an exporter that watches these PostgreSQL servers. It reads nothing before it is scraped.
func New(source Source, servers ...string) *Exporter {
	e := &Exporter{
		source:   source,
		registry: prometheus.NewRegistry(),
		servers:  make(map[string]*server),
		guest:    make(map[string]int),
	}
	for _, name := range servers {
		e.servers[name] = &server{name: name, source: source}
	}
	e.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	e.registry.MustRegister(&processes{pids: e.pids}, poolers{source}, trials{e}, runs{e})
	for _, s := range e.servers {
		e.registry.MustRegister(s)
	}
	return e
}

// Handler serves the metrics.
func (e *Exporter) Handler() http.Handler {
	return promhttp.HandlerFor(e.registry, promhttp.HandlerOpts{Timeout: 2 * time.Second})
}

// SetTrial tells which trial runs now and which guest processes (k6) belong
// to it; nil ends it.
func (e *Exporter) SetTrial(trial *Trial, guests map[string]int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.trial, e.guest = trial, maps.Clone(guests)
}

// SetProgress tells how far a run is. It holds until another one begins.
func (e *Exporter) SetProgress(progress Progress) {
	e.mu.Lock()
	defer e.mu.Unlock()
	progress.Verdicts = maps.Clone(progress.Verdicts)
	e.run = &progress
}

// Close closes the connections.
func (e *Exporter) Close(ctx context.Context) {
	for _, s := range e.servers {
		s.close(ctx)
	}
}

func (e *Exporter) pids() map[string]int {
	pids := e.source.PIDs()
	pids[supervisor] = os.Getpid()
	e.mu.Lock()
	defer e.mu.Unlock()
	maps.Copy(pids, e.guest)
	return pids
}

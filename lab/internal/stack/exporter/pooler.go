package exporter

import (
	"github.com/prometheus/client_golang/prometheus"

	"stormwave/lab/internal/series"
	"stormwave/lab/internal/stack/proc"
)

var clientsDesc = prometheus.NewDesc(series.PoolerClients,
	"Clients of a pooler, served and waiting in its socket's queue.", []string{"service", "state"}, nil)

// poolers collects the clients of poolers that have no room for another connection when it is needed most: the kernel
// tells.
type poolers struct{ source Source }

// Describe implements prometheus.Collector.
func (p poolers) Describe(ch chan<- *prometheus.Desc) { ch <- clientsDesc }

// Collect implements prometheus.Collector. What cannot be read is left out.
func (p poolers) Collect(ch chan<- prometheus.Metric) {
	for service, port := range p.source.Queues() {
		served, waiting, err := proc.Clients(port)
		if err != nil {
			continue
		}
		ch <- prometheus.MustNewConstMetric(clientsDesc, prometheus.GaugeValue, float64(served), service, "served")
		ch <- prometheus.MustNewConstMetric(clientsDesc, prometheus.GaugeValue, float64(waiting), service, "waiting")
	}
}

package exporter

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"stormwave/lab/internal/series"
)

var shotDesc = prometheus.NewDesc(series.ShotInfo, "1 while this repetition is shot.", []string{"run", "n", "cell", "scenario"}, nil)

// shots marks the repetition in progress, so that graphs can be read by it.
type shots struct{ *Exporter }

// Describe implements prometheus.Collector.
func (s shots) Describe(ch chan<- *prometheus.Desc) { ch <- shotDesc }

// Collect implements prometheus.Collector.
func (s shots) Collect(ch chan<- prometheus.Metric) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.shot != nil {
		ch <- prometheus.MustNewConstMetric(shotDesc, prometheus.GaugeValue, 1, s.shot.Run, strconv.Itoa(s.shot.N), s.shot.Cell, s.shot.Scenario)
	}
}

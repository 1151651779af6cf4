package exporter

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"stormwave/lab/internal/series"
)

var trialDesc = prometheus.NewDesc(
	series.TrialInfo, "1 while this trial runs.", []string{"run", "n", "cell", "scenario"}, nil,
)

// trials marks the trial in progress, so that graphs can be read by it.
type trials struct{ *Exporter }

// Describe implements prometheus.Collector.
func (s trials) Describe(ch chan<- *prometheus.Desc) { ch <- trialDesc }

// Collect implements prometheus.Collector.
func (s trials) Collect(ch chan<- prometheus.Metric) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.trial != nil {
		ch <- prometheus.MustNewConstMetric(
			trialDesc, prometheus.GaugeValue, 1, s.trial.Run, strconv.Itoa(s.trial.N), s.trial.Cell, s.trial.Scenario,
		)
	}
}

package exporter

import (
	"github.com/prometheus/client_golang/prometheus"

	"stormwave/lab/internal/series"
)

// Progress is how far a run is.
type Progress struct {
	Run      string         `json:"run"`
	Planned  int            `json:"planned"`  // trials
	Verdicts map[string]int `json:"verdicts"` // trials that are done, by their verdict
}

var (
	plannedDesc = prometheus.NewDesc(
		series.RunPlanned, "Trials that the latest run is to make, at most.", []string{"run"}, nil,
	)
	doneDesc     = prometheus.NewDesc(series.RunDone, "Trials that the latest run has made.", []string{"run"}, nil)
	verdictsDesc = prometheus.NewDesc(
		series.RunVerdicts, "Trials that the latest run has made, by verdict.", []string{"run", "verdict"}, nil,
	)
)

// runs tells how far the latest run is.
type runs struct{ *Exporter }

// Describe implements prometheus.Collector.
func (r runs) Describe(ch chan<- *prometheus.Desc) {
	ch <- plannedDesc
	ch <- doneDesc
	ch <- verdictsDesc
}

// Collect implements prometheus.Collector.
func (r runs) Collect(ch chan<- prometheus.Metric) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.run == nil {
		return
	}
	done := 0
	for verdict, n := range r.run.Verdicts {
		done += n
		ch <- prometheus.MustNewConstMetric(verdictsDesc, prometheus.GaugeValue, float64(n), r.run.Run, verdict)
	}
	ch <- prometheus.MustNewConstMetric(plannedDesc, prometheus.GaugeValue, float64(r.run.Planned), r.run.Run)
	ch <- prometheus.MustNewConstMetric(doneDesc, prometheus.GaugeValue, float64(done), r.run.Run)
}

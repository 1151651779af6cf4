package report

import (
	"fmt"
	"math"
	"slices"

	"stormwave/lab/internal/analysis"
	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/metric"
	"stormwave/lab/internal/record"
	"stormwave/lab/internal/report/plot"
)

// Curves are those of a trial that reports draw.
var Curves = names(metric.VUs, metric.RPS, metric.ErrorRatio, metric.P95Curve, metric.P99Curve,
	metric.OfPrimary.Sessions, metric.OfReplica.Sessions, metric.PoolInUse, metric.PoolQueue)

func names(all ...*metric.Metric) []string {
	names := make([]string, len(all))
	for i, m := range all {
		names[i] = m.Name
	}
	return names
}

// maxDrawn is up to how many cells a report draws a trial of each.
const maxDrawn = 200

// Drawn are the numbers of the records whose curves a report draws: of each cell under
// each scenario the trial with the middle goodput.
func Drawn(plan matrix.Plan, records []record.Record) []int {
	if len(plan.Cells) == 0 || len(plan.Cells) > maxDrawn {
		return nil
	}
	var drawn []int
	for _, groups := range analysis.Groups(plan, records) {
		for _, g := range groups {
			if r := g.Typical(); r != nil {
				drawn = append(drawn, r.N)
			}
		}
	}
	return drawn
}

// curveLine is a curve over the seconds since the load began; ok is false if it has no
// value at all.
func curveLine(s record.Series, m *metric.Metric, of func(i int, v float64) float64) (line plot.Line, ok bool) {
	for i, v := range s.Curves[m.Name] {
		y := math.NaN()
		if v != nil {
			y = *v
			if of != nil {
				y = of(i, y)
			}
		}
		ok = ok || !math.IsNaN(y)
		line.X, line.Y = append(line.X, float64(i+1)*s.Step), append(line.Y, y)
	}
	return line, ok
}

// panel is a chart of some curves of a trial.
func panel(label string, height float64, s record.Series, curves ...namedCurve) plot.Chart {
	c := plot.Chart{YLabel: label, Height: height, Points: 72}
	for _, curve := range curves {
		c.XMax = max(c.XMax, float64(len(s.Curves[curve.curve.Name]))*s.Step)
		if l, ok := curveLine(s, curve.curve, curve.of); ok {
			l.Name, l.Ink = curve.name, curve.ink
			c.Series = append(c.Series, l)
		}
	}
	return c
}

type namedCurve struct {
	name  string
	curve *metric.Metric
	ink   plot.Ink
	of    func(i int, v float64) float64
}

// trialPicture is a trial of a cell over time: the load, what came of it, how long it took,
// and the connections. It is nil if its curves are not there.
func (p part) trialPicture(a *Analysis, g group) *picture {
	r := g.Typical()
	if r == nil {
		return nil
	}
	s, ok := a.run.Curves[r.N]
	if !ok || len(s.Curves[metric.RPS.Name]) == 0 {
		return nil
	}
	failed := func(i int, v float64) float64 {
		if share := s.Curves[metric.ErrorRatio.Name]; i < len(share) && share[i] != nil {
			return v * *share[i]
		}
		return math.NaN()
	}
	latency := panel(
		"Latency, ms", 110, s, namedCurve{"p95", metric.P95Curve, 1, nil}, namedCurve{"p99", metric.P99Curve, 2, nil},
	)
	latency.Levels = []plot.Level{p.level()}
	connections := []namedCurve{
		{"primary", metric.OfPrimary.Sessions, 1, nil}, {"pool in use", metric.PoolInUse, 2, nil},
		{"waiting for the pool", metric.PoolQueue, 3, nil},
	}
	if readsReplica(g) {
		connections = slices.Insert(connections, 1, namedCurve{"replica", metric.OfReplica.Sessions, 4, nil})
	}
	panels := []plot.Chart{
		panel("VUs", 70, s, namedCurve{"", metric.VUs, plot.Plain, nil}),
		panel(
			"Requests per second", 100, s, namedCurve{"sent", metric.RPS, 1, nil}, namedCurve{"failed", metric.RPS, 2, failed},
		),
		latency,
		panel("Connections", 120, s, connections...),
	}
	panels[len(panels)-1].XLabel = "Seconds since the load began"
	return &picture{
		title: fmt.Sprintf("%s, trial %d: load, requests, latency and connections over time", p.Scenario, r.N),
		note:  fmt.Sprintf("Trial [%d](#%s), of the middle goodput.", r.N, recordAnchor(r.N)),
		draw: func(bool) ([]byte, error) {
			return plot.Stack(fmt.Sprintf("%s, trial %d", p.Scenario, r.N), panels...)
		},
	}
}

// seriesPicture shows the baseline and the best cell over time, VUs beside requests and
// p99.
func (p part) seriesPicture(a *Analysis) blocks {
	rows := []int{0}
	if p.best.Row > 0 {
		rows = append(rows, p.best.Row)
	}
	load := plot.Chart{YLabel: "VUs", Height: 100}
	rate := plot.Chart{YLabel: "Requests per second", Height: 130}
	slow := plot.Chart{
		YLabel: "p99, ms (logarithmic)",
		Height: 170,
		LogY:   true,
		Levels: []plot.Level{p.level()},
		XLabel: "Seconds since the load began",
	}
	var trials []string
	for _, row := range rows {
		r := p.rows[row].Typical()
		if r == nil {
			continue
		}
		s, ink := a.run.Curves[r.N], plot.Plain
		if row > 0 {
			ink = 1
		}
		rps, ok := curveLine(s, metric.RPS, nil)
		p99, timed := curveLine(s, metric.P99Curve, nil)
		if !ok || !timed {
			continue
		}
		vus, _ := curveLine(s, metric.VUs, nil)
		vus.Name = p.rowName(a, row)
		vus.Ink, rps.Ink, p99.Ink = ink, ink, ink
		load.XMax = max(load.XMax, float64(len(vus.X))*s.Step)
		load.Series, rate.Series, slow.Series = append(load.Series, vus), append(rate.Series, rps), append(slow.Series, p99)
		trials = append(trials, fmt.Sprint(r.N))
	}
	if len(trials) == 0 {
		return nil
	}
	rate.XMax, slow.XMax = load.XMax, load.XMax
	title := fmt.Sprintf("Second by second under %s: users, requests and p99 of the baseline", p.Scenario)
	if len(trials) > 1 {
		title += " and of the best cell"
	}
	title += fmt.Sprintf(" (of each the trial with the middle goodput: %s)", list(trials))
	return blocks{&picture{
		title: title,
		run:   a.run.Name,
		file:  p.fileName("series"),
		rank:  rankSeries,
		draw: func(paper bool) ([]byte, error) {
			upper := load
			upper.Paper = paper
			return plot.Stack(title, upper, rate, slow)
		},
	}}
}

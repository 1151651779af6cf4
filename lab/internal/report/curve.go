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
	metric.OfPrimary.Sessions, metric.OfReplica.Sessions, metric.PoolInUse, metric.PoolQueue, metric.OfPrimary.QPS,
	metric.HostBusy)

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

// layers are the study's: what is drawn over time of each, from the users inwards.
var layers = []struct {
	label string // with the unit
	curve *metric.Metric
	log   bool
	of    func(i int, v float64) float64
}{
	{"Users: VUs", metric.VUs, false, nil},
	{"Users: requests per second", metric.RPS, false, nil},
	{"Users: p99, ms (logarithmic)", metric.P99Curve, true, nil},
	{"Database: connections to the primary", metric.OfPrimary.Sessions, false, nil},
	{"Database: queries per second on the primary", metric.OfPrimary.QPS, false, nil},
	{"Host: CPU busy, %", metric.HostBusy, false, func(_ int, v float64) float64 { return 100 * v }},
}

// layersPicture shows the layers over time in small: the baseline beside the cell to set, or else beside the best.
func (p part) layersPicture(a *Analysis) blocks {
	rows := []int{0}
	if row := p.answer.row; row > 0 {
		rows = append(rows, row)
	} else if p.best.Row > 0 {
		rows = append(rows, p.best.Row)
	}
	var panels []plot.Chart
	var trials []string
	end := 0.0
	for i, layer := range layers {
		c := plot.Chart{YLabel: layer.label, Height: 88, LogY: layer.log, Points: 90}
		if layer.log {
			c.Levels = []plot.Level{p.level()}
		}
		for k, row := range rows {
			r := p.rows[row].Typical()
			if r == nil {
				continue
			}
			s := a.run.Curves[r.N]
			line, ok := curveLine(s, layer.curve, layer.of)
			if !ok {
				continue
			}
			line.Ink = []plot.Ink{plot.Plain, 1}[k]
			if i == 0 {
				line.Name = p.rowName(a, row)
				trials = append(trials, fmt.Sprint(r.N))
			}
			end = max(end, float64(len(line.X))*s.Step)
			c.Series = append(c.Series, line)
		}
		if len(c.Series) > 0 {
			panels = append(panels, c)
		}
	}
	if len(trials) == 0 {
		return nil
	}
	for i := range panels {
		panels[i].XMax = end
	}
	panels[len(panels)-1].XLabel = "Seconds since the load began"
	title := fmt.Sprintf("%s over time, layer by layer (of each cell the trial with the middle goodput: %s)",
		p.Scenario, list(trials))
	return blocks{&picture{
		title: title,
		run:   a.run.Name,
		file:  p.fileName("layers"),
		rank:  rankLayers,
		draw: func(paper bool) ([]byte, error) {
			drawn := slices.Clone(panels)
			drawn[0].Paper, drawn[0].Width = paper, cellsWidth
			return plot.Stack(title, drawn...)
		},
	}}
}

package report

import (
	"fmt"
	"math"
	"slices"

	"stormwave/lab/internal/judge/knee"
	"stormwave/lab/internal/judge/stat"
	"stormwave/lab/internal/metric"
	"stormwave/lab/internal/record"
	"stormwave/lab/internal/report/numeral"
	"stormwave/lab/internal/report/plot"
)

// percentilePicture shows how latency is spread: a line for each cell.
func (p part) percentilePicture(a *Analysis) blocks {
	c := plot.Chart{
		Title:  fmt.Sprintf("Latency under %s, percentile by percentile (medians over trials)", p.Scenario),
		XLabel: "Percentile of all requests",
		YLabel: "Latency, ms (logarithmic)",
		LogY:   true,
		Height: 300,
		Levels: []plot.Level{p.level()},
	}
	for _, of := range metric.Percentiles {
		c.Names = append(c.Names, of.Name)
	}
	c.Series = p.rowLines(a, func(row int) (plot.Line, bool) {
		var l plot.Line
		for i, of := range metric.Percentiles {
			v, n := p.rows[row].median(
				column{value: func(r *record.Record) (float64, bool) { return of.Of(&r.Load.Latency), true }},
			)
			if n > 0 {
				l.X, l.Y = append(l.X, float64(i)), append(l.Y, v)
			}
		}
		return l, len(l.X) > 0
	})
	if len(c.Series) == 0 {
		return nil
	}
	return blocks{&picture{
		title: c.Title,
		run:   a.run.Name,
		file:  p.fileName("percentiles"),
		rank:  p.shapeRank(),
		draw: func(paper bool) ([]byte, error) {
			drawn := c
			drawn.Paper = paper
			return plot.Lines(drawn)
		},
	}}
}

// shapeRank lets the percentiles of a rising load, which mix all of it, come last.
func (p part) shapeRank() int {
	if p.rises() {
		return rankPool
	}
	return rankShape
}

// breakdownPicture shows where the time of a query goes, cell by cell.
func (p part) breakdownPicture(a *Analysis) blocks {
	shown := p.barRows(p.drawn)
	r := plot.Rows{
		Title: fmt.Sprintf(
			"Where the time of a query goes under %s (means over queries, medians over trials%s)",
			p.Scenario, p.someOf(shown, p.drawn),
		),
		XLabel: "ms", Parts: []string{"wait for the pool", "wait in PgBouncer", "execution", "rest: driver, network, rows"},
	}
	for _, row := range shown {
		bar, total := plot.Row{Name: p.rowName(a, row)}, 0.0
		for _, c := range breakdownColumns[:len(r.Parts)] {
			v, n := p.rows[row].median(c)
			if n == 0 {
				v = math.NaN()
			} else {
				total += max(0, v)
			}
			bar.Parts = append(bar.Parts, v)
		}
		bar.Text = p.rows[row].mark(numeral.Figure(total))
		if math.IsNaN(bar.Parts[0]) || math.IsNaN(bar.Parts[2]) || math.IsNaN(bar.Parts[3]) {
			bar.Text = numeral.Missing // what is left of it would be taken for all
			bar.Parts = slices.Repeat([]float64{math.NaN()}, len(r.Parts))
		}
		r.Rows = append(r.Rows, bar)
	}
	if len(r.Rows) == 0 {
		return nil
	}
	return blocks{&picture{
		title: r.Title,
		run:   a.run.Name,
		file:  p.fileName("stations"),
		rank:  rankBreakdown,
		draw: func(paper bool) ([]byte, error) {
			drawn := r
			drawn.Paper = paper
			return drawn.Draw()
		},
	}}
}

// saturationBins is in how many steps a rising load is drawn.
const saturationBins = 30

// saturationPicture shows latency and throughput over a rising load.
func (p part) saturationPicture(a *Analysis) blocks {
	slow := plot.Chart{
		YLabel:    "p99, ms (logarithmic)",
		LogY:      true,
		Levels:    []plot.Level{p.level()},
		Height:    240,
		RingLabel: "saturation",
	}
	rate := plot.Chart{XLabel: p.unit(), YLabel: "Requests per second", Height: 200, RingLabel: "saturation"}
	slow.Series = p.rowLines(
		a, func(row int) (plot.Line, bool) { return overLoad(a.run, p.rows[row], metric.P99Curve.Name) },
	)
	rate.Series = p.rowLines(a, func(row int) (plot.Line, bool) { return overLoad(a.run, p.rows[row], metric.RPS.Name) })
	if len(slow.Series) == 0 || len(rate.Series) == 0 {
		return nil
	}
	for i := range rate.Series { // the panels share the axis, and so the legend
		rate.Series[i].Name = ""
	}
	rate.RingLabel = ""
	for _, g := range p.rows {
		for _, r := range g.Used {
			_, top := knee.Load(r, a.run.Curves[r.N])
			slow.XMax = max(slow.XMax, top)
		}
	}
	rate.XMax = slow.XMax
	over := "users"
	if p.unit() == record.UnitRate {
		over = "rate"
	}
	title := fmt.Sprintf("p99 and throughput over the %s of %s (medians over trials)", over, p.Scenario)
	return blocks{&picture{
		title: title,
		run:   a.run.Name,
		file:  p.fileName("bend"),
		rank:  rankShape,
		draw: func(paper bool) ([]byte, error) {
			upper := slow
			upper.Paper = paper
			return plot.Stack(title, upper, rate)
		},
	}}
}

// overLoad is a curve over the load instead of over time: the median of all seconds with
// about so much, until the load has reached its top for the last time. Its saturation has a
// ring, if more than half of the trials have one.
func overLoad(run Run, g group, name string) (plot.Line, bool) {
	var line plot.Line
	bins := make([][]float64, saturationBins)
	top := 0.0
	var loads []float64
	for _, r := range g.Used {
		_, most := knee.Load(r, run.Curves[r.N])
		top = max(top, most)
		if b, ok := knee.FindSaturation(r, run.Curves[r.N]); ok && !math.IsInf(b.Load, 1) {
			loads = append(loads, b.Load)
		}
	}
	if top == 0 {
		return line, false
	}
	bin := func(load float64) int { return min(saturationBins-1, int(load/top*saturationBins)) }
	for _, r := range g.Used {
		s := run.Curves[r.N]
		load, _ := knee.Load(r, s)
		values := s.Curves[name]
		last := -1
		for i, v := range load {
			if v != nil && *v >= 0.99*top {
				last = i
			}
		}
		for i := range min(last+1, len(values)) {
			if load[i] != nil && *load[i] > 0 && values[i] != nil {
				b := bin(*load[i])
				bins[b] = append(bins[b], *values[i])
			}
		}
	}
	for b, values := range bins {
		if len(values) > 0 {
			line.X, line.Y = append(line.X, (float64(b)+0.5)*top/saturationBins), append(line.Y, stat.Median(values))
		}
	}
	if len(loads) > len(g.Used)/2 {
		at := stat.Median(loads)
		if values := bins[bin(at)]; len(values) > 0 {
			line.Rings = []plot.Point{{X: at, Y: stat.Median(values)}}
		}
	}
	return line, len(line.X) > 0
}

package report

import (
	"fmt"
	"math"

	"stormwave/lab/internal/analysis"
	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/record"
	"stormwave/lab/internal/report/numeral"
	"stormwave/lab/internal/report/plot"
)

// cellsPicture is the picture that tells the answer: each cell by its goodput beside the baseline's, and by the p99
// of every trial. It is nil if there is nothing to draw.
func (p part) cellsPicture(a *Analysis) *picture {
	slo, shown := p.Plan.SLO, p.barRows(p.known)
	f := plot.Forest{
		Title:       fmt.Sprintf("Each cell under %s, beside the baseline%s", p.Scenario, p.someOf(shown, p.known)),
		RatioLabel:  "Goodput × baseline",
		ValuesLabel: "p99 of each trial, ms",
		Band:        plot.Span{Low: math.NaN(), High: math.NaN()},
		Margin:      p.Plan.Margins().Ratio,
		Bound:       slo.P99.Milliseconds(),
		BoundName:   fmt.Sprintf("SLO, p99 within %s ms", numeral.Figure(slo.P99.Milliseconds())),
		Width:       cellsWidth,
	}
	if band, ok := p.band(); ok {
		f.Band = plot.Span(band)
	}
	for _, row := range shown {
		g := p.rows[row]
		line := plot.ForestRow{
			Name:  p.rowName(a, row),
			Ratio: math.NaN(),
			Span:  plot.Span{Low: math.NaN(), High: math.NaN()},
			Met:   g.Meets(slo),
			Plain: row == 0 || g.Cell.Control,
			Link:  g.ref.anchor(),
		}
		if v, n := g.median(failedColumn); n > 0 {
			line.Text = numeral.Percent(v) + "% failed"
		}
		if c := p.contrasts[byGoodput][row]; row == 0 {
			line.Ratio = 1
		} else if c.N > 0 {
			line.Ratio = c.Ratio
			line.Low, line.High = ends(c)
		}
		for _, r := range g.Shown() {
			if v, ok := analysis.P99.Of(r); ok {
				line.Values = append(line.Values, plot.Outcome{Value: v, Met: metBy(r, slo)})
			}
		}
		f.Rows = append(f.Rows, line)
	}
	if len(f.Rows) == 0 {
		return nil
	}
	return &picture{
		title: f.Title,
		run:   a.run.Name,
		file:  p.fileName("cells"),
		rank:  rankCells,
		draw: func(paper bool) ([]byte, error) {
			drawn := f
			drawn.Paper = paper
			return drawn.Draw()
		},
	}
}

// cellsWidth is that of a picture as wide as the card, in pixels.
const cellsWidth = 900

// known says whether a row has a trial to draw.
func (p part) known(row int) bool { return p.rows[row].N() > 0 }

// metBy says whether a trial met the objective.
func metBy(r *record.Record, slo matrix.SLO) bool {
	if r.HasFailed() {
		return false
	}
	met, _, _ := analysis.Group{Used: []*record.Record{r}}.Met(slo)
	return met == 1
}

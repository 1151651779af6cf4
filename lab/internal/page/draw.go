package page

import (
	"math"
	"time"

	"stormwave/lab/internal/report/plot"
)

// The size of a chart in CSS pixels on a telephone. On a screen it grows a little.
const (
	chartWidth  = 360
	chartHeight = 180
)

// draw returns the chart as an SVG element whose newest point is end. The page has its
// title, its unit and its legend.
func (d drawnChart) draw(g grid, end int64, marks []mark) (string, error) {
	first := end - int64(len(d.Lines[0].Values)) + 1
	c := plot.Chart{
		Title:  d.Title + ", " + d.Unit,
		Width:  chartWidth,
		Height: chartHeight,
		XMin:   seconds(g.time(first)),
		XMax:   seconds(g.time(end)),
		Clock:  true, Bare: true, Points: int(g.points),
	}
	for _, l := range d.Lines {
		drawn := plot.Line{Name: l.Name, Y: l.Values}
		for i := range l.Values {
			drawn.X = append(drawn.X, seconds(g.time(first+int64(i))))
		}
		c.Series = append(c.Series, drawn)
	}
	for _, m := range marks {
		c.Marks = append(c.Marks, plot.Mark{From: seconds(m.Start), To: math.Max(seconds(m.Start)+1, seconds(m.End))})
	}
	svg, err := plot.Lines(c)
	return string(svg), err
}

func seconds(t time.Time) float64 { return float64(t.UnixNano()) / 1e9 }

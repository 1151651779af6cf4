// Package plot draws the pictures of reports and of the live page, as SVG. It is pure: the
// same numbers give the same bytes. There is one style; text is text; a number that is
// missing (NaN) is a gap and never 0.
package plot

import (
	"errors"
	"fmt"
	"math"
	"slices"

	gonum "gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Chart is lines over an axis.
type Chart struct {
	Title          string // says what is to be seen, to those who do not see it as well
	XLabel, YLabel string // with the unit
	Series         []Line
	Marks          []Mark
	Levels         []Level
	RingLabel      string  // what a ring says
	Width, Height  float64 // px; 0: 640 × 260
	XMin, XMax     float64 // of the axis; both 0: as far as the lines reach
	LogY           bool    // what is not above 0 is a gap then
	Clock          bool    // X is in seconds since 1970, and told as the time of day in UTC
	// Names are written at X = 0, 1, 2, … where X is not a number.
	Names []string
	// Points is about how many of each line are drawn; 0: 160. Peaks are never left out.
	Points int
	// Paper is for a file: black on white. Else the ground is that of the page, and the
	// colour that of the text there.
	Paper bool
	// Bare leaves out the title, the label of Y and the legend: the page has them.
	Bare bool
}

// Line is one line of a chart.
type Line struct {
	Name string // in the legend; empty: it is not there
	X, Y []float64
	// Low and High, if not nil, are the ends of the interval of each Y.
	Low, High []float64
	Ink       Ink
	Rings     []Point // what stands out on the line
}

// Point is a point of a chart.
type Point struct{ X, Y float64 }

// Mark is a stretch of X, or a moment where From and To are the same.
type Mark struct {
	From, To float64
	Label    string
}

// Level is a value of Y to compare with. A linear axis that does not nearly reach it
// leaves it out.
type Level struct {
	Y    float64
	Name string
}

// Lines draws a chart.
func Lines(c Chart) ([]byte, error) { return Stack(c.Title, c) }

// Stack draws charts above each other over the same axis, whose label is that of the
// last. The width and the ground are those of the first.
func Stack(title string, charts ...Chart) ([]byte, error) {
	if len(charts) == 0 {
		return nil, errors.New("draw a stack of charts: there is none in it")
	}
	f := frame{title: title, width: or(charts[0].Width, 640), paper: charts[0].Paper, bare: charts[0].Bare}
	for _, c := range charts {
		f.height += or(c.Height, 260)
		if err := c.check(); err != nil {
			return nil, fmt.Errorf("draw %q: %w", title, err)
		}
	}
	if err := f.check(); err != nil {
		return nil, err
	}
	s := newSheet(f)
	lo, hi := xRange(charts)
	total := f.height
	area := s.free.Max.Y - s.free.Min.Y
	// First everything above the areas, so that these can be made as wide as each other.
	places, plots := make([]draw.Canvas, len(charts)), make([]*gonum.Plot, len(charts))
	var left, right vg.Length
	for i, c := range charts {
		last := i == len(charts)-1
		bottom := s.free.Max.Y - area*vg.Length(or(c.Height, 260)/total)
		if last {
			bottom = s.free.Min.Y
		}
		s.legend(c.YLabel, c.keys())
		places[i] = s.free
		places[i].Min.Y = bottom
		s.free.Max.Y = bottom - 4
		plots[i] = c.plot(lo, hi, places[i], last)
		l, r := spread(plots[i], places[i])
		left, right = max(left, l), max(right, r)
	}
	for i, p := range plots {
		l, r := spread(p, places[i])
		p.Draw(draw.Crop(places[i], left-l, r-right, 0, 0))
	}
	return s.svg(), nil
}

// or is a number, or another if it is 0.
func or(v, otherwise float64) float64 {
	if v == 0 {
		return otherwise
	}
	return v
}

func (c Chart) check() error {
	for _, l := range c.Series {
		switch {
		case len(l.X) != len(l.Y):
			return fmt.Errorf("line %q has %d values of X and %d of Y", l.Name, len(l.X), len(l.Y))
		case (l.Low != nil || l.High != nil) && (len(l.Low) != len(l.Y) || len(l.High) != len(l.Y)):
			return fmt.Errorf("line %q has %d values, and %d and %d ends of intervals", l.Name, len(l.Y), len(l.Low), len(l.High))
		}
	}
	return nil
}

func (c Chart) keys() []key {
	var keys []key
	for i, l := range c.Series {
		if l.Name != "" {
			keys = append(keys, key{name: l.Name, line: l.style(i)})
		}
	}
	if slices.ContainsFunc(c.Series, func(l Line) bool { return len(l.Rings) > 0 }) && c.RingLabel != "" {
		keys = append(keys, key{name: c.RingLabel, ring: true, line: draw.LineStyle{Color: black}})
	}
	return keys
}

func (l Line) style(i int) draw.LineStyle {
	colour, dashes := l.Ink.colour(i)
	width := vg.Length(lineWidth)
	if l.Ink == Faint {
		width = faintWidth
	}
	return draw.LineStyle{Color: colour, Width: width, Dashes: dashes}
}

// xRange is how far the common axis reaches.
func xRange(charts []Chart) (lo, hi float64) {
	lo, hi = math.Inf(1), math.Inf(-1)
	for _, c := range charts {
		switch {
		case len(c.Names) > 0:
			lo, hi = min(lo, -0.4), max(hi, float64(len(c.Names))-0.6)
		case c.XMin != 0 || c.XMax != 0:
			lo, hi = min(lo, c.XMin), max(hi, c.XMax)
		default:
			for _, l := range c.Series {
				for _, x := range l.X {
					if finite(x) {
						lo, hi = min(lo, x), max(hi, x)
					}
				}
			}
		}
	}
	switch {
	case !finite(lo) || !finite(hi):
		return 0, 1
	case lo >= hi:
		return lo - 0.5, lo + 0.5
	}
	return lo, hi
}

// farthest is what no axis goes beyond: nothing that is measured does.
const farthest = 1e15

// finite says whether a number can be drawn.
func finite(v float64) bool { return math.Abs(v) < farthest } // not of NaN

// shown says whether a value has a place on the Y axis.
func (c Chart) shown(v float64) bool { return finite(v) && (!c.LogY || v > 1/farthest) }

// yRange is how far the Y axis reaches: a linear one from 0.
func (c Chart) yRange() (lo, hi float64) {
	lo, hi = math.Inf(1), math.Inf(-1)
	for _, l := range c.Series {
		for _, values := range [][]float64{l.Y, l.Low, l.High} {
			for _, v := range values {
				if c.shown(v) {
					lo, hi = min(lo, v), max(hi, v)
				}
			}
		}
	}
	for _, l := range c.Levels {
		if c.shown(l.Y) && (c.LogY || l.Y <= 1.5*hi) {
			lo, hi = min(lo, l.Y), max(hi, l.Y)
		}
	}
	switch {
	case !finite(hi) && c.LogY:
		return 1, 10
	case !finite(hi):
		return 0, 1
	case c.LogY:
		return lo / 1.15, hi * 1.15
	}
	lo, hi = min(0, 1.06*lo), max(0, 1.06*hi)
	if lo == hi {
		hi = 1
	}
	return lo, hi
}

// plot is the chart with its axes, to be drawn at a place. Only the last of a stack tells
// what is on the X axis.
func (c Chart) plot(lo, hi float64, place draw.Canvas, last bool) *gonum.Plot {
	p := axes()
	p.X.Min, p.X.Max = lo, hi
	p.Y.Min, p.Y.Max = c.yRange()
	wide, high := int(place.Max.X-place.Min.X), int(place.Max.Y-place.Min.Y)
	p.Y.Tick.Marker = steps(min(8, max(2, high/32)))
	if c.LogY {
		p.Y.Scale, p.Y.Tick.Marker = gonum.LogScale{}, decades(min(10, max(3, high/26)))
	}
	switch {
	case len(c.Names) > 0:
		p.X.Tick.Marker = names(c.Names)
	case c.Clock:
		p.X.Tick.Marker = clock(max(2, wide/70))
	default:
		p.X.Tick.Marker = steps(max(2, wide/60))
	}
	if last {
		p.X.Label.Text = c.XLabel
	} else {
		p.X.Tick.Marker = unlabelled{p.X.Tick.Marker}
	}
	p.Add(plotter(c.shade), plotter(horizontals), plotter(c.levels), plotter(c.lines))
	return p
}

// unlabelled is a ticker without labels.
type unlabelled struct{ gonum.Ticker }

func (u unlabelled) Ticks(lo, hi float64) []gonum.Tick {
	ticks := u.Ticker.Ticks(lo, hi)
	for i := range ticks {
		ticks[i].Label = ""
	}
	return ticks
}

// shade draws the marks.
func (c Chart) shade(dc draw.Canvas, p *gonum.Plot) {
	x, _ := p.Transforms(&dc)
	end := dc.Min.X // of the label before
	for _, m := range c.Marks {
		from, to := max(dc.Min.X, x(m.From)), min(dc.Max.X, x(m.To))
		if from > dc.Max.X || to < dc.Min.X {
			continue
		}
		if m.From < m.To {
			dc.SetColor(bandShade)
			dc.Fill(vg.Rectangle{Min: vg.Point{X: from, Y: dc.Min.Y}, Max: vg.Point{X: to, Y: dc.Max.Y}}.Path())
		} else {
			dc.StrokeLine2(draw.LineStyle{Color: faint, Width: 1, Dashes: []vg.Length{4, 3}}, from, dc.Min.Y, from, dc.Max.Y)
		}
		style := writing(smallSize)
		label := short(m.Label)
		if width := style.Width(label); label != "" && from >= end && from+3+width <= dc.Max.X {
			put(dc, style, vg.Point{X: from + 3, Y: dc.Max.Y - style.FontExtents().Ascent}, atStart, label)
			end = from + 3 + width + 6
		}
	}
}

// levels draws what the lines are to be compared with.
func (c Chart) levels(dc draw.Canvas, p *gonum.Plot) {
	for _, l := range c.Levels {
		if !c.shown(l.Y) {
			continue
		}
		y := dc.Y(p.Y.Norm(l.Y))
		if !dc.ContainsY(y) {
			continue
		}
		dc.StrokeLine2(draw.LineStyle{Color: faint, Width: 1.2, Dashes: []vg.Length{5, 4}}, dc.Min.X, y, dc.Max.X, y)
		style := writing(smallSize)
		at := vg.Point{X: dc.Max.X, Y: y + 3}
		if at.Y+style.FontExtents().Ascent > dc.Max.Y {
			at.Y = y - style.FontExtents().Ascent - 2
		}
		put(dc, style, at, atEnd, l.Name)
	}
}

// lines draws the lines: the faint ones first, so that none of the others is under them.
func (c Chart) lines(dc draw.Canvas, p *gonum.Plot) {
	for _, background := range []bool{true, false} {
		for i, l := range c.Series {
			if (l.Ink == Faint) == background {
				c.line(dc, p, i, l)
			}
		}
	}
}

func (c Chart) line(dc draw.Canvas, p *gonum.Plot, i int, l Line) {
	style := l.style(i)
	shift := 0.0
	if l.Low != nil && len(c.Names) > 0 { // intervals must not cover each other
		shift = min(0.09, 0.5/float64(len(c.Series))) * (float64(i) - float64(len(c.Series)-1)/2)
	}
	place := func(x, y float64) vg.Point {
		return vg.Point{X: dc.X(p.X.Norm(x + shift)), Y: dc.Y(p.Y.Norm(y))}
	}
	for j, y := range l.Y {
		if l.Low != nil && c.shown(y) && c.shown(l.Low[j]) && c.shown(l.High[j]) {
			low, high := place(l.X[j], l.Low[j]), place(l.X[j], l.High[j])
			dc.StrokeLines(draw.LineStyle{Color: style.Color, Width: 1},
				[]vg.Point{low, high},
				[]vg.Point{{X: low.X - 3, Y: low.Y}, {X: low.X + 3, Y: low.Y}},
				[]vg.Point{{X: high.X - 3, Y: high.Y}, {X: high.X + 3, Y: high.Y}})
		}
	}
	xs, ys := thin(l.X, l.Y, int(or(float64(c.Points), 160)))
	var stretch []vg.Point
	flush := func() {
		switch len(stretch) {
		case 0:
		case 1:
			dot(dc, stretch[0], max(style.Width, 1.5), style.Color)
		default:
			dc.StrokeLines(style, dc.ClipLinesXY(stretch)...)
		}
		stretch = nil
	}
	for j, y := range ys {
		if !c.shown(y) || !finite(xs[j]) {
			flush()
			continue
		}
		stretch = append(stretch, place(xs[j], y))
	}
	flush()
	if len(c.Names) > 0 && l.Ink != Faint {
		for j, y := range l.Y {
			if c.shown(y) {
				dot(dc, place(l.X[j], y), glyphRadius, style.Color)
			}
		}
	}
	for _, r := range l.Rings {
		if c.shown(r.Y) {
			ring(dc, place(r.X, r.Y), style.Color)
		}
	}
}

// Package plot draws the charts of reports and of the live page as SVG. It is pure: the same values give the same
// bytes. NaN marks a missing value, which is drawn as a gap and never as 0.
package plot

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
)

// Chart is lines over an axis.
type Chart struct {
	Title          string // what a screen reader says
	XLabel, YLabel string // with the unit
	Series         []Line
	Marks          []Mark
	Levels         []Level
	RingLabel      string  // what a ring means, for the legend
	Width, Height  float64 // px; 0: 640 × 260
	XMin, XMax     float64 // of the axis; both 0: as far as the lines reach. What lies beyond them is not drawn.
	LogY           bool    // a value that is not above 0 is a gap
	Clock          bool    // X is in seconds since 1970, and labelled with the time of day in UTC
	// Names label X = 0, 1, 2, … where X is not a number.
	Names []string
	// Points is about how many of each line are drawn; 0: 160. Peaks are never left out.
	Points int
	// Paper makes a file: black on white. Without it the chart takes the ground and the text colour of the page.
	Paper bool
	// Bare leaves out the title, the label of Y and the legend: the page has them.
	Bare bool
}

// Line is one line of a chart. X ascends.
type Line struct {
	Name string // in the legend; empty: not there
	X, Y []float64
	// Low and High, if not nil, are the ends of the interval of each Y.
	Low, High []float64
	Ink       Ink
	Rings     []Point // points of the line that stand out
}

// Point is a point of a chart in its units, or of a picture in pixels from the top left.
type Point struct{ X, Y float64 }

// Mark is a stretch of X, or a moment where From and To are the same.
type Mark struct {
	From, To float64
	Label    string
}

// Level is a value of Y to compare with. A linear axis leaves it out if it is above all lines by more than half.
type Level struct {
	Y    float64
	Name string // in the legend
}

// Lines draws a chart.
func Lines(c Chart) ([]byte, error) { return Stack(c.Title, c) }

// panel is a chart in its place in a sheet.
type panel struct {
	Chart
	*sheet
	x, y axis
}

// Stack draws charts above each other over a common X axis, whose label, names and clock are those of the last. The
// width and the ground are those of the first.
func Stack(title string, charts ...Chart) ([]byte, error) {
	if len(charts) == 0 {
		return nil, errors.New("draw a stack of charts: there is none in it")
	}
	height := 0.0
	for _, c := range charts {
		height += c.height()
		if err := c.check(); err != nil {
			return nil, fmt.Errorf("draw %q: %w", title, err)
		}
	}
	s, err := newSheet(title, charts[0].Width, height, charts[0].Paper, charts[0].Bare)
	if err != nil {
		return nil, err
	}
	panels := make([]panel, len(charts))
	bottom, share := s.y, max(0.5, (height-s.edge-s.y)/height) // the title has taken the rest
	left := 0.0
	for i, c := range charts {
		bottom += share * c.height()
		s.legend(c.YLabel, c.keys())
		foot := float64(panelGap)
		if i == len(charts)-1 {
			foot = footHeight(c.XLabel)
		}
		panels[i] = panel{Chart: c, sheet: s, y: c.yAxis(s.y+4, max(bottom-foot, s.y+c.height()/3))}
		left = max(left, widest(panels[i].y.ticks))
		s.y = panels[i].y.from + foot
	}
	x := s.xAxis(min(left, s.width/2)+labelGap, 0)
	spread(&x, charts)
	switch last := charts[len(charts)-1]; {
	case len(last.Names) > 0:
		x.name(last.Names)
	case last.Clock:
		s.fit(&x, clock)
	default:
		s.fit(&x, steps)
	}
	for i, p := range panels {
		p.x = x
		s.y = p.y.from
		p.draw()
		if i == len(panels)-1 {
			s.foot(x, p.XLabel)
		}
	}
	return s.svg()
}

func (c Chart) height() float64 { return cmp.Or(c.Height, 260) }

func (c Chart) check() error {
	for _, l := range c.Series {
		switch {
		case len(l.X) != len(l.Y):
			return fmt.Errorf("line %q has %d values of X and %d of Y", l.Name, len(l.X), len(l.Y))
		case (l.Low != nil || l.High != nil) && (len(l.Low) != len(l.Y) || len(l.High) != len(l.Y)):
			return fmt.Errorf("line %q has %d values, and %d and %d ends of intervals",
				l.Name, len(l.Y), len(l.Low), len(l.High))
		}
	}
	return nil
}

func (c Chart) keys() []key {
	var keys []key
	for i, l := range c.Series {
		if l.Name != "" {
			keys = append(keys, key{name: l.Name, line: l.Ink.pen(i)})
		}
	}
	for _, l := range c.Levels {
		if c.yAxis(0, 0).has(l.Y) && l.Name != "" {
			keys = append(keys, key{name: l.Name, line: levelPen})
		}
	}
	if slices.ContainsFunc(c.Series, func(l Line) bool { return len(l.Rings) > 0 }) && c.RingLabel != "" {
		keys = append(keys, key{name: c.RingLabel, ring: true, line: pen{colour: black}})
	}
	return keys
}

// spread makes the common X axis reach what the charts show.
func spread(a *axis, charts []Chart) {
	for _, c := range charts {
		switch {
		case len(c.Names) > 0:
			a.include(-0.4, float64(len(c.Names))-0.6)
		case c.XMin != 0 || c.XMax != 0:
			a.include(c.XMin, c.XMax)
		default:
			for _, l := range c.Series {
				a.include(l.X...)
			}
		}
	}
	switch {
	case a.lo > a.hi:
		a.lo, a.hi = 0, 1
	case a.lo == a.hi:
		a.lo, a.hi = a.lo-0.5, a.hi+0.5
	}
}

// yAxis is the Y axis between two heights. A linear one includes 0.
func (c Chart) yAxis(top, bottom float64) axis {
	a := newAxis(math.Floor(bottom), math.Floor(top))
	a.log = c.LogY
	for _, l := range c.Series {
		a.include(slices.Concat(l.Y, l.Low, l.High)...)
	}
	for _, l := range c.Levels {
		if c.LogY || l.Y <= 1.5*a.hi {
			a.include(l.Y)
		}
	}
	switch {
	case !c.LogY:
		a.includeZero()
		a.ticks = steps(a.lo, a.hi, min(8, max(2, int(bottom-top)/24)))
		return a
	case a.lo > a.hi:
		a.lo, a.hi = 1, 10
	default:
		a.lo, a.hi = a.lo/1.15, a.hi*1.15
	}
	a.ticks = decades(a.lo, a.hi, min(10, max(3, int(bottom-top)/16)))
	return a
}

func (p panel) draw() {
	p.shade()
	p.grid(p.x, p.y)
	p.side(p.x, p.y)
	p.base(p.x)
	p.levels()
	for _, background := range []bool{true, false} { // faint lines first, so that they cover no other
		for i, l := range p.Series {
			if (l.Ink == Faint) == background {
				p.line(i, l)
			}
		}
	}
}

// shade draws the marks.
func (p panel) shade() {
	end := p.x.from // of the label before
	for _, m := range p.Marks {
		if !(m.From <= p.x.hi && m.To >= p.x.lo) {
			continue
		}
		from, to := p.x.bound(m.From), p.x.bound(m.To)
		if m.From < m.To {
			p.box(bandShade, from, p.y.to, to, p.y.from)
		} else {
			p.stroke(pen{colour: faint, width: 1, dashes: "4 3"}, Point{from, p.y.from}, Point{from, p.y.to})
		}
		label := short(m.Label)
		if width := small.width(label); label != "" && from >= end && from+3+width <= p.x.to {
			p.text(small, from+3, p.y.to+small.size, atStart, label)
			end = from + 3 + width + 6
		}
	}
}

// levels draws the values to compare the lines with.
func (p panel) levels() {
	for _, l := range p.Levels {
		if y := p.y.at(l.Y); p.y.has(l.Y) {
			p.stroke(levelPen, Point{p.x.from, y}, Point{p.x.to, y})
		}
	}
}

func (p panel) line(i int, l Line) {
	look, shift := l.Ink.pen(i), 0.0
	if l.Low != nil && len(p.Names) > 0 { // intervals must not cover each other
		shift = min(0.09, 0.5/float64(len(p.Series))) * (float64(i) - float64(len(p.Series)-1)/2)
	}
	has := func(x, y float64) bool { return p.x.has(x) && p.y.has(y) }
	at := func(x, y float64) Point { return Point{p.x.at(x + shift), p.y.at(y)} }
	for j := range l.Low {
		if has(l.X[j], l.Y[j]) && p.y.has(l.Low[j]) && p.y.has(l.High[j]) {
			p.whisker(look.colour, at(l.X[j], l.Low[j]), at(l.X[j], l.High[j]))
		}
	}
	xs, ys := thin(l.X, l.Y, cmp.Or(p.Points, 160))
	var stretch []Point
	flush := func() {
		if len(stretch) == 1 {
			p.dot(look.colour, max(look.width, 1.5), stretch[0])
		}
		p.stroke(look, straighten(stretch)...)
		stretch = nil
	}
	for j, y := range ys {
		if has(xs[j], y) {
			stretch = append(stretch, at(xs[j], y))
		} else {
			flush()
		}
	}
	flush()
	for j, y := range l.Y {
		if len(p.Names) > 0 && l.Ink != Faint && has(l.X[j], y) {
			p.dot(look.colour, glyphRadius, at(l.X[j], y))
		}
	}
	for _, r := range l.Rings {
		if has(r.X, r.Y) {
			p.ring(look.colour, at(r.X, r.Y))
		}
	}
}

// whisker draws an interval.
func (p panel) whisker(c color, low, high Point) {
	for _, ends := range [][2]Point{
		{low, high},
		{{low.X - 3, low.Y}, {low.X + 3, low.Y}},
		{{high.X - 3, high.Y}, {high.X + 3, high.Y}},
	} {
		p.stroke(pen{colour: c, width: 1}, ends[0], ends[1])
	}
}

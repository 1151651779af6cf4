package plot

import (
	"fmt"
	"math"
)

// Forest compares things with one of them, a row for each: on the left the ratio with its interval, on the right
// every value by itself.
type Forest struct {
	Title       string
	RatioLabel  string
	ValuesLabel string  // with the unit
	Band        Span    // of a ratio between equals, in grey; both NaN: not known
	Margin      float64 // lines at 1/(1+Margin) and 1+Margin
	Bound       float64 // of the values: a line
	BoundName   string
	Rows        []ForestRow
	Width       float64 // px, at least 400; 0: 640
	Paper       bool
}

// Span is from a value to another.
type Span struct{ Low, High float64 }

// ForestRow is one of the things.
type ForestRow struct {
	Name   string
	Text   string  // at the end
	Ratio  float64 // NaN: there is none
	Span           // of the ratio; NaN: there is none
	Values []Outcome
	Met    bool   // the objective, by every value
	Plain  bool   // it is there to compare with: neither good nor bad
	Link   string // place in the page that the marks lead to; a picture on paper has none
}

// Outcome is a value, and whether it met the objective.
type Outcome struct {
	Value float64
	Met   bool
}

// minForest is how wide it must be, in px: two panels stand beside each other.
const minForest = 400

// How marks look: by shape and by colour.
var (
	metInk     = Ink(3)
	missedInk  = Ink(2)
	markRadius = 4.5
	dotRadius  = 2.5
)

// Draw draws the rows from the top.
func (f Forest) Draw() ([]byte, error) {
	if len(f.Rows) == 0 {
		return nil, fmt.Errorf("draw %q: there are no rows", f.Title)
	}
	s, err := newSheet(f.Title, f.Width, 0, f.Paper, false)
	if err != nil {
		return nil, err
	}
	if s.width < minForest {
		return nil, s.sizeError()
	}
	s.linked = !f.Paper
	s.legend("", f.keys())
	var names []string
	texts := 0.0
	for _, row := range f.Rows {
		names = append(names, row.Name)
		texts = max(texts, normal.width(row.Text))
	}
	texts = max(6*labelGap, min(texts, 0.2*s.width))
	top := s.y
	s.y += normal.leading() + 2
	y := s.rows(names, rowHeight)
	left := s.xAxis(widest(y.ticks)+labelGap, 0)
	right := left
	free := s.right - texts - labelGap - left.from
	left.to = math.Round(left.from + 0.5*free - labelGap)
	right.from, right.to = math.Round(left.to+3*labelGap), math.Round(left.from+free)
	f.reach(s, &left, &right)
	s.text(strong, left.from, top+textSize, atStart, strong.cut(f.RatioLabel, left.to-left.from))
	s.text(strong, right.from, top+textSize, atStart, strong.cut(f.ValuesLabel, right.to-right.from))
	f.ground(s, left, right, y)
	for i, row := range f.Rows {
		at := y.at(float64(i))
		s.link(row.Link, row.Name)
		row.draw(s, left, right, at)
		s.endLink()
		s.text(normal, right.to+labelGap, at+0.35*textSize, atStart, normal.cut(row.Text, texts))
	}
	s.side(left, y)
	s.base(left)
	s.base(right)
	s.foot(left, "")
	s.y -= footHeight("")
	s.foot(right, "")
	return s.svg()
}

// reach makes the axes reach what is on them.
func (f Forest) reach(s *sheet, left, right *axis) {
	left.log, right.log = true, true
	left.include(1, f.Band.Low, f.Band.High, 1+f.Margin, 1/(1+f.Margin))
	right.include(f.Bound)
	for _, row := range f.Rows {
		left.include(row.Ratio, row.Low, row.High)
		for _, v := range row.Values {
			right.include(v.Value)
		}
	}
	for _, a := range []*axis{left, right} {
		if a.lo > a.hi {
			a.lo, a.hi = 1, 10
		}
		a.lo, a.hi = a.lo/1.08, a.hi*1.08
		ticks := decades
		if a.hi/a.lo < 4 { // powers of ten would leave it without
			ticks = steps
		}
		s.fit(a, ticks)
	}
}

// ground draws what the marks are to be seen against.
func (f Forest) ground(s *sheet, left, right, y axis) {
	if f.Band.Low <= f.Band.High {
		s.box(bandShade, left.bound(f.Band.Low), y.from, left.bound(f.Band.High), y.to)
	}
	for _, v := range []float64{1 / (1 + f.Margin), 1 + f.Margin} {
		s.stroke(levelPen, Point{left.at(v), y.from}, Point{left.at(v), y.to})
	}
	one := crisp(left.at(1))
	s.stroke(pen{colour: faint, width: 1}, Point{one, y.from}, Point{one, y.to})
	if right.has(f.Bound) {
		s.stroke(levelPen, Point{right.at(f.Bound), y.from}, Point{right.at(f.Bound), y.to})
	}
}

func (f Forest) keys() []key {
	keys := []key{
		{name: "SLO met", line: metInk.pen(0), mark: met},
		{name: "missed", line: missedInk.pen(0), mark: missed},
	}
	if f.Band.Low <= f.Band.High {
		keys = append(keys, key{name: "noise band", line: pen{colour: gridLine}, fill: true})
	}
	return append(keys, key{name: fmt.Sprintf("δ %g%%; %s", 100*f.Margin, f.BoundName), line: levelPen})
}

func (row ForestRow) draw(s *sheet, left, right axis, y float64) {
	ink := missedInk
	switch {
	case row.Plain:
		ink = Plain
	case row.Met:
		ink = metInk
	}
	colour := ink.pen(0).colour
	if left.has(row.Ratio) {
		if row.Low <= row.High {
			from, to := left.bound(row.Low), left.bound(row.High)
			s.stroke(pen{colour: colour, width: 2}, Point{from, y}, Point{to, y})
		}
		s.mark(colour, markRadius, Point{left.at(row.Ratio), y}, row.Met)
	}
	for i, v := range row.Values {
		if right.has(v.Value) {
			lift := float64(i%3-1) * 3.5 // so that equal ones do not hide each other
			s.mark(colour, dotRadius, Point{right.at(v.Value), y + lift}, v.Met)
		}
	}
}

// mark draws a disc where the objective was met, and a hollow diamond where it was missed.
func (p *picture) mark(c color, radius float64, at Point, met bool) {
	if met {
		p.dot(c, radius, at)
		return
	}
	top := Point{at.X, at.Y - radius}
	p.stroke(pen{colour: c, width: 1.4}, top, Point{at.X + radius, at.Y}, Point{at.X, at.Y + radius},
		Point{at.X - radius, at.Y}, top)
}

// link begins what leads to a place in the page, if the picture is in one.
func (p *picture) link(to, name string) {
	if p.linked && to != "" {
		p.begin("", "")
		fmt.Fprintf(&p.body, `<a href="#%s" aria-label="%s: its trials">`, escape(to), escape(name))
		p.inLink = true
	}
}

func (p *picture) endLink() {
	if p.inLink {
		p.begin("", "")
		p.body.WriteString("</a>")
		p.inLink = false
	}
}

package plot

import "fmt"

// Rows is a number, or the parts of one, for each of several things, each in a row.
type Rows struct {
	Title  string
	XLabel string // with the unit
	Parts  []string
	Rows   []Row
	Width  float64 // px; 0: 640
	Paper  bool
}

// Row is either a value with its interval, or parts that are put one behind another.
type Row struct {
	Name      string
	Value     float64 // NaN: there is none
	Low, High float64 // NaN: there is no interval
	Parts     []float64
	Text      string // at the end
	Ink       Ink    // Auto: the first of the palette
	Ringed    bool
}

const (
	rowHeight = 23
	barHeight = 15
)

// Draw draws the rows from the top.
func (r Rows) Draw() ([]byte, error) {
	if len(r.Rows) == 0 {
		return nil, fmt.Errorf("draw %q: there are no rows", r.Title)
	}
	var names []string
	texts := 0.0
	for _, row := range r.Rows {
		if len(row.Parts) != len(r.Parts) {
			return nil, fmt.Errorf("draw %q: row %q has %d parts of %d",
				r.Title, row.Name, len(row.Parts), len(r.Parts))
		}
		names = append(names, row.Name)
		texts = max(texts, normal.width(row.Text))
	}
	s, err := newSheet(r.Title, r.Width, 0, r.Paper, false)
	if err != nil {
		return nil, err
	}
	var keys []key
	for i, name := range r.Parts {
		keys = append(keys, key{name: name, line: Auto.pen(i), fill: true})
	}
	s.legend("", keys)
	y := s.rows(names, rowHeight)
	x := s.xAxis(widest(y.ticks)+labelGap, ringRadius+labelGap+texts)
	for _, row := range r.Rows {
		sum := 0.0
		for _, v := range row.Parts {
			if finite(v) {
				sum += max(0, v)
			}
		}
		x.include(row.Value, row.Low, row.High, sum)
	}
	x.includeZero()
	s.fit(&x, steps)
	for _, t := range x.ticks {
		at := crisp(x.at(t.at))
		s.stroke(pen{colour: gridLine, width: 1}, Point{at, y.from}, Point{at, y.to})
	}
	for i, row := range r.Rows {
		end := r.draw(s, x, y.at(float64(i)), row) + labelGap
		s.text(normal, end, y.at(float64(i))+0.35*textSize, atStart, normal.cut(row.Text, s.width-end))
	}
	s.side(x, y)
	s.base(x)
	s.foot(x, r.XLabel)
	return s.svg()
}

// draw draws a row, and returns where it ends.
func (r Rows) draw(s *sheet, x axis, y float64, row Row) (end float64) {
	if len(row.Parts) > 0 {
		sum := 0.0
		for i, v := range row.Parts {
			if v > 0 && x.has(sum+v) {
				s.box(Auto.pen(i).colour, x.at(sum), y-barHeight/2, x.at(sum+v), y+barHeight/2)
				sum += v
			}
		}
		return x.at(sum)
	}
	if !x.has(row.Value) {
		return x.from
	}
	if row.Ink == Auto {
		row.Ink = 1
	}
	colour, at := row.Ink.pen(0).colour, Point{x.at(row.Value), y}
	end = at.X
	if x.has(row.Low) && x.has(row.High) {
		s.stroke(pen{colour: colour, width: 2}, Point{x.at(row.Low), y}, Point{x.at(row.High), y})
		end = max(end, x.at(row.High))
	}
	s.dot(colour, glyphRadius+1, at)
	if row.Ringed {
		s.ring(colour, at)
	}
	return end + ringRadius
}

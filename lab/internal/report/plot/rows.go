package plot

import "fmt"

// Rows is the parts of a number for each of several things, each in a row.
type Rows struct {
	Title  string
	XLabel string // with the unit
	Parts  []string
	Rows   []Row
	Width  float64 // px; 0: 640
	Paper  bool
}

// Row has parts that are put one behind another.
type Row struct {
	Name  string
	Parts []float64
	Text  string // at the end
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
		x.include(sum)
	}
	x.includeZero()
	s.fit(&x, steps)
	for _, t := range x.ticks {
		at := crisp(x.at(t.at))
		s.stroke(pen{colour: gridLine, width: 1}, Point{at, y.from}, Point{at, y.to})
	}
	for i, row := range r.Rows {
		end := row.draw(s, x, y.at(float64(i))) + labelGap
		s.text(normal, end, y.at(float64(i))+0.35*textSize, atStart, normal.cut(row.Text, s.width-end))
	}
	s.side(x, y)
	s.base(x)
	s.foot(x, r.XLabel)
	return s.svg()
}

// draw draws the parts of a row, and returns where they end.
func (row Row) draw(s *sheet, x axis, y float64) (end float64) {
	sum := 0.0
	for i, v := range row.Parts {
		if v > 0 && x.has(sum+v) {
			s.box(Auto.pen(i).colour, x.at(sum), y-barHeight/2, x.at(sum+v), y+barHeight/2)
			sum += v
		}
	}
	return x.at(sum)
}

package plot

import (
	"fmt"
	"math"
)

// Heat is a number for each pair of two things, as colour and as text.
type Heat struct {
	Title          string
	Note           string // below the title: how to read it
	XLabel, YLabel string
	Columns, Rows  []string
	Cells          [][]Cell // by row, then column
	Width          float64  // px; 0: 640
	Paper          bool
}

// Cell is one field of a Heat.
type Cell struct {
	Value  float64 // decides on the colour; NaN: there is none
	Text   string
	Framed bool
}

const fieldHeight = 34

// Draw draws the fields.
func (h Heat) Draw() ([]byte, error) {
	if len(h.Columns) == 0 || len(h.Rows) == 0 || len(h.Cells) != len(h.Rows) {
		return nil, fmt.Errorf("draw %q: %d columns × %d rows, and cells for %d rows",
			h.Title, len(h.Columns), len(h.Rows), len(h.Cells))
	}
	shade := newAxis(0, 1)
	for i, row := range h.Cells {
		if len(row) != len(h.Columns) {
			return nil, fmt.Errorf("draw %q: %d cells for %d columns in row %q",
				h.Title, len(row), len(h.Columns), h.Rows[i])
		}
		for _, c := range row {
			shade.include(c.Value)
		}
	}
	s, err := newSheet(h.Title, h.Width, 0, h.Paper, false)
	if err != nil {
		return nil, err
	}
	s.prose(normal, h.Note)
	s.legend(h.YLabel, nil)
	y := s.rows(h.Rows, fieldHeight)
	x := s.xAxis(widest(y.ticks)+labelGap, 0)
	x.include(-0.5, float64(len(h.Columns))-0.5)
	x.name(h.Columns)
	s.side(x, y)
	h.each(x, y, func(c Cell, left, top, right, bottom float64) {
		if finite(c.Value) {
			s.box(mixed(shade.lo, shade.hi, c.Value), left+1, top+1, right-1, bottom-1)
		}
	})
	h.each(x, y, func(c Cell, left, top, right, bottom float64) {
		look := normal
		if look.width(c.Text) > right-left-labelGap {
			look = small
		}
		text := look.cut(c.Text, right-left-labelGap)
		if finite(c.Value) {
			look.colour = on(mixed(shade.lo, shade.hi, c.Value))
		}
		s.text(look, (left+right)/2, (top+bottom)/2+0.35*look.size, atMiddle, text)
	})
	h.each(x, y, func(c Cell, left, top, right, bottom float64) {
		if c.Framed {
			corner := Point{left, top}
			s.stroke(pen{width: 2.5}, corner, Point{right, top}, Point{right, bottom}, Point{left, bottom}, corner)
		}
	})
	s.foot(x, h.XLabel)
	return s.svg()
}

// each visits the fields with their places in px.
func (h Heat) each(x, y axis, visit func(c Cell, left, top, right, bottom float64)) {
	edge := func(a axis, i int) float64 { return math.Round(a.at(float64(i) - 0.5)) }
	for i, row := range h.Cells {
		for j, c := range row {
			visit(c, edge(x, j), edge(y, i), edge(x, j+1), edge(y, i+1))
		}
	}
}

package plot

import (
	"fmt"
	"math"

	gonum "gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Rows is a number, or the parts of one, for each of several things, each in a row.
type Rows struct {
	Title  string
	XLabel string // with the unit
	Parts  []string
	Rows   []Row
	Width  float64 // px; 0: 640
	Paper  bool
}

// Row is one row: either a value with its interval, or parts that are put one behind
// another.
type Row struct {
	Name      string
	Value     float64 // NaN: there is none
	Low, High float64 // NaN: there is no interval
	Parts     []float64
	Text      string // at the end
	Ink       Ink    // Auto: as the others
	Ringed    bool
}

const rowHeight = 22

// Draw draws the rows from the top.
func (r Rows) Draw() ([]byte, error) {
	if len(r.Rows) == 0 {
		return nil, fmt.Errorf("draw %q: there are no rows", r.Title)
	}
	for _, row := range r.Rows {
		if len(row.Parts) != len(r.Parts) {
			return nil, fmt.Errorf("draw %q: row %q has %d parts of %d", r.Title, row.Name, len(row.Parts), len(r.Parts))
		}
	}
	f := frame{title: r.Title, width: or(r.Width, 640), paper: r.Paper}
	f.height = float64(len(r.Rows))*rowHeight + 96
	if err := f.check(); err != nil {
		return nil, err
	}
	s := newSheet(f)
	var keys []key
	for i, name := range r.Parts {
		colour, _ := Auto.colour(i)
		keys = append(keys, key{name: name, fill: colour})
	}
	s.legend("", keys)
	rowNames := make([]string, len(r.Rows))
	texts := vg.Length(0)
	for i, row := range r.Rows {
		rowNames[i] = row.Name
		texts = max(texts, writing(textSize).Width(row.Text))
	}
	p := axes()
	p.X.Min, p.X.Max = 0, r.reach()
	p.Y.Min, p.Y.Max = -0.6, float64(len(r.Rows))-0.4
	p.X.Tick.Marker, p.Y.Tick.Marker = steps(int(s.free.Max.X-s.free.Min.X)/110), names(reversed(rowNames))
	p.X.Label.Text = r.XLabel
	p.Y.Tick.Length, p.Y.LineStyle.Width, p.X.Padding = 0, 0, 0
	p.Add(plotter(verticals), plotter(r.rows))
	p.Draw(draw.Crop(s.free, 0, -texts-10, 0, 0))
	return s.svg(), nil
}

// reach is how far the axis goes.
func (r Rows) reach() float64 {
	most := 0.0
	for _, row := range r.Rows {
		for _, v := range []float64{row.Value, row.High, sum(row.Parts)} {
			if finite(v) {
				most = max(most, v)
			}
		}
	}
	if most == 0 {
		return 1
	}
	return 1.04 * most
}

func sum(parts []float64) float64 {
	total := 0.0
	for _, v := range parts {
		if finite(v) {
			total += math.Max(0, v)
		}
	}
	return total
}

func (r Rows) rows(dc draw.Canvas, p *gonum.Plot) {
	for i, row := range r.Rows {
		y := dc.Y(p.Y.Norm(float64(len(r.Rows) - 1 - i)))
		place := func(v float64) vg.Point { return vg.Point{X: dc.X(p.X.Norm(v)), Y: y} }
		end := dc.Min.X
		if len(row.Parts) > 0 {
			end = r.bar(row, y, place, dc)
		} else if finite(row.Value) {
			ink := row.Ink
			if ink == Auto {
				ink = 1
			}
			colour, _ := ink.colour(i)
			end = place(row.Value).X
			if finite(row.Low) && finite(row.High) {
				low, high := place(row.Low), place(row.High)
				dc.StrokeLine2(draw.LineStyle{Color: colour, Width: 2}, low.X, y, high.X, y)
				end = high.X
			}
			dot(dc, place(row.Value), glyphRadius+1, colour)
			if row.Ringed {
				ring(dc, place(row.Value), colour)
			}
			end += ringRadius
		}
		if row.Text != "" {
			style := writing(textSize)
			put(dc, style, vg.Point{X: end + 5, Y: y - 0.35*style.Font.Size}, atStart, row.Text)
		}
	}
}

// bar draws the parts of a row, and returns where the last of them ends.
func (r Rows) bar(row Row, y vg.Length, place func(float64) vg.Point, dc draw.Canvas) vg.Length {
	const half = rowHeight * 0.34
	at := 0.0
	for i, v := range row.Parts {
		if !finite(v) || v <= 0 {
			continue
		}
		colour, _ := Auto.colour(i)
		dc.SetColor(colour)
		dc.Fill(vg.Rectangle{
			Min: vg.Point{X: place(at).X, Y: y - half}, Max: vg.Point{X: place(at + v).X, Y: y + half},
		}.Path())
		at += v
	}
	return place(at).X
}

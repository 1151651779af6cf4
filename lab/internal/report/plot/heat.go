package plot

import (
	"fmt"
	"image/color"
	"math"

	gonum "gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
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

const fieldHeight = 30

// ramp is the colour of the lowest value, and that of the highest: one hue, and the
// higher the darker, which everybody sees.
var ramp = [2]color.NRGBA{{0xe8, 0xf1, 0xfa, 255}, {0x08, 0x3b, 0x70, 255}}

// Draw draws the fields.
func (h Heat) Draw() ([]byte, error) {
	if len(h.Columns) == 0 || len(h.Rows) == 0 || len(h.Cells) != len(h.Rows) {
		return nil, fmt.Errorf("draw %q: %d columns × %d rows, and cells for %d rows", h.Title, len(h.Columns), len(h.Rows), len(h.Cells))
	}
	for i, row := range h.Cells {
		if len(row) != len(h.Columns) {
			return nil, fmt.Errorf("draw %q: %d cells for %d columns in row %q", h.Title, len(row), len(h.Columns), h.Rows[i])
		}
	}
	f := frame{title: h.Title, width: or(h.Width, 640), paper: h.Paper}
	f.height = float64(len(h.Rows))*fieldHeight + 116
	if err := f.check(); err != nil {
		return nil, err
	}
	s := newSheet(f)
	s.note(h.Note)
	s.legend(h.YLabel, nil)
	p := axes()
	p.X.Min, p.X.Max = -0.5, float64(len(h.Columns))-0.5
	p.Y.Min, p.Y.Max = -0.5, float64(len(h.Rows))-0.5
	p.X.Tick.Marker, p.Y.Tick.Marker = names(h.Columns), names(reversed(h.Rows))
	p.X.Label.Text = h.XLabel
	for _, a := range []*gonum.Axis{&p.X, &p.Y} {
		a.Tick.Length, a.LineStyle.Width, a.Padding = 0, 0, 2
	}
	p.Add(plotter(h.fields))
	p.Draw(s.free)
	return s.svg(), nil
}

func (h Heat) fields(dc draw.Canvas, p *gonum.Plot) {
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, row := range h.Cells {
		for _, c := range row {
			if finite(c.Value) {
				lo, hi = min(lo, c.Value), max(hi, c.Value)
			}
		}
	}
	for i, row := range h.Cells {
		y := float64(len(h.Rows) - 1 - i)
		for j, c := range row {
			field := vg.Rectangle{
				Min: vg.Point{X: dc.X(p.X.Norm(float64(j)-0.5)) + 1, Y: dc.Y(p.Y.Norm(y-0.5)) + 1},
				Max: vg.Point{X: dc.X(p.X.Norm(float64(j)+0.5)) - 1, Y: dc.Y(p.Y.Norm(y+0.5)) - 1},
			}
			style := writing(textSize)
			if finite(c.Value) {
				fill := mixed(lo, hi, c.Value)
				dc.SetColor(fill)
				dc.Fill(field.Path())
				style.Color = on(fill)
			}
			if style.Width(c.Text) > field.Max.X-field.Min.X-4 {
				style.Font.Size = smallSize
			}
			middle := vg.Point{X: (field.Min.X + field.Max.X) / 2, Y: (field.Min.Y+field.Max.Y)/2 - 0.35*style.Font.Size}
			put(dc, style, middle, atMiddle, c.Text)
		}
	}
	for i, row := range h.Cells { // upon all fields
		y := float64(len(h.Rows) - 1 - i)
		for j, c := range row {
			if c.Framed {
				dc.SetLineStyle(draw.LineStyle{Color: black, Width: 2.5})
				dc.Stroke(vg.Rectangle{
					Min: vg.Point{X: dc.X(p.X.Norm(float64(j) - 0.5)), Y: dc.Y(p.Y.Norm(y - 0.5))},
					Max: vg.Point{X: dc.X(p.X.Norm(float64(j) + 0.5)), Y: dc.Y(p.Y.Norm(y + 0.5))},
				}.Path())
			}
		}
	}
}

// mixed is the colour of a value between the lowest and the highest.
func mixed(lo, hi, v float64) color.NRGBA {
	share := 1.0
	if hi > lo {
		share = (v - lo) / (hi - lo)
	}
	mix := func(a, b uint8) uint8 { return uint8(math.Round(float64(a) + share*(float64(b)-float64(a)))) }
	return color.NRGBA{mix(ramp[0].R, ramp[1].R), mix(ramp[0].G, ramp[1].G), mix(ramp[0].B, ramp[1].B), 255}
}

// on is the colour of text upon a colour: whichever of nearly black and white has the
// better contrast, by the relative luminance of WCAG 2.
func on(c color.NRGBA) color.NRGBA {
	if luminance(c) > 0.179 {
		return color.NRGBA{0x01, 0x01, 0x01, 255} // not quite black, so not that of the text around: the field has its own ground
	}
	return color.NRGBA{0xff, 0xff, 0xff, 255}
}

func luminance(c color.NRGBA) float64 {
	linear := func(v uint8) float64 {
		s := float64(v) / 255
		if s <= 0.04045 {
			return s / 12.92
		}
		return math.Pow((s+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(c.R) + 0.7152*linear(c.G) + 0.0722*linear(c.B)
}

// reversed is a list from its end: rows are told from the top, and axes from the bottom.
func reversed(list []string) []string {
	back := make([]string, len(list))
	for i, s := range list {
		back[len(list)-1-i] = s
	}
	return back
}

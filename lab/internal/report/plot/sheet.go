package plot

import (
	"errors"
	"fmt"
	"image/color"
	"math"
	"strings"

	gonum "gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// frame is what every picture has.
type frame struct {
	title         string
	width, height float64
	paper, bare   bool
}

// mostPixels is how wide or high a picture may be.
const mostPixels = 10_000

func (f frame) check() error {
	if !(f.width >= 100 && f.height >= 40 && f.width <= mostPixels && f.height <= mostPixels) {
		return fmt.Errorf("draw %q: %g × %g px is no size; give a width of 100 to %d and a height of 40 to %[4]d", f.title, f.width, f.height, mostPixels)
	}
	if f.title == "" {
		return errors.New("draw a picture: it has no title, which those who do not see it need")
	}
	return nil
}

// sheet is a picture that is filled from the top.
type sheet struct {
	*picture
	free draw.Canvas // what has nothing on it yet
}

func newSheet(f frame) *sheet {
	p := newPicture(f)
	s := &sheet{picture: p, free: draw.New(p)}
	edge := vg.Length(margin)
	if f.bare {
		edge = 1
	}
	s.free = draw.Crop(s.free, edge, -edge, edge, -edge)
	if !f.bare {
		style := bold(writing(titleSize))
		for _, line := range wrap(style, f.title, s.free.Max.X-s.free.Min.X) {
			s.write(style, s.free.Min.X, s.baseline(style), line)
			s.take(vg.Length(titleSize * leading))
		}
		s.take(2)
	}
	return s
}

// note writes what helps to read the picture.
func (s *sheet) note(text string) {
	style := writing(textSize)
	for _, line := range wrap(style, text, s.free.Max.X-s.free.Min.X) {
		s.write(style, s.free.Min.X, s.baseline(style), line)
		s.take(vg.Length(textSize * leading))
	}
}

// take marks the top of what is free as used.
func (s *sheet) take(height vg.Length) { s.free = draw.Crop(s.free, 0, 0, 0, -height) }

// baseline is that of a line of text at the top of what is free.
func (s *sheet) baseline(style text.Style) vg.Length {
	return s.free.Max.Y - style.FontExtents().Ascent
}

// write writes text from a point to the right.
func (s *sheet) write(style text.Style, x, baseline vg.Length, text string) {
	put(s.picture, style, vg.Point{X: x, Y: baseline}, atStart, text)
}

// key is an entry of a legend.
type key struct {
	name string
	line draw.LineStyle
	fill color.Color // of an area; nil: a line
	ring bool
}

// legend writes what is on the axis, and then what the colours mean, in as many lines as
// it takes.
func (s *sheet) legend(label string, keys []key) {
	if s.bare || label == "" && len(keys) == 0 {
		return
	}
	style := writing(textSize)
	x := s.free.Min.X
	if label != "" {
		s.write(bold(style), x, s.baseline(style), label)
		x += bold(style).Width(label) + legendGap
	}
	for _, k := range keys {
		name := short(k.name)
		wide := vg.Length(legendSwatch+4) + style.Width(name)
		if x > s.free.Min.X && x+wide > s.free.Max.X {
			s.take(vg.Length(textSize * leading))
			x = s.free.Min.X
		}
		k.draw(s.free, x, s.baseline(style)+0.32*vg.Length(textSize))
		s.write(style, x+legendSwatch+4, s.baseline(style), name)
		x += wide + legendGap
	}
	s.take(vg.Length(textSize*leading) + 3)
}

// draw draws the sample of an entry, its left end and its middle given.
func (k key) draw(c draw.Canvas, x, y vg.Length) {
	middle := vg.Point{X: x + legendSwatch/2, Y: y}
	switch {
	case k.ring:
		ring(c, middle, k.line.Color)
	case k.fill != nil:
		c.SetColor(k.fill)
		c.Fill(vg.Rectangle{Min: vg.Point{X: x + 2, Y: y - 5}, Max: vg.Point{X: x + legendSwatch - 2, Y: y + 5}}.Path())
	default:
		c.StrokeLine2(k.line, x, y, x+legendSwatch, y)
	}
}

// ring marks a point.
func ring(c draw.Canvas, at vg.Point, col color.Color) {
	c.SetLineStyle(draw.LineStyle{Color: col, Width: 2})
	circle := vg.Path{}
	circle.Move(vg.Point{X: at.X + ringRadius, Y: at.Y})
	circle.Arc(at, ringRadius, 0, 2*math.Pi)
	circle.Close()
	c.Stroke(circle)
}

// dot is a filled point.
func dot(c draw.Canvas, at vg.Point, radius vg.Length, col color.Color) {
	c.DrawGlyph(draw.GlyphStyle{Color: col, Radius: radius, Shape: draw.CircleGlyph{}}, at)
}

// spread is how far an axis' marks reach beyond its data, to the left and to the right.
func spread(p *gonum.Plot, c draw.Canvas) (left, right vg.Length) {
	data := p.DataCanvas(c)
	return data.Min.X - c.Min.X, c.Max.X - data.Max.X
}

// wrap breaks text at spaces into lines that are not wider than that.
func wrap(style text.Style, text string, width vg.Length) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		longer := strings.TrimSpace(line + " " + word)
		if line != "" && style.Width(longer) > width {
			lines = append(lines, line)
			longer = word
		}
		line = longer
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}

package plot

import (
	"image/color"
	"slices"

	gonum "gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Sizes in pixels.
const (
	textSize     = 12
	titleSize    = 14
	smallSize    = 10
	leading      = 1.35 // of a line of text, times its size
	lineWidth    = 1.6
	faintWidth   = 0.7
	tickLength   = 4
	axisPadding  = 4
	margin       = 8
	glyphRadius  = 3
	ringRadius   = 7
	legendSwatch = 16
	legendGap    = 14
)

var black = color.NRGBA{0, 0, 0, 255}

// palette is that of Okabe and Ito, which people see apart whatever their colour vision:
// https://jfly.uni-koeln.de/color. The first four have a contrast of at least 3 : 1 on white
// and on black, as WCAG asks of lines; lines after them are dashed too.
var palette = []color.NRGBA{
	{0x00, 0x72, 0xb2, 255}, // blue
	{0xd5, 0x5e, 0x00, 255}, // vermilion
	{0x00, 0x9e, 0x73, 255}, // bluish green
	{0xcc, 0x79, 0xa7, 255}, // reddish purple
	{0xe6, 0x9f, 0x00, 255}, // orange
	{0x56, 0xb4, 0xe9, 255}, // sky blue
}

// strong is how many colours of the palette stand out without dashes.
const strong = 4

// inPalette is the colour's place in the palette from 1 on, or 0.
func inPalette(c color.NRGBA) int { return slices.Index(palette, c) + 1 }

// see-through black, which suits light and dark grounds.
var (
	faint     = color.NRGBA{0, 0, 0, 89}
	gridLine  = color.NRGBA{0, 0, 0, 38}
	bandShade = color.NRGBA{0, 0, 0, 20}
)

// Ink is the colour of a line or an area.
type Ink int

// The inks that are not of the palette. Those above 0 are its colours, in their order.
const (
	Auto  Ink = 0  // the next of the palette
	Plain Ink = -1 // that of the text
	Faint Ink = -2 // for what is only there for comparison
)

// colour is that of the line with index i, and its dashes.
func (k Ink) colour(i int) (color.NRGBA, []vg.Length) {
	switch k {
	case Plain:
		return black, nil
	case Faint:
		return faint, nil
	case Auto:
		k = Ink(i + 1)
	}
	n := (int(k) - 1) % len(palette)
	switch round := (int(k) - 1) / len(palette); {
	case round > 0:
		return palette[n], []vg.Length{1.5, 2.5}
	case n >= strong:
		return palette[n], []vg.Length{7, 3}
	}
	return palette[n], nil
}

// axes is an empty plot in the house's style.
func axes() *gonum.Plot {
	p := gonum.New()
	p.BackgroundColor = nil
	p.X.Tick.Label = aligned(writing(textSize), draw.XCenter, draw.YTop)
	p.Y.Tick.Label = aligned(writing(textSize), draw.XRight, draw.YCenter)
	for _, a := range []*gonum.Axis{&p.X, &p.Y} {
		a.LineStyle = draw.LineStyle{Color: faint, Width: 1}
		a.Tick.LineStyle = a.LineStyle
		a.Tick.Length = tickLength
		a.Padding = axisPadding
		a.Label.TextStyle = aligned(writing(textSize), draw.XCenter, draw.YBottom)
		a.Label.Padding = axisPadding / 2
	}
	return p
}

// plotter is a function that draws on the area of the data.
type plotter func(draw.Canvas, *gonum.Plot)

func (f plotter) Plot(c draw.Canvas, p *gonum.Plot) { f(c, p) }

// horizontals are faint lines at the ticks of the Y axis.
func horizontals(c draw.Canvas, p *gonum.Plot) {
	for _, t := range p.Y.Tick.Marker.Ticks(p.Y.Min, p.Y.Max) {
		if y := c.Y(p.Y.Norm(t.Value)); c.ContainsY(y) && !t.IsMinor() {
			c.StrokeLine2(draw.LineStyle{Color: gridLine, Width: 1}, c.Min.X, y, c.Max.X, y)
		}
	}
}

// verticals are faint lines at the ticks of the X axis.
func verticals(c draw.Canvas, p *gonum.Plot) {
	for _, t := range p.X.Tick.Marker.Ticks(p.X.Min, p.X.Max) {
		if x := c.X(p.X.Norm(t.Value)); c.ContainsX(x) && !t.IsMinor() {
			c.StrokeLine2(draw.LineStyle{Color: gridLine, Width: 1}, x, c.Min.Y, x, c.Max.Y)
		}
	}
}

package plot

import (
	"math"
	"slices"
)

// Sizes in pixels.
const (
	textSize     = 12
	titleSize    = 14
	smallSize    = 10
	lineWidth    = 1.6
	faintWidth   = 0.7
	tickLength   = 4
	labelGap     = 6  // between a label and what is beside it
	minAxis      = 20 // the least length of an X axis
	panelGap     = 10 // between an X axis without labels and the next chart
	margin       = 8
	glyphRadius  = 3
	ringRadius   = 7
	legendSwatch = 16
	legendGap    = 14
)

// color is in sRGB.
type color struct {
	r, g, b uint8
	opacity string // as SVG has it; empty: opaque
}

var black = color{}

// palette is that of Okabe and Ito, which people see apart whatever their colour vision:
// https://jfly.uni-koeln.de/color. The first four have a contrast of at least 3 : 1 on white and on black, as WCAG asks
// of lines; lines after them are dashed too.
var palette = []color{
	{0x00, 0x72, 0xb2, ""}, // blue
	{0xd5, 0x5e, 0x00, ""}, // vermilion
	{0x00, 0x9e, 0x73, ""}, // bluish green
	{0xcc, 0x79, 0xa7, ""}, // reddish purple
	{0xe6, 0x9f, 0x00, ""}, // orange
	{0x56, 0xb4, 0xe9, ""}, // sky blue
}

// contrasting is how many colours of the palette stand out without dashes.
const contrasting = 4

// inPalette is the colour's place in the palette from 1 on, or 0.
func inPalette(c color) int { return slices.Index(palette, c) + 1 }

// Translucent black suits light and dark grounds.
var (
	faint     = color{opacity: ".35"}
	gridLine  = color{opacity: ".15"}
	bandShade = color{opacity: ".08"}
)

// pen is how a line looks.
type pen struct {
	colour color
	width  float64 // px
	dashes string  // lengths of dash and gap in px, as SVG has them; empty: solid
}

// levelPen draws the levels.
var levelPen = pen{colour: faint, width: 1.2, dashes: "5 4"}

// Ink is the colour of a line or an area.
type Ink int

// The inks that are not of the palette. Those above 0 are its colours, in their order.
const (
	Auto  Ink = 0  // the next of the palette
	Plain Ink = -1 // that of the text
	Faint Ink = -2 // for what is only there for comparison
)

// pen is that of the line with index i.
func (k Ink) pen(i int) pen {
	switch k {
	case Plain:
		return pen{colour: black, width: lineWidth}
	case Faint:
		return pen{colour: faint, width: faintWidth}
	case Auto:
		k = Ink(i + 1)
	}
	n, dashes := (int(k)-1)%len(palette), ""
	switch {
	case int(k) > len(palette):
		dashes = "1.5 2.5"
	case n >= contrasting:
		dashes = "7 3"
	}
	return pen{palette[n], lineWidth, dashes}
}

// ramp is the colour of the lowest value and that of the highest: one hue, the higher the darker.
var ramp = [2]color{{0xe8, 0xf1, 0xfa, ""}, {0x08, 0x3b, 0x70, ""}}

// mixed is the colour of a value between the lowest and the highest.
func mixed(lo, hi, v float64) color {
	share := 1.0
	if hi > lo {
		share = (v - lo) / (hi - lo)
	}
	mix := func(a, b uint8) uint8 { return uint8(math.Round(float64(a) + share*(float64(b)-float64(a)))) }
	return color{r: mix(ramp[0].r, ramp[1].r), g: mix(ramp[0].g, ramp[1].g), b: mix(ramp[0].b, ramp[1].b)}
}

// on is the colour of text upon a colour: whichever of nearly black and white has the better contrast, by the relative
// luminance of WCAG 2. Black itself is the colour of the text around, which may be light.
func on(c color) color {
	if luminance(c) > 0.179 {
		return color{0x01, 0x01, 0x01, ""}
	}
	return color{0xff, 0xff, 0xff, ""}
}

// luminance is from 0 for black to 1 for white (WCAG 2, "relative luminance").
func luminance(c color) float64 {
	linear := func(v uint8) float64 {
		s := float64(v) / 255
		if s <= 0.04045 {
			return s / 12.92
		}
		return math.Pow((s+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(c.r) + 0.7152*linear(c.g) + 0.0722*linear(c.b)
}

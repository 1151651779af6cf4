package plot

import (
	"fmt"

	xfont "golang.org/x/image/font"
	gonum "gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// family is what text is shown in. The first three are as wide as each other; a reader who
// has none of them has a font that may be wider.
const family = "Liberation Sans,Arial,Helvetica,sans-serif"

// Text takes so much more room than Liberation Sans does, to suit other fonts.
const (
	slack     = 1.12
	boldSlack = 1.2
)

// anchor is which end of a text is at the place that is given. So it stays there, however
// wide the font is.
type anchor string

const (
	atStart  anchor = "start"
	atMiddle anchor = "middle"
	atEnd    anchor = "end"
)

// handler measures and writes text.
type handler struct{ text.Plain }

var handwriting = handler{text.Plain{Fonts: gonum.DefaultTextHandler.Cache()}}

// Box is how much room text takes.
func (h handler) Box(txt string, f font.Font) (width, height, depth vg.Length) {
	width, height, depth = h.Plain.Box(txt, f)
	if f.Weight >= xfont.WeightBold {
		return boldSlack * width, height, depth
	}
	return slack * width, height, depth
}

// Draw writes text as gonum's axes ask for it. They turn only what is along the Y axis,
// where there is none here.
func (h handler) Draw(c vg.Canvas, txt string, style text.Style, at vg.Point) {
	anchors := map[draw.XAlignment]anchor{draw.XLeft: atStart, draw.XCenter: atMiddle, draw.XRight: atEnd}
	at.Y += style.Height(txt)*vg.Length(style.YAlign) - style.FontExtents().Ascent + style.Font.Size
	put(c, style, at, anchors[style.XAlign], txt)
}

// put writes text, its baseline and one end of it given.
func put(c vg.Canvas, style text.Style, at vg.Point, end anchor, txt string) {
	pictureOf(c).text(style, at, end, txt)
}

// pictureOf is what a canvas is a part of.
func pictureOf(c vg.Canvas) *picture {
	for {
		switch part := c.(type) {
		case *picture:
			return part
		case draw.Canvas:
			c = part.Canvas
		case *draw.Canvas:
			c = part.Canvas
		default:
			panic(fmt.Sprintf("write on a %T: it is no part of a picture", c))
		}
	}
}

// writing is the style of text of a size.
func writing(size float64) text.Style {
	return text.Style{
		Color:   black,
		Font:    font.Font{Typeface: "Liberation", Variant: "Sans", Size: vg.Length(size)},
		Handler: handwriting,
	}
}

func bold(s text.Style) text.Style {
	s.Font.Weight = xfont.WeightBold
	return s
}

func aligned(s text.Style, x draw.XAlignment, y draw.YAlignment) text.Style {
	s.XAlign, s.YAlign = x, y
	return s
}

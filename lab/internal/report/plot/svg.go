package plot

import (
	"fmt"
	"html"
	"image"
	"image/color"
	"math"
	"strconv"
	"strings"

	"golang.org/x/image/font"
	gonumfont "gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
)

// picture is a vg.Canvas that writes SVG. Unlike vgsvg's it writes no style twice, takes
// the colour of the text around it for black, and rounds to a tenth of a pixel, so that
// a page can hold hundreds of them. A point of gonum's is a pixel here.
type picture struct {
	frame
	body   strings.Builder
	states []state
	open   string // the attributes of the path that more can be added to; empty: there is none
}

// state is what Push keeps and Pop brings back.
type state struct {
	width  vg.Length
	dashes []vg.Length
	colour color.NRGBA
}

func newPicture(f frame) *picture {
	p := &picture{frame: f, states: []state{{}}}
	vg.Initialize(p)
	return p
}

func (p *picture) state() *state { return &p.states[len(p.states)-1] }

// Size is the size of the whole picture.
func (p *picture) Size() (width, height vg.Length) { return vg.Length(p.width), vg.Length(p.height) }

// SetLineWidth is of the lines that follow.
func (p *picture) SetLineWidth(w vg.Length) { p.state().width = w }

// SetLineDash is of the lines that follow. No line here begins within a dash.
func (p *picture) SetLineDash(pattern []vg.Length, _ vg.Length) { p.state().dashes = pattern }

// SetColor is of what follows; nil is black.
func (p *picture) SetColor(c color.Color) {
	p.state().colour = black
	if c != nil {
		p.state().colour = color.NRGBAModel.Convert(c).(color.NRGBA)
	}
}

// Rotate is not there: nothing here is turned, moved or stretched.
func (p *picture) Rotate(float64) { panic("turn a picture: nothing here is turned") }

// Translate is not there.
func (p *picture) Translate(vg.Point) { panic("move a picture: nothing here is moved") }

// Scale is not there.
func (p *picture) Scale(float64, float64) { panic("stretch a picture: nothing here is stretched") }

// Push keeps the state.
func (p *picture) Push() { p.states = append(p.states, *p.state()) }

// Pop brings back the state that was kept last.
func (p *picture) Pop() { p.states = p.states[:len(p.states)-1] }

// Stroke draws a line along a path.
func (p *picture) Stroke(path vg.Path) {
	s := p.state()
	if s.width <= 0 {
		return
	}
	attributes := `fill="none" ` + p.paint("stroke", s.colour)
	if s.width != 1 {
		attributes += fmt.Sprintf(` stroke-width="%s"`, tenths(toTenths(float64(s.width))))
	}
	if len(s.dashes) > 0 {
		lengths := make([]string, len(s.dashes))
		for i, l := range s.dashes {
			lengths[i] = tenths(toTenths(float64(l)))
		}
		attributes += fmt.Sprintf(` stroke-dasharray="%s"`, strings.Join(lengths, " "))
	}
	p.path(attributes, path)
}

// Fill fills a path.
func (p *picture) Fill(path vg.Path) { p.path(p.paint("fill", p.state().colour), path) }

// FillString is not there: see put, which tells which end of a text is where.
func (p *picture) FillString(gonumfont.Face, vg.Point, string) {
	panic("write on a picture without an end that stays: put does it")
}

// text writes text, which stays text.
func (p *picture) text(style text.Style, at vg.Point, end anchor, txt string) {
	if txt == "" {
		return
	}
	p.closePath()
	x, y := p.place(at)
	fmt.Fprintf(&p.body, `<text x="%s" y="%s"`, tenths(x), tenths(y))
	if end != atStart {
		fmt.Fprintf(&p.body, ` text-anchor="%s"`, end)
	}
	if style.Font.Size != textSize {
		fmt.Fprintf(&p.body, ` font-size="%s"`, tenths(toTenths(float64(style.Font.Size))))
	}
	if style.Font.Weight >= font.WeightBold {
		p.body.WriteString(` font-weight="bold"`)
	}
	if colour := color.NRGBAModel.Convert(style.Color).(color.NRGBA); colour != black {
		p.body.WriteString(" " + p.paint("fill", colour))
	}
	p.body.WriteString(">" + html.EscapeString(txt) + "</text>")
}

// DrawImage is not there: pictures here are lines, areas and text.
func (p *picture) DrawImage(vg.Rectangle, image.Image) {
	panic("draw an image: a picture here has lines, areas and text only")
}

// paint is the attribute that gives a colour. Black is that of the text around; a colour
// of the palette has a class too, by which a page can change it.
func (p *picture) paint(attribute string, c color.NRGBA) string {
	opaque := color.NRGBA{c.R, c.G, c.B, 255}
	text := fmt.Sprintf(`%s="#%02x%02x%02x"`, attribute, c.R, c.G, c.B)
	switch i := inPalette(opaque); {
	case opaque == black && !p.paper:
		text = attribute + `="currentColor"`
	case opaque == black:
		text = attribute + `="#000"`
	case i > 0 && !p.paper:
		text += fmt.Sprintf(` class="%c%d"`, attribute[0], i)
	}
	if c.A < 255 {
		text += fmt.Sprintf(` %s-opacity="%s"`, attribute, strings.TrimPrefix(strconv.FormatFloat(math.Round(float64(c.A)/2.55)/100, 'g', -1, 64), "0"))
	}
	return text
}

// path writes a path, or adds it to the one before if that looks the same.
func (p *picture) path(attributes string, path vg.Path) {
	if p.open != attributes {
		p.closePath()
		p.body.WriteString("<path " + attributes + ` d="`)
		p.open = attributes
	}
	p.body.WriteString(p.trace(path))
}

func (p *picture) closePath() {
	if p.open != "" {
		p.body.WriteString(`"/>`)
		p.open = ""
	}
}

// place is where a point is, in tenths of a pixel from the top left.
func (p *picture) place(at vg.Point) (x, y int) {
	return toTenths(float64(at.X)), toTenths(p.height - float64(at.Y))
}

// trace is the data of a path.
func (p *picture) trace(path vg.Path) string {
	var t trace
	for _, c := range path {
		x, y := p.place(c.Pos)
		switch {
		case c.Type == vg.MoveComp:
			t.move(x, y)
		case c.Type == vg.LineComp:
			t.line(x, y)
		case c.Type == vg.CloseComp:
			t.close()
		case c.Type == vg.ArcComp && math.Abs(c.Angle) >= 2*math.Pi:
			t.circle(toTenths(float64(c.Radius)))
		default:
			panic("draw a curve: a picture here has straight lines and whole circles only")
		}
	}
	return string(t.data)
}

// svg is the whole picture.
func (p *picture) svg() []byte {
	p.closePath()
	var b strings.Builder
	b.WriteString("<svg")
	if p.paper {
		b.WriteString(` xmlns="http://www.w3.org/2000/svg"`)
	}
	w, h := strconv.FormatFloat(p.width, 'f', -1, 64), strconv.FormatFloat(p.height, 'f', -1, 64)
	fill := "currentColor"
	if p.paper {
		fill = "#000"
	}
	title := html.EscapeString(p.title)
	fmt.Fprintf(&b, ` class="plot" width="%s" height="%s" viewBox="0 0 %s %s" role="img" aria-label="%s" fill="%s" font-family="%s" font-size="%d">`,
		w, h, w, h, title, fill, family, textSize)
	fmt.Fprintf(&b, "<title>%s</title>", title)
	if p.paper {
		fmt.Fprintf(&b, `<path fill="#fff" d="M0 0h%sv%sH0z"/>`, w, h)
	}
	b.WriteString(p.body.String())
	b.WriteString("</svg>\n")
	return []byte(b.String())
}

package plot

import (
	"encoding/xml"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// anchor is which end of a text is at the place that is given. It stays there, however wide the reader's font is.
type anchor string

const (
	atStart  anchor = "start"
	atMiddle anchor = "middle"
	atEnd    anchor = "end"
)

// picture writes SVG. Places are in pixels from the top left, and are rounded to a tenth. What is drawn in succession
// in the same style is one element: a path of many lines, a group of many texts.
type picture struct {
	paper      bool
	linked     bool // what is drawn may lead to places in the page
	inLink     bool
	body       strings.Builder
	start, end string // of the open element
}

// begin opens an element, unless the open one starts the same.
func (p *picture) begin(start, end string) {
	if p.start != start {
		p.body.WriteString(p.end + start)
		p.start, p.end = start, end
	}
}

// stroke draws a line from point to point, and closes it where it ends as it began.
func (p *picture) stroke(look pen, points ...Point) {
	if len(points) < 2 {
		return
	}
	attributes := `<path fill="none"` + p.paint("stroke", look.colour)
	if look.width != 1 {
		attributes += fmt.Sprintf(` stroke-width="%s"`, pixels(look.width))
	}
	if look.dashes != "" {
		attributes += fmt.Sprintf(` stroke-dasharray="%s"`, look.dashes)
	}
	p.begin(attributes+` d="`, `"/>`)
	p.body.WriteString(trace(points))
}

// box fills a rectangle.
func (p *picture) box(c color, left, top, right, bottom float64) {
	p.begin("<path"+p.paint("fill", c)+` d="`, `"/>`)
	p.body.WriteString(trace([]Point{{left, top}, {right, top}, {right, bottom}, {left, bottom}, {left, top}}))
}

// dot draws a filled circle: the round ends of a line that leads nowhere.
func (p *picture) dot(c color, radius float64, at Point) {
	attributes := fmt.Sprintf(`%s stroke-width="%s" stroke-linecap="round"`, p.paint("stroke", c), pixels(2*radius))
	p.begin("<path"+attributes+` d="`, `"/>`)
	p.body.WriteString(trace([]Point{at, at}))
}

// ring draws a circle around a point that stands out.
func (p *picture) ring(c color, at Point) {
	p.begin("", "")
	fmt.Fprintf(&p.body, `<circle cx="%s" cy="%s" r="%d" fill="none"%s stroke-width="2"/>`,
		pixels(at.X), pixels(at.Y), ringRadius, p.paint("stroke", c))
}

// text writes text, its baseline and one end of it given.
func (p *picture) text(look style, x, y float64, end anchor, text string) {
	if text == "" {
		return
	}
	var attributes string
	if end != atStart {
		attributes += fmt.Sprintf(` text-anchor="%s"`, end)
	}
	if look.size != textSize {
		attributes += fmt.Sprintf(` font-size="%s"`, pixels(look.size))
	}
	if look.bold {
		attributes += ` font-weight="bold"`
	}
	if look.colour != black {
		attributes += p.paint("fill", look.colour)
	}
	if attributes == "" {
		p.begin("", "")
	} else {
		p.begin("<g"+attributes+">", "</g>")
	}
	fmt.Fprintf(&p.body, `<text x="%s" y="%s">%s</text>`, pixels(x), pixels(y), escape(text))
}

// paint is the attribute that gives a colour. Black is that of the text around; a colour of the palette has a class
// too, by which a page can change it.
func (p *picture) paint(attribute string, c color) string {
	solid := color{r: c.r, g: c.g, b: c.b}
	paint := fmt.Sprintf(` %s="#%02x%02x%02x"`, attribute, c.r, c.g, c.b)
	switch i := inPalette(solid); {
	case solid == black && !p.paper:
		paint = ` ` + attribute + `="currentColor"`
	case solid == black:
		paint = ` ` + attribute + `="#000"`
	case i > 0 && !p.paper:
		paint += fmt.Sprintf(` class="%c%d"`, attribute[0], i)
	}
	if c.opacity != "" {
		paint += fmt.Sprintf(` %s-opacity="%s"`, attribute, c.opacity)
	}
	return paint
}

// escape makes text safe for XML. A character that XML does not have becomes U+FFFD.
func escape(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // a Builder returns no error
	return b.String()
}

// svg is the whole picture.
func (p *picture) svg(title string, width, height float64) []byte {
	p.begin("", "")
	xmlns, ink, ground := "", "currentColor", ""
	w, h := pixels(width), pixels(height)
	if p.paper {
		xmlns, ink = ` xmlns="http://www.w3.org/2000/svg"`, "#000"
		ground = fmt.Sprintf(`<path fill="#fff" d="M0 0h%sv%sH0z"/>`, w, h)
	}
	title = escape(title)
	role := "img"
	if p.linked { // an image has nothing in it that could be followed
		role = "group"
	}
	return fmt.Appendf(nil, `<svg%s class="plot" width="%[2]s" height="%[3]s" viewBox="0 0 %[2]s %[3]s" role="%[10]s"`+
		` aria-label="%[4]s" fill="%[5]s" font-family="%s" font-size="%d" stroke-linejoin="round">`+
		`<title>%[4]s</title>%[8]s%s</svg>`+"\n",
		xmlns, w, h, title, ink, family, textSize, ground, p.body.String(), role)
}

// toTenths rounds pixels to a tenth.
func toTenths(pixels float64) int { return int(math.Round(10 * pixels)) }

// pixels writes a number of pixels, to a tenth: 12.3 · 12 · .5 · -.5
func pixels(v float64) string {
	text := strconv.FormatFloat(float64(toTenths(v))/10, 'f', -1, 64)
	if strings.HasPrefix(text, "0.") || strings.HasPrefix(text, "-0.") {
		return strings.Replace(text, "0", "", 1)
	}
	return text
}

// trace is the data of a path through the points, closed where the last is the first. It goes in steps, which are fewer
// bytes than places; they are between rounded places, so that they do not drift.
func trace(points []Point) string {
	var b strings.Builder
	x, y, last, before := 0, 0, len(points)-1, byte(0)
	for i, p := range points {
		dx, dy := toTenths(p.X)-x, toTenths(p.Y)-y
		command, steps := byte('l'), []int{dx, dy}
		switch {
		case i == 0:
			command = 'M' // from 0, 0
		case i == last && last > 1 && p == points[0]:
			return b.String() + "z"
		case dx == 0 && dy == 0 && last > 1:
			continue
		case dy == 0:
			command, steps = 'h', []int{dx}
		case dx == 0:
			command, steps = 'v', []int{dy}
		}
		if command != before {
			b.WriteByte(command)
		}
		for j, n := range steps {
			if n >= 0 && (j > 0 || command == before) { // a minus parts numbers too
				b.WriteByte(' ')
			}
			b.WriteString(pixels(float64(n) / 10))
		}
		x, y, before = x+dx, y+dy, command
	}
	return b.String()
}

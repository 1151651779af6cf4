package plot

import (
	"math"
	"strings"
)

// family is what text is shown in: faces with the advances below, where the reader has them.
const family = "Arial,Helvetica,sans-serif"

// advances are the widths of the characters from space to ~ in thousandths of the type size: those of Helvetica in
// Adobe's Core 14 font metrics (AFM), which Arial and Liberation Sans share.
var advances = [...]float64{
	278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, // space to /
	556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556, // 0 to ?
	1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778, // @ to O
	667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556, // P to _
	333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, // ` to o
	556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584, // p to ~
}

// otherAdvance is that of any other character: more than most need.
const otherAdvance = 1000

// Text gets so much more room than the advances say, to suit wider fonts and bold type.
const (
	slack     = 1.16
	boldSlack = 1.26
)

// style is how text looks. A colour that is not set is that of the text around.
type style struct {
	size   float64 // px
	bold   bool
	colour color
}

var (
	normal  = style{size: textSize, colour: black}
	small   = style{size: smallSize, colour: black}
	strong  = style{size: textSize, colour: black, bold: true}
	heading = style{size: titleSize, colour: black, bold: true}
)

// leading is the height of a line, in px.
func (s style) leading() float64 { return math.Round(1.35 * s.size) }

// width is how much room text takes in a line, in px.
func (s style) width(text string) float64 {
	sum := 0.0
	for _, r := range text {
		if r >= ' ' && r <= '~' {
			sum += advances[r-' ']
		} else {
			sum += otherAdvance
		}
	}
	if s.bold {
		return boldSlack * s.size * sum / 1000
	}
	return slack * s.size * sum / 1000
}

// cut shortens text that is wider than the room.
func (s style) cut(text string, room float64) string {
	if s.width(text) <= room {
		return text
	}
	runes := []rune(text)
	for len(runes) > 1 && s.width(string(runes)+"…") > room {
		runes = runes[:len(runes)-1]
	}
	return string(runes) + "…"
}

// wrap breaks text at spaces into lines that are not wider than that.
func (s style) wrap(text string, width float64) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		longer := strings.TrimSpace(line + " " + word)
		if line != "" && s.width(longer) > width {
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

// longest is how many characters of a name a picture has room for.
const longest = 38

// short cuts a name.
func short(name string) string {
	if runes := []rune(name); len(runes) > longest {
		return string(runes[:longest-1]) + "…"
	}
	return name
}

package plot

import (
	"cmp"
	"errors"
	"fmt"
	"math"
)

// maxPixels is how wide or high a picture may be.
const maxPixels = 10_000

// sheet is a picture that is filled from the top: between left and right, from y on, there is nothing on it yet.
type sheet struct {
	picture
	title          string
	width, height  float64
	bare           bool
	edge           float64 // that stays free around all
	left, right, y float64
}

// newSheet is a sheet with its title on it. Width 0 is 640 px; height 0 is what is used in the end.
func newSheet(title string, width, height float64, paper, bare bool) (*sheet, error) {
	s := &sheet{title: title, width: cmp.Or(width, 640), height: height, bare: bare, edge: margin}
	s.paper = paper
	if !(s.width >= 100 && s.width <= maxPixels && (height == 0 || height >= 40 && height <= maxPixels)) {
		return nil, s.sizeError()
	}
	if title == "" {
		return nil, errors.New("draw a picture: it has no title, which screen readers need")
	}
	if bare {
		s.edge = 1
	}
	s.left, s.right, s.y = s.edge, s.width-s.edge, s.edge
	if !bare {
		s.prose(heading, title)
	}
	return s, nil
}

func (s *sheet) sizeError() error {
	return fmt.Errorf("draw %q: %g × %g px is no size; give a width of 100 to %d and a height of 40 to %[4]d",
		s.title, s.width, s.height, maxPixels)
}

// svg is the finished sheet, which grows where its content is higher.
func (s *sheet) svg() ([]byte, error) {
	s.height = max(s.height, math.Ceil(s.y+s.edge))
	if s.height > maxPixels {
		return nil, s.sizeError()
	}
	return s.picture.svg(s.title, s.width, s.height), nil
}

// prose writes text in lines.
func (s *sheet) prose(look style, text string) {
	for _, line := range look.wrap(text, s.right-s.left) {
		s.text(look, s.left, s.y+look.size, atStart, line)
		s.y += look.leading()
	}
}

// key is an entry of a legend: a line, a ring, a mark or, with fill, an area.
type key struct {
	name       string
	line       pen
	ring, fill bool
	mark       markKind
}

// markKind is whether an entry is a mark, and of what.
type markKind int

const (
	noMark markKind = iota
	met
	missed
)

// legend writes what is on the Y axis, and then what the colours mean, in as many lines as it takes.
func (s *sheet) legend(label string, keys []key) {
	if s.bare || label == "" && len(keys) == 0 {
		return
	}
	x := s.left
	if label != "" {
		s.text(strong, x, s.y+textSize, atStart, label)
		x += strong.width(label) + legendGap
	}
	for _, k := range keys {
		name := short(k.name)
		wide := legendSwatch + 4 + normal.width(name)
		if x > s.left && x+wide > s.right {
			s.y += normal.leading()
			x = s.left
		}
		s.sample(k, x, s.y+textSize-4)
		s.text(normal, x+legendSwatch+4, s.y+textSize, atStart, name)
		x += wide + legendGap
	}
	s.y += normal.leading() + 3
}

// sample draws what a legend explains, its left end and its middle given.
func (s *sheet) sample(k key, x, y float64) {
	switch {
	case k.mark != noMark:
		s.mark(k.line.colour, markRadius, Point{x + legendSwatch/2, y}, k.mark == met)
	case k.ring:
		s.ring(k.line.colour, Point{x + legendSwatch/2, y})
	case k.fill:
		s.box(k.line.colour, x+2, y-5, x+legendSwatch-2, y+5)
	default:
		s.stroke(k.line, Point{x, y}, Point{x + legendSwatch, y})
	}
}

// xAxis is an empty X axis with so much room to its left and right.
func (s *sheet) xAxis(left, right float64) axis {
	from := s.left + left
	return newAxis(from, max(from+minAxis, s.right-right))
}

// rows is a Y axis of rows so high, from the top of what is free. Their names take half of the width at most.
func (s *sheet) rows(names []string, height float64) axis {
	ticks, top := named(names), math.Round(s.y)
	for i := range ticks {
		ticks[i].label = normal.cut(ticks[i].label, (s.right-s.left)/2)
	}
	s.y = top + height*float64(len(ticks))
	return axis{lo: -0.5, hi: float64(len(ticks)) - 0.5, from: top, to: s.y, ticks: ticks}
}

// fit gives an X axis the most ticks whose labels do not touch, and moves its ends so that no label is cut off.
func (s *sheet) fit(a *axis, ticks func(lo, hi float64, most int) []tick) {
	for room := 50.0; ; room = widest(a.ticks) + labelGap {
		a.ticks = ticks(a.lo, a.hi, max(1, int((a.to-a.from)/room)))
		if widest(a.ticks)+labelGap <= room || len(a.ticks) < 2 {
			break
		}
	}
	left, right := 0.0, 0.0
	for _, t := range a.ticks {
		at, half := a.at(t.at), normal.width(t.label)/2
		left, right = max(left, half-at), max(right, at+half-s.width)
	}
	a.from += math.Ceil(left)
	a.to = max(a.to-math.Ceil(right), a.from+minAxis)
}

// crisp is the middle of a pixel, where a line of one pixel is sharp.
func crisp(v float64) float64 { return math.Floor(v) + 0.5 }

// grid draws faint lines at the ticks of an axis, across another.
func (s *sheet) grid(across, of axis) {
	for _, t := range of.ticks {
		v := crisp(of.at(t.at))
		s.stroke(pen{colour: gridLine, width: 1}, Point{across.from, v}, Point{across.to, v})
	}
}

// side writes the labels of the Y axis to the left of the X axis.
func (s *sheet) side(x, y axis) {
	for _, t := range y.ticks {
		s.text(normal, x.from-labelGap, y.at(t.at)+0.35*textSize, atEnd, t.label)
	}
}

// base draws the line of the X axis with its ticks at y.
func (s *sheet) base(x axis) {
	look, y := pen{colour: faint, width: 1}, crisp(s.y)
	s.stroke(look, Point{x.from, y}, Point{x.to, y})
	for _, t := range x.ticks {
		at := crisp(x.at(t.at))
		s.stroke(look, Point{at, y}, Point{at, y + tickLength})
	}
}

// footHeight is how high foot is.
func footHeight(label string) float64 {
	if label == "" {
		return tickLength + normal.leading()
	}
	return tickLength + 2*normal.leading()
}

// foot writes the labels of the X axis below y, and below them what is on it.
func (s *sheet) foot(x axis, label string) {
	for _, t := range x.ticks {
		s.text(x.look, x.at(t.at), s.y+tickLength+textSize, atMiddle, t.label)
	}
	s.text(normal, (x.from+x.to)/2, s.y+tickLength+normal.leading()+textSize, atMiddle, label)
	s.y += footHeight(label)
}

package plot

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// element is an element of a picture with its attributes, and its text.
type element struct {
	name string
	at   map[string]string
	text string
}

// elements are those of a picture, in their order; the attributes of a group are those of its elements too.
func elements(t *testing.T, svg []byte) []element {
	t.Helper()
	var all []element
	group, open := map[string]string{}, false
	for d := xml.NewDecoder(bytes.NewReader(svg)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatalf("not XML: %v\n%s", err, svg)
		}
		switch token := token.(type) {
		case xml.StartElement:
			e := element{name: token.Name.Local, at: map[string]string{}}
			for k, v := range group {
				e.at[k] = v
			}
			for _, a := range token.Attr {
				e.at[a.Name.Local] = a.Value
			}
			if e.name == "g" {
				group = e.at
			}
			all, open = append(all, e), true
		case xml.EndElement:
			open = false
			if token.Name.Local == "g" {
				group = map[string]string{}
			}
		case xml.CharData:
			if open {
				all[len(all)-1].text += string(token)
			}
		}
	}
}

func number(t *testing.T, text string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
		t.Fatalf("%q is no number of pixels", text)
	}
	return v
}

var pathParts = regexp.MustCompile(`[MlhvHz]|-?[0-9.]+`)

// places are the points that the data of a path goes through.
func places(t *testing.T, data string) []Point {
	t.Helper()
	if left := strings.TrimSpace(pathParts.ReplaceAllString(data, "")); left != "" {
		t.Fatalf("the path %q has %q", data, left)
	}
	var all []Point
	at, command := Point{}, ""
	for parts := pathParts.FindAllString(data, -1); len(parts) > 0; {
		if strings.Contains("MlhvHz", parts[0]) {
			command, parts = parts[0], parts[1:]
			continue
		}
		v := number(t, parts[0])
		parts = parts[1:]
		switch command {
		case "h":
			at.X += v
		case "H":
			at.X = v
		case "v":
			at.Y += v
		case "l":
			at = Point{at.X + v, at.Y + number(t, parts[0])}
			parts = parts[1:]
		case "M":
			at = Point{v, number(t, parts[0])}
			parts = parts[1:]
		}
		all = append(all, at)
	}
	return all
}

// checkInside fails if anything of a picture is outside of it, but for the end of an interval.
func checkInside(t *testing.T, svg []byte) {
	t.Helper()
	all := elements(t, svg)
	wide, high := number(t, all[0].at["width"]), number(t, all[0].at["height"])
	for _, e := range all {
		var points []Point
		switch e.name {
		case "path":
			points = places(t, e.at["d"])
		case "text":
			points = []Point{{number(t, e.at["x"]), number(t, e.at["y"])}}
		case "circle":
			points = []Point{{number(t, e.at["cx"]), number(t, e.at["cy"])}}
		}
		for _, p := range points {
			if p.X < -5 || p.Y < -5 || p.X > wide+5 || p.Y > high+5 {
				t.Fatalf("%s %v is at %v, outside of %g × %g:\n%s", e.name, e.at, p, wide, high, svg)
			}
		}
	}
}

// Whatever the numbers and the words, a picture is XML, and all of it is inside.
func FuzzPictures(f *testing.F) {
	f.Add("a & b", 1.0, 2.0, 3.0, 4.0, 640.0)
	f.Add("<\x00\xff\u2028>", nan, math.Inf(1), math.Inf(-1), -0.0, 100.0)
	f.Add("a long title that has to be broken into lines", 5e-324, math.MaxFloat64, -math.MaxFloat64, 1e-300, 101.0)
	f.Add("negative", -1.0, -1e14, 9e14, -3.5, 320.0)
	f.Fuzz(func(t *testing.T, text string, a, b, c, d, width float64) {
		if !(width >= 100 && width <= 2000) || text == "" || len(text) > 200 {
			return
		}
		for i := range 16 {
			chart := Chart{
				Title: text, XLabel: text, YLabel: text, RingLabel: text, Width: width, Height: 120,
				Series: []Line{
					{Name: text, X: []float64{0, 1, 2}, Y: []float64{a, b, c}, Rings: []Point{{a, b}, {1, b}}},
					{X: []float64{a, b, c}, Y: []float64{d, 1, a}, Ink: Faint},
					{X: []float64{0, 1, 2}, Y: []float64{a, 1, c}, Low: []float64{b, 0, d}, High: []float64{c, 2, 1}, Ink: 5},
				},
				Marks:  []Mark{{a, b, text}, {c, d, text}, {1, 1, text}},
				Levels: []Level{{a, text}, {c, text}},
				LogY:   i&1 > 0,
				Clock:  i&2 > 0,
				Bare:   i&4 > 0,
				Paper:  i == 15,
			}
			if i&8 > 0 {
				chart.XMin, chart.XMax = c, d
			} else if i&4 > 0 {
				chart.Names = []string{text, "", text}
			}
			svg, err := Stack(text, chart, chart)
			if err != nil {
				t.Fatal(err)
			}
			checkInside(t, svg)
		}
		forest, err := Forest{
			Title: text, RatioLabel: text, ValuesLabel: text, Width: max(width, minForest), Band: Span{a, b}, Margin: 0.03,
			Bound: c, BoundName: text,
			Rows: []ForestRow{
				{Name: text, Text: text, Ratio: a, Span: Span{b, c}, Values: []Outcome{{d, true}, {a, false}}, Met: true},
				{Name: "", Ratio: d, Span: Span{nan, nan}, Plain: true},
			},
		}.Draw()
		if err != nil {
			t.Fatal(err)
		}
		checkInside(t, forest)
		parts, err := Rows{Title: text, Parts: []string{text, "", text}, Width: width, Rows: []Row{
			{Name: text, Parts: []float64{a, b, c}, Text: text},
			{Name: text, Parts: []float64{d, 1, a}},
		}}.Draw()
		if err != nil {
			t.Fatal(err)
		}
		checkInside(t, parts)
		heat, err := Heat{
			Title:   text,
			Note:    text,
			XLabel:  text,
			YLabel:  text,
			Width:   width,
			Columns: []string{text, ""},
			Rows:    []string{text, ""},
			Cells:   [][]Cell{{{a, text, true}, {b, "", false}}, {{c, text, false}, {d, text, true}}},
		}.Draw()
		if err != nil {
			t.Fatal(err)
		}
		checkInside(t, heat)
	})
}

// Labels of an X axis neither touch each other nor leave the picture, however narrow it is.
func TestLabelsHaveRoom(t *testing.T) {
	const noon = 1_764_072_000
	names := []string{"unlimited", "a-name-of-some-length", "pgbouncer", "8", "16", "pgpool", "4096", "none"}
	for _, width := range []float64{200, 360, 640} {
		for name, c := range map[string]Chart{
			"thousands": {XMax: 9_000},
			"billions":  {XMin: 3e9, XMax: 9e9},
			"fractions": {XMin: 0.000_01, XMax: 0.000_09},
			"clock":     {XMin: noon, XMax: noon + 55, Clock: true},
			"names":     {Names: names},
		} {
			c.Title, c.Width = "x", width
			svg, err := Lines(c)
			if err != nil {
				t.Fatal(err)
			}
			end, count := 0.0, 0
			for _, e := range elements(t, svg) {
				if e.name != "text" || e.at["text-anchor"] != "middle" {
					continue
				}
				count++
				look := normal
				if e.at["font-size"] != "" {
					look.size = number(t, e.at["font-size"])
				}
				at, half := number(t, e.at["x"]), look.width(e.text)/2
				if at-half < end || at+half > width {
					t.Errorf("%s, %g px: %q is from %.1f to %.1f; the one before ends at %.1f",
						name, width, e.text, at-half, at+half, end)
				}
				end = at + half
			}
			if least := map[bool]int{true: len(names), false: 1}[name == "names"]; count < least {
				t.Errorf("%s, %g px: %d labels", name, width, count)
			}
		}
	}
}

// A legend in many lines and a long title do not take the room of the lines.
func TestLegendGrows(t *testing.T) {
	c := Chart{Title: strings.Repeat("a title of many words ", 12), YLabel: "ms", Height: 100}
	for i := range 24 {
		name := fmt.Sprintf("a cell with a rather long name, %d", i)
		c.Series = append(c.Series, Line{Name: name, X: []float64{0, 1}, Y: []float64{0, 9}, Ink: Plain})
	}
	svg, err := Lines(c)
	if err != nil {
		t.Fatal(err)
	}
	checkInside(t, svg)
	all := elements(t, svg)
	if high := number(t, all[0].at["height"]); high < 24/3*16+100 {
		t.Errorf("the picture is %g px high", high)
	}
	lowest, top := 0.0, math.Inf(1) // of the legend, of the lines
	for _, e := range all {
		switch {
		case strings.HasPrefix(e.text, "a cell"):
			lowest = max(lowest, number(t, e.at["y"]))
		case e.name == "path" && e.at["stroke-width"] == "1.6":
			for _, p := range places(t, e.at["d"]) {
				if p.X > 600 { // where no sample of the legend is
					top = min(top, p.Y)
				}
			}
		}
	}
	if !(top > lowest && top < math.Inf(1)) {
		t.Errorf("the lines begin at %g, and the legend ends at %g", top, lowest)
	}
}

// What lies outside of XMin to XMax is not drawn.
func TestOutsideIsLeftOut(t *testing.T) {
	svg, err := Lines(Chart{Title: "x", Bare: true, XMin: 10, XMax: 20, Series: []Line{{
		X: []float64{0, 10, 15, 20, 30}, Y: []float64{1, 2, 3, 2, 1}, Rings: []Point{{0, 1}, {15, 3}},
	}}, Marks: []Mark{{0, 5, "before"}, {18, 90, ""}}})
	if err != nil {
		t.Fatal(err)
	}
	checkInside(t, svg)
	rings := 0
	for _, e := range elements(t, svg) {
		switch {
		case e.name == "circle":
			rings++
		case e.name == "text" && e.text == "before":
			t.Error("a mark outside has a label")
		case e.at["class"] == "s1" && e.name == "path":
			if points := places(t, e.at["d"]); len(points) != 3 {
				t.Errorf("the line goes through %v", points)
			}
		}
	}
	if rings != 1 {
		t.Errorf("%d rings", rings)
	}
}

// A level is drawn and named if the axis reaches it, or can.
func TestLevels(t *testing.T) {
	for name, test := range map[string]struct {
		logY  bool
		level float64
		want  bool
	}{
		"within":             {false, 8, true},
		"a little above":     {false, 14, true},
		"far above":          {false, 16, false},
		"far above, log":     {true, 16_000, true},
		"not on a log axis":  {true, 0, false},
		"not on any axis":    {false, nan, false},
		"below":              {false, -3, true},
		"infinite, log axis": {true, math.Inf(1), false},
	} {
		svg, err := Lines(Chart{
			Title:  "x",
			LogY:   test.logY,
			Series: []Line{{X: []float64{0, 1}, Y: []float64{1, 10}}},
			Levels: []Level{{test.level, "SLO"}},
		})
		if err != nil {
			t.Fatal(err)
		}
		checkInside(t, svg)
		lines, named := 0, false
		for _, e := range elements(t, svg) {
			if e.at["stroke-dasharray"] == "5 4" {
				lines++
			}
			named = named || e.text == "SLO"
		}
		if want := map[bool]int{true: 2}[test.want]; lines != want || named != test.want { // one is in the legend
			t.Errorf("%s: %d lines, named %t", name, lines, named)
		}
	}
}

// Only what cannot be seen is straightened.
func TestStraighten(t *testing.T) {
	for name, test := range map[string]struct{ points, want []Point }{
		"none":     {nil, nil},
		"two":      {[]Point{{0, 0}, {1, 1}}, []Point{{0, 0}, {1, 1}}},
		"straight": {[]Point{{0, 0}, {1, 1.1}, {2, 2}, {3, 2.9}, {4, 4}}, []Point{{0, 0}, {4, 4}}},
		"a peak":   {[]Point{{0, 0}, {1, 0}, {2, 0.6}, {3, 0}, {9, 0}}, []Point{{0, 0}, {1, 0}, {2, 0.6}, {3, 0}, {9, 0}}},
		"a corner": {[]Point{{0, 0}, {2, 2}, {4, 4}, {6, 4.1}, {8, 4}}, []Point{{0, 0}, {4, 4}, {8, 4}}},
	} {
		before := slices.Clone(test.points)
		if diff := cmp.Diff(test.want, straighten(test.points)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if diff := cmp.Diff(before, test.points); diff != "" {
			t.Errorf("%s: the points were changed:\n%s", name, diff)
		}
	}
}

// The widths are those of Helvetica, and more.
func TestWidth(t *testing.T) {
	for text, em := range map[string]float64{
		"": 0, " ": 0.278, "0": 0.556, "A": 0.667, "W": 0.944, "i": 0.222, "m": 0.833, "~": 0.584,
		"é": 1, "漢": 1, "ab1": 1.668,
	} {
		if got, want := normal.width(text), slack*textSize*em; math.Abs(got-want) > 1e-9 {
			t.Errorf("%q is %g px wide; want %g", text, got, want)
		}
	}
	if strong.width("a") <= normal.width("a") {
		t.Error("bold text is not wider")
	}
	if got := normal.cut("transaction", 40); got != "tran…" || normal.width(got) > 40 {
		t.Errorf("in 40 px: %s", got)
	}
}

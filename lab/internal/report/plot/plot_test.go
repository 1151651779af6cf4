package plot

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files")

var nan = math.NaN()

// trial is a storm that was drawn up: users rise, p99 leaves the plateau, a second is lost.
func trial(paper bool) []Chart {
	var x, vus, rps, failed, p99 []float64
	for i := range 50 {
		at := float64(i + 1)
		x = append(x, at)
		vus = append(vus, math.Min(1000, 125*at))
		rps = append(rps, 1500+200*math.Sin(at))
		failed = append(failed, math.Max(0, 100*math.Sin(at/5)))
		p99 = append(p99, 20+math.Max(0, at-10)*40)
	}
	p99[30] = nan
	return []Chart{
		{YLabel: "VUs", Height: 90, Paper: paper, Series: []Line{{X: x, Y: vus, Ink: Plain}}},
		{YLabel: "Requests per second", Height: 120, Series: []Line{
			{Name: "sent", X: x, Y: rps}, {Name: "failed", X: x, Y: failed},
		}},
		{
			YLabel: "p99, ms (logarithmic)", Height: 150, LogY: true, XLabel: "Seconds since the load began",
			Series: []Line{{Name: "p99", X: x, Y: p99, Rings: []Point{{20, 420}}}}, RingLabel: "saturation",
			Levels: []Level{{500, "SLO: 500 ms"}}, Marks: []Mark{{8, 8, "all are there"}, {30, 40, "replica killed"}},
		},
	}
}

// drawings are one of each kind.
func drawings(paper bool) map[string]func() ([]byte, error) {
	return map[string]func() ([]byte, error){
		"series": func() ([]byte, error) { return Stack("A storm, second by second", trial(paper)...) },
		"pool": func() ([]byte, error) {
			return Lines(Chart{
				Title:  "Goodput over the size of the pool",
				XLabel: "pool_size",
				YLabel: "Goodput, requests per second",
				Paper:  paper,
				Names:  []string{"4", "8", "16", "unlimited"}, RingLabel: "the best",
				Series: []Line{
					{Name: "direct", X: []float64{0, 1, 2, 3}, Y: []float64{1200, 1650, 1600, 400},
						Low: []float64{1100, 1600, 1500, 200}, High: []float64{1300, 1700, 1650, 700}, Rings: []Point{{1, 1650}}},
					{Name: "pgbouncer & <co>", X: []float64{0, 1}, Y: []float64{1150, 1500}, Low: []float64{1100, 1450},
						High: []float64{1200, 1550}},
					{X: []float64{0, 1, 2}, Y: []float64{900, nan, 950}, Ink: Faint},
				},
			})
		},
		"heat": func() ([]byte, error) {
			return Heat{
				Title:   "Goodput by pool_size and timeouts",
				Note:    "In brackets where the SLO was missed.",
				XLabel:  "pool_size",
				YLabel:  "timeouts",
				Paper:   paper,
				Columns: []string{"unlimited", "8", "16"}, Rows: []string{"none", "layered"},
				Cells: [][]Cell{
					{{Value: 412, Text: "(412)"}, {Value: 1690, Text: "1,690", Framed: true}, {Value: 1500, Text: "1,500"}},
					{{Value: 700, Text: "700"}, {Value: nan, Text: "–"}, {Value: nan}},
				},
			}.Draw()
		},
		"forest": func() ([]byte, error) { return forest(paper).Draw() },
		"stations": func() ([]byte, error) {
			return Rows{
				Title:  "Where the time of a query goes",
				XLabel: "ms",
				Parts:  []string{"pool", "PgBouncer", "execution", "rest"},
				Paper:  paper,
				Rows: []Row{
					{Name: "unlimited", Parts: []float64{89.9, nan, 0.1, 11.5}, Text: "101"},
					{Name: "pgbouncer", Parts: []float64{1, 20, 0.1, 4}, Text: "25.1"},
				},
			}.Draw()
		},
	}
}

func TestGolden(t *testing.T) {
	for name, draw := range drawings(true) {
		got, err := draw()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		path := filepath.Join("testdata", name+".svg")
		if *update {
			if err := os.WriteFile(path, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(want, got) {
			t.Errorf(
				"%s is another picture (-want +got):\n%s", path,
				cmp.Diff(strings.Split(string(want), "<"), strings.Split(string(got), "<")),
			)
		}
	}
}

// Every picture is XML, has a name for those who do not see it, holds its words as text
// and comes out the same again. For a page it takes the page's colours.
func TestPictures(t *testing.T) {
	words := map[string][]string{
		"series": {
			"Requests per second", "sent", "failed", "p99, ms (logarithmic)", "SLO: 500 ms", "replica killed", "saturation",
			"1,000", "Seconds since the load began",
		},
		"pool": {"direct", "pgbouncer & <co>", "unlimited", "1,500", "the best"},
		"heat": {"In brackets where the SLO was missed.", "(412)", "1,690", "layered", "pool_size", "–"},
		"forest": {
			"12.7% failed", "none (baseline)", "SLO met", "missed", "noise band", "δ 3%; SLO, p99 within 500 ms", "1,000",
		},
		"stations": {"pool", "PgBouncer", "execution", "rest", "101", "25.1", "ms"},
	}
	for _, paper := range []bool{true, false} {
		for name, draw := range drawings(paper) {
			svg, err := draw()
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if again, _ := drawings(paper)[name](); !bytes.Equal(svg, again) {
				t.Errorf("%s comes out otherwise the second time", name)
			}
			texts, root := read(t, svg)
			for _, want := range words[name] {
				if !slices.Contains(texts, want) {
					t.Errorf("%s lacks the text %q; it has %q", name, want, texts)
				}
			}
			role := "img"
			if name == "forest" && !paper { // its marks lead to places in the page
				role = "group"
			}
			if root["role"] != role || root["aria-label"] == "" || texts[0] != root["aria-label"] {
				t.Errorf("%s: role %q, label %q, title %q", name, root["role"], root["aria-label"], texts[0])
			}
			if paper != bytes.Contains(svg, []byte(`fill="#fff"`)) &&
				name != "heat" || paper == bytes.Contains(svg, []byte("currentColor")) {
				t.Errorf("%s, for a file %t, has the wrong ground or ink", name, paper)
			}
			if bytes.Contains(svg, []byte("NaN")) || bytes.Contains(svg, []byte("Inf")) {
				t.Errorf("%s has numbers that are none", name)
			}
			if len(svg) > 15_000 {
				t.Errorf("%s has %d bytes", name, len(svg))
			}
		}
	}
}

// read returns the texts of a picture, its title first, and the attributes of its root.
func read(t *testing.T, svg []byte) (texts []string, root map[string]string) {
	t.Helper()
	root = map[string]string{}
	d := xml.NewDecoder(bytes.NewReader(svg))
	inText := false
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return texts, root
		}
		if err != nil {
			t.Fatalf("not XML: %v", err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			if token.Name.Local == "svg" {
				for _, a := range token.Attr {
					root[a.Name.Local] = a.Value
				}
			}
			inText = token.Name.Local == "text" || token.Name.Local == "title"
		case xml.EndElement:
			inText = false
		case xml.CharData:
			if inText {
				texts = append(texts, string(token))
			}
		}
	}
}

// A gap is a gap: the line is drawn in two parts. A number that a logarithmic axis does not
// have is one too.
func TestGaps(t *testing.T) {
	x := []float64{0, 1, 2, 3, 4, 5, 6}
	for name, y := range map[string][]float64{
		"missing":  {1, 2, 3, nan, 3, 2, 1},
		"infinite": {1, 2, 3, math.Inf(1), 3, 2, 1},
		"zero":     {1, 2, 3, 0, 3, 2, 1},
	} {
		svg, err := Lines(Chart{Title: "gap", LogY: true, Bare: true, Series: []Line{{X: x, Y: y}}})
		if err != nil {
			t.Fatal(err)
		}
		_, line, found := strings.Cut(string(svg), `class="s1"`)
		line, _, _ = strings.Cut(line, "/>")
		if n := strings.Count(line, "M"); !found || n != 2 {
			t.Errorf("%s: the line has %d parts; want 2: %s", name, n, line)
		}
	}
}

// What is left out of a long line is never its peak nor a gap.
func TestThin(t *testing.T) {
	n := 5_000
	x, y := make([]float64, n), make([]float64, n)
	for i := range n {
		x[i], y[i] = float64(i), 10+math.Sin(float64(i))
	}
	y[1234], y[4321] = 500, -3
	y[2000] = nan
	keptX, keptY := thin(x, y, 100)
	if len(keptY) > 110 || len(keptX) != len(keptY) {
		t.Errorf("%d points are kept", len(keptY))
	}
	if !slices.Contains(keptY, 500) || !slices.Contains(keptY, -3) || !slices.Contains(keptX, 2000) {
		t.Error("a peak or a gap is lost")
	}
	if !slices.IsSorted(keptX) {
		t.Error("the points are out of order")
	}
	if sameX, _ := thin(x[:100], y[:100], 100); len(sameX) != 100 {
		t.Errorf("of 100 points %d are kept", len(sameX))
	}
}

func labels(ticks []tick) []string {
	var all []string
	for _, t := range ticks {
		all = append(all, t.label)
	}
	return all
}

func TestTicks(t *testing.T) {
	const noon = 1_764_072_000 // 2025-11-25 12:00:00 UTC
	for name, test := range map[string]struct {
		ticks []tick
		want  []string
	}{
		"thousands":    {steps(0, 2_100, 5), []string{"0", "500", "1,000", "1,500", "2,000"}},
		"fractions":    {steps(0, 0.9, 4), []string{"0", "0.5"}},
		"below zero":   {steps(-12, 8, 4), []string{"-10", "-5", "0", "5"}},
		"none":         {steps(3e9, 9e9, 1), []string{"3,000,000,000"}},
		"one":          {steps(0, 1, 1), []string{"0", "1"}},
		"log, few":     {decades(8, 600, 6), []string{"10", "20", "50", "100", "200", "500"}},
		"log, many":    {decades(0.5, 20_000, 6), []string{"1", "10", "100", "1,000", "10,000"}},
		"log, a lot":   {decades(1, 1e8, 3), []string{"1", "1,000", "1,000,000"}},
		"five minutes": {clock(noon, noon+300, 6), []string{"12:00", "12:01", "12:02", "12:03", "12:04", "12:05"}},
		"a minute":     {clock(noon+1, noon+60, 4), []string{"12:00:30", "12:01:00"}},
		"names":        {named([]string{"8", ""}), []string{"8", ""}},
	} {
		if diff := cmp.Diff(test.want, labels(test.ticks)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// Steps between rounded places do not drift, however many there are.
func TestTrace(t *testing.T) {
	for want, points := range map[string][]Point{
		"M10.5 .5h1 .3v-1.7l.3 .2-.1-1z": {
			{10.5, 0.5}, {10.5, 0.5}, {11.5, 0.5}, {11.8, 0.5}, {11.8, -1.2}, {12.1, -1}, {12, -2}, {10.5, 0.5},
		},
		"M.1 0l.1 .1 .2 .2 .1 .1": {{0.14, 0}, {0.24, 0.14}, {0.36, 0.28}, {0.48, 0.4}},
		"M1 2h0":                  {{1, 2}, {1, 2}},
	} {
		if got := trace(points); got != want {
			t.Errorf("%s; want %s", got, want)
		}
	}
}

func TestRefuses(t *testing.T) {
	for name, test := range map[string]struct {
		err  func() error
		want string
	}{
		"nothing": {func() error { _, err := Stack("x"); return err }, "there is none in it"},
		"lengths": {func() error {
			_, err := Lines(Chart{Title: "x", Series: []Line{{Name: "a", X: []float64{1}}}})
			return err
		}, `line "a" has 1 values of X and 0 of Y`},
		"intervals": {func() error {
			_, err := Lines(Chart{Title: "x", Series: []Line{{X: []float64{1}, Y: []float64{1}, Low: []float64{1}}}})
			return err
		}, "ends of intervals"},
		"size":  {func() error { _, err := Lines(Chart{Title: "x", Width: 5}); return err }, "is no size"},
		"title": {func() error { _, err := Lines(Chart{}); return err }, "no title"},
		"fields": {func() error {
			_, err := Heat{Title: "x", Columns: []string{"a"}, Rows: []string{"b"}, Cells: [][]Cell{{}}}.Draw()
			return err
		}, `0 cells for 1 columns in row "b"`},
		"parts": {func() error {
			_, err := Rows{Title: "x", Parts: []string{"a"}, Rows: []Row{{Name: "r"}}}.Draw()
			return err
		}, `row "r" has 0 parts of 1`},
	} {
		if err := test.err(); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v; want %q", name, err, test.want)
		}
	}
}

// A chart of nothing has axes all the same.
func TestNothingToDraw(t *testing.T) {
	for _, c := range []Chart{
		{Title: "x"}, {Title: "x", LogY: true}, {Title: "x", Clock: true},
		{Title: "x", Series: []Line{{X: []float64{1, 2}, Y: []float64{nan, nan}}}},
		{Title: "x", Series: []Line{{X: []float64{3}, Y: []float64{0}}}},
	} {
		if svg, err := Lines(c); err != nil || !bytes.Contains(svg, []byte("<text")) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

// Numbers that cannot be right are not drawn, and take neither for ever nor the picture's
// shape.
func TestAbsurdNumbers(t *testing.T) {
	for name, c := range map[string]Chart{
		"huge":       {Title: "x", Series: []Line{{X: []float64{0, 1}, Y: []float64{1, math.MaxFloat64}}}},
		"huge, log":  {Title: "x", LogY: true, Series: []Line{{X: []float64{0, 1}, Y: []float64{5e-324, math.MaxFloat64}}}},
		"far":        {Title: "x", Series: []Line{{X: []float64{9e14, 9e14 + 1}, Y: []float64{1, 2}}}},
		"too far":    {Title: "x", XMax: math.Inf(1), Series: []Line{{X: []float64{math.MaxFloat64, 2}, Y: []float64{1, 2}}}},
		"all of it":  {Title: "x", LogY: true, Series: []Line{{X: []float64{0, 1}, Y: []float64{2e-15, 9e14}}}},
		"backwards":  {Title: "x", XMin: 7, XMax: -7, Series: []Line{{X: []float64{0, 1}, Y: []float64{1, 2}}}},
		"by the sun": {Title: "x", Clock: true, Series: []Line{{X: []float64{-9e14, 9e14}, Y: []float64{1, 2}}}},
	} {
		svg, err := Lines(c)
		if err != nil || bytes.Contains(svg, []byte("NaN")) || len(svg) > 10_000 {
			t.Errorf("%s: %d bytes, %v", name, len(svg), err)
		}
	}
}

// Text upon a field can be read: 4.5 : 1, as WCAG asks for.
func TestTextUponFields(t *testing.T) {
	for i := range 101 {
		ground := mixed(0, 100, float64(i))
		a, b := luminance(ground)+0.05, luminance(on(ground))+0.05
		if contrast := math.Max(a, b) / math.Min(a, b); contrast < 4.5 {
			t.Errorf("at %d%% the contrast is %.2f", i, contrast)
		}
	}
}

// Lines that are not dashed have a contrast of 3 : 1 on white and on the dark ground.
func TestPaletteStandsOut(t *testing.T) {
	for i, c := range palette[:contrasting] {
		for _, ground := range []float64{1, 0.0086} { // of #fff and of #14171c
			a, b := luminance(c)+0.05, ground+0.05
			if contrast := math.Max(a, b) / math.Min(a, b); contrast < 3 {
				t.Errorf("colour %d: %.2f on a ground of luminance %g", i+1, contrast, ground)
			}
		}
	}
}

package plot

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// forest is a comparison with one thing of each kind.
func forest(paper bool) Forest {
	return Forest{
		Title: "Each cell beside the baseline", RatioLabel: "Goodput × baseline", ValuesLabel: "p99, ms",
		Band: Span{0.8, 1.1}, Margin: 0.03, Bound: 500, BoundName: "SLO, p99 within 500 ms", Paper: paper,
		Rows: []ForestRow{
			{
				Name: "none (baseline)", Text: "12.7% failed", Ratio: 1, Span: Span{nan, nan}, Plain: true, Link: "cell-1-1",
				Values: []Outcome{{3_000, false}, {3_500, false}, {450, true}},
			},
			{
				Name: "8 layered a-name-that-is-much-too-long-to-be-shown-whole", Text: "0% failed", Ratio: 1.4,
				Span: Span{1.2, 1.6}, Met: true, Values: []Outcome{{160, true}, {190, true}}, Link: "cell-2-1",
			},
			{Name: "half", Ratio: 1.2, Span: Span{0.7, 2}, Values: []Outcome{{900, false}}, Link: "cell-3-1"},
			{Name: "nothing", Ratio: nan, Span: Span{nan, nan}, Text: "–"},
		},
	}
}

var (
	discs    = regexp.MustCompile(`<path stroke="#009e73"[^>]*stroke-linecap="round"`)
	diamonds = regexp.MustCompile(`<path fill="none" stroke="#d55e00"[^>]*stroke-width="1.4" d="[^"]*z`)
	links    = regexp.MustCompile(`<a href="#([^"]+)"`)
)

// What met the objective is told by shape and by colour, and in a page each row leads to its trials.
func TestForest(t *testing.T) {
	page, err := forest(false).Draw()
	if err != nil {
		t.Fatal(err)
	}
	svg := string(page)
	// The legend has one of each, the mark of a row and its values share a path or not.
	if n := len(discs.FindAllString(svg, -1)); n < 2 {
		t.Errorf("%d discs of what met the objective", n)
	}
	if n := len(diamonds.FindAllString(svg, -1)); n < 2 {
		t.Errorf("%d diamonds of what missed it", n)
	}
	var to []string
	for _, m := range links.FindAllStringSubmatch(svg, -1) {
		to = append(to, m[1])
	}
	if want := []string{"cell-1-1", "cell-2-1", "cell-3-1"}; !slices.Equal(to, want) {
		t.Errorf("the rows lead to %q; want %q", to, want)
	}
	if !strings.Contains(svg, `role="group"`) || strings.Contains(svg, "NaN") {
		t.Errorf("%.300s", svg)
	}
	paper, err := forest(true).Draw()
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(paper), "<a ") || !strings.Contains(string(paper), `role="img"`) {
		t.Error("a picture on paper leads somewhere")
	}
	all := forest(false)
	for i := range all.Rows {
		all.Rows[i].Met = true
		for k := range all.Rows[i].Values {
			all.Rows[i].Values[k].Met = true
		}
	}
	met, err := all.Draw()
	if err != nil {
		t.Fatal(err)
	}
	if n := len(diamonds.FindAllString(string(met), -1)); n != 1 {
		t.Errorf("%d diamonds where all met the objective; want the one of the legend", n)
	}
	if _, err := (Forest{Title: "x"}).Draw(); err == nil {
		t.Error("a picture without rows is drawn")
	}
}

// Where the noise is not known there is no band.
func TestForestWithoutABand(t *testing.T) {
	with := forest(true)
	without := with
	without.Band = Span{nan, nan}
	draw := func(f Forest) string {
		svg, err := f.Draw()
		if err != nil {
			t.Fatal(err)
		}
		return string(svg)
	}
	const band = `fill-opacity=".08"`
	if a, b := draw(with), draw(without); !strings.Contains(a, band) || strings.Contains(b, band) ||
		strings.Contains(b, "noise band") {
		t.Error("the band is drawn where it is not known, or not where it is")
	}
}

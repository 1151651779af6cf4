package page

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
	"time"
)

func TestDrawIsAnElementOfThePage(t *testing.T) {
	g := grid{step: 2 * time.Second, points: 5}
	none := math.NaN()
	d := drawnChart{ID: "x", Title: "A & B", Unit: "ms", Lines: []line{
		{"one", []float64{1, 2, none, 4, 3}}, {"two", []float64{none, none, none, none, none}},
		{"three", []float64{5, 6, 7, 8, 9}},
	}}
	marks := []mark{{Start: noon.Add(-5 * time.Second), End: noon.Add(time.Minute)}}
	svg, err := d.draw(g, g.last(noon), marks)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := d.draw(g, g.last(noon), marks); err != nil || again != svg {
		t.Errorf("the same values give another drawing (%v)", err)
	}
	// A style, or a colour without a class, would not follow the page from day to night.
	for want, n := range map[string]int{
		`aria-label="A &amp; B, ms"`: 1, `class="s1"`: 1, `class="s2"`: 0, `class="s3"`: 1, "style": 0, "<?xml": 0,
		">12:00:00</text>": 1,
	} {
		if got := strings.Count(svg, want); got != n {
			t.Errorf("%q is there %d times; want %d:\n%s", want, got, n, svg)
		}
	}
	for decoder := xml.NewDecoder(strings.NewReader(svg)); ; {
		if _, err := decoder.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("the drawing is not well-formed: %v", err)
		}
	}
}

// What one more point costs the page: every chart drawn anew.
func BenchmarkDraw(b *testing.B) {
	g := grid{step: liveStep, points: int64(liveSpan / liveStep)}
	var charts []drawnChart
	for _, ch := range drawn {
		d := drawnChart{Title: ch.title, Unit: ch.unit}
		for _, cv := range ch.curves {
			for _, name := range cv.names() {
				l := line{Name: name}
				for i := range g.points {
					l.Values = append(l.Values, 100*(1+math.Sin(float64(i)/7)))
				}
				d.Lines = append(d.Lines, l)
			}
		}
		charts = append(charts, d)
	}
	b.ReportAllocs()
	for b.Loop() {
		for _, d := range charts {
			if _, err := d.draw(g, g.last(noon), nil); err != nil {
				b.Fatal(err)
			}
		}
	}
}

package page

import (
	"context"
	"math"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// queries is how many a whole set of charts takes.
func queries() int {
	n := 0
	for _, ch := range drawn {
		n += len(ch.curves)
	}
	return n
}

func TestChartsAskOnlyForWhatTheyDoNotKnow(t *testing.T) {
	s := newStage(t)
	end := noon.Add(-lateness).Truncate(liveStep)
	if s.get("/"); true {
		asked := s.metrics.questions()
		if len(asked) != queries() {
			t.Fatalf("the first look asks %d queries; want %d", len(asked), queries())
		}
		for _, a := range asked {
			if a.start != end.Add(-liveSpan+liveStep).Unix() || a.end != end.Unix() || a.step != "2" {
				t.Errorf("the first look asks %+v; want five minutes to %d", a, end.Unix())
			}
			if strings.Contains(a.query, "$") {
				t.Errorf("query %s has a variable left", a.query)
			}
		}
	}
	s.get("/")
	s.get("/live")
	if asked := s.metrics.questions(); len(asked) > 0 {
		t.Errorf("a second look at the same time asks %d queries; want none", len(asked))
	}
	s.at = noon.Add(20 * time.Second)
	s.get("/live")
	for _, a := range s.metrics.questions() {
		if from := end.Add(liveStep - settled).Unix(); a.start != from || a.end != end.Add(20*time.Second).Unix() {
			t.Errorf("after 20 s it asks %+v; want from %d, for what may still have changed", a, from)
		}
	}
	s.at = noon.Add(-time.Minute) // the clock is set back
	s.get("/live")
	if asked := s.metrics.questions(); len(asked) != queries() || asked[0].end-asked[0].start < 290 {
		t.Errorf("with the clock set back it asks %+v; want all anew", asked)
	}
	s.at = noon.Add(time.Hour) // nobody has looked for long
	s.get("/live")
	if asked := s.metrics.questions(); len(asked) != queries() || asked[0].end-asked[0].start < 290 ||
		asked[0].end-asked[0].start > 300 {
		t.Errorf("after an hour it asks %+v; want five minutes", asked)
	}
}

func TestViewersShareOneDrawing(t *testing.T) {
	s := newStage(t)
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() { s.get("/live") })
	}
	all.Wait()
	if asked := s.metrics.questions(); len(asked) != queries() {
		t.Errorf("16 viewers ask %d queries; want %d", len(asked), queries())
	}
}

func TestTheCurvesMove(t *testing.T) {
	s := newStage(t)
	paths := func() string {
		return strings.Join(regexp.MustCompile(` d="[^"]*"`).FindAllString(s.live("").Parts["charts"], -1), "\n")
	}
	before := paths()
	if strings.Count(before, " d=") < len(drawn) {
		t.Fatalf("the charts hold the paths %s", before)
	}
	if again := paths(); again != before {
		t.Error("at the same time the charts are others")
	}
	s.at = noon.Add(2 * liveStep)
	if after := paths(); after == before {
		t.Error("four seconds later the charts are the same")
	}
}

func TestWithoutPrometheusTheRestIsShown(t *testing.T) {
	s := newStage(t)
	s.begin(2)
	s.metrics.down = true
	text := s.get("/")
	if !strings.Contains(text, "Prometheus does not answer") || !strings.Contains(text, "0 of 2") ||
		strings.Contains(text, "<figure") {
		t.Errorf("without Prometheus the page is %s", text)
	}
	s.metrics.mu.Lock()
	s.metrics.down = false
	s.metrics.mu.Unlock()
	s.at = noon.Add(liveStep)
	if part := s.live("").Parts["charts"]; strings.Contains(part, "does not answer") ||
		strings.Count(part, "<figure") != len(drawn) {
		t.Errorf("with Prometheus back the charts are %s", part)
	}
	if asked := s.metrics.questions(); asked[0].end-asked[0].start < 290 {
		t.Errorf("with Prometheus back it asks %+v; want five minutes", asked[0])
	}
}

// A service that has no curve of its own is counted among the others.
func TestOthersAreAddedUp(t *testing.T) {
	s := newStage(t)
	var cpu drawnChart
	for _, ch := range s.page.charts.read(context.Background(), noon, nil).Charts {
		if ch.ID == "cpu" {
			cpu = ch
		}
	}
	now := make(map[string]float64)
	for _, l := range cpu.Lines {
		now[l.Name] = l.Now()
	}
	at := float64(noon.Add(-lateness).Truncate(liveStep).Unix() % 100)
	if now["app"] != at || now["others"] != 2*at+3 { // the fake's values
		t.Errorf("app = %v, others = %v; want %v and %v", now["app"], now["others"], at, 2*at+3)
	}
	if !math.IsNaN(now["k6"]) {
		t.Errorf("k6 = %v; want nothing, for it has no series", now["k6"])
	}
}

func TestTrack(t *testing.T) {
	tr := &track{}
	text := func() string {
		var b strings.Builder
		for _, v := range tr.values {
			if math.IsNaN(v) {
				b.WriteString("- ")
			} else {
				b.WriteString(figure(v) + " ")
			}
		}
		return strings.TrimSpace(b.String())
	}
	tr.move(6, 10, 5)
	tr.add([]sample{{6, 6}, {8, 8}, {10, 10}, {11, 11}, {5, 5}})
	if got := text(); got != "6.00 - 8.00 - 10.0" {
		t.Errorf("after the first: %s", got)
	}
	tr.move(10, 12, 5)
	if got := text(); got != "8.00 - - - -" {
		t.Errorf("moved by two, from 10 on forgotten: %s", got)
	}
	tr.add([]sample{{10, 1}, {11, 2}, {11, 3}})
	if got := text(); got != "8.00 - 1.00 5.00 -" {
		t.Errorf("added, two at one point: %s", got)
	}
	tr.move(30, 40, 5)
	if got := text(); got != "- - - - -" {
		t.Errorf("moved far: %s", got)
	}
	l := line{Values: []float64{1, 7, 3, math.NaN(), math.NaN(), math.NaN()}}
	if l.Peak() != 7 || !math.IsNaN(l.Now()) {
		t.Errorf("peak = %v, now = %v; want 7 and none, for it is long ago", l.Peak(), l.Now())
	}
	if none := (line{Values: []float64{math.NaN()}}); none.any() || !math.IsNaN(none.Peak()) {
		t.Error("a line without values has some")
	}
}

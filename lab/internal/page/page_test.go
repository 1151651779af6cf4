package page

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/record"
	"stormwave/lab/internal/stack"
)

func TestThePageShowsTheRunItsTrialsAndTheServices(t *testing.T) {
	s := newStage(t)
	s.begin(6)
	s.write(s.dir().Records(), recorded(t, 1, nil)+recorded(t, 2, func(r *record.Record) {
		r.Cell, r.Verdict, r.Load = "pool_size=8", record.Invalid, nil
		r.Reasons = []string{"<script>alert(1)</script>\nsecond line"}
	}))
	s.status.Deaths = []stack.Death{
		{Service: "replica", At: noon.Add(-time.Minute), How: "signal SIGKILL", Log: "password=hunter2"},
	}
	text := s.get("/")
	for _, want := range []string{
		"<dd>" + run + "</dd>", "<dd>2 of 6</dd>", "<code>pool_size=8</code></dd>", "applying the settings", " left</dd>",
		`<progress value="2" max="6" aria-label="Finished trials">`,
		`<span class="pill ready">ready</span></td><td class="n">11</td><td>127.0.0.1:5001</td><td>15.18</td>`,
		`<th scope="row">replica</th><td><span class="pill down">down</span></td><td class="n">–</td>`,
		`<th scope="row">app</th><td><span class="pill starting">starting</span></td><td class="n">13</td>` +
			`<td>127.0.0.1:5003</td><td>–</td>`,
		"replica ended with signal SIGKILL at 11:59:00: see <code>lab logs replica</code>",
		`<td class="n" data-v="85358">85,358</td>`, `<td class="n" data-v="0.0125">1.25 %</td>`,
		`<td class="n" data-v="1650.4">1,650</td>`, `<td class="n" data-v="412.3">412</td>`,
		"&lt;script&gt;alert(1)&lt;/script&gt; …", `<td class="n">–</td>`,
		"The last 5 min", `<noscript><meta http-equiv="refresh" content="5"></noscript>`, `data-refresh="1000"`,
		"12:00:00 UTC",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page holds no %q", want)
		}
	}
	for _, not := range []string{"hunter2", "<script>alert", "second line"} {
		if strings.Contains(text, not) {
			t.Errorf("the page holds %q", not)
		}
	}
	if newest, oldest := strings.Index(text, "alert(1)"), strings.Index(text, "85,358"); newest > oldest {
		t.Error("the newest trial does not come first")
	}
	if again := s.get("/"); again != text {
		t.Error("the same state gives another page")
	}
	if t.Failed() {
		t.Log(text)
	}
}

func TestThePageBeforeAndAfterARun(t *testing.T) {
	s := newStage(t)
	s.status.State = "starting"
	if text := s.get("/"); !strings.Contains(text, "No run yet") ||
		!strings.Contains(text, `<span class="pill starting">starting</span>`) ||
		!strings.Contains(text, "No trial is finished yet.") {
		t.Errorf("before a run the page is %s", text)
	}
	r := s.begin(2)
	s.write(s.dir().Records(), recorded(t, 1, nil)+recorded(t, 2, nil))
	r.Over = true
	text := s.get("/")
	for _, want := range []string{"The last one", "2 of 2, over", "85,358"} {
		if !strings.Contains(text, want) {
			t.Errorf("after a run the page holds no %q", want)
		}
	}
	for _, not := range []string{"<dt>Stage</dt>", " left"} {
		if strings.Contains(text, not) {
			t.Errorf("after a run the page holds %q", not)
		}
	}
}

func TestManyDeathsAreCutToTheNewest(t *testing.T) {
	s := newStage(t)
	for i := range deathsShown + 3 {
		s.status.Deaths = append(
			s.status.Deaths,
			stack.Death{N: i + 101, Service: "replica", At: noon.Add(time.Duration(i) * time.Minute), How: "status 1"},
		)
	}
	s.status.Services[1].Deaths = deathsShown + 103 // the list holds the newest alone
	text := s.get("/")
	if n := strings.Count(text, "replica ended with status 1"); n != deathsShown ||
		strings.Contains(text, "at 12:02:00") || !strings.Contains(text, "at 12:03:00") {
		t.Errorf("%d deaths are told; want the %d newest", n, deathsShown)
	}
	for _, want := range []string{"ended unasked 103 times before", `<td class="n">108</td>`} {
		if !strings.Contains(text, want) {
			t.Errorf("the page holds no %q", want)
		}
	}
}

// The cell is that of the trial; before, the one whose settings were applied.
func TestTheCellInProgress(t *testing.T) {
	s := newStage(t)
	r := s.begin(2)
	for _, c := range []struct {
		stage           matrix.Stage
		cell, scenario  string
		applied         matrix.Settings
		want, wantStage string
	}{
		{"", "", "", nil, "<dd>–</dd>", "beginning"},
		{"apply", "", "", s.plan.Cell("pool_size=8").Settings, "<code>pool_size=8</code></dd>", "applying the settings"},
		{"warm up", "", "", s.plan.Cell("pool_size=4").Settings, "<code>pool_size=4</code></dd>", "warming up"},
		{"apply", "", "", matrix.Settings{"pool_size": "5"}, "<dd>–</dd>", "applying the settings"},
		{"shoot", "pool_size=4 twin=2", "storm", s.plan.Cell("pool_size=4").Settings, "<code>pool_size=4 twin=2</code></dd>",
			"under load"},
		{"read", "", "", s.plan.Cell("pool_size=4").Settings, "<code>pool_size=4</code></dd>", "reading what was measured"},
	} {
		r.Stage, r.Cell, r.Scenario, r.Applied = c.stage, c.cell, c.scenario, c.applied
		part := s.live("").Parts["run"]
		if !strings.Contains(part, "<dt>Cell</dt><dd>"+strings.TrimPrefix(c.want, "<dd>")) ||
			!strings.Contains(part, "<dd>"+c.wantStage+"</dd>") {
			t.Errorf("%q %q: %s; want %s, %s", c.stage, c.cell, part, c.want, c.wantStage)
		}
		if c.scenario != "" && !strings.Contains(part, "<dd>"+c.scenario+"</dd>") {
			t.Errorf("%q: no scenario in %s", c.stage, part)
		}
	}
}

// Once a second only what has changed comes over: the charts with each new point, the
// trials when one is finished.
func TestLiveSendsOnlyWhatHasChanged(t *testing.T) {
	s := newStage(t)
	s.begin(2)
	whole := s.get("/")
	_, rest, _ := strings.Cut(whole, `data-have="`)
	have, _, _ := strings.Cut(rest, `"`)
	parts := func(c changes) string {
		var names []string
		for name := range c.Parts {
			names = append(names, name)
		}
		slices.Sort(names)
		return strings.Join(names, " ")
	}

	first := s.live(have)
	if got := parts(first); got != "run services state" || first.Have != have || first.Said != "" {
		t.Errorf("at once: %s, %q, %q; want no charts and no trials", got, first.Have, first.Said)
	}
	s.at = noon.Add(liveStep)
	second := s.live(first.Have)
	if got := parts(second); got != "charts run services state" || second.Have == have {
		t.Errorf("after a step of the grid: %s, %q; want the charts too", got, second.Have)
	}
	s.write(s.dir().Records(), recorded(t, 1, nil))
	third := s.live(second.Have)
	if got := parts(third); got != "run services state trials" || third.Said != "Trial 1 is finished: valid" {
		t.Errorf("after a trial: %s, %q; want the trials, and that it is finished", got, third.Said)
	}
	if !strings.Contains(third.Parts["trials"], "85,358") || !strings.Contains(third.Parts["run"], "1 of 2") {
		t.Errorf("after a trial: %v", third.Parts)
	}
	for _, had := range []string{"", "nonsense", "1.2.3"} {
		if got := parts(s.live(had)); got != "charts run services state trials" {
			t.Errorf("to a page that has %q comes %s; want all", had, got)
		}
	}
}

func TestThePageIsWellFormedAndNeedsNoInlineScriptOrStyle(t *testing.T) {
	s := newStage(t)
	s.begin(6)
	s.write(s.dir().Records(), recorded(t, 1, nil))
	for name, text := range map[string]string{"live": s.get("/"), "archive": archived(t).get("/")} {
		ids, parts, headings := map[string]int{}, map[string]int{}, ""
		var refers, open []string
		decoder := xml.NewDecoder(strings.NewReader(text))
		decoder.Strict, decoder.AutoClose, decoder.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
		for {
			token, err := decoder.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			switch e := token.(type) {
			case xml.StartElement:
				open = append(open, e.Name.Local)
				if len(e.Name.Local) == 2 && e.Name.Local[0] == 'h' {
					headings += e.Name.Local[1:]
				}
				if e.Name.Local == "style" {
					t.Errorf("%s: there is an inline <style>", name)
				}
				for _, a := range e.Attr {
					key := a.Name.Local
					switch {
					case key == "style" || strings.HasPrefix(key, "on"):
						t.Errorf("%s: <%s %s=%q> is against the page's own policy", name, e.Name.Local, key, a.Value)
					case key == "id":
						ids[a.Value]++
					case key == "data-part":
						parts[a.Value]++
					case key == "aria-labelledby":
						refers = append(refers, a.Value)
					case (key == "href" || key == "src") && strings.HasPrefix(a.Value, "#"):
						refers = append(refers, a.Value[1:])
					case (key == "href" || key == "src") && !strings.HasPrefix(a.Value, "/") && a.Value != "data:,":
						t.Errorf("%s: <%s %s=%q> leads away", name, e.Name.Local, key, a.Value)
					}
				}
			case xml.CharData:
				if len(open) > 0 && open[len(open)-1] == "script" && len(bytes.TrimSpace(e)) > 0 {
					t.Errorf("%s: there is an inline <script>", name)
				}
			case xml.EndElement:
				if len(open) == 0 || open[len(open)-1] != e.Name.Local {
					t.Fatalf("%s: </%s> ends %v", name, e.Name.Local, open)
				}
				open = open[:len(open)-1]
			}
		}
		for id, n := range ids {
			if n != 1 {
				t.Errorf("%s: id %q is there %d times", name, id, n)
			}
		}
		for part, n := range parts {
			if n != 1 {
				t.Errorf("%s: part %q is there %d times", name, part, n)
			}
		}
		for _, id := range refers {
			if ids[id] == 0 {
				t.Errorf("%s: nothing has the id %q", name, id)
			}
		}
		if len(parts) < 3 {
			t.Errorf("%s: parts = %v", name, parts)
		}
		if !strings.HasPrefix(headings, "12") || strings.Contains(headings, "13") ||
			strings.Count(headings, "3") != len(drawn) {
			t.Errorf("%s: headings are of the levels %s", name, headings)
		}
	}
}

// archived is a page of a run that is over.
func archived(t *testing.T) *stage {
	t.Helper()
	s := newStage(t)
	s.write(s.dir().Records(), recorded(t, 1, nil)+recorded(t, 2, nil))
	s.make(Sources{Archive: &Archive{Run: run, Start: noon.Add(-time.Hour), End: noon.Add(-time.Minute)}})
	return s
}

func TestAnArchiveDoesNotChange(t *testing.T) {
	s := archived(t)
	text := s.get("/")
	for _, want := range []string{
		"Read-only: run " + run + "</strong>, 2026-11-25 11:00:00 to 11:59:00 UTC", `data-refresh="0"`, "The whole run",
		"85,358", "The figures are the highest of each curve.",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page holds no %q", want)
		}
	}
	for _, not := range []string{"http-equiv", "Services", "<progress"} {
		if strings.Contains(text, not) {
			t.Errorf("the page holds %q", not)
		}
	}
	asked := s.metrics.questions()
	if len(asked) == 0 || asked[0].start > noon.Add(-time.Hour).Unix() || asked[0].end < noon.Add(-time.Minute).Unix() {
		t.Errorf("Prometheus was asked %+v; want the whole run", asked)
	}
	if points := (asked[0].end - asked[0].start) / 12; asked[0].step != "12" || points > archivePoints+2 {
		t.Errorf("a curve has %d points %s s apart; want at most %d", points, asked[0].step, archivePoints)
	}
	s.at = noon.Add(time.Hour)
	if again := s.get("/"); again != text {
		t.Error("an hour later the page is another")
	}
	if again := s.metrics.questions(); len(again) > 0 {
		t.Errorf("Prometheus was asked again: %v", again)
	}
}

func TestTheEndOfAnArchiveHasItsDay(t *testing.T) {
	for end, want := range map[time.Duration]string{
		time.Hour: "13:00:00", 13 * time.Hour: "2026-11-26 01:00:00", 365 * 24 * time.Hour: "2027-11-25 12:00:00",
	} {
		if got := (Archive{Start: noon, End: noon.Add(end)}).Until(); got != want {
			t.Errorf("a run of %s ends at %s; want %s", end, got, want)
		}
	}
}

func TestNothingToShowIsRefused(t *testing.T) {
	if _, err := New(Sources{Addr: addr, Prometheus: "http://127.0.0.1:1"}); err == nil {
		t.Error("a page of nothing was made")
	}
}

func TestBriefAndNumbers(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{figure(math.NaN()), "–"}, {figure(1650.4), "1,650"}, {percent(0.0125), "1.25 %"}, {whole(85358), "85,358"},
		{span(45 * time.Second), "45 s"}, {span(12*time.Minute + 10*time.Second), "12 min"},
		{span(200 * time.Minute), "3 h 20 min"},
		{brief("one"), "one"}, {brief("one\ntwo"), "one …"},
		{brief(strings.Repeat("ä", 200)), strings.Repeat("ä", briefly) + " …"},
		{string(bytes.TrimSpace([]byte(moment(noon)))), "2026-11-25 12:00:00"},
	} {
		if c.got != c.want {
			t.Errorf("got %q; want %q", c.got, c.want)
		}
	}
}

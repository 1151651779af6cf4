package report

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"stormwave/lab/internal/record"
	"stormwave/lab/internal/report/numeral"
)

// pageOf is report.html of a run.
func pageOf(t testing.TB, run Run) string {
	t.Helper()
	built, err := Build(run)
	if err != nil {
		t.Fatal(err)
	}
	return string(built[run.Name+"/report.html"])
}

var (
	idsOf   = regexp.MustCompile(`\sid="?([^" >]+)`)
	hrefsOf = regexp.MustCompile(`\s(?:href|src|action|data|poster|srcset)="?([^" >]+)`)
	tagsOf  = regexp.MustCompile(`<(/?)([a-z][a-z0-9]*)([^>]*)>`)
)

// Every link leads to a place in the page that there is once, and nothing is fetched from
// anywhere.
func TestPageLinks(t *testing.T) {
	for name, run := range map[string]Run{
		"wounded": wounded(t), "curves": withCurves(synthetic(t, 8)), "study": withCurves(studied(t, nil)), "empty": {},
	} {
		if name == "empty" {
			run = synthetic(t, 1)
			run.Records = nil
		}
		text := pageOf(t, run)
		head, body, _ := strings.Cut(text, "</style>")
		script := strings.Index(body, "<script>")
		if script < 0 {
			t.Fatalf("%s: there is no script", name)
		}
		body = body[:script]
		ids := map[string]int{}
		for _, m := range idsOf.FindAllStringSubmatch(body, -1) {
			ids[m[1]]++
		}
		for id, n := range ids {
			if n > 1 {
				t.Errorf("%s: id %s is given %d times", name, id, n)
			}
		}
		links := map[string]int{}
		for _, m := range hrefsOf.FindAllStringSubmatch(text[:len(text)-len(pageScript)], -1) {
			to, internal := strings.CutPrefix(m[1], "#")
			if m[1] == "data:," { // no icon, so that none is asked for
				continue
			}
			if !internal {
				t.Errorf("%s: a link leads out of the page: %s", name, m[1])
			} else if ids[to] == 0 {
				t.Errorf("%s: nothing has the id %s", name, to)
			}
			links[to]++
		}
		for i := range run.Records {
			if links[recordAnchor(run.Records[i].N)] == 0 {
				t.Errorf("%s: nothing leads to record %d", name, run.Records[i].N)
			}
		}
		for i := range run.Plan.Cells {
			if ids[(ref{cell: i + 1}).anchor()] != 1 {
				t.Errorf("%s: cell %d has no place of its own", name, i+1)
			}
		}
		if !strings.Contains(
			head, `content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:;`,
		) {
			t.Errorf("%s: the policy is missing", name)
		}
		for _, fetches := range []string{"@import", "url(", "http://", "https://", "xlink"} {
			if strings.Contains(pageStyle+pageScript, fetches) {
				t.Errorf("style or script has %q", fetches)
			}
		}
		if strings.Contains(body, "http://") || strings.Contains(body, "https://") {
			t.Errorf("%s: the page names another host", name)
		}
	}
}

// What must be closed is closed, in order, and headings do not skip a level.
func TestPageIsWellFormed(t *testing.T) {
	mayStayOpen := []string{"td", "th", "tr", "li", "p", "thead", "tbody"} // closed by what follows them
	alone := []string{"meta", "link", "path", "circle", "br", "hr"}        // have no end, or end within themselves
	for name, run := range map[string]Run{"wounded": wounded(t), "study": withCurves(studied(t, nil))} {
		text := strings.Replace(pageOf(t, run), pageScript, "", 1)
		var open []string
		level := 0
		for _, m := range tagsOf.FindAllStringSubmatch(text, -1) {
			end, tag := m[1] == "/", m[2]
			if slices.Contains(mayStayOpen, tag) || slices.Contains(alone, tag) {
				continue
			}
			if !end {
				open = append(open, tag)
				var n int
				if _, err := fmt.Sscanf(tag, "h%d", &n); err == nil {
					if n > level+1 {
						t.Errorf("%s: h%d follows h%d", name, n, level)
					}
					level = n
				}
				continue
			}
			if len(open) == 0 || open[len(open)-1] != tag {
				t.Fatalf("%s: </%s> ends %q", name, tag, open)
			}
			open = open[:len(open)-1]
		}
		if len(open) > 0 {
			t.Errorf("%s: %q stay open", name, open)
		}
		for _, want := range []string{
			`<html lang="en">`, "<title>" + run.Name + "</title>", `<main id="main"`, `<nav aria-label="Contents">`,
			`href="#main">Skip`, "<h1>" + run.Name + "</h1>",
		} {
			if !strings.Contains(text, want) {
				t.Errorf("%s: the page lacks %q", name, want)
			}
		}
		regions := regexp.MustCompile(
			`<div class=(?:t|"t fits") tabindex=0 role=region aria-label="([^"]+)">`,
		).FindAllStringSubmatch(text, -1)
		seen := map[string]bool{}
		for _, r := range regions {
			if seen[r[1]] {
				t.Errorf("%s: two tables are called %q", name, r[1])
			}
			seen[r[1]] = true
		}
		if tables := strings.Count(text, "<table>"); tables == 0 || tables != len(regions) {
			t.Errorf("%s: %d tables, %d of them can be scrolled", name, tables, len(regions))
		}
	}
}

// A number in a table leads to the trials that it is of, and each number there to
// its record, which is the line of the file.
func TestPageLeadsToTheRecords(t *testing.T) {
	run := withCurves(synthetic(t, 2))
	text := pageOf(t, run)
	g := groups(run, run.Plan.Scenarios[0])[capped]
	if g.ref.anchor() != "cell-3-1" {
		t.Fatalf("the cell's trials are at %s", g.ref.anchor())
	}
	v, _ := g.median(goodputColumn)
	for _, want := range []string{
		"<a href=#cell-3-1>" + numeral.Figure(v) + "</a>",
		"<a href=#cell-3><code>" + g.Cell.Label + "</code></a>",
		fmt.Sprintf("<a href=#%s>%s</a>", recordAnchor(g.Used[0].N), numeral.Figure(g.Used[0].Load.GoodputRPS)),
		fmt.Sprintf("<details id=%s><summary>Record %d</summary>", recordAnchor(g.Used[0].N), g.Used[0].N),
		`"goodput_rps":`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
}

// Text from logs must not become mark-up in the page either.
func TestPageEscapes(t *testing.T) {
	run := wounded(t)
	const evil = `</pre><script>alert(1)</script><img src=x onerror=alert(1)>|*_"'`
	run.Records[0].Reasons = []string{evil}
	run.Host.CPUModel, run.Host.Commit = evil, evil
	run.Spec = []byte(evil)
	run.Records[3].Effective["postgres."+evil] = evil
	text := pageOf(t, run)
	if n := strings.Count(text, "<script"); n != 1 {
		t.Errorf("%d scripts in the page", n)
	}
	if strings.Contains(text, "<img") {
		t.Error("an image in the page")
	}
}

func TestPageIsPure(t *testing.T) {
	run := withCurves(wounded(t))
	first, err := Build(run)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		again, err := Build(run)
		if err != nil {
			t.Fatal(err)
		}
		if err := Verify(again, first); err != nil {
			t.Fatalf("the same run gave other files: %v", err)
		}
	}
}

func TestBrokenLine(t *testing.T) {
	line := []byte(
		`{"n":17,"cell":"a=\"1.23456789\", b",` +
			`"load":{"rps":1234.56789,"small":-0.000123456789,"whole":123456789,"big":1.23456789e+21},"reasons":["x, y"]}`,
	)
	want := "{\"n\":17,\n \"cell\":\"a=\\\"1.23456789\\\", b\",\n " +
		"\"load\":{\"rps\":1235,\"small\":-0.0001235,\"whole\":123456789,\"big\":1.235e+21},\n \"reasons\":[\"x, y\"]}"
	if got := broken(line, 4); string(got) != want {
		t.Errorf("cut to four digits:\n%s\nwant\n%s", got, want)
	}
	if got := bytes.ReplaceAll(broken(line, 0), []byte("\n "), nil); !bytes.Equal(got, line) {
		t.Errorf("whole numbers come out otherwise:\n%s", got)
	}
}

const hundredSpec = `
name: hundred
scenarios: [storm, wave]
factors:
  pool_size: [unlimited, 2, 4, 6, 8, 12, 16, 20, 24, 28, 32, 40, 48, 56, 64, 72, 80, 88, 96, 100, 110, 120, 130, 140, 150]
  topology: [direct, replica, pgbouncer, pgbouncer+replica]
baseline: {pool_size: unlimited, topology: direct}
blocks: 6
slo: {error_ratio: 0.01, p99: 500ms}
`

// hundred is a run of 100 cells,  the A/A control aside, in six blocks of two scenarios, with
// as much in each record as there is in real ones, and curves.
func hundred(t testing.TB) Run {
	run := synthesize(t, []byte(hundredSpec), 6)
	for i := range run.Records {
		r := &run.Records[i]
		suffer(r, outcomes[[]string{"cap", "pooler", "all", "replica"}[i%4]])
		for j := range 50 {
			r.Metrics[fmt.Sprintf("another_metric_of_the_machine_%02d", j)] = float64(j*r.N) / 7
		}
		r.Dataset = "500000 posts, checksum -2789293619490872135201"
	}
	return withCurves(run)
}

// The page of 100 cells is not above 5 MB, and has a plot for each cell and scenario.
func TestPageOfAHundredCells(t *testing.T) {
	run := hundred(t)
	text := pageOf(t, run)
	if len(text) > 5_000_000 {
		t.Errorf("the page has %d bytes; 5,000,000 are allowed", len(text))
	}
	if n := strings.Count(text, "<figure "); n < 2*len(run.Plan.Cells) {
		t.Errorf("%d plots for %d cells and two scenarios", n, len(run.Plan.Cells))
	}
	ids := map[string]bool{}
	for _, m := range idsOf.FindAllStringSubmatch(text, -1) {
		ids[m[1]] = true
	}
	for i := range run.Records {
		if !ids[recordAnchor(run.Records[i].N)] {
			t.Fatalf("record %d is not in the page", run.Records[i].N)
		}
	}
}

// BenchmarkPageOfAHundredCells makes all files of that report. 3 s are allowed.
func BenchmarkPageOfAHundredCells(b *testing.B) {
	run := hundred(b)
	b.ReportAllocs()
	size := 0
	for b.Loop() {
		size = len(pageOf(b, run))
	}
	b.ReportMetric(float64(size)/1e6, "page-MB")
	if each := b.Elapsed() / time.Duration(b.N); each > 3*time.Second {
		b.Errorf("%s; 3s are allowed", each)
	}
}

// The Markdown shows the pictures that have files, and not too many.
func TestPictures(t *testing.T) {
	run := withCurves(synthetic(t, 8))
	built, err := Build(run)
	if err != nil {
		t.Fatal(err)
	}
	report := string(built[run.Name+".md"])
	files := 0
	for name, content := range built {
		if !strings.HasSuffix(name, ".svg") {
			continue
		}
		files++
		if !strings.Contains(report, "]("+name+")") {
			t.Errorf("%s is not in the report", name)
		}
		if len(content) > 15_000 {
			t.Errorf("%s has %d bytes; 15,000 are allowed", name, len(content))
		}
	}
	if shown := strings.Count(report, "!["); shown != files || files == 0 || files > maxFiles {
		t.Errorf("%d pictures, %d files", shown, files)
	}
	for _, file := range []string{"storm-cells", "storm-layers", "wave@0.25-cells", "wave@0.25-layers"} {
		if _, ok := built[run.Name+"/plots/"+file+".svg"]; !ok {
			t.Errorf("there is no picture %s", file)
		}
	}
}

// Few records are in the page whole, and very many have a row only.
func TestRecordForms(t *testing.T) {
	few := newRecordLines(synthetic(t, 1).Records)
	if few.form != &forms[0] {
		t.Errorf("few records are not whole: %s", few.note())
	}
	many := make([]record.Record, maxWritten+1)
	if l := newRecordLines(many); l.form != nil || !strings.Contains(l.note(), "too many") {
		t.Errorf("%d records are in the page", len(many))
	}
}

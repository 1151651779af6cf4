package report

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"stormwave/lab/backends"
	"stormwave/lab/internal/record"
	"stormwave/lab/internal/service"
)

// placed is a row of a table of a report, with the heading of level 2 that it is under.
type placed struct {
	part string
	head []string
	row  []string
}

// tablesOf reads the tables of a report.
func tablesOf(markdown string) []placed {
	var all []placed
	part := ""
	var head []string
	for line := range strings.Lines(markdown) {
		line = strings.TrimRight(line, "\n")
		if text, ok := strings.CutPrefix(line, "## "); ok {
			part = text
		}
		if !strings.HasPrefix(line, "| ") {
			if !strings.HasPrefix(line, "|:") {
				head = nil
			}
			continue
		}
		line = strings.ReplaceAll(strings.Trim(line, "|"), `\|`, "\x00")
		var cells []string
		for _, cell := range strings.Split(line, "|") {
			cells = append(cells, strings.TrimSpace(strings.ReplaceAll(cell, "\x00", "|")))
		}
		if head == nil {
			head = cells
			continue
		}
		all = append(all, placed{part, head, cells})
	}
	return all
}

// holds says whether a cell of the tables has the text of a fact, and no longer number in its place.
func holds(tables []placed, f Fact) bool {
	whole := regexp.MustCompile(`(^|[^\d.,])` + regexp.QuoteMeta(f.Text) + `($|[^\d.,]|[.,]($|\D))`)
	return slices.ContainsFunc(tables, func(p placed) bool {
		if p.part != f.Part || p.row[0] != f.Row {
			return false
		}
		for i, head := range p.head {
			if i > 0 && head == f.Column && whole.MatchString(p.row[i]) {
				return true
			}
		}
		return false
	})
}

var (
	codeSpan = regexp.MustCompile("`[^`]*`")
	digit    = regexp.MustCompile(`\d`)
)

// checkCard says what is wrong with the card of a run: a fact that no table holds, a number that is no fact.
func checkCard(t *testing.T, run Run) *Card {
	t.Helper()
	a := analyze(t, run)
	c, text := a.Card(), a.content().markdown()
	if n := len(c.Lines); n == 0 || n > maxCardLines {
		t.Errorf("the card has %d lines; want 1 to %d", n, maxCardLines)
	}
	tables := tablesOf(text)
	for _, line := range c.Lines {
		rest := line.Text
		for _, f := range line.Facts {
			if !holds(tables, f) {
				t.Errorf("%s: no table has %q at %s / %s / %s", line.Label, f.Text, f.Part, f.Row, f.Column)
			}
			if !strings.Contains(rest, f.Text) {
				t.Errorf("%s: %q is not in %q", line.Label, f.Text, line.Text)
			}
			rest = strings.Replace(rest, f.Text, " ", 1)
		}
		for _, s := range run.Plan.Scenarios {
			rest = strings.ReplaceAll(rest, s.String(), "")
		}
		if rest = strings.ReplaceAll(codeSpan.ReplaceAllString(rest, ""), "p99", ""); digit.MatchString(rest) {
			t.Errorf("%s: a number that no table holds: %q", line.Label, rest)
		}
		if strings.Contains(line.Text, "NaN") || strings.Contains(line.Text, "%!") {
			t.Errorf("%s: %q", line.Label, line.Text)
		}
	}
	if n := firstLevel(text); n > 250 {
		t.Errorf("the report has %d lines on its first level; 250 are allowed", n)
	}
	if i := strings.Index(text, "\n"); !strings.HasPrefix(text[i:], "\n\n- **Asked**: ") {
		t.Errorf("the report begins with %.200q", text)
	}
	return c
}

// firstLevel counts the lines that are not folded.
func firstLevel(markdown string) int {
	lines, depth := 0, 0
	for line := range strings.Lines(markdown) {
		if strings.HasPrefix(line, "<details>") {
			depth++
		}
		if depth == 0 {
			lines++
		}
		if strings.HasPrefix(line, "</details>") {
			depth--
		}
	}
	return lines
}

// line is the text of a card's line.
func (c *Card) line(label string) string {
	for _, l := range c.Lines {
		if l.Label == label {
			return l.Text
		}
	}
	return ""
}

// serving makes a trial one with so many failed requests, a p99 and a goodput.
func serving(r *record.Record, failed, p99, goodput float64) {
	vary := 1 + 0.002*float64((5*r.Block+3*r.N)%7-3)
	l := r.Load
	l.ErrorRatio, l.Latency.P99, l.GoodputRPS = failed*vary, p99*vary, goodput*vary
	l.Failed = int64(l.ErrorRatio * float64(l.Requests))
	l.ErrorRatio = float64(l.Failed) / float64(l.Requests)
}

const oneCellSpec = `
name: one
scenarios: [storm]
factors: {pool_size: [8]}
baseline: {pool_size: 8}
blocks: 6
slo: {error_ratio: 0.01, p99: 500ms}
`

// The card says what the tables hold, whatever came out.
func TestCard(t *testing.T) {
	own := func(r *record.Record) bool { return r.Baseline || isControl(r.Cell) }
	changed := func(blocks int, change func(*record.Record)) Run {
		run := synthetic(t, blocks)
		for i := range run.Records {
			change(&run.Records[i])
		}
		return run
	}
	nothing := func(*record.Record) {}
	whole := changed(8, nothing)
	interrupted := whole
	interrupted.Records = whole.Records[:24]
	empty := whole
	empty.Records = nil
	for name, test := range map[string]struct {
		run       Run
		outcome   string
		set, next string // what the lines begin with
	}{
		"cured": {whole, "cured", "**`acquire_timeout=500ms", "`lab run results/" + runName + "/next.yaml`"},
		"no effect": {
			changed(8, func(r *record.Record) { serving(r, 0, 100, 1_000) }), "kept",
			"Nothing: the baseline meets the SLO in 8 of 8 (failed 0%", "Nothing to confirm",
		},
		"all worse": {
			changed(8, func(r *record.Record) {
				if serving(r, 0, 100, 1_000); !own(r) {
					serving(r, 0.2, 900, 300)
				}
			}), "kept", "Nothing: the baseline meets the SLO", "Nothing to confirm",
		},
		"all fail": {
			changed(8, func(r *record.Record) { serving(r, 0.3, 2_000, 300) }), "uncured",
			"Nothing: no cell meets the SLO in every trial", "",
		},
		"more goodput": {
			changed(8, func(r *record.Record) {
				if serving(r, 0, 100, 1_000); !own(r) {
					serving(r, 0, 100, 1_300)
				}
			}), "improved", "**`acquire_timeout=500ms", "`lab run results/",
		},
		"one cell": {synthesize(t, []byte(oneCellSpec), 6), "uncured", "Nothing: no cell", ""},
		"one block": {
			changed(1, nothing), "promising", "Nothing yet: `pool_size=8", "`lab run results/",
		},
		"interrupted": {interrupted, "promising", "Nothing yet", "`lab resume " + runName + "`"},
		"not begun":   {empty, "unknown", "Nothing can be said", "`lab resume"},
		"no valid baseline": {
			changed(8, func(r *record.Record) {
				if r.Baseline {
					r.Verdict, r.Reasons = record.Invalid, []string{"a scrape was missing"}
				}
			}), "unknown", "Nothing can be said", "`lab run results/" + runName + "/spec.yaml`",
		},
		"some invalid": {
			changed(8, func(r *record.Record) {
				if r.N%7 == 0 {
					r.Verdict, r.Reasons = record.Invalid, []string{"a scrape was missing"}
				}
			}), "cured", "**`acquire_timeout", "`lab run",
		},
		"open loads": {changed(8, func(r *record.Record) { r.Model = record.OpenModel }), "cured", "**`", "`lab run"},
		"the system failed": {
			changed(8, func(r *record.Record) {
				if own(r) {
					r.Load, r.Verdict, r.Reasons = nil, record.Failed, []string{"primary ended"}
				}
			}), "cured", "**`", "`lab run",
		},
		"scenarios disagree": {
			changed(8, func(r *record.Record) {
				if r.Scenario != "storm" {
					if serving(r, 0, 100, 1_000); !own(r) {
						serving(r, 0.2, 900, 300)
					}
				}
			}), "disagreeing", "Nothing for every load: under storm it would be `pool_size=8", "`lab run",
		},
		"wounded": {wounded(t), "promising", "Nothing yet", "`lab resume"},
		"study": {
			studied(t, nil), "cured", "**`pool_size=8`** (`remedy=cap`): failed 12.67% → 0%, p99 3,713 → 195 ms", "`lab run",
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := checkCard(t, test.run)
			if c.Outcome != test.outcome {
				t.Errorf("outcome %s; want %s", c.Outcome, test.outcome)
			}
			if set := c.line("Set"); !strings.HasPrefix(set, test.set) {
				t.Errorf("set: %s\nwant %s", set, test.set)
			}
			if next := c.line("Next"); !strings.HasPrefix(next, test.next) {
				t.Errorf("next: %s\nwant %s", next, test.next)
			}
			if recommends := c.Outcome == "cured" || c.Outcome == "improved"; (c.Set != nil) != recommends {
				t.Errorf("%s, and sets %v", c.Outcome, c.Set)
			}
		})
	}
}

// A card that states another number than the tables is found out.
func TestCardIsHeld(t *testing.T) {
	a := analyze(t, studied(t, nil))
	tables := tablesOf(a.content().markdown())
	for _, line := range a.card.Lines {
		for _, f := range line.Facts {
			for _, other := range []Fact{
				{f.Text + "7", f.Part, f.Row, f.Column}, {f.Text, "wave", f.Row + "x", f.Column},
			} {
				if holds(tables, other) {
					t.Errorf("the tables hold %+v", other)
				}
			}
		}
	}
}

// What is recommended is so in every scenario, or it is another cell that does as well.
func TestNoHarmElsewhere(t *testing.T) {
	run := studied(t, func(r *record.Record) {
		if r.Scenario == "wave" {
			if serving(r, 0, 100, 600); r.Cell == "remedy=cap" {
				serving(r, 0.5, 900, 100)
			}
		}
		if r.Scenario == "storm" && r.Cell == "remedy=pooler" {
			serving(r, 0, 210, 1_690)
		}
	})
	c := checkCard(t, run)
	if c.Set == nil || c.Set.Cell != "remedy=pooler" {
		t.Errorf("set %+v: %s", c.Set, c.line("Set"))
	}
}

// committed is a run that is kept in the repository, without its curves.
func committed(t *testing.T, results, name string) Run {
	t.Helper()
	dir, err := record.NewDir(results, name)
	if err != nil {
		t.Fatal(err)
	}
	run := Run{Name: name, Services: service.Catalog(backends.Default())}
	for path, v := range map[string]any{dir.Plan(): &run.Plan, dir.Host(): &run.Host} {
		if err := record.ReadJSON(path, v); err != nil {
			t.Fatal(err)
		}
	}
	if run.Spec, err = os.ReadFile(dir.Spec()); err != nil {
		t.Fatal(err)
	}
	if err := run.Plan.SetLevels(run.Spec); err != nil {
		t.Fatal(err)
	}
	if run.Records, err = record.Read(dir.Records()); err != nil {
		t.Fatal(err)
	}
	return run
}

// So it is with every run in the repository.
func TestCardsOfCommittedRuns(t *testing.T) {
	results := filepath.Join("..", "..", "..", "results")
	names, err := record.Names(results)
	if err != nil || len(names) < 10 {
		t.Fatalf("%d runs: %v", len(names), err)
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			run := committed(t, results, name)
			if run.Plan.Budget == 0 {
				checkCard(t, run)
				return
			}
			text := analyze(t, run).content().markdown()
			if begin := text[:min(200, len(text))]; !strings.Contains(begin, "\nThe race ran ") {
				t.Errorf("the report of a race begins with\n%s", begin)
			}
		})
	}
}

// Programs get the same answer.
func TestJSON(t *testing.T) {
	a := analyze(t, studied(t, nil))
	text, err := a.JSON()
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Card      Card
		Scenarios []struct{ Cells []toldCell }
	}
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	set := got.Card.Set
	if set == nil || set.Cell != "remedy=cap" || set.Settings["pool_size"] != "8" || set.Goodput.Word != "better" ||
		*set.Failed.Cell != 0 || !(*set.Failed.Baseline > 0.12) || len(set.Parts) != 0 {
		t.Errorf("set %+v", set)
	}
	if len(got.Card.Lines) != len(a.card.Lines) || !strings.HasPrefix(string(text), "{\n  \"card\": {") {
		t.Errorf("the JSON begins with %.100q and has %d lines", text, len(got.Card.Lines))
	}
	if n := len(got.Scenarios); n != 2 || len(got.Scenarios[0].Cells) != len(a.run.Plan.Cells) {
		t.Errorf("%d scenarios", n)
	}
	if cap := got.Scenarios[0].Cells[2]; cap.SLOMet != 8 || *cap.Against["goodput"].Ratio != *set.Goodput.Ratio {
		t.Errorf("the cell to set is %+v", cap)
	}
}

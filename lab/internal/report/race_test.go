package report

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"stormwave/lab/internal/search/tune"
)

// raced is a run of quick.yaml as a race with a budget, to its end or for so many blocks.
func raced(t *testing.T, budget, blocks int, change func(n int, run *Run)) Run {
	t.Helper()
	src, err := os.ReadFile("testdata/quick.yaml")
	if err != nil {
		t.Fatal(err)
	}
	keys := fmt.Sprintf("blocks: 9\nbudget: %d\n", budget)
	run := synthesize(t, []byte(strings.Replace(string(src), "blocks: 1\n", keys, 1)), 9)
	run.Records = nil
	race := tune.New(run.Plan, run.Services, run.Plan.Budget)
	for block := 1; block <= blocks; block++ {
		next, err := race.Block(block, run.Records)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range next {
			s.N = len(run.Records) + 1
			for i, c := range run.Plan.Cells {
				if c.Label == s.Cell {
					r := trial(s, c, i, time.Date(2026, 11, 23, 9, 15+s.N, 0, 0, time.UTC))
					r.Load.Slow = new(r.Load.Failed)
					run.Records = append(run.Records, r)
				}
			}
			change(s.N, &run)
		}
	}
	return run
}

func TestRaceIsReported(t *testing.T) {
	const direct = "`pool_size=8 timeouts=layered topology=direct`"
	none := func(int, *Run) {}
	for _, c := range []struct {
		name           string
		budget, blocks int
		change         func(int, *Run)
		few            string // what the index of runs says
		want           []string
	}{
		{"too few to be sure", 40, 9, none, "`, recommended by a race", []string{
			" trials of at most 40: the budget is spent. **Recommended: `pool_size=8 timeouts=layered topology=",
			"**, which is within 3% of the best with ",
			"%, more likely than any other (",
		}},
		{"to its end", 160, 30, none, direct + ", recommended by a race", []string{
			"\n\nThe race ran ",
			"**Recommended: " + direct + "**, the cheapest of those that are within 3% of the best with 95% " +
				"(8 connections, 2 parts).",
			"| excluded: misses the SLO ",
			"| in the set ",
			"Each block ran the cells of a race, in an order drawn from seed 1",
		}},
		{"one block", 40, 1, none, "`, recommended by a race", []string{
			"The race ran 8 trials of at most 40: it is not over.",
			"| few trials, cannot be excluded ",
			"Of 8 trials 8 are valid.",
		}},
		{"no cell meets the SLO", 40, 9, func(n int, run *Run) {
			run.Records[n-1].Load.Failed = run.Records[n-1].Load.Requests / 2
		}, "nothing: no cell is likely to meet the SLO; the least bad is `", []string{
			"No cell is likely to meet the SLO; the least bad is `",
		}},
		{"slow requests were not counted", 40, 1, func(n int, run *Run) {
			run.Records[n-1].Load.Slow = nil
		}, "nothing can be said", []string{
			"The race cannot be told from the records: trial 1: slow requests were not counted",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			run := raced(t, c.budget, c.blocks, c.change)
			if s, err := Summarize(run); err != nil || !strings.Contains(s.Set, c.few) {
				t.Errorf("the index says %q, %v; want %q", s.Set, err, c.few)
			}
			report := build(t, run)
			for _, want := range c.want {
				if !strings.Contains(report, want) {
					t.Errorf("the report lacks %q:\n%s", want, report[:min(4000, len(report))])
				}
			}
			if strings.Contains(report, "not run") || strings.Contains(report, "A/A control") {
				t.Error("the report of a race tells of trials that were not run, or of a control of the baseline")
			}
		})
	}
	analysis, err := Analyze(raced(t, 40, 9, none))
	if err != nil {
		t.Fatal(err)
	}
	if text := analysis.Terminal(); !strings.HasPrefix(text, "The race ran ") || strings.Contains(text, "`") {
		t.Errorf("the terminal shows\n%s", text)
	}
}

package runner

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"stormwave/lab/internal/measure/snapshot"
	"stormwave/lab/internal/record"
	"stormwave/lab/internal/stack/exporter"
)

func TestTrialsGoThroughTheirStagesInThePlansOrder(t *testing.T) {
	ring(t, "two blocks", nil, func(t *testing.T, f *fake) {
		records, err := f.execute()
		if err != nil {
			t.Fatal(err)
		}
		want := []string{"tell"}
		inspected := map[string]bool{}
		for i, trial := range f.plan.Trials {
			want = append(want, "deaths", fmt.Sprintf("trial %d: %s, %s", i+1, trial.Cell, trial.Scenario),
				"apply")
			if !inspected[trial.Scenario.Name] {
				want = append(want, "inspect")
			}
			inspected[trial.Scenario.Name] = true
			want = append(want, "reset", "warm", "idle",
				"warm up: scrape app", "warm up: scrape lab", "warm up: scrape node", "warm up: scrape pgbouncer",
				"mark", "load", "unmark",
				"read: scrape app", "read: scrape pgbouncer", "quiesce", "read: scrape lab", "read",
				"deaths", fmt.Sprintf("done %d", i+1), "tell")
		}
		f.wantCalls(want...)
		if len(f.plan.Trials) != 12 {
			t.Fatalf("%d trials are planned; want 12", len(f.plan.Trials))
		}
		wantLines(t, records, numbered, f.lines(attempt{1, 1, 6}, attempt{2, 1, 6})...)
	})
}

// A healthy trial's record holds what was asked for, read back and measured, and no less.
func TestHealthyTrialIsRecorded(t *testing.T) {
	ring(t, "third trial", nil, func(t *testing.T, f *fake) {
		began := time.Now()
		records, err := f.execute()
		if err != nil {
			t.Fatal(err)
		}
		// In seconds: apply 3, reset 2, warm 0.5, idle 1, four scrapes 0.4; load 30; two scrapes
		// 0.2, quiesce 1, a scrape 0.1, read 1.
		const before, after, warm = 6.9, 2.3, 3.9
		whole := time.Duration((before + 30 + after) * float64(time.Second))
		start := began.Add(2*whole + 6900*time.Millisecond).UTC()
		trial := f.plan.Trials[2]
		cell := f.plan.Cell(trial.Cell)
		want := healthy()
		expected := record.Record{
			Schema:    record.Schema,
			Run:       f.dir.Name(),
			N:         3,
			Block:     1,
			Cell:      cell.Label,
			Baseline:  cell.Baseline,
			Scenario:  trial.Scenario.Name,
			Scale:     trial.Scenario.Scale,
			Model:     record.ClosedModel,
			Settings:  cell.Settings,
			Effective: cell.Settings,
			Start:     start,
			End:       start.Add(30 * time.Second),
			Dataset:   "5 posts",
			Verdict:   record.Valid,
			Reasons:   []string{},
			Load:      &want.result.Load,
			Metrics:   want.reading.Metrics,
			Recovery:  new(1.0),
			Lab: map[string]float64{
				"apply_s":            3,
				"warmup_s":           warm,
				"turnaround_s":       before + after - warm,
				"idle_busy_ratio":    0.1,
				"idle_disk_ratio":    0.05,
				"idle_queue_per_cpu": 0.5,
				"idle_wait_s":        1,
			},
		}
		expected.Load.RPSPeak = new(210.0)
		near := cmp.Comparer(func(a, b float64) bool { return a-b < 1e-9 && b-a < 1e-9 })
		if diff := cmp.Diff(expected, records[2], near); diff != "" {
			t.Errorf("record (-want +got):\n%s", diff)
		}
		series, err := record.ReadSeries(f.dir.Series(3))
		if err != nil || len(series.Curves["rps"]) != 3 {
			t.Errorf("curves = %v, %v; want those of the reading", series.Curves, err)
		}
	})
}

// What k6 and Prometheus are told of a trial.
func TestLoadAndWindowOfATrial(t *testing.T) {
	ring(t, "last trial", []string{"settings: {fault.cpu_k6: 0.5}"}, func(t *testing.T, f *fake) {
		records, err := f.execute()
		if err != nil {
			t.Fatal(err)
		}
		c, last := f.config, records[len(records)-1]
		if c.K6 != "k6" || c.BaseURL != fakeURL || c.Seed != 7 || c.SLO != 500*time.Millisecond ||
			c.CPUs != "0" || c.Quota != 0.5 || c.Tags["shot"] != "12" ||
			c.Script.Path != last.Scenario || c.Script.Scale != last.Scale {
			t.Errorf("k6 is told %+v; want the plan's seed, SLO, CPUs and quota, and trial 12's script", c)
		}
		// The same, but for what is of the load alone.
		c.Quota, c.Tags, c.Started = 0, nil, nil
		if diff := cmp.Diff(c, f.warmed); diff != "" {
			t.Errorf("warm-up (-the load +got):\n%s", diff)
		}
		want := snapshot.Window{
			Before:  last.Start,
			Start:   last.Start,
			End:     last.End,
			Settled: last.End.Add(1300 * time.Millisecond),
		}
		if diff := cmp.Diff(want, f.window); diff != "" {
			t.Errorf("window (-want +got):\n%s", diff)
		}
		after := func(shift time.Duration) time.Time { return last.End.Add(shift * time.Millisecond) }
		const idle = -30_000 - 1400 // when it was begun to be waited for
		scrapes := map[string]time.Time{
			"warm up: scrape app":       after(idle),
			"warm up: scrape lab":       after(idle),
			"warm up: scrape node":      after(idle),
			"warm up: scrape pgbouncer": after(idle),
			"read: scrape app":          last.End,
			"read: scrape pgbouncer":    last.End,
			"read: scrape lab":          after(1200), // the stack has come to rest
		}
		if diff := cmp.Diff(scrapes, f.scraped); diff != "" {
			t.Errorf("scrapes are awaited after (-want +got):\n%s", diff)
		}
		if f.lives < 12*29 || f.lives > 12*30 {
			t.Errorf("the watcher was told of the load %d times; want once in each of the 12 × 30 seconds", f.lives)
		}
	})
}

// The dashboards are told how far the run is.
func TestProgressIsTold(t *testing.T) {
	ring(t, "two blocks", nil, func(t *testing.T, f *fake) {
		f.change = spoil(2, func(a *answers) { a.fails["apply"] = errBroken })
		if _, err := f.execute(); err != nil {
			t.Fatal(err)
		}
		var want []exporter.Progress
		for done := range 13 {
			invalid := min(1, done/2) // the second
			want = append(want, exporter.Progress{
				Run:      f.dir.Name(),
				Planned:  12,
				Verdicts: map[string]int{"valid": done - invalid, "failed": 0, "suspect": 0, "invalid": invalid},
			})
		}
		if diff := cmp.Diff(want, f.told); diff != "" {
			t.Errorf("progress (-want +got):\n%s", diff)
		}
	})
}

// The turnaround is the time between two loads. Where the trial between had none there is
// no turnaround: the time of that trial is not the lab's.
func TestTurnaroundIsBetweenTwoLoads(t *testing.T) {
	for _, fails := range []string{"apply", "load", "read"} {
		ring(t, fails+" fails", []string{"blocks: 1"}, func(t *testing.T, f *fake) {
			f.change = spoil(3, func(a *answers) { a.fails[fails] = errBroken })
			records, err := f.execute()
			if err != nil {
				t.Fatal(err)
			}
			third, fourth := "3: none", "4: none"
			if fails == "read" { // its load was whole
				third, fourth = "3: 5.3 s", "4: 5.3 s"
			}
			wantLines(t, records, func(r record.Record) string {
				if s, ok := r.Lab["turnaround_s"]; ok {
					return fmt.Sprintf("%d: %.1f s", r.N, s)
				}
				return fmt.Sprintf("%d: none", r.N)
			}, "1: none", "2: 5.3 s", third, fourth, "5: 5.3 s", "6: 5.3 s")
		})
	}
}

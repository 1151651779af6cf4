package runner

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/record"
)

// A run that ends early in a trial goes on with the block of that trial, as a whole.
// Finished blocks are not rerun, and no record is changed.
func TestResumedRunGoesOnWithTheInterruptedBlock(t *testing.T) {
	const whole = 6 // trials
	extra := []string{"scenarios: [storm]", "blocks_extra: 1"}
	for _, c := range []struct {
		name  string
		lines []string
		stops []int // trials in which the run is cancelled, one after the other
		lost  int   // a trial that is not valid; 0: none
		want  []attempt
	}{
		{"before any", nil, []int{1}, 0, []attempt{{1, 1, whole}, {2, 1, whole}}},
		{"in the first block", nil, []int{4}, 0, []attempt{{1, 1, 3}, {1, 2, whole}, {2, 1, whole}}},
		{"between the blocks", nil, []int{7}, 0, []attempt{{1, 1, whole}, {2, 1, whole}}},
		{"in the second block", nil, []int{9}, 0, []attempt{{1, 1, whole}, {2, 1, 2}, {2, 2, whole}}},
		{"twice in one block", nil, []int{3, 8}, 0, []attempt{{1, 1, 2}, {1, 2, 5}, {1, 3, whole}, {2, 1, whole}}},
		{"twice at once", nil, []int{3, 3}, 0, []attempt{{1, 1, 2}, {1, 2, whole}, {2, 1, whole}}},
		{"in both blocks", nil, []int{6, 14}, 0, []attempt{{1, 1, 5}, {1, 2, whole}, {2, 1, 2}, {2, 2, whole}}},
		{"in an extra block", extra, []int{8}, 2, []attempt{{1, 1, 3}, {2, 1, 3}, {3, 1, 1}, {3, 2, 3}}},
		{"lost before it was rerun", extra, []int{3}, 2, []attempt{{1, 1, 2}, {1, 2, 3}, {2, 1, 3}}},
	} {
		ring(t, c.name, c.lines, func(t *testing.T, f *fake) {
			f.change = func(trial matrix.Trial, a *answers) {
				if trial.N == c.lost {
					a.fails["load"] = errBroken
				}
				if len(c.stops) > 0 && trial.N == c.stops[0] {
					a.cancelAt = "load"
					c.stops = c.stops[1:]
				}
			}
			for range len(c.stops) {
				before := f.text()
				if _, err := f.execute(); err != errStopped {
					t.Fatalf("the run ends with %v; want %v", err, errStopped)
				}
				if !strings.HasPrefix(f.text(), before) {
					t.Error("finished records were changed")
				}
			}
			before := f.text()
			records, err := f.execute()
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(f.text(), before) {
				t.Error("finished records were changed")
			}
			wantLines(t, records, numbered, f.lines(c.want...)...)

			f.calls = nil
			again, err := f.execute()
			if err != nil || len(again) != len(records) {
				t.Errorf("resumed once more: %d records, %v; want the same %d", len(again), err, len(records))
			}
			f.wantCalls("tell")
		})
	}
}

// text is that of the records on the disk.
func (f *fake) text() string {
	text, err := os.ReadFile(f.dir.Records())
	if err != nil && !os.IsNotExist(err) {
		f.t.Fatal(err)
	}
	return string(text)
}

// A data set that has changed between a run and its resumption is as wrong as one that
// changes within it.
func TestResumedRunComparesTheDataSet(t *testing.T) {
	ring(t, "another", []string{"blocks: 1"}, func(t *testing.T, f *fake) {
		f.change = spoil(3, func(a *answers) { a.cancelAt = "load" })
		if _, err := f.execute(); err != errStopped {
			t.Fatal(err)
		}
		f.change = func(_ matrix.Trial, a *answers) { a.dataset = "6 posts" }
		records, err := f.execute()
		if err != nil {
			t.Fatal(err)
		}
		for _, rec := range records[2:] {
			got := fmt.Sprint(rec.Verdict, rec.Reasons)
			if got != "invalid[the data set has changed: it was 5 posts, is 6 posts]" {
				t.Errorf("trial %d is %s; want it invalid for its data set", rec.N, got)
			}
		}
	})
}

// After the stack was lost a run goes on with a new one.
func TestRunIsResumedAfterItsStackWasLost(t *testing.T) {
	ring(t, "three trials", nil, func(t *testing.T, f *fake) {
		f.change = func(trial matrix.Trial, a *answers) {
			if trial.N >= 7 {
				a.fails["apply"] = errBroken
			}
		}
		if _, err := f.execute(); err == nil {
			t.Fatal("the run goes on; want it to end when the stack does not come back")
		}
		f.change = nil
		records, err := f.execute()
		if err != nil {
			t.Fatal(err)
		}
		wantLines(t, records, numbered, f.lines(attempt{1, 1, 6}, attempt{2, 1, 3}, attempt{2, 2, 6})...)
		for _, rec := range records[9:] {
			if rec.Verdict != record.Valid {
				t.Errorf("trial %d is %s: %q", rec.N, rec.Verdict, rec.Reasons)
			}
		}
	})
}

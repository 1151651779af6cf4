package runner

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/record"
)

// A stack that does not come back ends the run; a cell that cannot be applied does not,
// with however many scenarios it comes.
func TestRunEndsWhenTheStackDoesNotComeBack(t *testing.T) {
	trials := func(numbers ...int) func(matrix.Trial) bool {
		return func(s matrix.Trial) bool { return slices.Contains(numbers, s.N) }
	}
	cell := func(label string) func(matrix.Trial) bool {
		return func(s matrix.Trial) bool { return s.Cell == label }
	}
	all := func(matrix.Trial) bool { return true }
	four := []string{"scenarios: [storm, storm@0.5, wave, wave@0.5]", "blocks: 1"}
	for _, c := range []struct {
		name  string
		lines []string
		fails func(matrix.Trial) bool
		want  int // records; 12: all
		row   int // trials without a stack when the run ends early; 0: it does not
	}{
		{"one", nil, trials(5), 12, 0},
		{"two in a row", nil, trials(5, 6), 12, 0},
		{"three, but not in a row", nil, trials(1, 2, 4, 5, 7, 8), 12, 0},
		{"three in a row", nil, trials(5, 6, 7), 7, 3},
		{"three in a row at the beginning", nil, trials(1, 2, 3), 3, 3},
		{"three in a row at the end", nil, trials(10, 11, 12), 12, 3},
		{"all", nil, all, 3, 3},
		{"one cell", nil, cell("pool_size=8"), 12, 0},
		{"one cell with four scenarios", four, cell("pool_size=8"), 12, 0},
		{"all cells with four scenarios", four, all, 5, 5},
	} {
		ring(t, c.name, c.lines, func(t *testing.T, f *fake) {
			f.change = func(trial matrix.Trial, a *answers) {
				if c.fails(trial) {
					a.fails["apply"] = errBroken
				}
			}
			records, err := f.execute()
			if len(records) != c.want {
				t.Errorf("%d trials are recorded; want %d", len(records), c.want)
			}
			for i, rec := range records {
				verdict, reason := record.Valid, ""
				if c.fails(f.plan.Trials[i]) {
					verdict, reason = record.Invalid, "apply the cell: it is broken"
					if !rec.Baseline && rec.Cell != f.plan.Cells[f.plan.Control()].Label {
						reason += "; the cell differs from the baseline in pool_size"
					}
				}
				if rec.Verdict != verdict || strings.Join(rec.Reasons, "; ") != reason {
					t.Errorf("trial %d is %s, %q; want %s, %q", rec.N, rec.Verdict, rec.Reasons, verdict, reason)
				}
			}
			if c.row == 0 {
				if err != nil {
					t.Errorf("the run ends with %v; want none", err)
				}
				return
			}
			want := fmt.Sprintf("has not come back for %d trials in a row: apply the cell: it is broken; mend that", c.row)
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("the run ends with %v; want %q in it", err, want)
			}
		})
	}
}

// What nothing can be recorded without ends the run at once, and is told. What is finished
// is kept.
func TestWhatEndsARun(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(*fake, *answers)
		want  string
		kept  int
	}{
		{"supervisor is gone", func(_ *fake, a *answers) { a.fails["deaths"] = errBroken }, "it is broken", 2},
		{"progress cannot be told", func(_ *fake, a *answers) { a.fails["tell"] = errBroken }, "it is broken", 3},
		{"disk is full", func(f *fake, _ *answers) { _ = f.log.Close() }, "record trial 3: file already closed; make room",
			2},
	} {
		ring(t, c.name, nil, func(t *testing.T, f *fake) {
			f.change = spoil(3, func(a *answers) { c.spoil(f, a) })
			records, err := f.execute()
			if err == nil || err.Error() != c.want {
				t.Errorf("the run ends with %v; want %q", err, c.want)
			}
			wantLines(t, records, numbered, f.lines(attempt{1, 1, c.kept})...)
			if f.count("apply") != 3 {
				t.Errorf("%d trials were begun; want the third to be the last", f.count("apply"))
			}
		})
	}
}

// The first call of a run finds out that nobody answers.
func TestRunDoesNotBeginWithoutASupervisor(t *testing.T) {
	ring(t, "down", nil, func(t *testing.T, f *fake) {
		f.now = healthy()
		f.now.fails["tell"] = errBroken
		if records, err := f.execute(); !errors.Is(err, errBroken) || len(records) != 0 {
			t.Errorf("%d records, %v; want none, and why", len(records), err)
		}
		f.wantCalls("tell")
	})
}

// The rule that a run has measured enough is asked after the blocks that the plan has set,
// with the records of these alone, and ends the run there, a resumed one too.
func TestRunEndsWhenItHasMeasuredEnough(t *testing.T) {
	lines := []string{"scenarios: [storm]", "blocks: {min: 6, max: 12, until: 5%}"}
	ring(t, "at the second look", lines, func(t *testing.T, f *fake) {
		var asked []int
		f.enough = func(records []record.Record) bool {
			asked = append(asked, len(records))
			return len(records) == 3*8
		}
		f.change = spoil(3*7+2, func(a *answers) { a.cancelAt = "load" })
		if _, err := f.execute(); !errors.Is(err, errStopped) {
			t.Fatal(err)
		}
		f.change = nil
		f.enough = func(records []record.Record) bool {
			asked = append(asked, len(records))
			return len(records) == 3*8+1 // one of them superseded
		}
		records, err := f.execute()
		if err != nil {
			t.Fatal(err)
		}
		if want := []int{18, 18, 25}; !slices.Equal(asked, want) {
			t.Errorf("asked with %v records; want %v: after blocks 6, 6 again, and 8", asked, want)
		}
		var want []attempt
		for block := range 8 {
			want = append(want, attempt{block + 1, 1, 3})
		}
		want = append(want[:7], attempt{8, 1, 1}, attempt{8, 2, 3})
		wantLines(t, records, numbered, f.lines(want...)...)
	})
	ring(t, "never", lines, func(t *testing.T, f *fake) {
		records, err := f.execute()
		if err != nil || len(records) != 3*12 {
			t.Errorf("%d records, %v; want those of 12 blocks", len(records), err)
		}
	})
}

// Blocks with a trial that is not valid are replaced by extra ones, as long as there are any.
func TestLostBlocksAreReplaced(t *testing.T) {
	for _, c := range []struct {
		name string
		lost []int
		want int // blocks
	}{
		{"none", nil, 2},
		{"one", []int{2}, 3},
		{"two trials of a block", []int{1, 3}, 3},
		{"the extra one too", []int{2, 8}, 4},
		{"all", []int{1, 4, 7, 10}, 4},
	} {
		ring(t, c.name, []string{"scenarios: [storm]", "blocks_extra: 2"}, func(t *testing.T, f *fake) {
			f.change = func(trial matrix.Trial, a *answers) {
				if slices.Contains(c.lost, trial.N) {
					a.fails["load"] = errBroken
				}
			}
			records, err := f.execute()
			if err != nil || len(records) != 3*c.want {
				t.Errorf("%d records, %v; want those of %d blocks", len(records), err, c.want)
			}
		})
	}
}

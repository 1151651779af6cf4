package runner

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stormwave/lab/backends"
	"stormwave/lab/internal/analysis"
	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/record"
	"stormwave/lab/internal/search/tune"
	"stormwave/lab/internal/service"
)

var racing = []string{
	"scenarios: [storm]",
	"factors: {pool_size: [unlimited, 8, 16, 32, 64, 128, 256, 512]}",
	"budget: 24",
}

// race makes f run a race, in which the cell of 64 connections is the best by far.
func race(f *fake) {
	f.next = tune.New(f.plan, service.Catalog(backends.Default()), f.plan.Budget).Block
	f.change = func(trial matrix.Trial, a *answers) {
		a.result.Load.Slow = new(int64(0))
		a.result.Load.GoodputRPS = 100 + float64((trial.Block+len(trial.Cell))%3)
		if trial.Cell == "pool_size=64" {
			a.result.Load.GoodputRPS += 10
		}
	}
}

// block are the cells of the last attempt at a block, sorted.
func block(records []record.Record, n int) []string {
	var cells []string
	for _, r := range analysis.Latest(records) {
		if r.Block == n {
			cells = append(cells, r.Cell)
		}
	}
	slices.Sort(cells)
	return cells
}

// A race runs every cell in its first block, then those that may be the best, the leader twice, and
// ends with its budget.
func TestRaceIsRun(t *testing.T) {
	ring(t, "to its end", racing, func(t *testing.T, f *fake) {
		race(f)
		records, err := f.execute()
		if err != nil {
			t.Fatal(err)
		}
		if first := slices.Compact(block(records, 1)); len(first) != 8 {
			t.Errorf("the first block has %q; want every cell", first)
		}
		second := block(records, 2)
		leader := slices.DeleteFunc(slices.Clone(second), func(cell string) bool { return cell != "pool_size=64" })
		if len(second) != 5 || len(leader) != 2 {
			t.Errorf("the second block has %q; want four cells, and the best of them twice", second)
		}
		if len(records) < 18 || len(records) > 24 {
			t.Errorf("%d trials; want 18 to 24", len(records))
		}
		if told := f.told[len(f.told)-1]; told.Planned != 24 {
			t.Errorf("%d trials are planned, it is told; want 24", told.Planned)
		}
	})
}

// Stopped in any block and resumed, a race reruns that block as a whole, and every block is the one
// that the blocks before it lead to.
func TestRaceIsResumed(t *testing.T) {
	for _, at := range []int{3, 11, 16} {
		ring(t, fmt.Sprint("stopped in trial ", at), racing, func(t *testing.T, f *fake) {
			race(f)
			healthy, stopped := f.change, false
			f.change = func(trial matrix.Trial, a *answers) {
				healthy(trial, a)
				if trial.N == at && !stopped {
					stopped, a.cancelAt = true, "load"
				}
			}
			if _, err := f.execute(); err != errStopped {
				t.Fatalf("the run ends with %v; want %v", err, errStopped)
			}
			before := f.text()
			records, err := f.execute()
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(f.text(), before) || len(f.records()) <= at {
				t.Error("finished records were changed, or none was added")
			}
			for n := 1; ; n++ {
				trials, err := f.next(n, upTo(records, n-1))
				if err != nil {
					t.Fatal(err)
				}
				var want []string
				for _, trial := range trials {
					want = append(want, trial.Cell)
				}
				slices.Sort(want)
				if diff := cmp.Diff(want, block(records, n)); diff != "" {
					t.Errorf("block %d (-want +got):\n%s", n, diff)
				}
				if len(trials) == 0 {
					break
				}
			}
			if spent := len(analysis.Latest(records)); spent > 24 {
				t.Errorf("%d trials are spent; want at most 24", spent)
			}
		})
	}
}

// What the race cannot read ends the run, with what is wrong.
func TestRaceThatCannotBeReadEnds(t *testing.T) {
	ring(t, "slow requests are not counted", racing, func(t *testing.T, f *fake) {
		race(f)
		f.change = nil
		records, err := f.execute()
		if !errors.Is(err, tune.ErrUncounted) || len(records) != 8 {
			t.Errorf("%d trials, %v; want 8, %v", len(records), err, tune.ErrUncounted)
		}
	})
}

package runner

import (
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
	shots := func(numbers ...int) func(matrix.Shot) bool {
		return func(s matrix.Shot) bool { return slices.Contains(numbers, s.N) }
	}
	cell := func(label string) func(matrix.Shot) bool {
		return func(s matrix.Shot) bool { return s.Cell == label }
	}
	all := func(matrix.Shot) bool { return true }
	four := []string{"scenarios: [storm, storm@0.5, wave, wave@0.5]", "blocks: 1"}
	for _, c := range []struct {
		name  string
		lines []string
		fails func(matrix.Shot) bool
		want  int // records; 12: all
		row   int // shots without a stack when the run ends early; 0: it does not
	}{
		{"one", nil, shots(5), 12, 0},
		{"two in a row", nil, shots(5, 6), 12, 0},
		{"three, but not in a row", nil, shots(1, 2, 4, 5, 7, 8), 12, 0},
		{"three in a row", nil, shots(5, 6, 7), 7, 3},
		{"three in a row at the beginning", nil, shots(1, 2, 3), 3, 3},
		{"three in a row at the end", nil, shots(10, 11, 12), 12, 3},
		{"all", nil, all, 3, 3},
		{"one cell", nil, cell("pool_size=8"), 12, 0},
		{"one cell with four scenarios", four, cell("pool_size=8"), 12, 0},
		{"all cells with four scenarios", four, all, 5, 5},
	} {
		ring(t, c.name, c.lines, func(t *testing.T, f *fake) {
			f.change = func(shot matrix.Shot, a *answers) {
				if c.fails(shot) {
					a.fails["apply"] = errBroken
				}
			}
			records, err := f.execute()
			if len(records) != c.want {
				t.Errorf("%d shots are recorded; want %d", len(records), c.want)
			}
			for i, rec := range records {
				verdict, reason := record.Valid, ""
				if c.fails(f.plan.Shots[i]) {
					verdict, reason = record.Invalid, "apply the cell: it is broken"
				}
				if rec.Verdict != verdict || strings.Join(rec.Reasons, "; ") != reason {
					t.Errorf("shot %d is %s, %q; want %s, %q", rec.N, rec.Verdict, rec.Reasons, verdict, reason)
				}
			}
			if c.row == 0 {
				if err != nil {
					t.Errorf("the run ends with %v; want none", err)
				}
				return
			}
			want := fmt.Sprintf("has not come back for %d shots in a row: apply the cell: it is broken; mend that", c.row)
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("the run ends with %v; want %q in it", err, want)
			}
		})
	}
}

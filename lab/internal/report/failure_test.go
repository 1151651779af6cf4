package report

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stormwave/lab/internal/record"
)

// A failure is told by its first second and phase, its status, and what the backend was told by whom.
func TestFirstFailures(t *testing.T) {
	run := studied(t, func(r *record.Record) {
		if r.Load.Failed == 0 {
			return
		}
		r.Metrics[`query_errors{sqlstate="53300"}`] = 4_000
		r.Metrics[`query_errors{sqlstate="57014"}`] = 12
		if r.Cell == "remedy=timeouts" {
			r.Metrics[`query_errors{sqlstate="57014"}`] = 9_000
		}
		if r.Cell == "remedy=replica" {
			r.Metrics[`query_errors{sqlstate="network"}`] = 8_000
		}
	})
	for i := range run.Records {
		declare(&run.Records[i], record.UnitVUs, []string{"ramp", "hold", "down"}, 1_000)
	}
	run = withCurves(run)
	a := analyze(t, run)
	p := a.parts[0]
	for _, row := range []int{0, 3, 4} {
		n := p.rows[row].Typical().N
		for i := range 11 {
			*run.Curves[n].Curves["error_ratio"][i] = 0 // all is well for eleven seconds
		}
	}
	rows := map[string][]string{}
	for _, line := range p.firstFailures(a)[1].(table).rows {
		rows[line[0]] = line[2:]
	}
	status := func(row int) string { return status(p.rows[row].Typical().Load) }
	want := map[string][]string{
		"**baseline** `remedy=none`": {
			"12.0", "hold", status(0), "4,000 × 53300 too_many_connections", "backend, for want of a connection",
		},
		"`remedy=timeouts`": {"12.0", "hold", status(3), "9,000 × 57014 query_canceled", "server or pooler"},
		"`remedy=replica`":  {"12.0", "hold", status(4), "8,000 × network", "backend"},
	}
	for cell := range want {
		if diff := cmp.Diff(want[cell], rows[cell]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", cell, diff)
		}
	}
	if _, failed := rows["`remedy=cap`"]; failed || !strings.HasSuffix(status(0), " × 503") {
		t.Errorf("rows %v, status %q", rows, status(0))
	}
	for _, c := range []struct {
		status map[string]int64
		want   string
	}{
		{map[string]int64{"200": 9, "0": 3, "503": 2}, "3 × no answer"},
		{map[string]int64{"200": 9}, "–"},
	} {
		if got := statusOf(c.status); got != c.want {
			t.Errorf("%v: %s; want %s", c.status, got, c.want)
		}
	}
}

func statusOf(of map[string]int64) string { return status(&record.Load{Status: of}) }

// A column that says the same of every cell is told in a line.
func TestDifferingColumns(t *testing.T) {
	c := comparison{cells: 2, table: table{head: []string{"Cell", "n"}, left: map[int]bool{}}}
	for range 2 {
		c.rows = append(c.rows, []string{"x", "8"})
	}
	texts := map[string][2]string{"A": {"1", "1"}, "B": {"1", "2"}, "C": {"–", "–"}, "D": {"yes", "no"}}
	for _, head := range []string{"A", "B", "C", "D"} {
		c.addText(head, "what "+head+" is", func(row int) string { return texts[head][row] })
	}
	c.left = map[int]bool{5: true}
	got := c.differing()
	if diff := cmp.Diff([]string{"Cell", "n", "B", "D"}, got.head); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([][]string{{"x", "8", "1", "yes"}, {"x", "8", "2", "no"}}, got.rows); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if !got.left[3] || got.left[2] || got.help[3] != "what D is" {
		t.Errorf("left %v, help %q", got.left, got.help)
	}
	if text := string(got.notes()); text != "The same in every cell: A 1.\n" {
		t.Errorf("notes %q", text)
	}
}

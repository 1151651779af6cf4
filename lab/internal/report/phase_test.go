package report

import (
	"strings"
	"testing"

	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/record"
)

// recovered makes the repetitions of a cell that came back after so many seconds; below 0:
// not at all.
func recovered(label string, seconds ...float64) group {
	g := group{cell: matrix.Cell{Label: label}}
	for _, s := range seconds {
		r := &record.Record{Verdict: record.Valid, Load: &record.Load{Slow: new(int64)}}
		r.Phases = map[string]record.Phase{"hold": {}}
		if s >= 0 {
			r.Recovery = &s
		}
		g.used = append(g.used, r)
	}
	g.all = g.used
	return g
}

// A repetition that does not come back takes longer than all that do.
func TestRecoveryCountsThoseThatDoNotComeBack(t *testing.T) {
	const never = -1
	half := recovered("suspect", 5, 6, never)
	half.suspect = true
	for _, c := range []struct {
		cell group
		want string
	}{
		{recovered("pooler", 0, 0, 1, 6, 0, 0, 16, 0), "0"},
		{recovered("replica", 25, 40, 41, 14, 37, never, 18, 25), "31.0 (not in 1 of 8)"},
		{recovered("none", 38, 23, never, never, 36, 12, never, 38), "38.0 (not in 3 of 8)"},
		{recovered("twin", 41, 36, 42, never, never, 21, 42, never), "42.0 (not in 3 of 8)"},
		{recovered("half", 1, never), "not in 1 of 2"},
		{recovered("most", 1, never, never), "not in 2 of 3"},
		{recovered("all", never, never), "not in 2 of 2"},
		{half, "6.00† (not in 1 of 3)"},
		{recovered("not shot"), "–"},
	} {
		text := phaseTables([]group{c.cell, recovered("other", 0)}).markdown()
		line := ""
		for l := range strings.Lines(text) {
			if strings.HasPrefix(l, "| `"+c.cell.cell.Label+"`") {
				line = l
				break
			}
		}
		fields := strings.Split(line, "|")
		if len(fields) < 4 || strings.TrimSpace(fields[3]) != c.want {
			t.Errorf("%s: %q; want %q", c.cell.cell.Label, line, c.want)
		}
		if strings.Contains(text, "Recovery s of") && len(c.cell.used) > 0 {
			t.Errorf("%s: a repetition is left out:\n%s", c.cell.cell.Label, text)
		}
	}
}

// Runs from before failures counted are told so.
func TestRecoverySaysWhatItGoesBy(t *testing.T) {
	g := recovered("cell", 3)
	if text := phaseTables([]group{g}).markdown(); !strings.Contains(text, "and no more requests fail than it allows") {
		t.Errorf("failures are not named:\n%s", text)
	}
	g.used[0].Load.Slow = nil
	if text := phaseTables([]group{g}).markdown(); !strings.Contains(text, "however many requests failed") {
		t.Errorf("failures are named, though they did not count:\n%s", text)
	}
}

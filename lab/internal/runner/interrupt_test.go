package runner

import (
	"errors"
	"strings"
	"testing"
)

// A run that is cancelled in any call of a trial ends at once with the reason, and leaves
// the trials before on the disk as they were and nothing of its own. The mark is ended and
// the stack comes to rest all the same: what does that is given a context that goes on.
// Resumed, the run begins the block again.
func TestInterruptedTrialIsNotRecorded(t *testing.T) {
	for _, c := range []struct {
		at       string
		then     []string // calls after that
		finished int      // trials before
	}{
		{"apply", []string{"quiesce", "deaths"}, 2},
		{"reset", []string{"quiesce", "deaths"}, 2},
		{"warm", []string{"quiesce", "deaths"}, 2},
		{"idle", []string{"quiesce", "deaths"}, 2},
		{"warm up: scrape node", []string{"quiesce", "deaths"}, 2},
		{"inspect", []string{"quiesce", "deaths"}, 0},
		{"mark", []string{"load", "unmark", "quiesce", "deaths"}, 2},
		{"load", []string{"unmark", "quiesce", "deaths"}, 2},
		{"unmark", []string{"read: scrape app", "quiesce", "deaths"}, 2},
		{"read: scrape app", []string{"quiesce", "deaths"}, 2},
		{"read: scrape pgbouncer", []string{"quiesce", "deaths"}, 2},
		{"quiesce", []string{"read: scrape lab", "deaths"}, 2},
		{"read: scrape lab", []string{"deaths"}, 2},
		{"read", []string{"deaths"}, 2},
		{"deaths", nil, 5},
	} {
		ring(t, c.at, []string{"blocks: 1"}, func(t *testing.T, f *fake) {
			f.change = spoil(c.finished+1, func(a *answers) { a.cancelAt = c.at })
			records, err := f.execute()
			if !errors.Is(err, errStopped) {
				t.Errorf("the run ends with %v; want %v", err, errStopped)
			}
			if n := len(f.calls) - len(c.then) - 1; n < 0 || f.calls[n] != c.at {
				t.Errorf("calls end with %q; want them to end with %q, %q", f.calls[max(0, len(f.calls)-4):], c.at, c.then)
			}
			for i, call := range f.calls[len(f.calls)-len(c.then):] {
				name, ended := strings.CutSuffix(call, afterEnd)
				if rests := name == "quiesce" || name == "unmark"; name != c.then[i] || rests == ended {
					t.Errorf("then it calls %q; want %q, unmark and quiesce alone with a context that goes on", call, c.then[i])
				}
			}
			wantLines(t, records, numbered, f.lines(attempt{1, 1, c.finished})...)

			f.change, f.now = nil, healthy()
			all, err := f.execute()
			if err != nil {
				t.Fatal(err)
			}
			again := attempt{1, 2, 6}
			if c.finished == 0 {
				again.n = 1
			}
			wantLines(t, all, numbered, f.lines(attempt{1, 1, c.finished}, again)...)
		})
	}
}

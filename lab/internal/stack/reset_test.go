package stack

import (
	"errors"
	"slices"
	"testing"
)

// A Quiesce undoes faults first, and asks no server that has died. Where the sessions of one
// do not end, it still looks whether that one has crashed.
func TestQuiesceOrder(t *testing.T) {
	all := []string{
		"undo faults", "stop app pgpool pgbouncer", "drain primary", "look for a crash of primary",
		"drain replica", "look for a crash of replica",
	}
	for _, tt := range []struct {
		name   string
		dead   string
		failAt int
		want   []string
	}{
		{name: "all run", want: all},
		{name: "the primary has died", dead: Primary, want: slices.Concat(all[:2], all[4:])},
		{name: "the replica has died", dead: Replica, want: all[:4]},
		{name: "a fault is not undone", failAt: 1, want: all[:1]},
		{name: "the backend is not stopped", failAt: 2, want: all[:2]},
		{name: "sessions are left", failAt: 3, want: all[:4]},
		{name: "a crash is not looked for", failAt: 4, want: all[:4]},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFake()
			delete(f.running, tt.dead)
			f.calls, f.failAt = nil, tt.failAt
			if err := quiesce(t.Context(), f); errors.Is(err, errCutOff) != (tt.failAt > 0) {
				t.Errorf("it returns %v", err)
			}
			if !slices.Equal(f.calls, tt.want) {
				t.Errorf("it did %q; want %q", f.calls, tt.want)
			}
		})
	}
}

package stack

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"stormwave/lab/backends"
	"stormwave/lab/internal/service"
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

// written is a database with so many rows that a load has written.
type written struct {
	pgx.Tx
	rows    int
	removed bool   // by a transaction that goes on
	fails   string // the statement that is cut off
	did     []string
}

func (w *written) Begin(context.Context) (pgx.Tx, error) { return w, nil }

func (w *written) Commit(context.Context) error {
	if w.removed {
		w.rows = 0
	}
	w.did = append(w.did, "COMMIT")
	return w.Rollback(context.Background())
}

func (w *written) Rollback(context.Context) error {
	w.removed = false
	return nil
}

func (w *written) Exec(_ context.Context, sql string, _ ...any) (pgconn.CommandTag, error) {
	w.did = append(w.did, sql)
	if sql == w.fails {
		return pgconn.CommandTag{}, errCutOff
	}
	tag := pgconn.NewCommandTag(fmt.Sprintf("DELETE %d", w.rows))
	w.removed = w.removed || sql == backends.Default().Reset.Remove
	return tag, nil
}

// What a Reset that is cut off leaves to be done is done by the next, though nothing is left to be removed.
func TestResetThatIsCutOffIsMadeUpFor(t *testing.T) {
	state := backends.Default().Reset
	vacuum := state.Tidy[0]
	for _, tt := range []struct {
		name, fails string
		first       []string
		second      []string
	}{
		{"whole", "", []string{state.Remove, state.Restart, "COMMIT", vacuum}, []string{state.Remove, "COMMIT"}},
		{
			"in giving back the room", vacuum,
			[]string{state.Remove, state.Restart, "COMMIT", vacuum}, []string{state.Remove, "COMMIT", vacuum},
		},
		{
			"in the transaction", state.Restart,
			[]string{state.Remove, state.Restart}, []string{state.Remove, state.Restart, "COMMIT", vacuum},
		},
	} {
		s, w := &Stack{Env: &service.Env{Config: service.NewConfig(backends.Default())}}, &written{rows: 5, fails: tt.fails}
		if err := s.removeWritten(t.Context(), w); errors.Is(err, errCutOff) != (tt.fails != "") {
			t.Errorf("%s: it returns %v", tt.name, err)
		}
		if !slices.Equal(w.did, tt.first) {
			t.Errorf("%s: it did %q; want %q", tt.name, w.did, tt.first)
		}
		w.did, w.fails = nil, ""
		if err := s.removeWritten(t.Context(), w); err != nil {
			t.Errorf("%s: the next returns %v", tt.name, err)
		}
		if !slices.Equal(w.did, tt.second) {
			t.Errorf("%s: the next did %q; want %q", tt.name, w.did, tt.second)
		}
		w.did = nil
		if err := s.removeWritten(t.Context(), w); err != nil || slices.Contains(w.did, vacuum) {
			t.Errorf("%s: with nothing left to do it did %q, %v", tt.name, w.did, err)
		}
	}
}

// endsAt is a server that ends, or is known to have ended, at a time.
type endsAt struct {
	operator
	at time.Time
}

func (e endsAt) runs(string) bool { return time.Now().Before(e.at) }

func TestWhatHasJustEndedIsSeen(t *testing.T) {
	for after, want := range map[time.Duration]bool{0: true, time.Second: true, time.Hour: false} {
		synctest.Test(t, func(t *testing.T) {
			if got := hasEnded(endsAt{at: time.Now().Add(after)}, service.Primary); got != want {
				t.Errorf("a server that ends after %s: hasEnded = %t", after, got)
			}
		})
	}
}

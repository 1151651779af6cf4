package daemon

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"stormwave/lab/internal/service"
	"stormwave/lab/internal/stack/proc"
)

// sleeper is a process of the test's own.
func sleeper(t *testing.T) processID {
	t.Helper()
	p, err := proc.Start(proc.Spec{Name: "sleeper", Path: "/bin/sleep", Args: []string{"60"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Stop(t.Context()) })
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(time.Millisecond) { // until it is what it was started as
		r, ok := processIDOf(p.PID())
		if ok && strings.HasSuffix(r.Program, "sleep") {
			return r
		}
		if time.Now().After(deadline) {
			t.Fatalf("the process runs %q; want sleep", r.Program)
		}
	}
}

// layoutWith is a checkout with that state file.
func layoutWith(t *testing.T, text []byte) service.Layout {
	t.Helper()
	layout := service.Layout{Lab: t.TempDir()}
	if err := os.WriteFile(statePath(layout), text, 0o600); err != nil {
		t.Fatal(err)
	}
	return layout
}

// What a state file names is ended when it still is what the file says, and else left
// alone: a number, and even a start time, may be another process' by now.
func TestSweepEndsOnlyWhatIsItsOwn(t *testing.T) {
	boot, err := proc.Boot()
	if err != nil {
		t.Fatal(err)
	}
	me, _ := processIDOf(os.Getpid())
	for name, c := range map[string]struct {
		change func(*state, *processID)
		ended  bool
	}{
		"its own":                {func(*state, *processID) {}, true},
		"another start time":     {func(_ *state, r *processID) { r.Start++ }, false},
		"another program":        {func(_ *state, r *processID) { r.Program = "/usr/lib/postgresql/15/bin/postgres" }, false},
		"from before the reboot": {func(s *state, _ *processID) { s.Boot = "00000000-0000-0000-0000-000000000000" }, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // the first waits for its process to end by itself
			is := sleeper(t)
			said, old := is, state{Boot: boot, Supervisor: me}
			c.change(&old, &said)
			old.Services = map[string]processID{"primary": said}
			text, err := json.Marshal(old)
			if err != nil {
				t.Fatal(err)
			}
			layout := layoutWith(t, text)
			if err := sweep(t.Context(), layout); err != nil {
				t.Fatal(err)
			}
			if ended := !is.Alive(); ended != c.ended {
				t.Errorf("the process has ended: %v; want %v", ended, c.ended)
			}
			if _, err := os.Stat(statePath(layout)); err == nil {
				t.Error("the state file is still there")
			}
		})
	}
}

// A state file that tells nothing is no permission to begin: it is refused with the
// way out, and kept.
func TestSweepRefusesWhatIsNoState(t *testing.T) {
	for _, text := range []string{
		"", "{", "null", "{}", "[]", `{"boot":"a"}`, `{"boot":"a","supervisor":{"PID":1}}`,
		`{"supervisor":{"PID":1},"services":{"app":{"PID":2}}}`,
	} {
		layout := layoutWith(t, []byte(text))
		err := sweep(t.Context(), layout)
		if err == nil || !strings.Contains(err.Error(), "remove "+statePath(layout)) {
			t.Errorf("%q: %v; want it refused, with the way out", text, err)
		}
		if kept, err := os.ReadFile(statePath(layout)); err != nil || string(kept) != text {
			t.Errorf("%q has become %q, %v", text, kept, err)
		}
	}
}

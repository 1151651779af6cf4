//go:build e2e

package e2e

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A run that is killed in the middle of a trial leaves nothing behind but its
// finished trials, and goes on from there: the interrupted block as a whole.
func TestKilledRunIsResumed(t *testing.T) {
	t.Parallel()
	c := newCheckout(t)
	c.signalMidTrial(syscall.SIGKILL)
	if r := c.run("up"); r.status != 0 { // at once: what still ends is waited for
		t.Errorf("up right after: exit status %d\n%s", r.status, r.stderr)
	}
	c.lab("down")
	eventually(t, "nothing outlives the killed run", 15*time.Second, func() bool { return len(c.processes()) == 0 })

	run := c.runs()[0]
	name := filepath.Base(run)
	before := records(t, run)
	log := filepath.Join(run, "records.jsonl")
	whole, err := os.ReadFile(log)
	must(t, err)
	must(t, os.WriteFile(log, append(whole, `{"schema":1,"run":"to`...), 0o600)) // a torn line

	plan := filepath.Join(run, "plan.json")
	original, err := os.ReadFile(plan)
	must(t, err)
	must(t, os.WriteFile(plan, bytes.Replace(original, []byte(`"seed": 1`), []byte(`"seed": 2`), 1), 0o600))
	if r := c.run("resume", name); r.status != 1 || !strings.Contains(r.stderr, "no longer gives the plan") ||
		!strings.Contains(r.stderr, "--force") {
		t.Errorf("resume with another plan: exit status %d, %q; want it refused, with the way out", r.status, r.stderr)
	}
	must(t, os.WriteFile(plan, original, 0o600))

	r := c.run("resume", name)
	if r.status != 0 && r.status != 3 {
		t.Fatalf("resume: exit status %d\n%s%s", r.status, r.stdout, r.stderr)
	}
	after := records(t, run)
	if len(after) != len(before)+3 {
		t.Fatalf("%d records after %d; want the block of 3 rerun", len(after), len(before))
	}
	text, err := os.ReadFile(log)
	must(t, err)
	if !bytes.HasPrefix(text, whole) {
		t.Error("the finished records were changed")
	}
	for i, rec := range after {
		if rec.N != i+1 {
			t.Errorf("record %d is numbered %d", i+1, rec.N)
		}
		if want := map[bool]int{true: 0, false: 2}[i < len(before)]; rec.Attempt != want {
			t.Errorf("record %d is of attempt %d; want %d", i+1, rec.Attempt, want)
		}
	}
	if again := c.run("resume", name); (again.status != 0 && again.status != 3) || len(records(t, run)) != len(after) {
		t.Errorf("resuming a finished run: exit status %d, %d records; want nothing run", again.status, len(records(t, run)))
	}
	if r := c.run("resume", "2026-01-01T0000Z-none"); r.status != 2 || !strings.Contains(r.stderr, name) {
		t.Errorf("unknown run: exit status %d, %q; want 2 and the runs that exist", r.status, r.stderr)
	}
}

// A run whose supervisor is killed, between two trials and then in the middle of one, stops,
// says so, leaves nothing behind, and goes on from its finished trials.
func TestRunWithoutItsSupervisorIsResumed(t *testing.T) {
	t.Parallel()
	c := newCheckout(t)
	command := []string{"run", "--json", c.two()}
	for _, moment := range []string{"shot", "live"} {
		run := c.watch(command...)
		run.await(moment)
		supervisor := c.status().Supervisor
		must(t, syscall.Kill(supervisor, syscall.SIGKILL))
		if got := run.exit(); got != 1 {
			t.Errorf("killed at %q: exit status %d; want 1", moment, got)
		}
		said := run.errors.String()
		for _, want := range []string{
			fmt.Sprintf("the supervisor (process %d) was killed", supervisor), "go on with it: lab resume",
		} {
			if strings.Count(said, want) != 1 {
				t.Errorf("killed at %q: it says\n%s\nwant %q in it, once", moment, said, want)
			}
		}
		eventually(t, "nothing outlives the supervisor", 15*time.Second, func() bool { return len(c.processes()) == 0 })
		if all := records(t, c.runs()[0]); len(all) != 1 {
			t.Errorf("killed at %q: %d records; want that of the finished trial", moment, len(all))
		}
		command = []string{"resume", "--json", filepath.Base(c.runs()[0])}
	}
}

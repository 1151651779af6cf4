//go:build e2e

package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// victims are the processes that a trial needs.
var victims = []string{
	"primary", "postgres-backend", "replica", "pgbouncer", "app", "k6",
	"prometheus", "node-exporter", "postgres-exporter", "replica-exporter", "pgbouncer-exporter",
}

const shortTrials = `name: killed
scenarios: [storm@0.05]
factors:
  topology: [pgbouncer+replica]
baseline: {topology: pgbouncer+replica}
settings: {pool_size: 8, pool_min: 8, scenario.USERS: 0.1, scenario.THINK_TIME: 200ms}
blocks: 30
seed: 1
slo: {error_ratio: 0.01, p99: 500ms}
`

// A process that is killed in mid-trial makes that trial failed if it belongs to the
// system under test, else invalid, with the true reason, and the next one has it again. One that is killed between
// two trials is brought
// back, or the trial is invalid for it. Both at once: before the stack comes back from one
// kill, the next victim is hit.
func TestKilledProcessesCostNoMoreThanTheirTrial(t *testing.T) {
	t.Parallel()
	killInTurn(t, []string{"primary", "postgres-backend", "pgbouncer", "k6"})
}

// killInTurn kills each of the victims in the middle of a trial, and then, between two
// trials, another one if that runs there.
func killInTurn(t *testing.T, chosen []string) {
	c := newCheckout(t)
	spec := filepath.Join(c.root, "killed.yaml")
	must(t, os.WriteFile(spec, []byte(shortTrials), 0o600))
	run := c.watch("run", "--json", spec)
	run.await("shot") // the first is left alone
	for _, victim := range chosen {
		i := slices.Index(victims, victim)
		run.await("live")
		c.kill(victim, run.pid())
		hit := run.await("shot")
		if reasons := strings.Join(hit.Reasons, "; "); hit.Verdict != verdictOf(victim) ||
			!strings.Contains(reasons, deathOf(victim)) {
			t.Errorf("%s killed in mid-trial: trial %d is %s (%s); want it %s, and %q among the reasons",
				victim, hit.N, hit.Verdict, reasons, verdictOf(victim), deathOf(victim))
		}
		other := victims[(i+5)%len(victims)]                               // never one that needs the victim
		idle := slices.Contains([]string{"k6", "app", "pgbouncer"}, other) // does not run between trials
		if !idle {
			c.kill(other, run.pid())
		}
		next := run.await("shot")
		if reasons := strings.Join(next.Reasons, "; "); isSpoilt(next.Verdict) &&
			(idle || !strings.Contains(reasons, deathOf(other)) && !strings.Contains(reasons, "crash")) {
			t.Errorf(
				"%s killed in mid-trial, then %s between: trial %d is invalid, but not for that: %s", victim, other, next.N,
				reasons,
			)
		}
	}
	whole := run.await("shot")
	if isSpoilt(whole.Verdict) {
		t.Errorf("after all that trial %d is %s: %v", whole.N, whole.Verdict, whole.Reasons)
	}
	must(t, syscall.Kill(run.pid(), syscall.SIGINT))
	if got := run.exit(); got != 130 {
		t.Errorf("exit status = %d; want 130", got)
	}
	all := records(t, c.runs()[0])
	for i, r := range all {
		if r.N != i+1 {
			t.Errorf("record %d is numbered %d: one is lost", i+1, r.N)
		}
	}
	if len(all) < whole.N {
		t.Errorf("%d records; want one of each of %d trials", len(all), whole.N)
	}
}

// verdictOf is that of a trial in which a victim died, of a cell whose queries go through the
// pooler and to both servers.
func verdictOf(victim string) string {
	if slices.Contains([]string{"primary", "postgres-backend", "replica", "pgbouncer", "app"}, victim) {
		return "failed"
	}
	return "invalid"
}

// isSpoilt says whether a trial gave no numbers.
func isSpoilt(verdict string) bool { return verdict == "failed" || verdict == "invalid" }

// deathOf is what a reason must say.
func deathOf(victim string) string {
	switch victim {
	case "k6":
		return "SIGKILL"
	case "postgres-backend":
		return "primary ended with a crash of one of its processes"
	}
	return victim + " ended with signal SIGKILL"
}

// kill ends a process of the lab.
func (c *checkout) kill(victim string, run int) {
	c.t.Helper()
	must(c.t, syscall.Kill(c.find(victim, run), syscall.SIGKILL))
}

// find returns the pid of a process of the lab; a backend of PostgreSQL is one of the
// primary's children, and k6 one of the run's.
func (c *checkout) find(victim string, run int) int {
	c.t.Helper()
	var pid int
	switch victim {
	case "k6":
		pid = child(c.t, run, "k6")
	case "postgres-backend":
		pid = child(c.t, c.pid("primary"), "postgres: primary: lab stormwave")
	default:
		pid = c.pid(victim)
	}
	if pid == 0 {
		c.t.Fatalf("find %s: it does not run", victim)
	}
	return pid
}

func (c *checkout) pid(service string) int {
	c.t.Helper()
	for _, s := range c.status().Services {
		if s.Name == service {
			return s.PID
		}
	}
	return 0
}

// addr is where a service listens.
func (c *checkout) addr(service string) string {
	c.t.Helper()
	for _, s := range c.status().Services {
		if s.Name == service {
			return s.Addr
		}
	}
	c.t.Fatalf("find %s: there is none", service)
	return ""
}

// child finds a child of a process by the beginning of its command line; 0: none.
func child(t *testing.T, parent int, command string) int {
	t.Helper()
	for _, pid := range children(t, parent) {
		cmdline, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		if name := filepath.Base(strings.SplitN(string(cmdline), "\x00", 2)[0]); strings.HasPrefix(name, command) {
			return pid
		}
	}
	return 0
}

func children(t *testing.T, parent int) (pids []int) {
	t.Helper()
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	must(t, err)
	for _, stat := range stats {
		text, err := os.ReadFile(stat)
		if err != nil {
			continue // it has ended
		}
		after := text[bytes.LastIndexByte(text, ')')+1:]
		fields := strings.Fields(string(after))
		if len(fields) < 2 || fields[1] != strconv.Itoa(parent) {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(stat)))
		must(t, err)
		pids = append(pids, pid)
	}
	return pids
}

// told is one event of `lab run --json`.
type told struct {
	Event, Stage, Verdict string
	N                     int
	Reasons               []string
}

// watched is a command that tells its events.
type watched struct {
	t      *testing.T
	events chan told
	wait   func() int
	id     int
	errors bytes.Buffer // what it has said, when it has ended
}

func (c *checkout) watch(args ...string) *watched {
	c.t.Helper()
	cmd := c.command(args...)
	out, err := cmd.StdoutPipe()
	must(c.t, err)
	w := &watched{t: c.t, events: make(chan told, 10_000)}
	cmd.Stderr = io.MultiWriter(os.Stderr, &w.errors)
	must(c.t, cmd.Start())
	w.id = cmd.Process.Pid
	read := make(chan struct{})
	go func() {
		defer close(read)
		defer close(w.events)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			var e told
			if json.Unmarshal(lines.Bytes(), &e) == nil {
				w.events <- e
			}
		}
	}()
	w.wait = func() int {
		stop := time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() })
		defer stop.Stop()
		<-read
		_ = cmd.Wait()
		return cmd.ProcessState.ExitCode()
	}
	c.t.Cleanup(func() {
		if cmd.ProcessState == nil {
			_ = cmd.Process.Kill()
			w.wait()
		}
	})
	return w
}

func (w *watched) pid() int { return w.id }

func (w *watched) exit() int { return w.wait() }

// await returns the next event of a kind.
func (w *watched) await(kind string) told {
	w.t.Helper()
	return w.awaitWithin(kind, 3*time.Minute)
}

func (w *watched) awaitWithin(kind string, within time.Duration) told {
	w.t.Helper()
	patience := time.After(within)
	for {
		select {
		case e, ok := <-w.events:
			if !ok {
				w.t.Fatalf("the run has ended, without the event %q", kind)
			}
			if e.Event == kind {
				return e
			}
		case <-patience:
			w.t.Fatalf("no event %q within %s", kind, within)
		}
	}
}

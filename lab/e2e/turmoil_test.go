//go:build e2e

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"stormwave/lab/internal/stack/proc"
)

// Two checkouts have a lab each, at the same time, and neither is in the other's way.
func TestTwoLabsAtOnce(t *testing.T) {
	t.Parallel()
	a, b := newCheckout(t), newCheckout(t)
	var both sync.WaitGroup
	for _, c := range []*checkout{a, b} {
		both.Go(func() {
			if r := c.run("up"); r.status != 0 {
				t.Errorf("up beside another lab's: exit status %d\n%s", r.status, r.stderr)
			}
		})
	}
	both.Wait()
	taken := make(map[string]bool)
	for _, c := range []*checkout{a, b} {
		st := c.status()
		if st.State != "up" {
			t.Fatalf("a lab is %s; want both up", st.State)
		}
		for _, s := range st.Services {
			if taken[s.Addr] {
				t.Errorf("%s is used twice", s.Addr)
			}
			taken[s.Addr] = true
		}
	}
	a.lab("down")
	if got := b.status(); got.State != "up" {
		t.Errorf("the other lab is %s after one went down; want up", got.State)
	}
	if out := b.lab("psql", "primary", "--", "-Atc", "SELECT 1"); out != "1\n" {
		t.Errorf("the other lab's primary answers %q", out)
	}
}

// upAndKilled leaves what a supervisor leaves that was killed: its state file.
func (c *checkout) upAndKilled() {
	c.t.Helper()
	c.lab("up")
	must(c.t, syscall.Kill(c.status().Supervisor, syscall.SIGKILL))
	eventually(c.t, "nothing of the lab lives", 15*time.Second, func() bool { return len(c.processes()) == 0 })
}

// A process that has got the pid of one of an old lab's services is not ended: its
// start time tells that it is another.
func TestAnothersProcessIsNeverEnded(t *testing.T) {
	t.Parallel()
	c := newCheckout(t)
	c.upAndKilled()
	state := filepath.Join(c.root, ".lab", "state.json")
	text, err := os.ReadFile(state)
	must(t, err)
	must(t, os.WriteFile(state, withPIDs(t, text, os.Getpid()), 0o600))
	c.lab("up") // would have killed this test
	if got := c.status().State; got != "up" {
		t.Errorf("state = %q; want up", got)
	}
}

// A state file that cannot be read is refused, with the way out, and nothing is ended
// or started by it.
func TestTornStateFile(t *testing.T) {
	t.Parallel()
	c := newCheckout(t)
	c.upAndKilled()
	state := filepath.Join(c.root, ".lab", "state.json")
	must(t, os.WriteFile(state, []byte(`{"supervisor":{"pid":1`), 0o600))
	if r := c.run("up"); r.status != 1 || !strings.Contains(r.stderr, "state.json") ||
		!strings.Contains(r.stderr, "remove") {
		t.Errorf("exit status %d, %q; want 1, the file, and the way out", r.status, r.stderr)
	}
	must(t, os.Remove(state))
	c.lab("up")
}

// A port that somebody takes while its service is down keeps the stack from coming back.
// The run stops, says so and how to go on; with a new stack it goes on.
func TestPortTaken(t *testing.T) {
	t.Parallel()
	c := newCheckout(t)
	spec := filepath.Join(c.root, "short.yaml")
	must(t, os.WriteFile(spec, []byte(strings.Replace(shortTrials, "blocks: 30", "blocks: 3", 1)), 0o600))
	run := c.watch("run", "--json", spec)
	run.await("shot")
	run.await("live")
	addr := c.addr("prometheus")
	c.kill("prometheus", run.pid())
	var taken net.Listener
	eventually(t, "the port is free", 5*time.Second, func() bool {
		var err error
		taken, err = net.Listen("tcp4", addr)
		return err == nil
	})
	answered := make(chan struct{})
	go func() { // whoever has it now does not know what is asked
		defer close(answered)
		for conn, err := taken.Accept(); err == nil; conn, err = taken.Accept() {
			_ = conn.Close()
		}
	}()
	defer func() { _ = taken.Close(); <-answered }()
	if got := run.exit(); got != 1 {
		t.Errorf("exit status = %d; want 1", got)
	}
	if said := run.errors.String(); !strings.Contains(said, "address already in use") ||
		!strings.Contains(said, "lab resume") {
		t.Errorf("it says %q; want the port in use, and how to go on", said)
	}
	name := filepath.Base(c.runs()[0])
	if r := c.run("resume", name); r.status != 0 && r.status != 3 {
		t.Errorf("resume: exit status %d\n%s%s", r.status, r.stdout, r.stderr)
	}
	all := records(t, c.runs()[0])
	if last := all[len(all)-1]; isSpoilt(last.Verdict) {
		t.Errorf("the last trial is %s: %v", last.Verdict, last.Reasons)
	}
}

// A template that somebody has cut short, or that was not written to its end, is made
// anew; nothing of it is served.
func TestTornTemplate(t *testing.T) {
	t.Parallel()
	c := newCheckout(t)
	c.lab("up")
	c.lab("down")
	files, err := filepath.Glob(filepath.Join(c.home(), "template", "*", "base", "*", "*"))
	must(t, err)
	largest, size := "", int64(0)
	for _, file := range files {
		info, err := os.Stat(file)
		must(t, err)
		if info.Size() > size {
			largest, size = file, info.Size()
		}
	}
	must(t, os.Truncate(largest, size/2)) // half of the posts
	c.lab("up")
	if out := c.lab("psql", "primary", "--", "-Atc", "SELECT count(*), count(body) FROM posts"); out != "500000|500000\n" {
		t.Errorf("posts = %q; want all of them", out)
	}
}

// What comes while a stack comes up or goes down: the same again, and its opposite; and
// then up and down in a row.
func TestUpAndDownInAHurry(t *testing.T) {
	t.Parallel()
	hurry(t, 5)
}

// hurry keeps the servers' data in memory: written to a disk, that much takes three times
// as long.
func hurry(t *testing.T, inARow int) {
	c := newCheckout(t)
	c.small(filepath.Join(c.home(), "data"), "1g")
	c.lab("up")
	c.lab("down")
	held := make(map[string]bool)
	for _, into := range []time.Duration{0, 100 * time.Millisecond, 700 * time.Millisecond} {
		var up sync.WaitGroup
		up.Go(func() { c.run("up") })
		time.Sleep(into)
		c.run("down") // with nothing there yet it says so, and is right
		up.Wait()
		c.run("down")
		if left := c.processes(); len(left) > 0 {
			t.Fatalf("down %s into an up: processes are left:\n%s", into, strings.Join(left, "\n"))
		}
	}
	for range 3 {
		var all sync.WaitGroup
		for i := range 10 {
			command := []string{"up", "down"}[i%2]
			all.Go(func() {
				r := c.run(command)
				overtaken := command == "up" &&
					(strings.Contains(r.stderr, "the stack went down") || strings.Contains(r.stderr, "the stack is down"))
				if r.status != 0 && !overtaken {
					t.Errorf("%s among ten at once: exit status %d\n%s", command, r.status, r.stderr)
				}
			})
		}
		all.Wait()
		c.lab("down")
		if left := c.processes(); len(left) > 0 {
			t.Fatalf("down after ten at once: processes are left:\n%s", strings.Join(left, "\n"))
		}
	}
	for range inARow {
		c.lab("up")
		for _, server := range []string{"primary", "replica"} {
			maps.Copy(held, shared(t, c.pid(server)))
		}
		c.lab("down")
	}
	c.run("down")
	if left := c.processes(); len(left) > 0 {
		t.Errorf("processes are left:\n%s", strings.Join(left, "\n"))
	}
	if len(held) == 0 {
		t.Error("the servers were seen with no shared memory")
	}
	segments, err := os.ReadFile("/proc/sysvipc/shm")
	must(t, err)
	for name := range held {
		if id, system := strings.CutPrefix(name, "System V "); system && strings.Contains(string(segments), " "+id+" ") {
			t.Errorf("shared memory %s is left", name)
		} else if !system && !strings.HasPrefix(name, c.home()) {
			t.Errorf("a server has mapped %s, which would outlive its data", name)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(c.home(), "data", "[pr]*", "PG_VERSION")); len(left) > 0 {
		t.Errorf("data is left: %v", left)
	}
}

// A supervisor is busy before it answers: with what a killed one has left, until that is
// gone. Another up waits for it, and so does a down.
func TestUpAndDownWaitForASupervisorThatDoesNotAnswerYet(t *testing.T) {
	t.Parallel()
	c := newCheckout(t)
	c.small(filepath.Join(c.home(), "data"), "1g")
	for _, second := range []string{"up", "down"} {
		c.upAndKilled()
		c.leaveRunning("primary")
		var first result
		var up sync.WaitGroup
		up.Go(func() { first = c.run("up") })
		eventually(t, "a supervisor holds the lock", 5*time.Second, c.isClaimed)
		if got := c.status().State; got != "down" {
			t.Fatalf("the stack is %s; want a supervisor that does not answer yet", got)
		}
		r := c.run(second)
		up.Wait()
		if r.status != 0 {
			t.Errorf("%s: exit status %d\n%s%s", second, r.status, r.stdout, r.stderr)
		}
		switch left := c.processes(); second {
		case "up":
			if first.status != 0 || strings.Contains(first.stdout, "already") || !strings.Contains(r.stdout, "already") {
				t.Errorf(
					"the first up: exit status %d, %q, the second: %q; want the first to have started it", first.status, first.stdout,
					r.stdout,
				)
			}
			if got := c.status().State; got != "up" {
				t.Errorf("the stack is %s; want up", got)
			}
			c.lab("down")
		case "down":
			if first.status != 1 || !strings.Contains(first.stderr, "went down") {
				t.Errorf("the up: exit status %d, %q; want it told that the stack went down", first.status, first.stderr)
			}
			if len(left) > 0 || !strings.Contains(r.stdout, "down\n") || strings.Contains(r.stdout, "already") {
				t.Errorf("down says %q; processes are left:\n%s", r.stdout, strings.Join(left, "\n"))
			}
		}
	}
}

// leaveRunning writes into the state file of a killed supervisor that its service has not
// ended: it is a process that takes no notice of what its owner does.
func (c *checkout) leaveRunning(service string) {
	c.t.Helper()
	sleeper, err := proc.Start(proc.Spec{Name: "sleeper", Path: "/bin/sleep", Args: []string{"60"}})
	must(c.t, err)
	c.t.Cleanup(func() { must(c.t, sleeper.Stop(context.Background())) })
	id, _ := proc.Identify(sleeper.PID())
	eventually(
		c.t, "the process is a sleep", 5*time.Second, func() bool { return strings.HasSuffix(proc.Program(id.PID), "sleep") },
	)
	path := filepath.Join(c.root, ".lab", "state.json")
	text, err := os.ReadFile(path)
	must(c.t, err)
	var state map[string]any
	must(c.t, json.Unmarshal(text, &state))
	state["services"].(map[string]any)[service] = map[string]any{
		"PID":     id.PID,
		"Start":   id.Start,
		"program": proc.Program(id.PID),
	}
	text, err = json.Marshal(state)
	must(c.t, err)
	must(c.t, os.WriteFile(path, text, 0o600))
}

// isClaimed reports whether a supervisor has opened the lock that it holds all its life.
func (c *checkout) isClaimed() bool {
	for _, process := range c.processes() {
		pid, command, _ := strings.Cut(process, " ")
		if !strings.Contains(command, " supervise ") {
			continue
		}
		files, _ := filepath.Glob(filepath.Join("/proc", pid, "fd", "*"))
		for _, file := range files {
			if path, err := os.Readlink(file); err == nil && path == filepath.Join(c.root, ".lab", "lock") {
				return true
			}
		}
	}
	return false
}

// shared are the pieces of dynamic and System V shared memory that a server has mapped:
// files, and "System V <id>".
func shared(t *testing.T, pid int) map[string]bool {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/maps", pid))
	must(t, err)
	found := make(map[string]bool)
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line) // address, permissions, offset, device, inode, path
		switch {
		case len(fields) < 6:
		case strings.HasPrefix(fields[5], "/dev/shm/PostgreSQL."), strings.Contains(fields[5], "/pg_dynshmem/"):
			found[fields[5]] = true
		case strings.HasPrefix(fields[5], "/SYSV"):
			found["System V "+fields[4]] = true
		}
	}
	return found
}

// withPIDs gives every process of a state file that pid, and keeps the start times.
func withPIDs(t *testing.T, state []byte, pid int) []byte {
	t.Helper()
	type ident map[string]any
	var s struct {
		Boot       string           `json:"boot"`
		Supervisor ident            `json:"supervisor"`
		Services   map[string]ident `json:"services"`
	}
	must(t, json.Unmarshal(state, &s))
	if len(s.Services) == 0 {
		t.Fatalf("the state file names no service: %s", state)
	}
	for _, id := range s.Services {
		if _, ok := id["PID"]; !ok {
			t.Fatalf("a service without a pid: %s", state)
		}
		id["PID"] = pid
	}
	text, err := json.Marshal(s)
	must(t, err)
	return text
}

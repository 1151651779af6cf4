//go:build e2e

package e2e

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A service that gets no more memory is ended by the kernel; a process of PostgreSQL
// takes its server's others with it. Either costs the one trial.
func TestOutOfMemory(t *testing.T) {
	t.Parallel()
	c := newCheckout(t)
	spec := filepath.Join(c.root, "short.yaml")
	must(t, os.WriteFile(spec, []byte(shortTrials), 0o600))
	run := c.watch("run", "--json", spec)
	run.await("shot")
	for victim, starve := range map[string]func(run int){"app": c.starveApp, "postgres-backend": c.starveQuery} {
		run.await("live")
		starve(run.pid())
		hit := run.await("shot")
		if reasons := strings.Join(hit.Reasons, "; "); hit.Verdict != "failed" ||
			!strings.Contains(reasons, deathOf(victim)) {
			t.Errorf(
				"%s without memory: trial %d is %s (%s); want it failed, and %q among the reasons", victim, hit.N, hit.Verdict,
				reasons, deathOf(victim),
			)
		}
		if whole := run.await("shot"); isSpoilt(whole.Verdict) {
			t.Errorf("%s: the trial after is %s too: %v", victim, whole.Verdict, whole.Reasons)
		}
	}
	must(t, syscall.Kill(run.pid(), syscall.SIGINT))
	if got := run.exit(); got != 130 {
		t.Errorf("exit status = %d; want 130", got)
	}
}

func (c *checkout) starveApp(run int) { starve(c.t, c.find("app", run)) }

// starveQuery runs a query that takes more memory than its process gets.
func (c *checkout) starveQuery(int) {
	c.t.Helper()
	cmd := c.command("psql", "primary", "--", "-At")
	in, err := cmd.StdinPipe()
	must(c.t, err)
	out, err := cmd.StdoutPipe()
	must(c.t, err)
	must(c.t, cmd.Start())
	stop := time.AfterFunc(20*time.Second, func() { _ = cmd.Process.Kill() })
	defer stop.Stop()
	_, err = fmt.Fprintln(in, "SELECT pg_backend_pid();")
	must(c.t, err)
	var pid int
	_, err = fmt.Fscan(out, &pid)
	must(c.t, err)
	starve(c.t, pid)
	_, err = fmt.Fprintln(in, "SELECT length(repeat('x', 500000000));")
	must(c.t, err)
	must(c.t, in.Close())
	rest, _ := io.ReadAll(out)
	if _ = cmd.Wait(); cmd.ProcessState.Success() || strings.Contains(string(rest), "500000000") {
		c.t.Errorf("the query has got its memory: %q", rest)
	}
}

// starve gives a process no memory beyond what it has, by a cgroup of version 2 or 1.
func starve(t *testing.T, pid int) {
	t.Helper()
	const v2, v1 = "/sys/fs/cgroup", "/sys/fs/cgroup/memory"
	root, limit := v2, "memory.max"
	if controllers, err := os.ReadFile(
		filepath.Join(v2, "cgroup.controllers"),
	); err == nil && strings.Contains(string(controllers), "memory") {
		must(t, os.WriteFile(filepath.Join(v2, "cgroup.subtree_control"), []byte("+memory"), 0o644))
	} else {
		root, limit = v1, "memory.limit_in_bytes"
	}
	cgroup := filepath.Join(root, fmt.Sprintf("stormwave-test-%d", pid))
	must(t, os.Mkdir(cgroup, 0o755)) // this takes root
	t.Cleanup(func() { must(t, os.Remove(cgroup)) })
	must(t, os.WriteFile(filepath.Join(cgroup, limit), []byte("65536"), 0o644))
	must(t, os.WriteFile(filepath.Join(cgroup, "cgroup.procs"), []byte(strconv.Itoa(pid)), 0o644))
}

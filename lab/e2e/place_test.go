//go:build e2e

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// tiny is a matrix of two trials.
func (c *checkout) tiny(extra string) string {
	c.t.Helper()
	spec := filepath.Join(c.root, "tiny.yaml")
	text := strings.Replace(shortTrials, "blocks: 30", "blocks: 1", 1)
	text = strings.Replace(text, "settings: {", "settings: {"+extra, 1)
	must(c.t, os.WriteFile(spec, []byte(text), 0o644)) // also for a user that is not the test's
	return spec
}

// completes says that a matrix runs to its end, with every trial recorded and none invalid.
func (c *checkout) completes(spec string, trials int) {
	c.t.Helper()
	r := c.run("run", spec)
	if r.status != 0 && r.status != 3 {
		c.t.Fatalf("lab run: exit status %d\n%s%s", r.status, r.stdout, r.stderr)
	}
	all := records(c.t, c.runs()[0])
	if len(all) != trials {
		c.t.Errorf("%d records; want %d", len(all), trials)
	}
	for _, rec := range all {
		if isSpoilt(rec.Verdict) {
			c.t.Errorf("trial %d is invalid: %v", rec.N, rec.Reasons)
		}
	}
}

// oddName is a directory's name with all that shells, globs, URLs, YAML, libpq and the
// configuration files of the services take for something else.
const oddName = `ein "Labor" [für 'alle'] #1 %41 $HOME \ * ? & – 測試`

func TestCheckoutWithAnOddName(t *testing.T) {
	t.Parallel()
	c := newCheckoutAt(t, filepath.Join(t.TempDir(), oddName))
	c.completes(c.tiny(""), 2)
}

func TestWithoutAHome(t *testing.T) {
	t.Parallel()
	c := newCheckout(t)
	c.env = slices.DeleteFunc(
		os.Environ(), func(e string) bool { return strings.HasPrefix(e, "HOME=") || strings.HasPrefix(e, "XDG_") },
	)
	c.completes(c.tiny(""), 2)
}

func TestReadOnlyResults(t *testing.T) {
	t.Parallel()
	c := newCheckout(t)
	c.small(filepath.Join(c.root, "results"), "1m")
	must(t, syscall.Mount("tmpfs", filepath.Join(c.root, "results"), "tmpfs", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""))
	r := c.run("run", c.tiny(""))
	if r.status != 1 || !strings.Contains(r.stderr, "read-only file system") || !strings.Contains(r.stderr, "results") {
		t.Errorf("exit status %d, %q; want 1, and which directory cannot be written", r.status, r.stderr)
	}
	if left := c.processes(); len(left) > 0 {
		t.Errorf("processes are left:\n%s", strings.Join(left, "\n"))
	}
}

// A server with hardly a connection: the lab's own come through all the same, on the
// reserved ones, and what the load is refused is counted as refused.
func TestFewConnections(t *testing.T) {
	t.Parallel()
	c := newCheckout(t)
	spec := c.tiny("postgres.max_connections: 12, ")
	text, err := os.ReadFile(spec)
	must(t, err)
	text = []byte(strings.NewReplacer(
		"pool_size: 8, pool_min: 8", "pool_size: unlimited", "pgbouncer+replica", "direct",
	).Replace(string(text)))
	must(t, os.WriteFile(spec, text, 0o600))
	c.completes(spec, 2)
	for _, rec := range records(t, c.runs()[0]) {
		if rec.Metrics["primary_connections_max"] > 12 || rec.Load.Status["503"] == 0 {
			t.Errorf(
				"trial %d: %.0f connections, %.0f refusals; want 12 at most, and some", rec.N,
				rec.Metrics["primary_connections_max"], rec.Load.Status["503"],
			)
		}
	}
}

// With too few file descriptors the lab either works, or says what it lacks; it leaves
// nothing behind.
func TestFewFileDescriptors(t *testing.T) {
	t.Parallel()
	c := newCheckout(t)
	cmd := exec.Command("bash", "-c", `ulimit -n 48 && exec bin/lab up`)
	cmd.Dir = c.root
	out, err := cmd.CombinedOutput()
	if err == nil {
		c.lab("down")
		return
	}
	if !strings.Contains(string(out), "too many open files") && !strings.Contains(string(out), "file descriptors") {
		t.Errorf("%v, %s; want it said that files are wanting", err, out)
	}
	c.run("down")
	if left := c.processes(); len(left) > 0 {
		t.Errorf("processes are left:\n%s", strings.Join(left, "\n"))
	}
}

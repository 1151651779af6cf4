//go:build e2e

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"stormwave/lab/internal/matrix"
)

// repository makes the checkout a git repository that holds the backend twice: as
// it is, and with a change that means nothing.
func (c *checkout) repository() {
	c.t.Helper()
	for _, name := range []string{"app", "go.mod", "go.sum"} {
		must(c.t, os.Remove(filepath.Join(c.root, name)))
	}
	must(c.t, os.CopyFS(filepath.Join(c.root, "app"), os.DirFS(filepath.Join(source, "app"))))
	for _, name := range []string{"go.mod", "go.sum"} {
		text, err := os.ReadFile(filepath.Join(source, name))
		must(c.t, err)
		must(c.t, os.WriteFile(filepath.Join(c.root, name), text, 0o600))
	}
	c.git("init", "--quiet")
	c.git("add", "app", "go.mod", "go.sum")
	c.git("commit", "--quiet", "--message=The backend")
	must(
		c.t, os.WriteFile(filepath.Join(c.root, "app", "changed.go"), []byte("package main\n\nvar _ = \"changed\"\n"), 0o600),
	)
	c.git("add", "app")
	c.git("commit", "--quiet", "--message=Change nothing")
}

func (c *checkout) git(args ...string) string {
	c.t.Helper()
	cmd := exec.Command("git", append([]string{"-c", "user.name=t", "-c", "user.email=t@localhost"}, args...)...)
	cmd.Dir = c.root
	out, err := cmd.CombinedOutput()
	if err != nil {
		c.t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

// Two commits in one matrix: each block has every cell with both backends, and the
// process that was loaded has told which commit it is.
func TestCompareCommits(t *testing.T) {
	c := newCheckout(t)
	c.repository()
	r := c.run("compare", "--commits", "HEAD~1", "HEAD", c.two())
	if r.status != 0 && r.status != 3 { // 3: a trial may be suspect on a machine that is not idle
		t.Fatalf("exit status %d\n%s%s", r.status, r.stdout, r.stderr)
	}
	runs := c.runs()
	if len(runs) != 1 {
		t.Fatalf("runs = %v; want one for both commits", runs)
	}
	hashes := strings.Fields(c.git("log", "--reverse", "--abbrev=10", "--format=%h"))
	trials := make(map[string]int)
	for _, rec := range records(t, runs[0]) {
		if isSpoilt(rec.Verdict) {
			t.Errorf("trial %d is invalid: %v", rec.N, rec.Reasons)
		}
		if asked, runs := rec.Settings[matrix.Commit], rec.Effective[matrix.Commit]; asked != runs {
			t.Errorf("trial %d asks for the backend of %s, and runs that of %s", rec.N, asked, runs)
		}
		trials[rec.Settings[matrix.Commit]]++
	}
	// 2 cells × 1 block, and the A/A control of the baseline.
	if trials[hashes[0]] != 3 || trials[hashes[1]] != 2 || len(trials) != 2 {
		t.Errorf("trials = %v; want 3 of %s and 2 of %s", trials, hashes[0], hashes[1])
	}
	for _, want := range []string{
		"A = " + hashes[0] + ", B = " + hashes[1], "storm@0.05", "pool_size=8", "1 v 1", "n too small: 1 block",
	} {
		if !strings.Contains(r.stdout, want) {
			t.Errorf("the output lacks %q:\n%s", want, r.stdout)
		}
	}
	spec, err := os.ReadFile(filepath.Join(runs[0], "spec.yaml"))
	must(t, err)
	want := "commit: [" + hashes[0] + ", " + hashes[1] + "]"
	if !strings.Contains(strings.ReplaceAll(string(spec), `"`, ""), want) {
		t.Errorf("the spec of the run lacks %q:\n%s", want, spec)
	}
	if left, err := os.ReadDir(filepath.Join(c.root, ".lab", "commits")); err != nil || len(left) > 0 {
		t.Errorf("left of the builds: %v, %v; want nothing", left, err)
	}
}

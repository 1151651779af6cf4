//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// broken writes a backend whose program is a script, and returns the path of its manifest.
func (c *checkout) broken(name, script, keys string) string {
	c.t.Helper()
	dir := filepath.Join(c.root, "broken", name)
	must(c.t, os.MkdirAll(dir, 0o755))
	must(c.t, os.WriteFile(filepath.Join(dir, "serve"), []byte("#!/bin/sh\n"+script+"\n"), 0o700))
	manifest := fmt.Sprintf("name: %s\nbuild: {path: serve}\nrun: {args: [\"{addr}\", \"{primary}\"]}\n"+
		"reset: {proof: SELECT 1}\n%s\n", name, keys)
	path := filepath.Join(dir, "backend.yaml")
	must(c.t, os.WriteFile(path, []byte(manifest), 0o600))
	return path
}

// A program that cannot be brought up is told in its own words, or by what it does not do; nothing is left of it.
func TestBackendsThatDoNotStart(t *testing.T) {
	c := newCheckout(t)
	const ready = "ready: {tcp: true, within: 2s}"
	for _, tt := range []struct{ name, script, keys, want string }{
		{"exits", "echo 'no such database' >&2; exit 78", ready, "process has ended with status 78"},
		{"never-ready", "exec sleep 1000", ready, "not ready in time"},
		{"forks", "sleep 1000 & sleep 1000 & exit 0", ready, "process has ended with status 0"},
		{"talks", "exec yes 'a line of a log that has no end'", ready, "not ready in time"},
		{"cannot-migrate", "echo 'relation is gone' >&2; exit 3", ready + "\nmigrate: {args: [migrate]}",
			"relation is gone"},
		{"cannot-be-seeded", "exec sleep 1000", ready + "\nseed: {sql: seed.sql}", `relation "gone" does not exist`},
	} {
		path := c.broken(tt.name, tt.script, tt.keys)
		must(t, os.WriteFile(filepath.Join(filepath.Dir(path), "seed.sql"), []byte("INSERT INTO gone VALUES (1);\n"), 0o600))
		r := c.run("up", "--backend", path)
		if r.status != 1 || !strings.Contains(r.stderr, tt.want) {
			t.Errorf("%s: exit status %d, %q\nwant 1 and %q", tt.name, r.status, r.stderr, tt.want)
		}
		if strings.Contains(r.stderr, "postgres://app:") && !strings.Contains(r.stderr, "postgres://app:…@") {
			t.Errorf("%s: a password is told: %q", tt.name, r.stderr)
		}
		c.run("down") // the stack has failed, and is on its way down
		if left := c.processes(); len(left) > 0 {
			t.Errorf("%s: processes are left:\n%s", tt.name, strings.Join(left, "\n"))
		}
	}
}

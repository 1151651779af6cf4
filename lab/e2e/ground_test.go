//go:build e2e

package e2e

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/service"
	"stormwave/lab/internal/stack/daemon"
)

// alone keeps the mounts of a namespace in it. In a chroot that can only be asked for, and is
// so already.
const alone = "mount --make-rprivate / 2>/dev/null || true; "

// hide runs a shell's command in the checkout with an empty directory in the place of
// /usr/local/bin, and with what Debian's own packages put on PATH.
func (c *checkout) hide(script string) string {
	c.t.Helper()
	cmd := exec.Command("unshare", "--mount", "--propagation=unchanged", "bash", "-euc",
		alone+`mount --bind "$0" /usr/local/bin && exec bash -c "$1"`, c.t.TempDir(), script)
	cmd.Dir, cmd.Env = c.root, []string{"PATH=/usr/bin:/bin:/usr/sbin:/sbin", "HOME=/root"}
	out, err := cmd.CombinedOutput()
	if err != nil {
		c.t.Fatalf("%s: %v\n%s", script, err, out)
	}
	return string(out)
}

// Debian has PostgreSQL's programs in a directory of their own, which is on nobody's PATH.
func TestNoPostgreSQLOnPATH(t *testing.T) {
	t.Parallel()
	c := newCheckout(t)
	must(t, os.RemoveAll(filepath.Join(c.home(), "template"))) // initdb, too, has to find itself
	for _, name := range []string{"postgres", "initdb", "pg_ctl"} {
		if out := c.hide("command -v " + name + " || true"); out != "" {
			t.Fatalf("%s is on PATH still: %s", name, out)
		}
	}
	c.hide("bin/lab up")
	if out := c.lab("psql", "replica", "--", "-Atc", "SELECT pg_is_in_recovery()"); out != "t\n" {
		t.Errorf("the replica answers %q", out)
	}
	c.lab("down")
}

// Whoever has a newer PostgreSQL first on PATH measures that one: it is what doctor names,
// what runs, and what the servers load and read.
func TestAnotherPostgreSQLFirstOnPATH(t *testing.T) {
	t.Parallel()
	c := newCheckout(t)
	dir := t.TempDir()
	open(t, dir)
	other := filepath.Join(dir, "postgresql-18")
	copyAll(t, "-r", filepath.Join(source, ".lab", "tools", "postgresql-18"), other)
	c.env = append(os.Environ(), "PATH="+filepath.Join(other, "bin")+":"+os.Getenv("PATH"))
	if out := c.lab("doctor"); !strings.Contains(out, filepath.Join(other, "bin", "postgres")) {
		t.Errorf("doctor does not name %s:\n%s", other, out)
	}
	c.lab("up")
	for _, s := range c.status().Services {
		if (s.Name == "primary" || s.Name == "replica") && !strings.HasPrefix(s.Version, "18.") {
			t.Errorf("the %s is of version %s by the status; want 18", s.Name, s.Version)
		}
	}
	ask := func(server, sql string) string { return strings.TrimSpace(c.lab("psql", server, "--", "-Atc", sql)) }
	for _, server := range []string{"primary", "replica"} {
		if got := ask(server, "SHOW server_version"); !strings.HasPrefix(got, "18.") {
			t.Errorf("the %s says that it is %s; want 18", server, got)
		}
		for _, part := range []string{"BINDIR", "PKGLIBDIR", "SHAREDIR"} {
			if got := ask(server, "SELECT setting FROM pg_config WHERE name = '"+part+"'"); !strings.HasPrefix(got, other+"/") {
				t.Errorf("%s of the %s is %s; want its own, in %s", part, server, got, other)
			}
		}
	}
	c.completes(c.tiny("postgres.max_connections: 120, postgres.shared_buffers: 256MB, "), 2)
}

// What the service account has put in the way, before root comes up again.
func TestServiceAccountCannotLeadRootAstray(t *testing.T) {
	t.Parallel()
	c := newCheckout(t)
	c.lab("up")
	c.lab("down")
	victim := filepath.Join(t.TempDir(), "victim")
	must(t, os.WriteFile(victim, []byte("root's"), 0o600))
	var links []string
	for _, name := range []string{"pg_ident.conf", "pg_hba.conf", "pgpass", "pgbouncer.ini", "pgbouncer.users"} {
		link := filepath.Join(c.home(), "data", name)
		must(t, os.RemoveAll(link))
		must(t, os.Symlink(victim, link))
		links = append(links, link)
	}
	before, err := os.Stat(victim)
	must(t, err)
	c.lab("up")
	after, err := os.Stat(victim)
	must(t, err)
	if text, err := os.ReadFile(victim); err != nil || string(text) != "root's" {
		t.Errorf("the file behind the links holds %q, %v", text, err)
	}
	if before.Mode() != after.Mode() || owner(t, before) != owner(t, after) {
		t.Errorf(
			"the file behind the links is %v of %d; was %v of %d", after.Mode(), owner(t, after), before.Mode(),
			owner(t, before),
		)
	}
	for _, link := range links {
		if info, err := os.Lstat(link); err != nil || !info.Mode().IsRegular() {
			t.Errorf("%s: %v, %v; want a file in the link's place", link, info, err)
		}
	}
}

// A login's soft limit is often 1,024 files; PgBouncer takes 10,000 clients.
func TestPoolerTakesMoreClientsThanALoginMayOpenFiles(t *testing.T) {
	t.Parallel()
	c := newCheckout(t)
	up := exec.Command("bash", "-c", "ulimit -Sn 1024 && exec bin/lab up")
	up.Dir = c.root
	if out, err := up.CombinedOutput(); err != nil {
		t.Fatalf("lab up: %v\n%s", err, out)
	}
	addr := c.addr("pgbouncer")
	for range 1100 {
		conn, err := net.Dial("tcp", addr)
		must(t, err)
		defer func() { _ = conn.Close() }()
	}
	if out := c.lab("psql", "pgbouncer", "--", "-Atc", "SELECT 1"); out != "1\n" {
		t.Errorf("one more client is answered %q", out)
	}
}

// apply gives the stack of the checkout the settings, as a run does.
func (c *checkout) apply(settings matrix.Settings) error {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	_, err := c.applyWithin(ctx, settings)
	return err
}

// applyWithin is apply for as long as ctx lasts, and returns what is really set.
func (c *checkout) applyWithin(ctx context.Context, settings matrix.Settings) (matrix.Settings, error) {
	c.t.Helper()
	all := matrix.Defaults()
	for name, value := range settings {
		all[name] = value
	}
	read, err := c.client().Apply(ctx, all, nil)
	return read.Values, err
}

func (c *checkout) client() *daemon.Client {
	c.t.Helper()
	layout, err := service.NewLayout(c.root)
	must(c.t, err)
	return daemon.NewClient(layout)
}

// A fault that the server refuses costs its own cell, and no other.
func TestFaultThatCannotBeInjectedLeavesNothing(t *testing.T) {
	t.Parallel()
	c := newCheckout(t)
	c.lab("up")
	indexes := func() string {
		return c.lab(
			"psql", "primary", "--", "-Atc",
			"SELECT indexrelid::regclass FROM pg_index JOIN pg_class c ON c.oid = indrelid WHERE relname = 'posts' ORDER BY 1",
		)
	}
	whole := indexes()
	for range 2 {
		err := c.apply(matrix.Settings{matrix.FaultIndex: "posts_pkey"}) // a constraint needs it
		if err == nil || !strings.Contains(err.Error(), "posts_pkey") {
			t.Fatalf("to drop the index of a primary key: %v; want it refused by name", err)
		}
		must(t, c.apply(nil))
	}
	if err := c.apply(matrix.Settings{matrix.FaultIndex: "no_such_index"}); err == nil {
		t.Error("an index that is not there was dropped")
	}
	var other string
	for name := range strings.Lines(whole) {
		if name = strings.TrimSpace(name); name != "posts_pkey" {
			other = name
		}
	}
	must(t, c.apply(matrix.Settings{matrix.FaultIndex: other, matrix.FaultRowCPU: "1ms"}))
	if now := indexes(); strings.Contains(now, other) {
		t.Errorf("%s is there, although it is to be missing", other)
	}
	must(t, c.apply(nil))
	if now := indexes(); now != whole {
		t.Errorf("the indexes are\n%s, were\n%s", now, whole)
	}
	if out := c.lab("psql", "primary", "--", "-Atc", "SELECT count(*) FROM pg_policy"); out != "0\n" {
		t.Errorf("%s policies are left", strings.TrimSpace(out))
	}
}

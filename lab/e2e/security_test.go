//go:build e2e

package e2e

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"stormwave/lab/internal/service"
)

// What the lab keeps for root outside the checkout.
func (c *checkout) home() string {
	c.t.Helper()
	notes, _ := filepath.Glob("/var/lib/stormwave/*/checkout")
	for _, note := range notes {
		if text, err := os.ReadFile(note); err == nil && string(text) == c.root {
			return filepath.Dir(note)
		}
	}
	return filepath.Join(c.root, ".lab", "home")
}

// sockets is where the control socket and PostgreSQL's are.
func (c *checkout) sockets() string {
	c.t.Helper()
	layout, err := service.NewLayout(c.root)
	must(c.t, err)
	return layout.Sockets
}

func TestNobodyGetsIn(t *testing.T) {
	t.Parallel()
	c := newCheckout(t)
	c.lab("up")
	st := c.status()
	pids := []int{st.Supervisor}
	for _, s := range st.Services {
		pids = append(pids, s.PID)
	}

	t.Run("every listener is on the loopback", func(t *testing.T) {
		found := 0
		for _, addr := range listeners(t, pids) {
			found++
			if addr != "0100007F" && addr != "00000000000000000000000001000000" { // 127.0.0.1, ::1, as the kernel writes them
				t.Errorf("a process of the lab listens on %s", addr)
			}
		}
		if found < len(st.Services) {
			t.Errorf("%d listeners of %d services: not all were found", found, len(st.Services))
		}
	})

	t.Run("files are the owner's alone", func(t *testing.T) {
		for _, dir := range []string{
			filepath.Join(c.root, ".lab"), filepath.Join(c.home(), "data"), filepath.Join(c.sockets(), "pg"),
		} {
			must(t, filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
				if err != nil || path == filepath.Join(c.root, ".lab", "tools") {
					return err
				}
				info, err := entry.Info()
				if err != nil {
					return nil // it has gone meanwhile
				}
				// PostgreSQL's socket is open to all, in a directory that is not.
				if mode := info.Mode(); mode.Perm()&0o077 != 0 && mode.IsRegular() && strings.HasPrefix(path, c.root) &&
					strings.Contains(path, "pass") {
					t.Errorf("%s is %v: others can read it", path, mode)
				}
				return nil
			}))
			info, err := os.Stat(dir)
			must(t, err)
			if info.Mode().Perm() != 0o700 {
				t.Errorf("%s is %v; want 0700", dir, info.Mode())
			}
		}
		info, err := os.Stat(filepath.Join(c.sockets(), "control"))
		must(t, err)
		if info.Mode().Perm() != 0o600 {
			t.Errorf("the control socket is %v; want 0600", info.Mode())
		}
	})

	secrets := c.secrets()
	t.Run("no secret leaves its file", func(t *testing.T) {
		for _, pid := range pids {
			cmdline, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
			holdsNone(t, secrets, fmt.Sprintf("the arguments of process %d", pid), cmdline)
		}
		for name, path := range map[string]string{
			"app":        "/debug/config",
			"prometheus": "/api/v1/status/config",
			"page":       "/",
		} {
			holdsNone(t, secrets, name+path, []byte(fetch(t, *st.URLs[name]+path)))
		}
		holdsNone(t, secrets, "app/metrics", []byte(fetch(t, *st.URLs["app"]+"/metrics")))
		holdsNone(t, secrets, "the status", []byte(c.lab("status", "--json")))
	})

	t.Run("roles have the least rights", func(t *testing.T) {
		for _, role := range []string{"app", "monitor"} {
			for _, forbidden := range []string{"CREATE TABLE mine (n int)", "DROP TABLE posts", "CREATE ROLE friend", "SET " +
				"ROLE lab", "ALTER SYSTEM SET fsync = off",
				"COPY posts TO PROGRAM 'cat'", "DELETE FROM posts", "SELECT pg_read_file('/etc/passwd')"} {
				if role == "app" && forbidden == "DELETE FROM posts" {
					forbidden = "TRUNCATE posts"
				}
				out := c.run("psql", "primary", "--", "-Atc", "SET SESSION AUTHORIZATION "+role, "-c", forbidden)
				if out.status == 0 || !strings.Contains(out.stderr, "permission denied") &&
					!strings.Contains(out.stderr, "must be") {
					t.Errorf("%s may %s: exit status %d, %s", role, forbidden, out.status, out.stderr)
				}
			}
		}
	})

	t.Run("nobody comes without a password", func(t *testing.T) {
		addr := ""
		for _, s := range st.Services {
			if s.Name == "primary" {
				addr = s.Addr
			}
		}
		_, port, _ := strings.Cut(addr, ":")
		for _, role := range []string{"app", "lab", "postgres", "monitor"} {
			// The connection string comes last, and wins.
			out := c.run(
				"psql", "primary", "--", "-w", "-Atc", "SELECT 1", "-d",
				"host=127.0.0.1 port="+port+" dbname=stormwave user="+role+" passfile=/dev/null",
			)
			if out.status == 0 {
				t.Errorf("%s came in without a password", role)
			}
		}
	})

	must(t, os.WriteFile(
		filepath.Join(c.root, "tiny.yaml"), []byte(strings.Replace(shortTrials, "blocks: 30", "blocks: 1", 1)), 0o600,
	))
	if r := c.run("run", "tiny.yaml"); r.status != 0 && r.status != 3 {
		t.Fatalf("lab run: exit status %d\n%s%s", r.status, r.stdout, r.stderr)
	}
	t.Run("no secret is in a result or a log", func(t *testing.T) {
		secrets := c.secrets()
		for _, dir := range []string{filepath.Join(c.root, "results"), filepath.Join(c.root, ".lab", "log")} {
			must(t, filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
				if err != nil || !entry.Type().IsRegular() {
					return err
				}
				text, err := os.ReadFile(path)
				must(t, err)
				holdsNone(t, secrets, path, text)
				return nil
			}))
		}
	})
}

// secrets are the passwords that this up has made.
func (c *checkout) secrets() []string {
	c.t.Helper()
	text, err := os.ReadFile(filepath.Join(c.root, ".lab", "pgpass"))
	must(c.t, err)
	var all []string
	for line := range strings.Lines(string(text)) {
		fields := strings.Split(strings.TrimSpace(line), ":")
		if password := fields[len(fields)-1]; len(password) < 20 {
			c.t.Fatalf("%q is no generated password", password)
		} else {
			all = append(all, password)
		}
	}
	if len(all) < 3 {
		c.t.Fatalf("%d passwords; want those of three roles", len(all))
	}
	return all
}

func holdsNone(t *testing.T, secrets []string, what string, text []byte) {
	t.Helper()
	for _, secret := range secrets {
		if bytes.Contains(text, []byte(secret)) {
			t.Errorf("%s holds a password", what)
		}
	}
}

// listeners returns the addresses, in the kernel's hexadecimal, on which the processes
// and their children listen.
func listeners(t *testing.T, pids []int) []string {
	t.Helper()
	inodes := make(map[string]bool)
	for _, pid := range pids {
		links, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
		must(t, err)
		for _, link := range links {
			if target, err := os.Readlink(link); err == nil && strings.HasPrefix(target, "socket:[") {
				inodes[strings.Trim(target, "socket:[]")] = true
			}
		}
	}
	var found []string
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		text, err := os.ReadFile(table)
		must(t, err)
		for line := range strings.Lines(string(text)) {
			fields := strings.Fields(line)
			const listening = "0A"
			if len(fields) < 10 || fields[3] != listening || !inodes[fields[9]] {
				continue
			}
			addr, port, _ := strings.Cut(fields[1], ":")
			if _, err := strconv.ParseUint(port, 16, 16); err != nil {
				t.Fatalf("read %s: %q", table, line)
			}
			found = append(found, addr)
		}
	}
	return found
}

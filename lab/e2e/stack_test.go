//go:build e2e

package e2e

import (
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestUpBringsEveryServiceAndDownTakesAllAway(t *testing.T) {
	t.Parallel()
	c := newCheckout(t)
	if got := c.status().State; got != "down" {
		t.Fatalf("state = %q before up; want down", got)
	}
	if out := c.lab("down"); !strings.Contains(out, "down already") {
		t.Errorf("down before up prints %q; want it said", out)
	}
	c.lab("up")
	st := c.status()
	if st.State != "up" || st.Run != nil {
		t.Errorf("state = %q, run %v; want up and none", st.State, st.Run)
	}
	ready := make(map[string]bool)
	for _, s := range st.Services {
		ready[s.Name] = s.Ready && s.PID > 0
		if host, _, err := net.SplitHostPort(s.Addr); err != nil || host != "127.0.0.1" {
			t.Errorf("%s listens at %q; want the loopback", s.Name, s.Addr)
		}
		if s.Version == "" && s.Name != "app" {
			t.Errorf("%s has no version", s.Name)
		}
	}
	for _, name := range []string{
		"primary", "replica", "pgbouncer", "app", "prometheus", "node-exporter", "postgres-exporter", "replica-exporter",
		"pgbouncer-exporter",
	} {
		if !ready[name] {
			t.Errorf("%s is not ready", name)
		}
	}
	if got := c.lab("psql", "primary", "--", "-Atc", "SELECT state FROM pg_stat_replication"); got != "streaming\n" {
		t.Errorf("replication is %q; want streaming", got)
	}
	if got := c.lab(
		"psql", "replica", "--", "-Atc", "SELECT pg_is_in_recovery(), count(*) FROM posts",
	); got != "t|500000\n" {
		t.Errorf("the replica says %q; want a standby with 500000 posts", got)
	}
	if got := c.lab("psql", "pgbouncer", "--", "-Atc", "SELECT current_user"); got != "app\n" {
		t.Errorf("through the pooler comes %q; want app", got)
	}
	if got := c.lab("psql", "admin", "--", "-Atc", "SHOW DATABASES"); !strings.Contains(got, "stormwave_replica") {
		t.Errorf("the pooler has the databases %q; want stormwave_replica among them", got)
	}
	for name, want := range map[string]string{"app": "ready", "prometheus": "Prometheus Server is Ready"} {
		path := map[string]string{"app": "/readyz", "prometheus": "/-/ready"}[name]
		if body := fetch(t, *st.URLs[name]+path); !strings.Contains(body, want) {
			t.Errorf("%s answers %q; want %q", name, body, want)
		}
	}
	if out := c.lab("up"); !strings.Contains(out, "up already") {
		t.Errorf("a second up prints %q; want it said", out)
	}
	if got := c.status().Supervisor; got != st.Supervisor {
		t.Errorf("a second up replaced supervisor %d by %d", st.Supervisor, got)
	}
	c.lab("down")
	if left := c.processes(); len(left) > 0 {
		t.Errorf("processes are left:\n%s", strings.Join(left, "\n"))
	}
	if got := c.status().State; got != "down" {
		t.Errorf("state = %q after down; want down", got)
	}
}

func TestNothingOutlivesAKilledSupervisorAndUpWorksAtOnce(t *testing.T) {
	t.Parallel()
	c := newCheckout(t)
	c.lab("up")
	must(t, syscall.Kill(c.status().Supervisor, syscall.SIGKILL))
	c.lab("up")
	st := c.status()
	if st.State != "up" {
		t.Errorf("state = %q; want up", st.State)
	}
	must(t, syscall.Kill(st.Supervisor, syscall.SIGKILL))
	eventually(t, "no process of the lab lives", 10*time.Second, func() bool { return len(c.processes()) == 0 })
}

func TestAServiceThatDiesIsTold(t *testing.T) {
	t.Parallel()
	c := newCheckout(t)
	c.lab("up")
	for _, s := range c.status().Services {
		if s.Name == "pgbouncer-exporter" {
			must(t, syscall.Kill(s.PID, syscall.SIGKILL))
		}
	}
	eventually(t, "status tells of the death", 5*time.Second, func() bool {
		return strings.Contains(c.lab("status"), "pgbouncer-exporter ended with signal SIGKILL")
	})
}

func TestUnknownNamesAreAnsweredWithThoseThatExist(t *testing.T) {
	t.Parallel()
	c := newCheckout(t)
	for _, args := range [][]string{{"logs", "postgre"}, {"psql", "standby"}} {
		r := c.run(args...)
		if r.status != 2 || !strings.Contains(r.stderr, "replica") {
			t.Errorf("lab %v: exit status %d, %q; want 2 and the names", args, r.status, r.stderr)
		}
	}
	if r := c.run("psql", "primary"); r.status != 1 || !strings.Contains(r.stderr, "lab up") {
		t.Errorf("psql while down: exit status %d, %q; want 1 and what to do", r.status, r.stderr)
	}
	if r := c.run("up", "now"); r.status != 2 {
		t.Errorf("lab up now: exit status %d; want 2", r.status)
	}
}

func TestLogsOfAService(t *testing.T) {
	t.Parallel()
	c := newCheckout(t)
	c.lab("up")
	if out := c.lab("logs", "primary"); !strings.Contains(out, "ready to accept connections") {
		t.Errorf("log of the primary is %q; want its start", out)
	}
}

// The lab of an ordinary user, in a checkout that belongs to that user, keeps its data there.
func TestOrdinaryUserInACheckoutWithAnOddName(t *testing.T) {
	t.Parallel()
	c := newCheckoutAt(t, filepath.Join(t.TempDir(), oddName))
	if os.Geteuid() == 0 {
		c.as = account(t, "nobody")
		tools := filepath.Join(c.root, ".lab", "tools")
		must(t, os.Remove(tools))
		copyAll(t, "-rL", filepath.Join(source, ".lab", "tools"), tools)
		for _, name := range []string{
			"bin", "app", "lab", "scenarios", "dashboards", "magefile.go", "go.mod", "go.sum", "flake.lock",
		} {
			must(t, os.Remove(filepath.Join(c.root, name)))
			copyAll(t, "-r", filepath.Join(source, name), filepath.Join(c.root, name))
		}
		own(t, c.root, c.as)
		open(t, c.root)
	}
	c.lab("up")
	if out := c.lab("psql", "primary", "--", "-Atc", "SELECT count(*) FROM users"); out != "10000\n" {
		t.Errorf("users = %q; want 10000", out)
	}
	if out := c.lab("psql", "replica", "--", "-Atc", "SHOW data_directory"); !strings.HasPrefix(out, c.root) {
		t.Errorf("the replica's data is in %q; want it in the checkout", out)
	}
	c.completes(c.tiny(""), 2)
	c.lab("down")
}

// owner is the account that a file belongs to.
func owner(t *testing.T, info os.FileInfo) uint32 {
	t.Helper()
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		t.Fatalf("the owner of %s is not told", info.Name())
	}
	return stat.Uid
}

func account(t *testing.T, name string) *syscall.Credential {
	t.Helper()
	u, err := user.Lookup(name)
	must(t, err)
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	must(t, err)
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	must(t, err)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
}

func copyAll(t *testing.T, how, from, to string) {
	t.Helper()
	if out, err := exec.Command("cp", how, from, to).CombinedOutput(); err != nil {
		t.Fatalf("cp: %v\n%s", err, out)
	}
}

func own(t *testing.T, root string, as *syscall.Credential) {
	t.Helper()
	must(t, filepath.Walk(root, func(path string, _ os.FileInfo, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, int(as.Uid), int(as.Gid))
	}))
}

// open lets another account pass to the test's directory.
func open(t *testing.T, dir string) {
	t.Helper()
	for dir != os.TempDir() && dir != os.Getenv("GOTMPDIR") && dir != "/" {
		must(t, os.Chmod(dir, 0o755))
		dir = filepath.Dir(dir)
	}
}

func fetch(t *testing.T, url string) string {
	t.Helper()
	client := http.Client{Timeout: 5 * time.Second}
	resp, err := client.Get(url)
	must(t, err)
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	must(t, err)
	return string(body)
}

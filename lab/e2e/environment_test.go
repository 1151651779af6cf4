//go:build e2e

package e2e

import (
	"context"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"stormwave/lab/internal/matrix"
)

// A developer's shell leads PostgreSQL's clients elsewhere, and tells every program something.
func TestTheCallersVariablesReachNothing(t *testing.T) {
	t.Parallel()
	c := newCheckout(t)
	c.env = append(os.Environ(),
		"PGOPTIONS=-c statement_timeout=1 -c search_path=other", "PGSERVICE=prod", "PGHOSTADDR=192.0.2.1",
		"PGSSLMODE=verify-full", "PGTARGETSESSIONATTRS=read-write", "PGCHANNELBINDING=require", "PGREQUIREAUTH=scram-sha-256",
		"PGMINPROTOCOLVERSION=3.2", "PGTZ=Mars/Olympus", "TZ=Mars/Olympus", "LC_ALL=tlh", "TMPDIR=/nowhere", "GOGC=off",
		"GODEBUG=gctrace=1", "http_proxy=http://192.0.2.1:1", "HTTP_PROXY=http://192.0.2.1:1", "K6_VUS=1",
	)
	c.lab("up")
	for target, server := range map[string]string{"primary": "primary", "replica": "replica", "pgbouncer": "primary"} {
		_, port, _ := strings.Cut(c.addr(server), ":")
		if out := c.lab("psql", target, "--", "-Atc", "SHOW port"); out != port+"\n" {
			t.Errorf("psql %s reaches the server at port %q; want %s", target, out, port)
		}
	}
	for _, s := range c.status().Services {
		environ, err := os.ReadFile("/proc/" + strconv.Itoa(s.PID) + "/environ")
		must(t, err)
		for variable := range strings.SplitSeq(string(environ), "\x00") {
			for _, name := range []string{"PG", "K6_", "TMPDIR", "http_proxy", "HTTP_PROXY", "GOGC", "GODEBUG"} {
				if strings.HasPrefix(variable, name) && !strings.HasPrefix(variable, "PGBOUNCER_EXPORTER_") {
					t.Errorf("%s has %s", s.Name, variable)
				}
			}
		}
	}
	c.lab("down")
}

func TestHardenedUmask(t *testing.T) {
	t.Parallel()
	c := newCheckout(t)
	for _, umask := range []string{"077", "027"} {
		up := exec.Command("bash", "-c", "umask "+umask+" && exec bin/lab up")
		up.Dir = c.root
		if out, err := up.CombinedOutput(); err != nil {
			t.Fatalf("lab up with umask %s: %v\n%s", umask, err, out)
		}
		c.lab("down")
	}
}

// A cell may log every statement, and one that sets a password may fail.
func TestNoPasswordIsLogged(t *testing.T) {
	t.Parallel()
	c := newCheckout(t)
	c.lab("up")
	must(t, c.apply(matrix.Settings{"postgres.log_statement": "all", "postgres.max_connections": "101"}))
	// The server restarts, and takes no password any more.
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()
	_, _ = c.applyWithin(ctx, matrix.Settings{
		"postgres.default_transaction_read_only": "on",
		"postgres.max_connections":               "102",
	})
	logged, failed := false, false
	logs, err := filepath.Glob(filepath.Join(c.root, ".lab", "log", "*.log"))
	must(t, err)
	for _, path := range logs {
		text, err := os.ReadFile(path)
		must(t, err)
		holdsNone(t, c.secrets(), path, text)
		logged = logged || strings.Contains(string(text), "statement: ALTER ROLE")
		failed = failed || strings.Contains(string(text), "STATEMENT:  ALTER ROLE")
	}
	if !logged || !failed {
		t.Errorf("ALTER ROLE was logged: %v; when it failed: %v; want both, or the test shows nothing", logged, failed)
	}
}

// Prometheus itself asks for a password; the door to it only reads, and answers no other site.
func TestPrometheusIsWrittenToByTheLabAlone(t *testing.T) {
	t.Parallel()
	c := newCheckout(t)
	c.lab("up")
	door, own := *c.status().URLs["prometheus"], "http://"+c.addr("prometheus")
	for _, r := range []struct {
		method, url string
		header      [2]string
		want        int
	}{
		{http.MethodGet, door + "/api/v1/query?query=up", [2]string{}, http.StatusOK},
		{http.MethodPost, door + "/api/v1/admin/tsdb/delete_series?match[]=up", [2]string{}, http.StatusForbidden},
		{http.MethodPost, door + "/api/v1/write", [2]string{}, http.StatusForbidden},
		{http.MethodGet, door + "/api/v1/query?query=up", [2]string{"Origin", "http://evil.example"}, http.StatusForbidden},
		{http.MethodGet, own + "/api/v1/query?query=up", [2]string{}, http.StatusUnauthorized},
		{http.MethodPost, own + "/api/v1/admin/tsdb/delete_series?match[]=up", [2]string{}, http.StatusUnauthorized},
	} {
		req, err := http.NewRequest(r.method, r.url, nil)
		must(t, err)
		if r.header[0] != "" {
			req.Header.Set(r.header[0], r.header[1])
		}
		resp, err := http.DefaultClient.Do(req)
		must(t, err)
		_ = resp.Body.Close()
		if resp.StatusCode != r.want {
			t.Errorf("%s %s %v: %s; want %d", r.method, r.url, r.header, resp.Status, r.want)
		}
	}
}

// The replica does not replay, so that the apply waits; nobody waits for the apply.
func TestDownDuringAnApply(t *testing.T) {
	t.Parallel()
	c := newCheckout(t)
	c.lab("up")
	out := c.lab("psql", "replica", "--", "-Atc", "SELECT pid FROM pg_stat_wal_receiver")
	receiver, err := strconv.Atoi(strings.TrimSpace(out))
	must(t, err)
	must(t, syscall.Kill(receiver, syscall.SIGSTOP))
	defer func() { _ = syscall.Kill(receiver, syscall.SIGCONT) }()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	applied := make(chan error, 1)
	go func() {
		_, err := c.applyWithin(ctx, matrix.Settings{matrix.LockTimeout: "5s"})
		applied <- err
	}()
	eventually(t, "the apply is under way", 10*time.Second, func() bool {
		return c.lab("psql", "primary", "--", "-Atc",
			"SELECT count(*) FROM pg_db_role_setting s, unnest(s.setconfig) c WHERE c = 'lock_timeout=5s'") == "1\n"
	})
	began := time.Now()
	c.lab("down")
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("down took %s; want no more than a killed server takes", took)
	}
	if err := <-applied; err == nil || !strings.Contains(err.Error(), "the stack went down") {
		t.Errorf("the apply: %v; want that the stack went down", err)
	}
}

// The faults of a run that is killed end with it, also where the stack stays.
func TestFaultsEndWithAKilledRun(t *testing.T) {
	t.Parallel()
	c := newCheckout(t)
	c.lab("up")
	spec := filepath.Join(c.root, "faults.yaml")
	must(t, os.WriteFile(spec, []byte(gallery(map[string][2]string{
		"healthy":   {"", "none"},
		"row-locks": {"fault.lock_users: 400ms, fault.row_cpu: 1ms", "db-lock-contention"},
	})), 0o600))
	run := c.command("run", spec)
	must(t, run.Start())
	burns := func() string {
		const sql = "SELECT count(*) FROM pg_policy WHERE polname = 'fault'"
		return strings.TrimSpace(c.lab("psql", "primary", "--", "-Atc", sql))
	}
	eventually(t, "the fault is in force", 3*time.Minute, func() bool { return burns() == "1" })
	must(t, run.Process.Kill())
	_ = run.Wait()
	eventually(t, "the fault is undone", 30*time.Second, func() bool { return burns() == "0" })
	eventually(t, "its helpers are gone", 10*time.Second, func() bool {
		return !strings.Contains(strings.Join(c.processes(), "\n"), "lab fault")
	})
	if st := c.status(); st.Run != nil {
		t.Errorf("the stack is in use by %s; want it free", *st.Run)
	}
}

// A supervisor that is suspended is told of, in a time that a person waits.
func TestSuspendedSupervisor(t *testing.T) {
	t.Parallel()
	c := newCheckout(t)
	c.lab("up")
	supervisor := c.status().Supervisor
	must(t, syscall.Kill(supervisor, syscall.SIGSTOP))
	defer func() { _ = syscall.Kill(supervisor, syscall.SIGCONT) }()
	began := time.Now()
	r := c.run("status")
	took, wayOut := time.Since(began), "kill -CONT "+strconv.Itoa(supervisor)
	if r.status != 1 || took > 15*time.Second || !strings.Contains(r.stderr, wayOut) {
		t.Errorf("lab status: %d after %s: %s%s; want what to do", r.status, took, r.stdout, r.stderr)
	}
}

//go:build e2e

package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

type rec struct {
	N, Attempt              int
	Cell, Scenario, Verdict string
	Reasons                 []string
	Start, End              time.Time
	Settings, Effective     map[string]string
	Load                    struct {
		Requests      float64
		SetupRequests float64 `json:"setup_requests"`
		Failed        float64
		Status        map[string]float64
	}
	Metrics map[string]float64
	Lab     map[string]float64
}

func records(t *testing.T, run string) []rec {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(run, "records.jsonl"))
	must(t, err)
	var all []rec
	for line := range bytes.Lines(text) {
		var r rec
		must(t, json.Unmarshal(line, &r))
		all = append(all, r)
	}
	return all
}

// runs returns the directories of the runs in the checkout.
func (c *checkout) runs() []string {
	c.t.Helper()
	results := filepath.Join(c.root, "results")
	found, err := fs.Glob(os.DirFS(results), "*/records.jsonl") // the root may hold what a pattern does
	must(c.t, err)
	for i := range found {
		found[i] = filepath.Join(results, filepath.Dir(found[i]))
	}
	return found
}

// A tiny real matrix: both scenarios, two cells, every server. Its requests are
// counted three times: by k6, by the backend, and by Prometheus from what k6 has
// written to it; and once more by the database, which is asked twice a request.
func TestMatrixFromSpecToReport(t *testing.T) {
	c := newCheckout(t)
	c.measures = true
	c.lab("up")
	prometheus := *c.status().URLs["prometheus"]
	matrix := c.run("run", "--json", "lab/matrices/e2e.yaml")
	if matrix.status != 0 && matrix.status != 3 { // 3: a noisy machine made a trial suspect
		t.Fatalf("lab run: exit status %d\n%s%s", matrix.status, matrix.stdout, matrix.stderr)
	}
	runs := c.runs()
	if len(runs) != 1 {
		t.Fatalf("runs = %v; want one", runs)
	}
	all := records(t, runs[0])
	if len(all) != 6 {
		t.Fatalf("%d records; want 6", len(all))
	}
	seen := make(map[string]bool)
	for _, r := range all {
		seen[r.Cell+" "+r.Scenario] = true
		if isSpoilt(r.Verdict) {
			t.Errorf("trial %d is invalid: %v", r.N, r.Reasons)
			continue
		}
		sent := r.Load.Requests + r.Load.SetupRequests
		if backend := r.Metrics["http_requests"]; backend > sent || backend < sent-r.Load.Status["0"] {
			t.Errorf(
				"trial %d: k6 sent %.0f requests (%.0f without an answer), the backend counted %.0f", r.N, sent, r.Load.Status["0"],
				backend,
			)
		}
		query := fmt.Sprintf(`sum(last_over_time(k6_http_reqs_total{shot="%d"}[5m]))`, r.N)
		if seen := ask(t, prometheus, query); seen != sent {
			t.Errorf("trial %d: k6 sent %.0f requests, Prometheus holds %.0f", r.N, sent, seen)
		}
		// Readiness and read-back ask a little too; what the replica does not have yet is asked twice. The probe is
		// counted apart; the
		// pooler sets the session's application_name for each of its statements, and back.
		probes := r.Metrics["probe_statements"]
		statements := r.Metrics["primary_statements"] + r.Metrics["replica_statements"] - probes
		if least, most := 2*r.Load.Status["200"], 2*sent+r.Metrics["read_fallbacks"]+2*probes+100; statements < least ||
			statements > most {
			t.Errorf(
				"trial %d: %.0f requests succeeded, the databases counted %.0f statements; want %.0f to %.0f", r.N,
				r.Load.Status["200"], statements, least, most,
			)
		}
		for name, want := range r.Settings {
			if got := r.Effective[name]; got != want && !strings.HasPrefix(name, "scenario.") {
				t.Errorf("trial %d: %s = %q is read back as %q", r.N, name, want, got)
			}
		}
		for _, name := range []string{
			"host_cpu_busy_ratio", "http_p99_ms", "pool_acquired_max", "primary_connections_max", "primary_cache_hit_ratio",
			"replica_lag_bytes_max", "pgbouncer_client_active_max", `cpu_cores{service="k6"}`,
			`cpu_cores{service="postgres"}`, `memory_pss_bytes_max{service="app"}`,
		} {
			if _, ok := r.Metrics[name]; !ok {
				t.Errorf("trial %d has no %s", r.N, name)
			}
		}
		pooled := strings.Contains(r.Cell, "pgbouncer")
		if active := r.Metrics["pgbouncer_client_active_max"]; pooled != (active > 0) {
			t.Errorf("trial %d (%s): %.0f clients of the pooler were active", r.N, r.Cell, active)
		}
		if !exists(filepath.Join(runs[0], "series", strconv.Itoa(r.N)+".json.gz")) {
			t.Errorf("trial %d has no curves", r.N)
		}
	}
	if len(seen) != 6 {
		t.Errorf("trials = %v; want each cell with each scenario", seen)
	}
	for _, name := range []string{"spec.yaml", "plan.json", "host.json"} {
		if !exists(filepath.Join(runs[0], name)) {
			t.Errorf("the run has no %s", name)
		}
	}
	report, err := os.ReadFile(runs[0] + ".md")
	must(t, err)
	for _, want := range []string{
		"`pool_size=unlimited topology=direct`", "`pool_size=8 topology=pgbouncer+replica`", "A/A control", "storm@0.1",
		"wave@0.05", "p99 ms",
	} {
		if !strings.Contains(string(report), want) {
			t.Errorf("the report holds no %q", want)
		}
	}
	index, err := os.ReadFile(filepath.Join(c.root, "results", "README.md"))
	must(t, err)
	if name := filepath.Base(runs[0]); !strings.Contains(string(index), name) || !strings.Contains(matrix.stdout, name) {
		t.Errorf("neither index nor terminal may miss the run %s:\n%s", name, index)
	}
	if got := c.status(); got.State != "up" || got.Run != nil {
		t.Errorf("after the run the stack is %s, in use by %v; want up, as before, and free", got.State, got.Run)
	}
	checkEvents(t, matrix.stdout, filepath.Base(runs[0]), all)
	c.checkArchive(filepath.Base(runs[0]), all)
}

// ask returns the value of an instant query.
func ask(t *testing.T, prometheus, query string) float64 {
	t.Helper()
	var answer struct {
		Data struct{ Result []struct{ Value [2]any } }
	}
	must(t, json.Unmarshal([]byte(fetch(t, prometheus+"/api/v1/query?query="+url.QueryEscape(query))), &answer))
	if len(answer.Data.Result) != 1 {
		t.Fatalf("%s has %d results; want one", query, len(answer.Data.Result))
	}
	value, err := strconv.ParseFloat(answer.Data.Result[0].Value[1].(string), 64)
	must(t, err)
	return value
}

// two is a matrix of three trials: two cells, and the A/A control of one.
func (c *checkout) two() string {
	c.t.Helper()
	spec := filepath.Join(c.root, "two.yaml")
	must(c.t, os.WriteFile(spec, []byte(`name: two
scenarios: [storm@0.05]
factors: {pool_size: [unlimited, 8]}
baseline: {pool_size: unlimited}
settings: {topology: pgbouncer+replica, scenario.USERS: 0.1, scenario.THINK_TIME: 200ms}
blocks: 1
seed: 1
slo: {error_ratio: 0.01, p99: 500ms}
`), 0o600))
	return spec
}

// signalMidTrial runs a matrix, sends it the signals in the middle of the second trial,
// and returns its exit status, -1 when a signal ended it.
func (c *checkout) signalMidTrial(signals ...syscall.Signal) int {
	c.t.Helper()
	cmd := c.command("run", c.two())
	must(c.t, cmd.Start())
	c.awaitMidTrial()
	for _, sig := range signals {
		must(c.t, cmd.Process.Signal(sig))
		time.Sleep(300 * time.Millisecond) // an impatient finger
	}
	_ = cmd.Wait()
	return cmd.ProcessState.ExitCode()
}

// However a run is told to end (Ctrl-C, an impatient one, a service manager), it ends
// the same way.
func TestInterruptedMatrixStopsCleanlyAndKeepsWhatIsFinished(t *testing.T) {
	t.Parallel()
	for name, signals := range map[string][]syscall.Signal{
		"Ctrl-C":        {syscall.SIGINT},
		"Ctrl-C, twice": {syscall.SIGINT, syscall.SIGINT},
		"SIGTERM":       {syscall.SIGTERM},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCheckout(t)
			if got := c.signalMidTrial(signals...); got != 130 {
				t.Errorf("exit status = %d; want 130", got)
			}
			if left := c.processes(); len(left) > 0 {
				t.Errorf("processes are left:\n%s", strings.Join(left, "\n"))
			}
			finished := len(records(t, c.runs()[0]))
			if finished < 1 || finished > 2 {
				t.Errorf("%d records; want those of the finished trials only", finished)
			}
			if !exists(c.runs()[0] + ".md") {
				t.Error("there is no report of what is finished")
			}
		})
	}
}

func TestBadSpecStartsNothingAndListsEveryDiagnostic(t *testing.T) {
	t.Parallel()
	c := newCheckout(t)
	spec := filepath.Join(c.root, "bad.yaml")
	must(t, os.WriteFile(spec, []byte(`name: bad
scenarios: [storm, hurricane]
factors:
  pool_size: [unlimited, 0, 8, 8]
  topolgy: [direct]
baseline: {pool_size: 16}
slo: {error_ratio: 2, p99: fast}
colour: red
`), 0o600))
	r := c.run("run", spec)
	if r.status != 2 {
		t.Errorf("exit status = %d; want 2", r.status)
	}
	for _, want := range []string{
		"2:20:", "hurricane", "4:26:", "4:32:", "5:3:", "topology", "6:23:", "7:20:", "7:28:", "8:1:", "colour",
	} {
		if !strings.Contains(r.stderr, want) {
			t.Errorf("faults do not hold %q:\n%s", want, r.stderr)
		}
	}
	if c.status().State != "down" || exists(filepath.Join(c.root, "results")) {
		t.Error("something was started")
	}
	if r := c.run("run", "no-such.yaml"); r.status != 2 {
		t.Errorf("missing spec: exit status = %d; want 2", r.status)
	}
}

func TestOneRunAtATime(t *testing.T) {
	t.Parallel()
	c := newCheckout(t)
	first := c.command("run", c.two())
	must(t, first.Start())
	eventually(t, "the run has begun", time.Minute, func() bool { return c.status().Run != nil })
	if r := c.run("run", c.two()); r.status != 1 || !strings.Contains(r.stderr, "used by the run") {
		t.Errorf("a second run: exit status %d, %q; want 1 and the run that goes on", r.status, r.stderr)
	}
	eventually(t, "the first run has a directory", 10*time.Second, func() bool { return len(c.runs()) > 0 })
	if got := c.runs(); len(got) != 1 {
		t.Errorf("runs = %v; want the first alone", got)
	}
	must(t, first.Process.Signal(syscall.SIGINT))
	_ = first.Wait()
}

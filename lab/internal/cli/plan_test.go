package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/measure/load"
	"stormwave/lab/internal/record"
)

func TestRoughly(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0:                               "0 s",
		42 * time.Second:                "40 s",
		89 * time.Second:                "90 s",
		90 * time.Second:                "2 min",
		12*time.Minute + 29*time.Second: "12 min",
		59*time.Minute + 40*time.Second: "1 h",
		64 * time.Minute:                "1 h",
		65 * time.Minute:                "1 h 10 min",
		5*time.Hour + 47*time.Minute + 12*time.Second: "5 h 50 min",
		23*time.Hour + 54*time.Minute:                 "23 h 50 min",
		23*time.Hour + 56*time.Minute:                 "24 h",
		31*time.Hour + 20*time.Minute:                 "31 h",
	} {
		if got := roughly(d); got != want {
			t.Errorf("%s: about %s; want %s", d, got, want)
		}
	}
}

func TestWarnOfLoad(t *testing.T) {
	storm, wave := matrix.Scenario{Name: "storm", Scale: 1}, matrix.Scenario{Name: "wave-open", Scale: 0.5}
	with := func(names ...string) matrix.Plan {
		settings := matrix.Settings{}
		for _, name := range names {
			settings[name] = "1"
		}
		return matrix.Plan{Cells: []matrix.Cell{{Settings: settings}}}
	}
	closed, open := offer{storm, load.Script{VUs: 1000}}, offer{wave, load.Script{VUs: 1000, Open: true, Rate: 1980}}
	for _, c := range []struct {
		name  string
		plan  matrix.Plan
		loads []offer
		peak  float64
		want  []string
	}{
		{"as before", with("scenario.RATE", "scenario.THINK_TIME"), []offer{closed, open}, 2_100, nil},
		{"nothing known", with(), []offer{{wave, load.Script{Open: true, Rate: 20_000}}}, 0, nil},
		{"more than ever, in two cells", with(), []offer{open, open}, 1_900,
			[]string{"wave-open@0.5 offers 1980 requests a second; the most that k6 has sent on this machine is 1900"}},
		{"more than any", with(), []offer{{wave, load.Script{Open: true, Rate: 20_001}}}, 1_900,
			[]string{"wave-open@0.5 offers 20001 requests a second; k6 on 2 cores sends 20000 at most"}},
		{"too many users", with(), []offer{{storm, load.Script{VUs: 40_001}}}, 0,
			[]string{"storm has up to 40001 VUs; one k6 runs 40000 at most"}},
		{"a rate of users", with("scenario.RATE", "scenario.THINK_TIME"), []offer{closed}, 0,
			[]string{"scenario.RATE has no effect: no scenario of this plan is open"}},
		{"a pause of arrivals", with("scenario.RATES", "scenario.THINK_TIME"), []offer{open}, 0,
			[]string{"scenario.THINK_TIME has no effect: no scenario of this plan is closed"}},
		{"no k6 to ask", with("scenario.RATE"), nil, 0, nil},
	} {
		if diff := cmp.Diff(c.want, warnOfLoad(c.plan, c.loads, c.peak, 2)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

// Lines as PostgreSQL 15 writes them.
const described = "DateStyle\tuser\tClient Connection Defaults / Locale and Formatting\tSTRING\tISO, MDY\t\t\tSets " +
	"the format.\tAlso.\n" +
	"fsync\tsighup\tWrite-Ahead Log / Settings\tBOOLEAN\tFALSE\t\t\tForces synchronization.\t\n" +
	"max_connections\tpostmaster\tConnections and Authentication / Connection Settings\tINTEGER\t0\t1\t262143\tSets " +
	"the maximum.\t\n" +
	"random_page_cost\tuser\tQuery Tuning / Planner Cost Constants\tREAL\t0\t0\t1.79769e+308\tSets the estimate.\t\n"

func TestParseParameters(t *testing.T) {
	want := map[string]bool{"datestyle": true, "fsync": true, "max_connections": true, "random_page_cost": true}
	if diff := cmp.Diff(want, parseParameters([]byte(described+"no parameter\n\n"))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// programs puts scripts on PATH that answer as k6 and PostgreSQL do when they are asked.
func programs(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	const k6 = `case "$1" in
version) echo 'k6 v2.0.0 (go1.26)';;
inspect) echo '{"scenarios": {"load": {"executor": "ramping-vus", "gracefulStop": "12s", "stages": [{"duration": "48s", "target": 1000}]}},
  "totalDuration": "60s", "maxVUs": 1000}';;
esac`
	const refuses = `-C) case "$*" in *=0) echo "2026-11-27 GMT [1] FATAL:  0 is outside the valid range" >&2; exit 1;; esac;;`
	postgres := "case \"$1\" in --version) echo 'postgres (PostgreSQL) 15.14';; " + refuses +
		" *) printf '%s' '" + described + "';; esac"
	for name, text := range map[string]string{
		"k6":            k6,
		"postgres":      postgres,
		"initdb":        "",
		"psql":          "",
		"pg_basebackup": "",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+text+"\n"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", dir)
}

// planSpec writes a spec that has something of everything that is warned of, and returns
// its path.
func planSpec(t *testing.T, root string) string {
	t.Helper()
	const spec = `name: x
scenarios: [storm]
factors: {pool_size: [4, 8, 16]}
baseline: {pool_size: 8}
blocks: 6
settings: {postgres.max_conections: 100, postgres.max_connections: 0, postgres.fsync: 1, scenario.RATES: 2, pgbouncer.default_pool_size: 10, app.APP_SLOW_ROUT: "on"}
slo: {error_ratio: 0.01, p99: 1s}
`
	write(t, filepath.Join(root, "scenarios", "storm.js"), "const rate = __ENV.RATE;\n")
	path := filepath.Join(root, "spec.yaml")
	write(t, path, spec)
	return path
}

// A plan shows the cells, then what speaks against it, and last its size and time. The
// order of the trials is there for who asks. No warning makes it fail.
func TestPlan(t *testing.T) {
	root := checkout(t)
	programs(t)
	spec := planSpec(t, root)
	const cells = `  baseline pool_size=8
  control  pool_size=8 twin=2
           pool_size=4
           pool_size=16
`
	const rest = `warning: storm: 2 comparisons take 7 blocks; with 6 none can be told
warning: pgbouncer.default_pool_size has no effect: no cell that sets it goes through PgBouncer
warning: app.APP_SLOW_ROUT: the backend reads no APP_SLOW_ROUT; did you mean APP_SLOW_ROUTE?
warning: postgres.max_conections: postgres --describe-config lists no max_conections; did you mean max_connections?
warning: scenario.RATES: no script of this plan reads RATES; did you mean RATE?
warning: postgres.max_connections is 0: FATAL:  0 is outside the valid range
x: 4 cells × 6 × storm = 24 trials, about 22 min
`
	out, errs, status := run(t, root, "plan", spec)
	if diff := cmp.Diff(cells+rest, out); diff != "" || status != 0 || errs != "" {
		t.Errorf("exit status %d, %q (-want +got):\n%s", status, errs, diff)
	}
	out, _, status = run(t, root, "plan", "--order", spec)
	order := strings.TrimSuffix(strings.TrimPrefix(out, cells), rest)
	lines := strings.Split(strings.TrimSuffix(order, "\n"), "\n")
	if status != 0 || len(lines) != 24 || !strings.HasPrefix(lines[0], "    1  block 1  storm        pool_size=") {
		t.Errorf("exit status %d, the order is\n%s", status, order)
	}
}

// Where a program is missing, what it would have told is said to be unknown.
func TestPlanWithoutPrograms(t *testing.T) {
	root := checkout(t)
	const missing = "postgres is missing; get it: lab setup"
	if parameters, err := postgresParameters(t.Context(), ""); err == nil || err.Error() != missing {
		t.Errorf("%d parameters, %v", len(parameters), err)
	}
	t.Setenv("PATH", t.TempDir())
	out, _, status := run(t, root, "plan", planSpec(t, root))
	for _, want := range []string{
		"did you mean RATE?\n", "x: 4 cells × 6 × storm = 24 trials, time unknown: k6 ≥ 2.0 is missing",
	} {
		if status != 0 || !strings.Contains(out, want) {
			t.Errorf("exit status %d, want %q in\n%s", status, want, out)
		}
	}
}

// The noise and the rate of earlier runs are those of this machine; times are of any.
func TestReadHistory(t *testing.T) {
	root := checkout(t)
	const spec = `name: test
scenarios: [storm@0.2]
factors: {pool_size: [4, 8]}
baseline: {pool_size: 8}
blocks: 8
slo: {error_ratio: 0.01, p99: 1s}
`
	dir := writeRun(t, root, runName, spec)
	records, err := record.Read(dir.Records())
	if err != nil {
		t.Fatal(err)
	}
	records[3].Load.RPSPeak, records[5].Load.RPSPeak = new(1_950.0), new(2_123.5) // the others: not recorded
	if err := os.Remove(dir.Records()); err != nil {
		t.Fatal(err)
	}
	log, err := record.Open(dir.Records())
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		if err := log.Append(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	storm := matrix.Scenario{Name: "storm", Scale: 0.2}
	here := record.Host{CPUModel: "Example CPU", Cores: 2}
	h := readHistory(filepath.Join(root, "results"), here)
	blocks := 0
	for _, n := range h.noise {
		blocks += n.Blocks
	}
	if h.peak != 2_123.5 || len(h.noise) != 1 || len(h.elsewhere) != 0 || blocks != 8 || len(h.medians()) != 1 ||
		h.medians()[storm] <= 0 {
		t.Errorf("a peak of %g, noise %+v, times %v; want 2123.5, 8 blocks, and the storm's", h.peak, h.noise, h.medians())
	}
	here.Cores = 16
	h = readHistory(filepath.Join(root, "results"), here)
	if h.peak != 0 || len(h.noise) != 0 || len(h.elsewhere) != 1 || len(h.medians()) != 1 {
		t.Errorf("of another machine: a peak of %g, noise %+v, %+v elsewhere, times %v",
			h.peak, h.noise, h.elsewhere, h.medians())
	}
	if h := readHistory(filepath.Join(root, "none"), here); h.peak != 0 || len(h.noise)+len(h.times) != 0 {
		t.Errorf("of no runs: %s", fmt.Sprint(h))
	}
}

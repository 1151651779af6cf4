package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"stormwave/lab/backends"
	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/record"
	"stormwave/lab/internal/service"
)

const runName = "2026-11-23T0915Z-test"

// checkout makes the least that is taken for a checkout.
func checkout(t testing.TB) string {
	t.Helper()
	root := t.TempDir()
	if err := os.MkdirAll(filepath.Join(root, "lab"), 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(root, "magefile.go"), "package main\n")
	return root
}

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := record.WriteFile(path, []byte(text)); err != nil {
		t.Fatal(err)
	}
}

// run calls lab as its main does, and returns what it prints and its exit status.
func run(t testing.TB, root string, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	var out, errs bytes.Buffer
	err := Run(t.Context(), append([]string{"--root", root}, args...), &out, &errs)
	status = ExitStatus(err, &errs)
	return out.String(), errs.String(), status
}

// writeRun writes a run of a spec as if it had been measured.
func writeRun(t testing.TB, root, name, spec string) record.Dir {
	t.Helper()
	parsed, err := matrix.Parse([]byte(spec), service.Inventory(backends.Default(), "storm", "wave"))
	if err != nil {
		t.Fatal(err)
	}
	dir, err := record.NewDir(filepath.Join(root, "results"), name)
	if err != nil {
		t.Fatal(err)
	}
	plan := parsed.Plan()
	write(t, dir.Spec(), spec)
	write(t, dir.Manifest(), string(backends.Default().Source))
	for path, value := range map[string]any{
		dir.Plan(): plan,
		dir.Host(): record.Host{
			CPUModel: "Example CPU",
			Cores:    2,
			Programs: []record.Program{{Name: "k6", Version: "2.0.0"}},
		},
	} {
		if err := record.WriteJSON(path, value); err != nil {
			t.Fatal(err)
		}
	}
	var lines bytes.Buffer
	for _, s := range plan.Trials {
		line, err := json.Marshal(measured(name, plan, s))
		if err != nil {
			t.Fatal(err)
		}
		lines.Write(append(line, '\n'))
	}
	write(t, dir.Records(), lines.String())
	return dir
}

// measured is a record as large as real ones are.
func measured(name string, plan matrix.Plan, s matrix.Trial) record.Record {
	cell := plan.Cells[slices.IndexFunc(plan.Cells, func(c matrix.Cell) bool { return c.Label == s.Cell })]
	x := 1 + 0.01*float64(s.N%7-3)
	at := time.Date(2026, 11, 23, 9, 15, s.N, 0, time.UTC)
	latency := record.Latency{P50: 10 * x, P95: 40 * x, P99: 90 * x, Max: 200 * x}
	metrics := map[string]float64{}
	for i := range 40 {
		metrics[fmt.Sprintf("a_metric_of_the_machine_%02d", i)] = x * float64(i)
	}
	for _, service := range []string{"app", "k6", "pgbouncer", "postgres", "postgres-exporter", "prometheus", "replica"} {
		metrics[fmt.Sprintf("cpu_cores{service=%q}", service)] = x
		metrics[fmt.Sprintf("memory_pss_bytes_max{service=%q}", service)] = x * 1e8
	}
	phase := record.Phase{Requests: 5_000, Latency: &latency, OKLatency: &latency}
	return record.Record{
		Schema: record.Schema, Run: name, N: s.N, Block: s.Block, Cell: s.Cell, Baseline: cell.Baseline,
		Scenario: s.Scenario.Name, Scale: s.Scenario.Scale, Settings: cell.Settings, Effective: cell.Settings,
		Start: at, End: at.Add(50 * time.Second), Verdict: record.Valid, Reasons: []string{},
		Load: &record.Load{
			Requests: 10_000, Status: map[string]int64{"200": 10_000}, RPSMean: 1_000 * x, GoodputRPS: 990 * x,
			Latency: latency, OKLatency: &latency, VUsMax: 1_000,
		},
		Metrics: metrics, Phases: map[string]record.Phase{"ramp": phase, "hold": phase, "down": phase}, Recovery: &x,
		Lab: map[string]float64{"turnaround_s": 2 + x, "warmup_s": 5},
	}
}

const smallSpec = `
name: test
scenarios: [storm]
factors: {pool_size: [unlimited, 8]}
baseline: {pool_size: unlimited}
blocks: 6
slo: {error_ratio: 0.01, p99: 500ms}
`

func TestReportAndVerify(t *testing.T) {
	root := checkout(t)
	dir := writeRun(t, root, runName, smallSpec)
	if _, stderr, status := run(t, root, "verify", runName); status != statusFailure ||
		!strings.HasPrefix(stderr, "results/"+runName+".md is missing\n") {
		t.Errorf("verify before there is a report: status %d, %q", status, stderr)
	}
	stdout, stderr, status := run(t, root, "report", runName)
	if status != 0 || !strings.HasSuffix(stdout, "report: results/"+runName+".md\n") {
		t.Fatalf("report: status %d, %q, %q", status, stdout, stderr)
	}
	if stdout, stderr, status := run(t, root, "verify", runName); status != 0 ||
		stdout != runName+": 7 files are what the records make\n" {
		t.Errorf("verify: status %d, %q, %q", status, stdout, stderr)
	}

	for name, test := range map[string]struct {
		path string
		text string // what the file holds then; "" for no file
		want string
	}{
		"report changed": {
			dir.Report(), "# another\n",
			"results/" + runName + ".md:1: is \"# another\"\nthe records make \"# " + runName + "\"",
		},
		"report missing": {dir.Report(), "", "results/" + runName + ".md is missing"},
		"bench missing":  {dir.Bench(), "", "results/" + runName + "/bench.txt is missing"},
		"extra spec": {
			dir.Next(), "name: x\n", "results/" + runName + "/next.yaml is there, but the records do not make it",
		},
		"index changed": {
			record.Index(filepath.Join(root, "results")), "# No results\n", "results/README.md:1: is \"# No results\"",
		},
		"extra file": {
			filepath.Join(dir.Plots(), "x.svg"), "<svg/>",
			"results/" + runName + "/plots/x.svg is there, but the records do not make it",
		},
	} {
		before, err := os.ReadFile(test.path)
		existed := err == nil
		if test.text == "" {
			if err := os.Remove(test.path); err != nil {
				t.Fatal(err)
			}
		} else {
			write(t, test.path, test.text)
		}
		if _, stderr, status := run(t, root, "verify", runName); status != statusFailure ||
			!strings.HasPrefix(stderr, test.want) {
			t.Errorf("%s: status %d, %q; want %q", name, status, stderr, test.want)
		}
		if existed {
			write(t, test.path, string(before))
		} else if err := os.Remove(test.path); err != nil {
			t.Fatal(err)
		}
	}

	// A plot, and a spec to go on with, that the report no longer has go when it is made anew.
	write(t, filepath.Join(dir.Plots(), "storm-old.svg"), "<svg/>")
	write(t, dir.Next(), "name: x\n")
	if _, stderr, status := run(t, root, "report", runName); status != 0 {
		t.Errorf("report over an older one: status %d, %q", status, stderr)
	}
	if _, stderr, status := run(t, root, "verify", runName); status != 0 {
		t.Errorf("verify over an older report: status %d, %q", status, stderr)
	}

	// What the run has recorded beside the report is not part of it.
	write(t, dir.Series(1), "curves")
	write(t, filepath.Join(dir.TSDB(), "block", "index"), "samples")
	if _, stderr, status := run(t, root, "verify", runName); status != 0 {
		t.Errorf("verify with curves: status %d, %q", status, stderr)
	}
	// A changed number in the records is found, too.
	records, err := os.ReadFile(dir.Records())
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir.Records(), strings.Replace(string(records), `"requests":10000`, `"requests":10001`, 1))
	if _, stderr, status := run(t, root, "verify", runName); status != statusFailure ||
		!strings.Contains(stderr, "the records make") {
		t.Errorf("verify with another record: status %d, %q", status, stderr)
	}
	// A line that was cut off does not count, and the report comes out as if it had not been begun.
	write(t, dir.Records(), string(records)+`{"schema":1,"run`)
	if _, stderr, status := run(t, root, "verify", runName); status != 0 {
		t.Errorf("verify with a torn line: status %d, %q", status, stderr)
	}
}

// A run that was really trial, on the quick spec, and interrupted in its first block.
func TestReportOfARealRun(t *testing.T) {
	const name = "2026-11-23T1546Z-quick"
	root := checkout(t)
	if err := os.CopyFS(filepath.Join(root, "results", name), os.DirFS(filepath.Join("testdata", name))); err != nil {
		t.Fatal(err)
	}
	stdout, stderr, status := run(t, root, "report", name)
	if status != 0 || !strings.Contains(stdout, "A/A control") {
		t.Fatalf("report: status %d, %q, %q", status, stdout, stderr)
	}
	if _, stderr, status := run(t, root, "verify", name); status != 0 {
		t.Errorf("verify: status %d, %q", status, stderr)
	}
	text, err := os.ReadFile(filepath.Join(root, "results", name+".md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"Of 10 trials 4 are valid, 1 suspect, 5 not run.",
		"the baseline in 0 of 1 (failed 2.02% → 0%, p99 675 → 373 ms, goodput × 1.053, n too small)",
		"the baseline against itself, goodput × 1.097 to 1.097,",
		"1.015†",
		"| to 500 VUs |",
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the report lacks %q", want)
		}
	}
	bench, err := os.ReadFile(filepath.Join(root, "results", name, "bench.txt"))
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(bench, []byte("\nBenchmark")); n != 4 {
		t.Errorf("bench.txt has %d lines of trials, want 4", n)
	}
}

func TestReportOfAnUnknownRun(t *testing.T) {
	root := checkout(t)
	for _, command := range []string{"report", "verify"} {
		if _, stderr, status := run(t, root, command, runName); status != statusUsage ||
			!strings.Contains(stderr, "there is none yet") {
			t.Errorf("%s without runs: status %d, %q", command, status, stderr)
		}
		if _, _, status := run(t, root, command); status != statusUsage {
			t.Errorf("%s without a run: status %d", command, status)
		}
	}
	writeRun(t, root, runName, smallSpec)
	writeRun(t, root, "2026-11-24T0915Z-test", smallSpec)
	for _, command := range []string{"report", "verify"} {
		for _, name := range []string{"nosuch", "../" + runName, "/"} {
			_, stderr, status := run(t, root, command, name)
			if want := "there are: " + runName + ", 2026-11-24T0915Z-test\n"; status != statusUsage ||
				!strings.HasSuffix(stderr, want) {
				t.Errorf("%s %s: status %d, %q", command, name, status, stderr)
			}
		}
	}
}

// A report is made anew as soon as another run has changed the index.
func TestTheIndexBelongsToTheReport(t *testing.T) {
	root := checkout(t)
	writeRun(t, root, runName, smallSpec)
	if _, stderr, status := run(t, root, "report", runName); status != 0 {
		t.Fatal(stderr)
	}
	writeRun(t, root, "2026-11-24T0915Z-test", smallSpec)
	if _, stderr, status := run(t, root, "verify", runName); status != statusFailure ||
		!strings.HasPrefix(stderr, "results/README.md:") {
		t.Errorf("status %d, %q", status, stderr)
	}
	if _, stderr, status := run(t, root, "report", "2026-11-24T0915Z-test"); status != 0 {
		t.Fatal(stderr)
	}
	if _, stderr, status := run(t, root, "verify", runName); status != 0 {
		t.Errorf("status %d, %q", status, stderr)
	}
}

const largeSpec = `
name: test
scenarios: [storm, wave]
factors:
  pool_size: [unlimited, 2, 4, 6, 8, 12, 16, 24, 32, 64]
  topology: [direct, replica, pgbouncer, pgbouncer+replica]
baseline: {pool_size: unlimited, topology: direct}
blocks: 122
slo: {error_ratio: 0.01, p99: 500ms}
`

// BenchmarkReport and BenchmarkVerify take a run of 10,004 records from its files to
// its report, and compare that. Each may take 3 s and 200 MB.
func BenchmarkReport(b *testing.B) { benchmark(b, "report") }

func BenchmarkVerify(b *testing.B) { benchmark(b, "verify") }

func benchmark(b *testing.B, command string) {
	root := checkout(b)
	writeRun(b, root, runName, largeSpec)
	if _, stderr, status := run(b, root, "report", runName); status != 0 {
		b.Fatal(stderr)
	}
	debug.FreeOSMemory()
	peak := watchMemory()
	b.ReportAllocs()
	for b.Loop() {
		if _, stderr, status := run(b, root, command, runName); status != 0 {
			b.Fatal(stderr)
		}
	}
	most := peak()
	b.ReportMetric(float64(most)/1e6, "peak-MB")
	if perRun := b.Elapsed() / time.Duration(b.N); perRun > 3*time.Second || most > 200e6 {
		b.Errorf("%s and %d MB; 3s and 200 MB are allowed", perRun, most/1_000_000)
	}
}

// watchMemory looks every few milliseconds at what the program has from the system;
// the function that it returns ends that and tells the most.
func watchMemory() func() uint64 {
	stop, most := make(chan struct{}), make(chan uint64)
	go func() {
		var peak uint64
		var m runtime.MemStats
		ticker := time.NewTicker(5 * time.Millisecond)
		defer ticker.Stop()
		for {
			runtime.ReadMemStats(&m)
			peak = max(peak, m.Sys-m.HeapReleased)
			select {
			case <-ticker.C:
			case <-stop:
				most <- peak
				return
			}
		}
	}()
	return func() uint64 { close(stop); return <-most }
}

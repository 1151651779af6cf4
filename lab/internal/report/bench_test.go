package report

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"stormwave/lab/internal/matrix"
)

func benchFile(t *testing.T, run Run) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "bench.txt")
	if err := os.WriteFile(path, bench(analyze(t, run)), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Only valid repetitions are in it, and a number that is missing is not.
func TestBenchLeavesOut(t *testing.T) {
	run := wounded(t)
	lines := map[string]string{}
	for line := range strings.Lines(string(bench(analyze(t, run)))) {
		if name, rest, ok := strings.Cut(line, " "); ok && strings.HasPrefix(name, "Benchmark") {
			lines[name] += rest
		}
	}
	if len(lines) != 7 {
		t.Errorf("%d benchmarks, want the 7 of valid repetitions: %q", len(lines), lines)
	}
	failed := lines["BenchmarkStorm/pool_size=8/timeouts=layered/topology=pgbouncer"]
	if !strings.Contains(failed, "1 fail-ratio") || strings.Contains(failed, "ok-p99-ms") {
		t.Errorf("where nothing succeeded: %q", failed)
	}
}

func TestBenchName(t *testing.T) {
	factors := []string{"postgres.work_mem", "app.OPTIONS", "set"}
	for _, test := range []struct {
		scenario matrix.Scenario
		label    string
		want     string
	}{
		{matrix.Scenario{Name: "storm", Scale: 1}, "postgres.work_mem=4MB app.OPTIONS=a set=x-8", "BenchmarkStorm/postgres.work_mem=4MB/app.OPTIONS=a/set=x_8"},
		{matrix.Scenario{Name: "wave-open", Scale: 0.5}, "postgres.work_mem=4 MB app.OPTIONS=/a/b c set=y", "BenchmarkWaveOpen/scale=0.5/postgres.work_mem=4_MB/app.OPTIONS=_a_b_c/set=y"},
	} {
		if got := benchName(test.scenario, matrix.Cell{Label: test.label}, factors); got != test.want {
			t.Errorf("%s: %s, want %s", fmt.Sprint(test.scenario, test.label), got, test.want)
		}
	}
}

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

// Only valid trials are in it, and a number that is missing is not.
func TestBenchLeavesOut(t *testing.T) {
	run := wounded(t)
	lines := map[string]string{}
	for line := range strings.Lines(string(bench(analyze(t, run)))) {
		if name, rest, ok := strings.Cut(line, " "); ok && strings.HasPrefix(name, "Benchmark") {
			lines[name] += rest
		}
	}
	if len(lines) != 7 {
		t.Errorf("%d benchmarks, want the 7 of valid trials: %q", len(lines), lines)
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
		levels   [3]string
		want     string
	}{
		{
			matrix.Scenario{Name: "storm", Scale: 1}, [3]string{"4MB", "a", "x-8"},
			"BenchmarkStorm/postgres.work_mem=4MB/app.OPTIONS=a/set=x_8",
		},
		{
			matrix.Scenario{Name: "wave-open", Scale: 0.5}, [3]string{"4 MB", "/a/b c set=z", "y"},
			`BenchmarkWaveOpen/scale=0.5/postgres.work_mem="4_MB"/app.OPTIONS="_a_b_c_set=z"/set=y`,
		},
	} {
		levels := map[string]string{}
		for i, factor := range factors {
			levels[factor] = test.levels[i]
		}
		if got := benchName(test.scenario, matrix.Cell{Levels: levels}, factors); got != test.want {
			t.Errorf("%s: %s, want %s", fmt.Sprint(test.scenario, test.levels), got, test.want)
		}
		control := matrix.Cell{Levels: levels, Control: true}
		if got := benchName(test.scenario, control, factors); got != test.want+"/twin=2" {
			t.Errorf("%s: the A/A control is %s, want %s", fmt.Sprint(test.scenario, test.levels), got, test.want+"/twin=2")
		}
	}
}

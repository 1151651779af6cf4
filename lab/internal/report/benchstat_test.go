//go:build services

package report

import (
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"stormwave/lab/internal/record"
)

// benchstat runs the real one.
func benchstat(t *testing.T, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", append([]string{"tool", "benchstat"}, args...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("benchstat %q: %v\n%s", args, err, out)
	}
	return string(out)
}

// row finds the line of a table under the head of a unit, blanks shortened.
func row(t *testing.T, out, unit, name string) string {
	t.Helper()
	blanks := regexp.MustCompile(`\s+`)
	within := false
	for line := range strings.Lines(out) {
		line = strings.TrimSpace(blanks.ReplaceAllString(line, " "))
		if strings.HasPrefix(line, "│") {
			within = strings.Contains(line, " "+unit+" ")
		}
		if rest, ok := strings.CutPrefix(line, name+" "); ok && within {
			return rest
		}
	}
	t.Errorf("no row %s under %s in\n%s", name, unit, out)
	return ""
}

func TestBenchstatReadsEveryNumber(t *testing.T) {
	run := synthetic(t, 9)
	for i := range run.Records {
		r := &run.Records[i]
		// 96 to 104 % in steps of one, median 100 %.
		step := 1 + 0.01*float64(r.Block-5)
		*r.Load = record.Load{
			Requests:   int64(10_000 * step),
			Failed:     int64(1_000 * step),
			ErrorRatio: 0.25 * step,
			RPSMean:    160 * step,
			GoodputRPS: 120 * step,
			Latency:    record.Latency{P50: 10 * step, P95: 20 * step, P99: 30 * step},
			OKLatency:  &record.Latency{P99: 25 * step},
		}
	}
	out := benchstat(t, benchFile(t, run))
	for _, want := range []string{
		"cpu: Example CPU @ 2.50GHz\n", "cores: 2\n", "kernel: Linux 6.1.0 x86_64\n", "postgres: 15.14\n",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no line %q in\n%s", want, out)
		}
	}
	for _, name := range []string{
		"Storm/pool_size=unlimited/timeouts=none/topology=direct",
		"Storm/pool_size=unlimited/timeouts=none/topology=direct/twin=2",
		"Wave/scale=0.25/pool_size=8/timeouts=layered/topology=pgbouncer",
	} {
		for unit, want := range map[string]string{
			"goodput-req/s": "120.0 ± 3%", "rate-req/s": "160.0 ± 3%", "successes": "9.000k ± 3%", "fail-ratio": "250.0m ± 3%",
			"p50-ms": "10.00 ± 3%", "p95-ms": "20.00 ± 3%", "p99-ms": "30.00 ± 3%", "ok-p99-ms": "25.00 ± 3%",
		} {
			if got := row(t, out, unit, name); got != want {
				t.Errorf("%s %s: %s, want %s", name, unit, got, want)
			}
		}
	}
}

func TestBenchstatComparesCellsAndRuns(t *testing.T) {
	run := synthetic(t, 8)
	file := benchFile(t, run)
	out := benchstat(t, "-filter", ".name:Storm .unit:p99-ms", "-ignore", "/twin,/timeouts", "-col", "/pool_size", file)
	if got, want := row(
		t, out, "p99-ms", "Storm/topology=direct",
	), "-94.61% (p=0.000 n=16+8)"; !strings.HasSuffix(got, want) {
		t.Errorf("pool_size 8 beside unlimited: %s, want %s", got, want)
	}
	later := synthetic(t, 8)
	later.Name, later.Host.Commit = "2026-12-01T0000Z-quick", "fedcba"
	for i := range later.Records {
		later.Records[i].Run = later.Name
		later.Records[i].Load.Latency.P99 *= 1.5
	}
	// Other commit, other run, and yet one table: the host is the same.
	out = benchstat(t, "old="+file, "new="+benchFile(t, later))
	got := row(t, out, "p99-ms", "Storm/pool_size=8/timeouts=layered/topology=direct")
	if want := "+50.00% (p=0.000 n=8)"; !strings.HasSuffix(got, want) {
		t.Errorf("p99 of the later run: %s, want %s", got, want)
	}
}

package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/record"
)

// results is a checkout with the runs of a test in it.
type results struct {
	t    *testing.T
	root string
}

func newResults(t *testing.T) results {
	t.Helper()
	r := results{t, t.TempDir()}
	if err := errors.Join(
		os.Mkdir(filepath.Join(r.root, "lab"), 0o755), os.WriteFile(filepath.Join(r.root, "magefile.go"), nil, 0o644),
	); err != nil {
		t.Fatal(err)
	}
	return r
}

// run writes a run of 6 blocks on cells with those pool sizes; slow times its p99.
func (r results) run(name, kernel string, slow float64, pools ...string) {
	r.t.Helper()
	dir, err := record.NewDir(filepath.Join(r.root, "results"), name)
	if err != nil {
		r.t.Fatal(err)
	}
	storm := matrix.Scenario{Name: "storm", Scale: 0.1}
	plan := matrix.Plan{
		Name:      "made",
		Blocks:    6,
		Factors:   []string{matrix.PoolSize},
		Scenarios: []matrix.Scenario{storm},
		SLO:       matrix.SLO{ErrorRatio: 0.01, P99: matrix.Duration(500 * time.Millisecond)},
	}
	for i, pool := range pools {
		plan.Cells = append(plan.Cells, matrix.Cell{
			Label:    "pool_size=" + pool,
			Levels:   map[string]string{matrix.PoolSize: pool},
			Settings: matrix.Settings{matrix.PoolSize: pool},
			Baseline: i == 0,
		})
	}
	for block := 1; block <= plan.Blocks; block++ {
		plan.Trials = append(plan.Trials, plan.Block(block)...)
	}
	if err := errors.Join(
		record.WriteFile(dir.Spec(), []byte("name: made\n")),
		record.WriteJSON(dir.Plan(), plan),
		record.WriteJSON(
			dir.Host(), record.Host{Kernel: kernel, Cores: 2, Fingerprint: map[string]string{"scenarios": "abc"}},
		),
	); err != nil {
		r.t.Fatal(err)
	}
	log, err := record.Open(dir.Records())
	if err != nil {
		r.t.Fatal(err)
	}
	n := 0
	for block := 1; block <= plan.Blocks; block++ {
		for _, cell := range plan.Cells {
			n++
			p99 := 100 + float64(n%5)/10
			if !cell.Baseline && !cell.Control {
				p99 *= slow
			}
			err := log.Append(record.Record{
				Schema:   record.Schema,
				Run:      name,
				N:        n,
				Block:    block,
				Cell:     cell.Label,
				Baseline: cell.Baseline,
				Scenario: storm.Name,
				Scale:    storm.Scale,
				Settings: cell.Settings, Verdict: record.Valid,
				Load: &record.Load{
					Requests:   5000,
					Failed:     5,
					ErrorRatio: 0.001,
					GoodputRPS: 500 + float64(block),
					Latency:    record.Latency{P99: p99},
				},
			})
			if err != nil {
				r.t.Fatal(err)
			}
		}
	}
	if err := log.Close(); err != nil {
		r.t.Fatal(err)
	}
}

// lab runs a command and returns its exit status.
func (r results) lab(args ...string) (stdout, stderr string, status int) {
	r.t.Helper()
	var out, errs bytes.Buffer
	err := Run(r.t.Context(), append([]string{"--root", r.root}, args...), &out, &errs)
	status = ExitStatus(err, &errs)
	return out.String(), errs.String(), status
}

const (
	runA     = "2026-11-23T0915Z-made"
	runB     = "2026-11-24T0915Z-made"
	runOther = "2026-11-25T0915Z-made"
	runApart = "2026-11-26T0915Z-made"
)

func madeRuns(t *testing.T) results {
	t.Helper()
	r := newResults(t)
	r.run(runA, "Linux 6.1", 1, "unlimited", "8")
	r.run(runB, "Linux 6.1", 1.2, "unlimited", "8", "16")
	r.run(runOther, "Linux 6.2", 1, "unlimited", "8")
	r.run(runApart, "Linux 6.1", 1, "32", "64")
	return r
}

func TestCompareExitsAsItsGatesSay(t *testing.T) {
	r := madeRuns(t)
	for _, test := range []struct {
		name   string
		args   []string
		status int
		out    []string // in standard output
		err    []string // in standard error
	}{
		{"no gate", []string{runA, runB}, 0, []string{
			"pool_size=8", "6 v 6", "× 1.200", "worse", "equivalent", "B only: storm@0.1, pool_size=16",
		}, nil},
		{"markdown", []string{runA, runB, "--markdown"}, 0, []string{
			"# A = " + runA, "| `pool_size=8`", "- B only: storm@0.1, `pool_size=16`",
		}, nil},
		{"gates passed", []string{
			runA, runB, "--gate", "p99<=1.3", "--gate", "error_ratio<=0.01",
		}, 0, []string{"passed"}, nil},
		{"gate missed", []string{runA, runB, "--gate", "p99<=1.10", "--gate", "error_ratio<=0.01"}, 3, []string{"missed"},
			[]string{"not every gate is passed", "p99<=1.1 missed: storm@0.1 pool_size=8"}},
		{"gate inconclusive", []string{
			runA, runB, "--gate", "p99<=1.2",
		}, 3, []string{"inconclusive"}, []string{"p99<=1.2 inconclusive"}},
		{"inconclusive allowed", []string{
			runA, runB, "--gate", "p99<=1.2", "--allow-inconclusive",
		}, 0, []string{"inconclusive"}, nil},
		{"missed is not allowed", []string{
			runA, runB, "--gate", "p99<=1.1", "--allow-inconclusive",
		}, 3, nil, []string{"p99<=1.1 missed"}},
		{"nothing in common", []string{runA, runApart, "--gate", "p99<=1.1"}, 3, []string{
			"No cell of A is like one of B", "A only", "B only",
		}, []string{"p99<=1.1 inconclusive"}},
		{"bad gates", []string{runA, runB, "--gate", "p99<1", "--gate", "speed>=1"}, 2, nil, []string{
			`gate "p99<1"`, `gate "speed>=1"`, "goodput, successes, p99, error_ratio",
		}},
		{"unlike hosts", []string{runA, runOther}, 2, nil, []string{
			"are unlike", "kernel: Linux 6.1 in A, Linux 6.2 in B", "--force",
		}},
		{"unlike hosts by force", []string{runA, runOther, "--force"}, 0, []string{
			"WARNING: A and B are unlike", "kernel: Linux 6.1 in A, Linux 6.2 in B",
		}, nil},
		{"unlike hosts by force, as JSON", []string{runA, runOther, "--force", "--json"}, 0, []string{
			`"kernel: Linux 6.1 in A, Linux 6.2 in B"`,
		}, []string{"WARNING"}},
		{"unknown run", []string{runA, "2026-01-01T0000Z-none"}, 2, nil, []string{"2026-01-01T0000Z-none", runA, runB}},
		{"one run", []string{runA}, 2, nil, []string{"usage: lab compare A B"}},
		{"spec without --commits", []string{runA, runB, "x.yaml"}, 2, nil, []string{"usage"}},
		{"--commits without spec", []string{"--commits", "HEAD", "HEAD~1"}, 2, nil, []string{"usage"}},
		{"two forms", []string{runA, runB, "--json", "--markdown"}, 2, nil, []string{"choose one"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			out, errs, status := r.lab(append([]string{"compare"}, test.args...)...)
			if status != test.status {
				t.Errorf("exit status = %d; want %d", status, test.status)
			}
			for _, want := range test.out {
				if !strings.Contains(out, want) {
					t.Errorf("output lacks %q", want)
				}
			}
			for _, want := range test.err {
				if !strings.Contains(errs, want) {
					t.Errorf("errors lack %q", want)
				}
			}
			if test.err == nil && errs != "" || test.out == nil && status == 2 && out != "" {
				t.Error("there is output where none is wanted")
			}
			if t.Failed() {
				t.Logf("output:\n%s\nerrors:\n%s", out, errs)
			}
		})
	}
}

func TestCompareAsJSON(t *testing.T) {
	r := madeRuns(t)
	out, errs, status := r.lab("compare", runA, runB, "--json", "--gate", "p99<=1.10")
	if status != 3 || !strings.HasPrefix(errs, "not every gate is passed") {
		t.Errorf("exit status %d, %q; want 3", status, errs)
	}
	var got struct {
		A, B   string
		Unlike []string
		Pairs  []struct {
			Cell    string
			Changes []struct {
				Measure, Word string
				Estimate      float64
			}
		}
		Gates []struct{ Gate, Outcome string }
	}
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if got.A != runA || got.B != runB || got.Unlike == nil || len(got.Pairs) != 2 || len(got.Gates) != 1 ||
		got.Gates[0].Outcome != "missed" {
		t.Errorf("comparison = %+v", got)
	}
	if p99 := got.Pairs[1].Changes[2]; p99.Measure != "p99" || p99.Word != "worse" || p99.Estimate < 1.19 ||
		p99.Estimate > 1.21 {
		t.Errorf("p99 of the second pair = %+v; want worse, × 1.2", p99)
	}
}

func TestCompareWritesJUnit(t *testing.T) {
	r := madeRuns(t)
	file := filepath.Join(t.TempDir(), "new", "gates.xml")
	for _, test := range []struct {
		args   []string
		status int
		want   string
	}{
		{[]string{"--gate", "p99<=1.10"}, 3, `<testsuite name="A = ` + runA + `, B = ` + runB + `" tests="1" failures="1"`},
		{[]string{"--gate", "p99<=1.2", "--allow-inconclusive"}, 0, `tests="1" failures="0" skipped="1"`},
		{[]string{"--gate", "p99<=1.3", "--json"}, 0, `tests="1" failures="0" skipped="0"`},
	} {
		_, errs, status := r.lab(append([]string{"compare", runA, runB, "--junit", file}, test.args...)...)
		text, err := record.ReadFile(file)
		if err != nil || status != test.status || !strings.Contains(string(text), test.want) {
			t.Errorf(
				"%v: exit status %d, %q, %v; want %d and %q in:\n%s", test.args, status, errs, err, test.status, test.want, text,
			)
		}
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	_, errs, status := r.lab("compare", runA, runB, "--junit", file)
	if _, err := os.Stat(file); status != 2 || !strings.Contains(errs, "--gate") || err == nil {
		t.Errorf("without a gate: exit status %d, %q, %v; want 2, what is missing, and no file", status, errs, err)
	}
}

package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/record"
)

func TestHistory(t *testing.T) {
	r := madeRuns(t)
	const spec = "name: %s\nscenarios: [storm]\nfactors: {pool_size: [8]}\nbaseline: {pool_size: 8}\n" +
		"slo: {error_ratio: 0.01, p99: 1s}\n"
	second := filepath.Join(r.root, "results", "2026-11-28T0915Z-second")
	if err := os.CopyFS(second, os.DirFS(filepath.Join(r.root, "results", runA))); err != nil {
		t.Fatal(err)
	}
	var plan matrix.Plan
	if err := record.ReadJSON(filepath.Join(second, "plan.json"), &plan); err != nil {
		t.Fatal(err)
	}
	plan.Name = "second"
	if err := record.WriteJSON(filepath.Join(second, "plan.json"), plan); err != nil {
		t.Fatal(err)
	}
	bad := filepath.Join(r.root, "results", "2026-11-27T0915Z-broken")
	if err := os.MkdirAll(bad, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"made.yaml": strings.Replace(spec, "%s", "made", 1), "other.yaml": strings.Replace(spec, "%s", "other", 1),
	} {
		if err := os.WriteFile(filepath.Join(r.root, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(filepath.Join(r.root, "scenarios"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(r.root, "scenarios", "storm.js"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	moved := filepath.Join(t.TempDir(), "kept")
	if err := os.CopyFS(moved, os.DirFS(filepath.Join(r.root, "results"))); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(moved, runA)); err != nil {
		t.Fatal(err)
	}
	// Of the made runs, that of runB is slower, and that of runOther is not.
	const before, after = "│ " + runB + " ", "│ " + runOther + " "
	for _, test := range []struct {
		name     string
		args     []string
		status   int
		out, err []string
		not      string // in standard output
	}{
		{"all specs", nil, 0, []string{
			"made on 2 CPUs", "1 better, 1 worse", before, after, "× 1.200", "kernel: Linux 6.1 in A, Linux 6.2 in B",
			runApart, "no cell of one is like one of the other", "2026-11-28T0915Z-second",
		}, []string{"left out: 2026-11-27T0915Z-broken"}, "× 1.000"},
		{"a spec by its name", []string{"made"}, 0, []string{before}, []string{"left out"}, "second"},
		{"a spec by its file", []string{filepath.Join(r.root, "made.yaml")}, 0, []string{before}, []string{
			"left out",
		}, "second"},
		{"a spec without a run", []string{filepath.Join(r.root, "other.yaml")}, 2, nil, []string{
			`of the spec "other"; there are runs of: made, second`,
		}, "made"},
		{"no spec's file", []string{"none.yaml"}, 2, nil, []string{"read spec"}, "made"},
		{"Markdown", []string{"--markdown"}, 0, []string{"## made on 2 CPUs", "| " + runB}, []string{"left out"}, "│"},
		{"the newest two", []string{"--last", "2"}, 0, []string{runOther, runApart}, []string{"left out"}, runB},
		{"a directory", []string{"--results", moved}, 0, []string{runB, runOther}, []string{"left out"}, runA},
		{"a directory without runs", []string{"--results", t.TempDir(), "made"}, 2, nil, []string{
			"there are runs of: none",
		}, "made"},
		{"one run", []string{"--last", "1"}, 2, nil, []string{"give 2 or more"}, "made"},
		{"fewer than none", []string{"--last", "-3"}, 2, nil, []string{"--last is -3"}, "made"},
		{"two forms", []string{"--json", "--markdown"}, 2, nil, []string{"choose one"}, "made"},
		{"two specs", []string{"made", "other"}, 2, nil, []string{"usage: lab history [SPEC]"}, "made"},
	} {
		t.Run(test.name, func(t *testing.T) {
			out, errs, status := r.lab(append([]string{"history"}, test.args...)...)
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
			if test.not != "" && strings.Contains(out, test.not) {
				t.Errorf("output has %q", test.not)
			}
			if t.Failed() {
				t.Logf("output:\n%s\nerrors:\n%s", out, errs)
			}
		})
	}
}

func TestHistoryAsJSON(t *testing.T) {
	out, errs, status := madeRuns(t).lab("history", "made", "--json")
	var lines []struct {
		Spec    string
		Runs    []struct{ Run string }
		Changes []struct {
			Began, Cell string
			Change      struct{ Measure, Word string }
		}
	}
	if err := json.Unmarshal([]byte(out), &lines); err != nil || status != 0 || errs != "" {
		t.Fatalf("exit status %d, %q, %v\n%s", status, errs, err, out)
	}
	if len(lines) != 1 || lines[0].Spec != "made" || len(lines[0].Runs) != 4 || len(lines[0].Changes) != 2 {
		t.Fatalf("lines = %+v; want one of four runs with two changes", lines)
	}
	for i, want := range []struct{ began, word string }{{runB, "worse"}, {runOther, "better"}} {
		got := lines[0].Changes[i]
		if got.Began != want.began || got.Cell != "pool_size=8" || got.Change.Measure != "p99" ||
			got.Change.Word != want.word {
			t.Errorf("change %d = %+v; want p99 of pool_size=8 %s from %s on", i, got, want.word, want.began)
		}
	}
}

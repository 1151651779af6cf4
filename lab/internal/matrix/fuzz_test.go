package matrix

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// longestError is what a person may be shown of one spec, in bytes.
const longestError = 4 << 20

// Whatever the text: no panic, diagnostics with a place and in order, or a spec whose
// plan has unique labels and one baseline.
func FuzzParse(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte(good + "cells: [{pool_size: 8, timeouts: none}]\nexclude: [{}]\nsettings: &a {pool_min: 9, <<: *a}\n"))
	f.Add([]byte(good + "blocks: {storm: 3, wave@0.25: 2}\n"))
	f.Add([]byte("a: &a [*a]\n? {}\n: - \n--- !x\n"))
	files, err := filepath.Glob("../../matrices/*.yaml")
	if err != nil || len(files) == 0 {
		f.Fatal("no specs to start from", err)
	}
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(src)
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		spec, err := Parse(src, there)
		if err != nil {
			var diagnostics Diagnostics
			if !errors.As(err, &diagnostics) || len(diagnostics) == 0 {
				t.Fatalf("error is %T, want Diagnostics", err)
			}
			for _, diagnostic := range diagnostics {
				if diagnostic.Line < 1 || diagnostic.Col < 1 || diagnostic.Msg == "" {
					t.Errorf("diagnostic without a place: %+v", diagnostic)
				}
			}
			if len(diagnostics) > MaxDiagnostics+1 || len(err.Error()) > longestError {
				t.Errorf("%d diagnostics, %d bytes", len(diagnostics), len(err.Error()))
			}
			if !slices.IsSortedFunc(diagnostics, func(a, b Diagnostic) int { return a.Line - b.Line }) {
				t.Errorf("diagnostics out of order:\n%v", err)
			}
			return
		}
		plan := spec.Plan()
		if err := errors.Join(plan.Validate(), plan.Runnable(there)); err != nil {
			t.Errorf("a spec's plan is none: %v", err)
		}
		labels, baselines := map[string]bool{}, 0
		for _, c := range plan.Cells {
			labels[c.Label] = true
			if c.Baseline {
				baselines++
			}
		}
		if len(labels) != len(plan.Cells) || baselines != 1 || !plan.Cells[0].Baseline {
			t.Errorf("%d labels of %d cells, %d baselines", len(labels), len(plan.Cells), baselines)
		}
		want := 0
		for _, s := range plan.Scenarios {
			blocks := plan.blocksOf(s)
			if plan.Budget > 0 {
				blocks = 1 // the others are decided on the way
			}
			want += len(plan.Cells) * blocks
		}
		if len(plan.Trials) != want || want == 0 {
			t.Errorf("%d trials, want %d", len(plan.Trials), want)
		}
	})
}

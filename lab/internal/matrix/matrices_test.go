package matrix

import (
	"os"
	"path/filepath"
	"testing"
)

// The specs that come with the lab have no diagnostics.
func TestMatrices(t *testing.T) {
	for file, want := range map[string]struct{ cells, trials int }{
		"quick.yaml":    {5, 10},
		"matrix.yaml":   {13, 26}, // of its first block: it is a race
		"study.yaml":    {7, 77},
		"timeouts.yaml": {5, 35},
		"mixed.yaml":    {4, 4},
		"e2e.yaml":      {3, 6},
		"aa.yaml":       {4, 40},
	} {
		src, err := os.ReadFile(filepath.Join("..", "..", "matrices", file))
		if err != nil {
			t.Fatal(err)
		}
		spec, err := Parse(src, scriptsAnd("mixed"))
		if err != nil {
			t.Errorf("%s:\n%v", file, err)
			continue
		}
		plan := spec.Plan()
		if len(plan.Cells) != want.cells || len(plan.Trials) != want.trials {
			t.Errorf("%s: %d cells, %d trials; want %d, %d", file, len(plan.Cells), len(plan.Trials), want.cells, want.trials)
		}
		if spec.Name+".yaml" != file {
			t.Errorf("%s is named %q", file, spec.Name)
		}
	}
}

func TestMargin(t *testing.T) {
	for text, want := range map[string]Margin{
		"":                                       {0.03, 0.005},
		"margin: 5%\n":                           {0.05, 0.005},
		"margin: {failed: 0.1%}\n":               {0.03, 0.001},
		"margin: {ratio: 1.5%, failed: 0.25%}\n": {0.015, 0.0025},
	} {
		spec, err := Parse([]byte(good+text), there)
		if err != nil {
			t.Fatal(err)
		}
		if got := spec.Plan().Margins(); got != want {
			t.Errorf("%q: %v; want %v", text, got, want)
		}
	}
	if got := (Plan{}).Margins(); got != DefaultMargin {
		t.Errorf("a plan from before it was kept: %v; want %v", got, DefaultMargin)
	}
}

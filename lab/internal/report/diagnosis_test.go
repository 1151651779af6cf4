package report

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"stormwave/lab/internal/judge/diagnose"
	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/record"
	"stormwave/lab/internal/service"
)

// The evidence of a cell is from the trial that is drawn over time, where all have the same cause.
func TestEvidenceIsOfTheTrialThatIsDrawn(t *testing.T) {
	paths, err := filepath.Glob("../../../results/*/records.jsonl")
	if err != nil || len(paths) == 0 {
		t.Fatalf("committed runs: %v, %v; want some", paths, err)
	}
	compared := 0
	for _, path := range paths {
		var plan matrix.Plan
		text, err := os.ReadFile(filepath.Join(filepath.Dir(path), "plan.json"))
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(text, &plan); err != nil {
			t.Fatal(err)
		}
		records, err := record.Read(path)
		if err != nil {
			t.Fatal(err)
		}
		cells := diagnose.Run(plan, records, service.Catalog())
		for _, s := range plan.Scenarios {
			for _, g := range groups(Run{Plan: plan, Records: records}, s) {
				for _, c := range cells {
					r := g.Typical()
					if c.Label != g.Cell.Label || c.Scenario != s || c.First < c.Of || r == nil {
						continue
					}
					compared++
					if c.Typical.N != r.N {
						t.Errorf("%s: %s %s: evidence of trial %d; drawn is %d", path, c.Label, s, c.Typical.N, r.N)
					}
				}
			}
		}
	}
	if compared < 40 {
		t.Errorf("%d cells were compared; want 40", compared)
	}
}

// Two causes at once are both named, each with its own evidence and its own advice.
func TestMixedNamesItsCauses(t *testing.T) {
	finding := func(cause diagnose.Cause, score float64, words string) diagnose.Finding {
		return diagnose.Finding{Cause: cause, Score: score, Evidence: []diagnose.Evidence{{Words: words}}}
	}
	c := diagnose.Cell{
		Label:    "fault=both",
		Scenario: matrix.Scenario{Name: "mixed", Scale: 1},
		Cause:    diagnose.Mixed,
		First:    2,
		Of:       3,
		Typical: diagnose.Diagnosis{
			Cause:    diagnose.Mixed,
			Together: []diagnose.Cause{diagnose.DBLockContention, diagnose.NetworkLatency},
			Claimed: []diagnose.Finding{
				finding(diagnose.DBLockContention, 1, "5 sessions waited"),
				finding(diagnose.NetworkLatency, 0.9, "a query takes 41 ms"),
				finding(diagnose.MemoryPressure, 0.6, "memory is short"),
			},
			RuledOut: []diagnose.Finding{{Cause: diagnose.AppPoolStarved, Why: "explained by db-lock-contention"}},
		},
		Advice: []diagnose.Advice{{Cause: diagnose.NetworkLatency, Words: "bring it nearer"}},
	}
	want := "db-lock-contention: 5 sessions waited; network-latency: a query takes 41 ms"
	if got := why(c); got != want {
		t.Errorf("%q; want %q", got, want)
	}
	if got, want := named(c), "**mixed**: db-lock-contention and network-latency"; got != want {
		t.Errorf("%q; want %q", got, want)
	}
	var b strings.Builder
	for _, block := range more(c) {
		b.WriteString(block.markdown())
	}
	for _, text := range []string{b.String(), DiagnosisText([]diagnose.Cell{c})} {
		for _, want := range []string{
			"not app-pool-starved: explained by db-lock-contention\n", "try, against network-latency: bring it nearer\n",
		} {
			if !strings.Contains(text, want) {
				t.Errorf("%q is not in\n%s", want, text)
			}
		}
	}
	if also := strings.Count(b.String(), "also **"); also != 1 ||
		!strings.Contains(b.String(), "also **memory-pressure**") {
		t.Errorf("%d causes stand beside the two; want memory-pressure alone:\n%s", also, b.String())
	}
}

// A run's diagnosis begins with a line for the whole: how many cells have which cause.
func TestDiagnosisBeginsWithTheWhole(t *testing.T) {
	storm, wave := matrix.Scenario{Name: "storm", Scale: 1}, matrix.Scenario{Name: "wave", Scale: 1}
	text := DiagnosisText([]diagnose.Cell{
		{Label: "a", Scenario: storm, Cause: diagnose.None},
		{Label: "b", Scenario: storm, Cause: diagnose.AppPoolStarved},
		{Label: "c", Scenario: storm, Cause: diagnose.AppPoolStarved},
		{Label: "a", Scenario: wave, Cause: diagnose.None},
	})
	const want = "storm, 3 cells: app-pool-starved in 2, none in 1; wave, 1 cell: none in 1"
	if first, _, _ := strings.Cut(text, "\n"); first != want {
		t.Errorf("the first line is %q; want %q", first, want)
	}
	if one := DiagnosisText([]diagnose.Cell{{Label: "a", Scenario: storm}}); !strings.HasPrefix(one, "a storm: ") {
		t.Errorf("%q; a cell needs no line for all", one)
	}
}

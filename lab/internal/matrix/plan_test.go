package matrix

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// decodePlan reads a plan as record.ReadJSON does.
func decodePlan(src []byte) (plan Plan, err error) {
	decoder := json.NewDecoder(bytes.NewReader(src))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&plan); err != nil {
		return plan, err
	}
	return plan, plan.Validate()
}

// committed are the plans of the runs that lie in the repository.
func committed(t testing.TB) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob("../../../results/*/plan.json")
	if err != nil || len(files) == 0 {
		t.Fatal("no plans to start from", err)
	}
	plans := map[string][]byte{}
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		plans[file] = src
	}
	return plans
}

func TestCommittedPlansAreValid(t *testing.T) {
	for file, src := range committed(t) {
		if _, err := decodePlan(src); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
}

// What is no plan is refused, and above all one that says nothing.
func TestValidateRefuses(t *testing.T) {
	for name, change := range map[string]func(*Plan){
		"nothing":                 func(p *Plan) { *p = Plan{} },
		"path for a name":         func(p *Plan) { p.Name = "../x" },
		"no blocks":               func(p *Plan) { p.Blocks = 0 },
		"many blocks":             func(p *Plan) { p.Blocks = MaxTrials + 1 },
		"extra below 0":           func(p *Plan) { p.Extra = -1 },
		"ratio that is no number": func(p *Plan) { p.SLO.ErrorRatio = math.NaN() },
		"no bound":                func(p *Plan) { p.SLO.P99 = 0 },
		"stop beyond the end":     func(p *Plan) { p.Stop = &Stop{Min: 99, Width: 0.1} },
		"no factors":              func(p *Plan) { p.Factors = nil },
		"no scenarios":            func(p *Plan) { p.Scenarios = nil },
		"scenario twice":          func(p *Plan) { p.Scenarios = append(p.Scenarios, p.Scenarios[0]) },
		"scale 0":                 func(p *Plan) { p.Scenarios[0].Scale = 0 },
		"blocks of nothing":       func(p *Plan) { p.BlocksOf = map[string]int{"calm": 1} },
		"no cells":                func(p *Plan) { p.Cells = nil },
		"cell twice":              func(p *Plan) { p.Cells[1].Label = p.Cells[0].Label },
		"cell without a label":    func(p *Plan) { p.Cells[1].Label = "" },
		"label for a terminal":    func(p *Plan) { p.Cells[1].Label = "\x1b[2J" },
		"no baseline":             func(p *Plan) { p.Cells[0].Baseline = false },
		"two baselines":           func(p *Plan) { p.Cells[1].Baseline = true },
		"cause with mark-up":      func(p *Plan) { p.Cells[1].Expect = "**magic**" },
		"cell without its levels": func(p *Plan) { p.Cells[1].Levels = nil },
		"level of no factor":      func(p *Plan) { p.Cells[1].Levels = map[string]string{"a": "b", "c": "d"} },
		"no trials":               func(p *Plan) { p.Trials = nil },
		"trial twice":             func(p *Plan) { p.Trials[1].N = 1 },
		"block 0":                 func(p *Plan) { p.Trials[1].Block = 0 },
		"trial of another cell":   func(p *Plan) { p.Trials[1].Cell = "elsewhere" },
		"trial of another script": func(p *Plan) { p.Trials[1].Scenario.Name = "calm" },
	} {
		plan := planOf(t, good)
		if err := plan.Validate(); err != nil {
			t.Fatal(err)
		}
		change(&plan)
		if err := plan.Validate(); err == nil {
			t.Errorf("%s: a valid plan", name)
		}
	}
}

// A plan from when a spec could name other hosts is still read, and can be gone on with.
func TestPlanWithTargets(t *testing.T) {
	text, err := json.Marshal(planOf(t, good))
	if err != nil {
		t.Fatal(err)
	}
	plan, err := decodePlan(bytes.Replace(text, []byte(`{`), []byte(`{"allow_targets":["bench.example"],`), 1))
	if err != nil || plan.Runnable(there) != nil {
		t.Errorf("%v, %v", err, plan.Runnable(there))
	}
}

// A plan is a file: what a spec may not do, it may not either.
func TestRunnableRefuses(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*Plan)
		want   string
	}{
		"script that is not there": {func(p *Plan) { p.Scenarios[0].Name = "calm" }, `unknown scenario "calm"`},
		"setting that runs": {
			func(p *Plan) { p.Cells[0].Settings["postgres.archive_command"] = "true" }, "it runs a program",
		},
		"unknown setting": {func(p *Plan) { p.Cells[0].Settings["pool"] = "8" }, "is not a setting"},
		"commit for git's options": {
			func(p *Plan) { p.Cells[0].Settings[Backend] = "--upload-pack=x" }, `backend is "--upload-pack=x"`,
		},
		"value of another form": {func(p *Plan) { p.Cells[0].Settings[PoolSize] = "08" }, `pool_size is "08"`},
		"processors":            {func(p *Plan) { p.CPUs = CPUs{"app": "x"} }, `cpus of "app"`},
		"service":               {func(p *Plan) { p.CPUs = CPUs{"apps": "1"} }, `cpus of "apps"`},
		"unknown cause":         {func(p *Plan) { p.Cells[1].Expect = "magic" }, `expects "magic"`},
	} {
		plan := planOf(t, good)
		if err := plan.Runnable(there); err != nil {
			t.Fatal(err)
		}
		test.change(&plan)
		if err := plan.Runnable(there); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q in it", name, err, test.want)
		}
	}
}

// Whatever the bytes: no panic, and what is a plan can be walked through.
func FuzzPlan(f *testing.F) {
	for _, src := range committed(f) {
		f.Add(src)
	}
	f.Add([]byte(`null`))
	f.Add([]byte(`{"name":"t","blocks":100000,"stop":{"min":1,"width":1e-300}}`))
	f.Fuzz(func(t *testing.T, src []byte) {
		plan, err := decodePlan(src)
		if err != nil {
			return
		}
		_ = plan.Runnable(there) // no panic
		for _, trial := range plan.Trials {
			if plan.Cell(trial.Cell).Label == "" {
				t.Fatalf("trial %d is of no cell", trial.N)
			}
		}
		if len(plan.Block(1)) == 0 || plan.Repeats() == "" {
			t.Error("a plan without a first block")
		}
	})
}

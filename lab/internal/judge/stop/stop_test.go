package stop

import (
	"math/rand/v2"
	"os"
	"testing"

	"stormwave/lab/backends"
	"stormwave/lab/internal/judge/stat"
	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/record"
	"stormwave/lab/internal/service"
)

// run makes the records of a run in which the second cell has a goodput of 110% of
// the baseline's, each trial off by up to noise.
func run(blocks int, noise float64, spoil func(*record.Record)) (matrix.Plan, []record.Record) {
	scenario := matrix.Scenario{Name: "storm", Scale: 1}
	plan := matrix.Plan{
		Seed: 1, Blocks: 20, Stop: &matrix.Stop{Min: 6, Width: 0.05}, Scenarios: []matrix.Scenario{scenario},
		Cells: []matrix.Cell{{Label: "a", Baseline: true}, {Label: "b"}},
	}
	random := rand.New(rand.NewPCG(1, 2))
	var records []record.Record
	for block := 1; block <= blocks; block++ {
		for i, cell := range plan.Cells {
			r := record.Record{Block: block, Cell: cell.Label, Scenario: "storm", Scale: 1, Verdict: record.Valid,
				Load: &record.Load{GoodputRPS: 1000 * (1 + 0.1*float64(i)) * (1 + noise*(2*random.Float64()-1))}}
			if spoil != nil {
				spoil(&r)
			}
			records = append(records, r)
		}
	}
	return plan, records
}

func TestEnough(t *testing.T) {
	for _, c := range []struct {
		name   string
		blocks int
		noise  float64
		spoil  func(*record.Record)
		want   bool
	}{
		{"quiet", 6, 0.01, nil, true},
		{"noisy", 6, 0.5, nil, false},
		{"too few blocks", 5, 0.001, nil, false},
		{"one of six is suspect", 6, 0.001, func(r *record.Record) {
			if r.Block == 3 && r.Cell == "b" {
				r.Verdict = record.Suspect
			}
		}, false},
		{"a cell that never was good is certain", 6, 0.001, func(r *record.Record) {
			if r.Cell == "b" {
				r.Load.GoodputRPS = 0
			}
		}, true},
		{"a cell that failed every time is certain", 6, 0.001, func(r *record.Record) {
			if r.Cell == "b" {
				r.Verdict, r.Load = record.Failed, nil
			}
		}, true},
		{"one that failed at times is not", 6, 0.001, func(r *record.Record) {
			if r.Cell == "b" && r.Block%2 == 0 {
				r.Verdict, r.Load = record.Failed, nil
			}
		}, false},
	} {
		plan, records := run(c.blocks, c.noise, c.spoil)
		if got := Enough(plan, records); got != c.want {
			t.Errorf("%s: enough = %v; want %v", c.name, got, c.want)
		}
	}
	plan, records := run(6, 0.01, nil)
	plan.Stop = nil
	if Enough(plan, records) {
		t.Error("a plan without a stopping rule has enough")
	}
}

// The matrices that come with the lab have the blocks that it takes to tell a large
// difference, but for the study's wave, which is there for where it breaks.
func TestPlannedBlocksAreEnough(t *testing.T) {
	for file, scenarios := range map[string][]string{
		"matrix.yaml":   {"storm", "wave@0.2"},
		"study.yaml":    {"storm"},
		"timeouts.yaml": {"storm@0.5"},
		"aa.yaml":       {"storm@0.2"},
	} {
		src, err := os.ReadFile("../../../matrices/" + file)
		if err != nil {
			t.Fatal(err)
		}
		spec, err := matrix.Parse(src, service.Inventory(backends.Default(), "level", "storm", "wave"))
		if err != nil {
			t.Fatalf("%s:\n%v", file, err)
		}
		contrasts := len(spec.Cells) - 1
		for _, scenario := range scenarios {
			blocks, own := spec.BlocksOf[scenario]
			if !own {
				blocks = spec.Blocks
			}
			if least := stat.MinBlocksFor(contrasts); blocks < least {
				t.Errorf("%s: %s has %d blocks; %d contrasts take %d", file, scenario, blocks, contrasts, least)
			}
		}
	}
}

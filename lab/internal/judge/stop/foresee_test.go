package stop

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stormwave/lab/backends"
	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/record"
	"stormwave/lab/internal/service"
)

// plan has so many cells besides the baseline and its A/A control.
func plan(t *testing.T, cells int, blocks string) matrix.Plan {
	t.Helper()
	sizes := "1"
	for i := range cells {
		sizes += fmt.Sprintf(", %d", i+2)
	}
	spec, err := matrix.Parse([]byte(`name: t
scenarios: [storm, wave]
factors: {pool_size: [`+sizes+`]}
baseline: {pool_size: 1}
slo: {error_ratio: 0.01, p99: 500ms}
settings: {scenario.THINK_TIME: 1s}
blocks: `+blocks+"\n"), service.Inventory(backends.Default(), "storm", "wave"))
	if err != nil {
		t.Fatal(err)
	}
	return spec.Plan()
}

func TestWarn(t *testing.T) {
	for _, c := range []struct {
		cells  int
		blocks string
		want   []string
	}{
		{20, "8", []string{
			"storm: 20 comparisons take 10 blocks; with 8 none can be told",
			"wave: 20 comparisons take 10 blocks; with 8 none can be told",
		}},
		{20, "10", nil},
		{5, "{storm: 8, wave: 3}", []string{"wave: 5 comparisons take 8 blocks; with 3 none can be told"}},
		{1, "5", []string{
			"storm: 1 comparison takes 6 blocks; with 5 none can be told",
			"wave: 1 comparison takes 6 blocks; with 5 none can be told",
		}},
		{1, "6", nil},
		{0, "1", nil},
		{5, "{min: 6, max: 20, until: 5%}", []string{
			"storm: 5 comparisons take 8 blocks; the run may end after 6, with which none can be told",
			"wave: 5 comparisons take 8 blocks; the run may end after 6, with which none can be told",
		}},
		{5, "{min: 8, max: 20, until: 5%}", nil},
	} {
		if diff := cmp.Diff(c.want, Warn(plan(t, c.cells, c.blocks))); diff != "" {
			t.Errorf("%d cells, blocks %s (-want +got):\n%s", c.cells, c.blocks, diff)
		}
	}
}

// trials are records of the storm in which the A/A control had so many times the
// baseline's goodput, block by block.
func trials(p matrix.Plan, ratios ...float64) []record.Record {
	var records []record.Record
	for i, ratio := range ratios {
		for _, c := range p.Cells[:2] {
			r := record.Record{
				Block:    i + 1,
				Cell:     c.Label,
				Scenario: "storm",
				Scale:    1,
				Verdict:  record.Valid,
				Load:     &record.Load{GoodputRPS: 500},
			}
			if c.Control {
				r.Load.GoodputRPS *= ratio
			}
			records = append(records, r)
		}
	}
	return records
}

// The noise is that within runs, of the trials that count, under the same load.
func TestHistory(t *testing.T) {
	p := plan(t, 1, "8")
	earlier := History{}
	up, down := math.Exp(0.1), math.Exp(-0.1)
	earlier.Add(p, trials(p, up, down, up, down))
	spoilt := trials(p, 3*up, 3*down, 50) // another mean; the last does not count
	spoilt[5].Verdict, spoilt[5].Reasons = record.Suspect, []string{"noisy host"}
	earlier.Add(p, spoilt)
	earlier.Add(p, trials(p, 7)) // a single block says nothing of how far it is from the next
	noise := earlier[loadOf(p, p.Scenarios[0])]
	if want := math.Sqrt(6 * 0.01 / 4); noise.Blocks != 6 || noise.Runs != 2 || math.Abs(
		math.Sqrt(noise.squares/4)-want,
	) > 1e-9 {
		t.Errorf("%+v; want 6 blocks of 2 runs, and an sd of %.4f", noise, want)
	}
	if !math.IsNaN(noise.SD()) {
		t.Errorf("four degrees of freedom give an sd of %v", noise.SD())
	}
	earlier.Add(p, trials(p, up, down))
	noise = earlier[loadOf(p, p.Scenarios[0])]
	if want := math.Sqrt(8 * 0.01 / 5); math.Abs(noise.SD()-want) > 1e-9 {
		t.Errorf("an sd of %v; want %v", noise.SD(), want)
	}
	if _, ok := earlier[loadOf(p, p.Scenarios[1])]; ok {
		t.Error("the wave has a noise, which was never run")
	}
	slower := plan(t, 1, "8")
	slower.Cells[0].Settings = matrix.Settings{"scenario.THINK_TIME": "2s"}
	if _, ok := earlier[loadOf(slower, p.Scenarios[0])]; ok {
		t.Error("the noise of another load is taken for that of this one")
	}
}

func TestReach(t *testing.T) {
	p := plan(t, 1, "{storm: 8, wave: 6}")
	earlier := History{}
	up, down := math.Exp(0.17), math.Exp(-0.17)
	earlier.Add(p, trials(p, up, down, up, down, up, down, up, down))
	sd := 0.17 * math.Sqrt(8.0/7)
	ratio := Detectable(sd, 8, 1, matrix.DefaultMargin.Ratio)
	const told = "storm: 8 blocks tell %.0f%% in goodput with 80%%: %.2f × the baseline's or more, or %.2f × or less, " +
		"if it is as noisy as before (sd of the log-ratio 0.182, A/A in 8 blocks of 1 earlier run %s)"
	const unknown = "wave: what difference 6 blocks can tell is not known: too few blocks of earlier runs had the " +
		"baseline and its A/A control under this load (0)"
	quiet := History{}
	quiet.Add(p, trials(p, 1, 1, 1, 1, 1, 1, 1, 1))
	few := History{}
	few.Add(p, trials(p, up, down))
	for _, c := range []struct {
		name            string
		here, elsewhere History
		where           string
	}{
		{"of this machine", earlier, quiet, "on this machine"},
		{"too few of this machine", few, earlier, "on other machines, for there are too few of this one"},
		{"none of others", earlier, nil, "on this machine"},
	} {
		want := []string{fmt.Sprintf(told, 100*(ratio-1), ratio, 1/ratio, c.where), unknown}
		if diff := cmp.Diff(want, Reach(p, c.here, c.elsewhere)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
	if ratio < 1.15 || ratio > 1.3 {
		t.Errorf("8 blocks tell %.3f", ratio)
	}
	got := Reach(p, few, few)
	if len(got) != 2 || !strings.Contains(got[0], "is not known") || !strings.HasSuffix(got[0], "(4)") {
		t.Errorf("too few anywhere: %q; want that it is not known, of 4 blocks", got)
	}
	raced := p
	raced.Budget = 40
	if got := slices.Concat(Warn(raced), Reach(raced, earlier, quiet)); len(got) > 0 {
		t.Errorf("of a race: %q; want nothing", got)
	}
	short := Reach(plan(t, 5, "{storm: 8, wave: 3}"), earlier, nil)
	if len(short) != 1 || !strings.HasPrefix(short[0], "storm: 8 blocks tell") {
		t.Errorf("with too few blocks of the wave: %q", short)
	}
}

package matrix

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// A plan is promised to stay the same for a spec, and to survive its file.
func TestPlanGolden(t *testing.T) {
	const golden = "testdata/plan.golden.json"
	src, err := os.ReadFile("../../matrices/quick.yaml")
	if err != nil {
		t.Fatal(err)
	}
	spec, err := Parse(append(src, "cpus: {app: 0, k6: \"1\"}\n"...), there)
	if err != nil {
		t.Fatal(err)
	}
	plan := spec.Plan()
	got, err := json.MarshalIndent(plan, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, '\n')
	if *update {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, got) {
		t.Errorf("plan (-want +got):\n%s", cmp.Diff(string(want), string(got)))
	}
	var back Plan
	if err := json.Unmarshal(got, &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(plan, back); diff != "" {
		t.Errorf("plan read back (-want +got):\n%s", diff)
	}
}

func parseGood(t *testing.T, more string) *Spec {
	t.Helper()
	spec, err := Parse([]byte(good+more), there)
	if err != nil {
		t.Fatal(err)
	}
	return spec
}

func TestPlanOrder(t *testing.T) {
	plan := parseGood(t, "blocks: 8\nseed: 7\n").Plan()
	if !plan.Cells[0].Baseline {
		t.Errorf("first cell is %s, want the baseline", plan.Cells[0].Label)
	}
	perBlock := len(plan.Cells) * len(plan.Scenarios)
	orders := map[string]bool{}
	for block := range slices.Chunk(plan.Trials, perBlock) {
		seen := map[string]bool{}
		order := ""
		for i, s := range block {
			if s.Block != block[0].Block {
				t.Errorf("trial %d of block %d lies within block %d", s.N, s.Block, block[0].Block)
			}
			if i%2 == 1 && s.Cell != block[i-1].Cell {
				t.Errorf("trial %d: the cell changed before its scenarios were done", s.N)
			}
			seen[s.Cell+s.Scenario.String()] = true
			order += s.Cell + s.Scenario.String() + "\n"
		}
		if len(seen) != perBlock {
			t.Errorf("block %d holds %d distinct trials, want %d", block[0].Block, len(seen), perBlock)
		}
		orders[order] = true
	}
	if len(orders) < 7 {
		t.Errorf("8 blocks have only %d orders", len(orders))
	}
	for i, s := range plan.Trials {
		if s.N != i+1 {
			t.Fatalf("trial %d is numbered %d", i+1, s.N)
		}
	}
	more := parseGood(t, "blocks: 9\nseed: 7\n").Plan()
	if diff := cmp.Diff(plan.Trials, more.Trials[:len(plan.Trials)]); diff != "" {
		t.Errorf("a ninth block changed the first eight:\n%s", diff)
	}
	other := parseGood(t, "blocks: 8\nseed: 8\n").Plan()
	if cmp.Equal(plan.Trials, other.Trials) {
		t.Error("another seed gives the same order")
	}
}

func TestEveryPlanHoldsTheBaselineTwice(t *testing.T) {
	plan := parseGood(t, "blocks: 2\n").Plan()
	base, control := plan.Cells[0], plan.Cells[1]
	if !base.Baseline || !control.Control || control.Baseline || control.Label == base.Label ||
		!cmp.Equal(base.Settings, control.Settings) {
		t.Errorf("the first cells are %+v and %+v; want the baseline and its A/A control", base, control)
	}
	if diff := cmp.Diff(plan.Trials[len(plan.Trials)/2:], plan.Block(2)); diff != "" {
		t.Errorf("block 2 by itself is another than in the plan:\n%s", diff)
	}
	if first := plan.Block(3)[0]; first.N != len(plan.Trials)+1 || first.Block != 3 {
		t.Errorf("an extra block begins with %+v; want it to follow the plan", first)
	}
}

// The scenario with fewer blocks ends earlier; the other's order is what it would be
// without it.
func TestBlocksByScenario(t *testing.T) {
	plan := parseGood(t, "blocks: {storm: 4, wave@.25: 2}\nblocks_extra: 1\n").Plan()
	storm, wave := plan.Scenarios[0], plan.Scenarios[1]
	if plan.Blocks != 4 || plan.Repeats() != "(4 × storm + 2 × wave@0.25)" {
		t.Errorf("%d blocks, %s", plan.Blocks, plan.Repeats())
	}
	alike := parseGood(t, "blocks: 4\n").Plan()
	if diff := cmp.Diff(alike.Block(2), plan.Block(2)); diff != "" {
		t.Errorf("a block that has all scenarios is another than without blocks of their own:\n%s", diff)
	}
	for block, want := range map[int]int{1: 10, 2: 10, 3: 5, 4: 5, 5: 10, 6: 10} { // of 5 cells; 5 and 6 are extra
		if got := len(plan.Block(block)); got != want {
			t.Errorf("block %d has %d trials, want %d", block, got, want)
		}
	}
	order := func(trials []Trial, of Scenario) (cells []string) {
		for _, s := range trials {
			if s.Scenario == of {
				cells = append(cells, s.Cell)
			}
		}
		return cells
	}
	if got := order(plan.Trials[20:], wave); got != nil {
		t.Errorf("after its two blocks the wave is run on %q", got)
	}
	if diff := cmp.Diff(order(alike.Trials, storm), order(plan.Trials, storm)); diff != "" {
		t.Errorf("fewer waves change the storms' order:\n%s", diff)
	}
	all := slices.Concat(plan.Trials, plan.Block(5), plan.Block(6))
	for i, s := range all {
		if s.N != i+1 {
			t.Fatalf("trial %d is numbered %d", i+1, s.N)
		}
	}
	more := parseGood(t, "blocks: {storm: 4, wave@0.25: 3}\n").Plan()
	if diff := cmp.Diff(plan.Trials[:20], more.Trials[:20]); diff != "" {
		t.Errorf("a third wave changed the first two blocks:\n%s", diff)
	}
}

// Plans that were written before blocks could differ have no trace of it.
func TestBlocksAlikeAreOneNumber(t *testing.T) {
	alike, given := parseGood(t, "blocks: 3\n").Plan(), parseGood(t, "blocks: {storm: 3, wave@0.25: 3}\n").Plan()
	if diff := cmp.Diff(alike, given); diff != "" {
		t.Errorf("the same number for each scenario (-want +got):\n%s", diff)
	}
	text, err := json.Marshal(given)
	if err != nil || bytes.Contains(text, []byte("blocks_of")) {
		t.Errorf("written as %s, %v", text, err)
	}
	own := parseGood(t, "blocks: {storm: 3, wave@0.25: 1}\n").Plan()
	if text, err = json.Marshal(own); err != nil {
		t.Fatal(err)
	}
	var back Plan
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(own, back); diff != "" || !bytes.Contains(text, []byte(`"blocks_of":{"storm":3,"wave@0.25":1}`)) {
		t.Errorf("read back (-want +got):\n%s\n%s", diff, text)
	}
}

func TestLooksArePreSet(t *testing.T) {
	stop := &Stop{Min: 6, Width: 0.05}
	var looks []int
	for block := 1; block <= 13; block++ {
		if stop.IsLook(block) {
			looks = append(looks, block)
		}
	}
	if diff := cmp.Diff([]int{6, 8, 10, 12}, looks); diff != "" {
		t.Errorf("looks (-want +got):\n%s", diff)
	}
	if (*Stop)(nil).IsLook(6) {
		t.Error("a plan without a stopping rule looks")
	}
}

func TestDuration(t *testing.T) {
	for text, want := range map[string]string{
		"0.5s":  "500ms",
		"60s":   "1m",
		"90s":   "1m30s",
		"3600s": "1h",
		"0":     "0s",
		"61m":   "1h1m",
		"3610s": "1h0m10s",
		"10m":   "10m",
	} {
		var d Duration
		if err := d.UnmarshalText([]byte(text)); err != nil {
			t.Errorf("%s: %v", text, err)
		}
		if d.String() != want {
			t.Errorf("%s is written %s, want %s", text, d, want)
		}
	}
	var d Duration
	if err := d.UnmarshalText([]byte("5")); err == nil {
		t.Error("5 without a unit was read as a duration")
	}
}

func TestLabelQuotes(t *testing.T) {
	spec := parseGood(t, "")
	spec.Factors[0].Values[0].Name = "a b=c"
	if got, want := label(spec.Factors, combo{0, 1}), `pool_size="a b=c" timeouts=tight`; got != want {
		t.Errorf("label %s, want %s", got, want)
	}
}

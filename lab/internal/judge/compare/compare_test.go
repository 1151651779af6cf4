package compare

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"stormwave/lab/internal/judge/stat"
	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/record"
)

var (
	storm = matrix.Scenario{Name: "storm", Scale: 1}
	wave  = matrix.Scenario{Name: "wave", Scale: 0.25}
)

// synthetic is a run of the scenarios on cells with those pool sizes, the first the
// baseline, whose measures are those of speed times the trial's own luck.
type synthetic struct {
	name      string
	pools     []string
	scenarios []matrix.Scenario
	settings  matrix.Settings // the same in every cell
	blocks    int
	speed     func(pool string, block int) float64
}

func steady(string, int) float64 { return 1 }

// luck is how the trials of a cell spread, in ±1.5%.
func luck(block int) float64 { return 1 + 0.005*float64((block*5)%7-3) }

func (s synthetic) run() Run {
	run := Run{
		Name: s.name,
		Host: record.Host{
			Kernel: "Linux 6.1", CPUModel: "Some CPU", Cores: 2, MemoryBytes: 8 << 30, Go: "go1.26",
			Programs:    []record.Program{{Name: "k6", Version: "2.0.0"}, {Name: "postgres", Version: "15.18"}},
			Fingerprint: map[string]string{"scenarios": "abc"},
		},
		Plan: matrix.Plan{
			Name:      "synthetic",
			Blocks:    s.blocks,
			Factors:   []string{"pool_size"},
			Scenarios: s.scenarios,
			SLO:       matrix.SLO{ErrorRatio: 0.01, P99: matrix.Duration(500 * time.Millisecond)},
		},
	}
	for i, pool := range s.pools {
		cell := matrix.Cell{
			Label:    "pool_size=" + pool,
			Levels:   map[string]string{"pool_size": pool},
			Settings: matrix.Settings{"pool_size": pool},
			Baseline: i == 0,
		}
		for name, value := range s.settings {
			cell.Settings[name] = value
		}
		run.Plan.Cells = append(run.Plan.Cells, cell)
		if i == 0 {
			run.Plan.Cells = append(run.Plan.Cells, matrix.Cell{
				Label:    cell.Label + " twin=2",
				Levels:   cell.Levels,
				Settings: cell.Settings,
				Control:  true,
			})
		}
	}
	for block := 1; block <= s.blocks; block++ {
		for _, scenario := range s.scenarios {
			for _, cell := range run.Plan.Cells {
				run.Records = append(run.Records, s.record(run, block, scenario, cell))
			}
		}
	}
	return run
}

func (s synthetic) record(run Run, block int, scenario matrix.Scenario, cell matrix.Cell) record.Record {
	speed := s.speed(cell.Settings["pool_size"], block) * luck(block)
	if cell.Control {
		speed = s.speed(cell.Settings["pool_size"], block) * luck(block+1)
	}
	requests := int64(80_000 * speed)
	return record.Record{
		Schema:   record.Schema,
		Run:      run.Name,
		N:        len(run.Records) + 1,
		Block:    block,
		Cell:     cell.Label,
		Baseline: cell.Baseline,
		Scenario: scenario.Name, Scale: scenario.Scale, Settings: cell.Settings, Verdict: record.Valid,
		Load: &record.Load{
			Requests:   requests,
			Failed:     requests / 500,
			ErrorRatio: 0.002,
			GoodputRPS: 1600 * speed,
			Latency:    record.Latency{P50: 40 / speed, P95: 80 / speed, P99: 120 / speed},
		},
	}
}

// of finds a change in a comparison.
func of(t *testing.T, c Comparison, scenario, cell, measure string) Change {
	t.Helper()
	for _, p := range c.Pairs {
		for _, change := range p.Changes {
			if p.Scenario == scenario && p.Cell == cell && change.Measure == measure {
				return change
			}
		}
	}
	t.Fatalf("%s of %s, %s is not compared", measure, cell, scenario)
	return Change{}
}

func TestRunsOfAFasterAndASlowerCell(t *testing.T) {
	base := synthetic{
		name:      "one",
		pools:     []string{"unlimited", "8", "16"},
		scenarios: []matrix.Scenario{storm, wave},
		blocks:    8,
		speed:     steady,
	}
	other := base
	other.name, other.blocks = "other", 7
	other.speed = func(pool string, _ int) float64 {
		return map[string]float64{"unlimited": 1, "8": 1.25, "16": 0.8}[pool]
	}
	c := Runs(base.run(), other.run())
	if len(c.Unlike) != 0 || len(c.Alone) != 0 || len(c.Pairs) != 6 {
		t.Fatalf(
			"unlike %v, alone %v, %d pairs; want 3 cells × 2 scenarios, A/A controls aside, and nothing else", c.Unlike, c.Alone,
			len(c.Pairs),
		)
	}
	for _, test := range []struct {
		cell, measure string
		ratio         float64
		word          stat.Word
	}{
		{"pool_size=8", "goodput", 1.25, stat.Better},
		{"pool_size=8", "successes", 1.25, stat.Better},
		{"pool_size=8", "p99", 0.8, stat.Better},
		{"pool_size=16", "goodput", 0.8, stat.Worse},
		{"pool_size=16", "p99", 1.25, stat.Worse},
		{"pool_size=16", "error_ratio", 0, stat.Equivalent},
	} {
		for _, scenario := range []string{"storm", "wave@0.25"} {
			got := of(t, c, scenario, test.cell, test.measure)
			if got.Word != test.word || got.Estimate == nil || *got.Estimate < test.ratio-0.01 ||
				*got.Estimate > test.ratio+0.01 {
				t.Errorf(
					"%s of %s, %s: %s × %v; want %s × %v", test.measure, test.cell, scenario, got.Word, got.cells(), test.word,
					test.ratio,
				)
			}
			if got.Interval == nil || got.P == nil || got.Interval[0] > test.ratio || got.Interval[1] < test.ratio {
				t.Errorf("%s of %s, %s: interval %v, p %v", test.measure, test.cell, scenario, got.Interval, got.P)
			}
		}
	}
	if got := of(t, c, "storm", "pool_size=unlimited", "goodput"); got.Word != stat.Inconclusive || got.Interval != nil ||
		*got.Estimate < 0.99 || *got.Estimate > 1.01 || !strings.HasPrefix(got.Why, "the days of two runs differ") {
		t.Errorf("goodput of the baseline = %+v; want the estimate, no word, and why", got)
	}
	if got := c.Pairs[0]; got.A.Valid != 8 || got.B.Valid != 7 {
		t.Errorf("trials = %v v %v; want 8 v 7", got.A, got.B)
	}
}

func TestOnlyValidLastAttemptsCount(t *testing.T) {
	base := synthetic{
		name:      "one",
		pools:     []string{"8", "16"},
		scenarios: []matrix.Scenario{storm},
		blocks:    5,
		speed:     steady,
	}
	run := base.run()
	again := run.Records[5] // of pool_size=16; block 2 was begun again
	again.Attempt = 2
	run.Records = append(run.Records, again)
	run.Records[2].Verdict, run.Records[2].Load = record.Invalid, nil
	run.Records[8].Verdict = record.Suspect
	c := Runs(run, run)
	if got, want := c.Pairs[1].A, (Count{Valid: 3, Excluded: 3}); got != want {
		t.Errorf("trials = %+v; want %+v", got, want)
	}
	got := of(t, c, "storm", "pool_size=16", "p99")
	if got.Word != stat.TooSmall || got.Interval != nil || got.Range == nil ||
		got.Why != "n too small: 2 v 2, and 95% takes 4 v 4" {
		t.Errorf("p99 = %+v; want no interval, a range, and why", got)
	}
}

// Where the system failed the trial counts as the worst there is: those that went well do
// not stand for the cell alone, and no gate lets it pass.
func TestFailedTrialsAreTheWorst(t *testing.T) {
	base := synthetic{
		name:      "one",
		pools:     []string{"8", "16"},
		scenarios: []matrix.Scenario{storm},
		blocks:    8,
		speed:     steady,
	}
	for _, test := range []struct {
		failed  int
		word    stat.Word
		outcome Outcome
	}{{0, stat.Equivalent, Passed}, {4, stat.Inconclusive, Inconclusive}, {7, stat.Worse, Missed}} {
		a, b := base.run(), base.run()
		left := test.failed
		for i := range b.Records {
			if r := &b.Records[i]; r.Cell == "pool_size=16" && left > 0 {
				r.Verdict, r.Load = record.Failed, nil
				left--
			}
		}
		c := Runs(a, b)
		if got, want := c.Pairs[1].B, (Count{Valid: 8 - test.failed, Failed: test.failed}); got != want {
			t.Errorf("trials = %+v; want %+v", got, want)
		}
		if got := of(t, c, "storm", "pool_size=16", "goodput"); got.Word != test.word {
			t.Errorf("%d of 8 failed: goodput %s in %v; want %s", test.failed, got.Word, got.Interval, test.word)
		}
		gates, err := ParseGates([]string{"goodput>=0.95", "p99<=1.1", "error_ratio<=0.01"})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range c.Judge(gates) {
			want := test.outcome
			if r.Gate == "error_ratio<=0.01" && test.failed > 0 {
				want = Missed
			}
			if r.Cell == "pool_size=16" && r.Outcome != want {
				t.Errorf("%d of 8 failed: gate %s %s (%s); want %s", test.failed, r.Gate, r.Outcome, r.Why, want)
			}
		}
	}
}

// What was excluded may be what the gate is there for.
func TestNoGatePassesWithTrialsExcluded(t *testing.T) {
	base := synthetic{
		name:      "one",
		pools:     []string{"8", "16"},
		scenarios: []matrix.Scenario{storm},
		blocks:    8,
		speed:     steady,
	}
	b := base.run()
	b.Records[2].Verdict, b.Records[2].Load = record.Invalid, nil
	gates, err := ParseGates([]string{"goodput>=0.95", "error_ratio<=0.01"})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range Runs(base.run(), b).Judge(gates) {
		if r.Cell == "pool_size=16" && (r.Outcome != Inconclusive || !strings.Contains(r.Why, "1 of B are excluded")) {
			t.Errorf("%+v; want inconclusive", r)
		}
	}
}

func TestCellsWithoutAPartner(t *testing.T) {
	a := synthetic{
		name:      "one",
		pools:     []string{"unlimited", "8"},
		scenarios: []matrix.Scenario{storm, wave},
		blocks:    4,
		speed:     steady,
	}
	b := synthetic{
		name:      "other",
		pools:     []string{"8", "16"},
		scenarios: []matrix.Scenario{storm, {Name: "wave", Scale: 1}},
		blocks:    4,
		speed:     steady,
	}
	c := Runs(a.run(), b.run())
	var pairs []string
	for _, p := range c.Pairs {
		pairs = append(pairs, p.Scenario+" "+p.Cell)
	}
	if diff := cmp.Diff([]string{"storm pool_size=8"}, pairs); diff != "" {
		t.Errorf("pairs (-want +got):\n%s", diff)
	}
	want := []Alone{
		{"A", "storm", "pool_size=unlimited"}, {"A", "wave@0.25", "pool_size=unlimited"}, {"A", "wave@0.25", "pool_size=8"},
		{"B", "storm", "pool_size=16"}, {"B", "wave", "pool_size=8"}, {"B", "wave", "pool_size=16"},
	}
	if diff := cmp.Diff(want, c.Alone); diff != "" {
		t.Errorf("alone (-want +got):\n%s", diff)
	}
}

// Cells are like by what they set, whatever the specs call it.
func TestLikeCellsByAnotherName(t *testing.T) {
	base := synthetic{name: "one", pools: []string{"8"}, scenarios: []matrix.Scenario{storm}, blocks: 4, speed: steady}
	b := base.run()
	for i := range b.Plan.Cells {
		b.Plan.Cells[i].Label = strings.Replace(b.Plan.Cells[i].Label, "pool_size=8", "pools=small", 1)
	}
	for i := range b.Records {
		b.Records[i].Cell = strings.Replace(b.Records[i].Cell, "pool_size=8", "pools=small", 1)
	}
	c := Runs(base.run(), b)
	if len(c.Pairs) != 1 || c.Pairs[0].Cell != "pool_size=8" || c.Pairs[0].CellB != "pools=small" ||
		c.Pairs[0].B.Valid != 4 {
		t.Errorf("pairs = %+v; want one, with both names", c.Pairs)
	}
}

// Within a run the drift of the hours hits both halves, and blocks take it out.
func TestHalvesArePairedByBlock(t *testing.T) {
	const one, other = "1111111111", "2222222222"
	drifting := func(backend string) synthetic {
		return synthetic{
			name:      "run",
			pools:     []string{"unlimited", "8"},
			scenarios: []matrix.Scenario{storm},
			blocks:    8,
			settings:  matrix.Settings{matrix.Backend: backend},
			speed: func(_ string, block int) float64 {
				speed := 1 - 0.08*float64(block)
				if backend == other {
					speed *= 0.9
				}
				return speed
			},
		}
	}
	run := drifting(one).run()
	second := drifting(other).run()
	for i := range run.Plan.Cells {
		run.Plan.Cells[i].Label += " backend=" + one
		run.Plan.Cells[i].Levels[matrix.Backend] = one
	}
	run.Plan.Factors = append(run.Plan.Factors, matrix.Backend)
	for i := range run.Records {
		run.Records[i].Cell += " backend=" + one
	}
	for _, cell := range second.Plan.Cells {
		if !cell.Control {
			cell.Label, cell.Baseline = cell.Label+" backend="+other, false
			cell.Levels[matrix.Backend] = other
			run.Plan.Cells = append(run.Plan.Cells, cell)
		}
	}
	for _, r := range second.Records {
		if !strings.HasSuffix(r.Cell, "twin=2") {
			r.Cell, r.Baseline = r.Cell+" backend="+other, false
			run.Records = append(run.Records, r)
		}
	}
	c := Halves(run, matrix.Backend, one, other)
	if !c.Interleaved || len(c.Pairs) != 2 || len(c.Alone) != 0 || c.A != one || c.B != other {
		t.Fatalf("%d pairs, alone %v; want both cells", len(c.Pairs), c.Alone)
	}
	if got := c.Pairs[1]; got.Cell != "pool_size=8" || got.CellB != "" || got.A.Valid != 8 || got.B.Valid != 8 {
		t.Errorf("second pair = %+v; want the cell without its backend", got)
	}
	if got := of(
		t, c, "storm", "pool_size=8", "goodput",
	); got.Word != stat.Worse || got.Interval[0] < 0.89 || got.Interval[1] > 0.91 {
		t.Errorf("goodput = × %v in %v %s; want × 0.9, narrowly", *got.Estimate, *got.Interval, got.Word)
	}
}

// Two runs of 10,000 records each.
func BenchmarkRuns(b *testing.B) {
	var pools []string
	for i := 1; i <= 49; i++ {
		pools = append(pools, fmt.Sprint(i))
	}
	run := synthetic{
		name:      "one",
		pools:     pools,
		scenarios: []matrix.Scenario{storm, wave},
		blocks:    100,
		speed:     steady,
	}.run()
	for b.Loop() {
		Runs(run, run)
	}
}

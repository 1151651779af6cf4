package tune

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"stormwave/lab/backends"
	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/record"
	"stormwave/lab/internal/search/race"
)

var (
	storm = matrix.Scenario{Name: "storm", Scale: 0.3}
	wave  = matrix.Scenario{Name: "wave", Scale: 1}
)

// plan has a baseline, its A/A control and so many cells more: pool_size=1, 2, …
func plan(cells int, scenarios ...matrix.Scenario) matrix.Plan {
	p := matrix.Plan{
		Seed:      3,
		Blocks:    9,
		Scenarios: scenarios,
		SLO:       matrix.SLO{ErrorRatio: 0.01, P99: matrix.Duration(500 * time.Millisecond)},
		Cells: []matrix.Cell{
			{Label: "base", Baseline: true, Settings: matrix.Settings{matrix.PoolSize: "unlimited"}},
			{Label: "base twin=2", Control: true, Settings: matrix.Settings{matrix.PoolSize: "unlimited"}},
		},
	}
	for i := range cells {
		size := fmt.Sprint(i + 1)
		p.Cells = append(p.Cells, matrix.Cell{Label: size, Settings: matrix.Settings{matrix.PoolSize: size}})
	}
	return p
}

// measured is a valid trial with a goodput.
func measured(n, block int, cell string, goodput float64) record.Record {
	return record.Record{
		N:        n,
		Block:    block,
		Cell:     cell,
		Scenario: storm.Name,
		Scale:    storm.Scale,
		Verdict:  record.Valid,
		Load:     &record.Load{Requests: 6000, Failed: 6, Slow: new(int64(3)), GoodputRPS: goodput},
	}
}

func TestRecordsAreTrials(t *testing.T) {
	tuning := New(plan(3, storm), matrix.NewCatalog(nil, backends.Default()), 20)
	records := []record.Record{
		measured(1, 1, "base", 100),
		measured(2, 1, "base twin=2", 100), // in no race
		measured(3, 1, "1", 200),
		measured(4, 2, "1", 1), // superseded
		measured(5, 2, "2", 300),
		measured(6, 2, "3", 300),
		measured(7, 2, "3", 300),
		measured(8, 2, "elsewhere", 300),
	}
	for i := 4; i < len(records); i++ {
		records[i].Attempt = 2
	}
	records[4].Verdict = record.Failed
	records[5].Verdict = record.Suspect
	got, err := tuning.Trials(records)
	if err != nil {
		t.Fatal(err)
	}
	want := []race.Trial{
		{Block: 1, Cell: 0, Goodput: 100, Requests: 6000, Failed: 6, Slow: 3},
		{Block: 1, Cell: 1, Goodput: 200, Requests: 6000, Failed: 6, Slow: 3},
		{Block: 2, Cell: 2, Hopeless: true},
		{Block: 2, Cell: 3, Invalid: true},
		{Block: 2, Cell: 3, Goodput: 300, Requests: 6000, Failed: 6, Slow: 3},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("trials (-want +got):\n%s", diff)
	}
	records[0].Load.Slow = nil
	if _, err := tuning.Trials(records); !errors.Is(err, ErrUncounted) {
		t.Errorf("without slow requests: %v; want %v", err, ErrUncounted)
	}
}

func TestCellsCostTheirConnections(t *testing.T) {
	tuning := New(plan(2, storm), matrix.NewCatalog(nil, backends.Default()), 20)
	if diff := cmp.Diff([]int{0, 2, 3}, tuning.Rows); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	if one, two := tuning.Race.Cells[1], tuning.Race.Cells[2]; one != (race.Cell{Connections: 1, Parts: 2}) ||
		two != (race.Cell{Connections: 2, Parts: 2}) {
		t.Errorf("the cells cost %+v and %+v; want 1 and 2 connections, 2 parts each", one, two)
	}
}

// The first block has every cell once, later ones the likeliest, and the leader twice. A block is the
// same whenever it is asked for.
func TestBlocksOfTheRace(t *testing.T) {
	tuning := New(plan(9, storm, wave), matrix.NewCatalog(nil, backends.Default()), 60)
	var records []record.Record
	for block, size := range []int{10, 6, 5} {
		trials, err := tuning.Block(block+1, records)
		if err != nil {
			t.Fatal(err)
		}
		again, _ := tuning.Block(block+1, records)
		if diff := cmp.Diff(trials, again); diff != "" {
			t.Errorf("block %d differs when it is asked for again:\n%s", block+1, diff)
		}
		times := map[string]int{}
		for _, trial := range trials {
			times[trial.Cell+" "+trial.Scenario.Name]++
			size, n := 0, 0
			if _, err := fmt.Sscan(trial.Cell, &size); err != nil {
				size = 0 // the baseline
			}
			n = len(records) + 1
			r := measured(n, block+1, trial.Cell, 100+10*float64(size)+float64(n%3))
			r.Scenario, r.Scale = trial.Scenario.Name, trial.Scenario.Scale
			records = append(records, r)
		}
		if len(trials) != 2*size {
			t.Errorf("block %d has %d trials; want %d", block+1, len(trials), 2*size)
		}
		leader := 1
		if block > 0 {
			leader = 2
		}
		if times["9 storm"] != leader || times["9 wave"] != leader {
			t.Errorf("block %d has the best cell %v; want %d times under each load", block+1, times, leader)
		}
	}
	if least, quarter := tuning.Race.Least(), tuning.Quarter(9); quarter != 45 || least > quarter {
		t.Errorf("a quarter of 10 cells × 2 × 9 is %d trials, the least %d; want 45", quarter, least)
	}
	if quarter := tuning.Quarter(1); quarter != tuning.Race.Least() {
		t.Errorf("a quarter of one block is %d trials; want the least, %d", quarter, tuning.Race.Least())
	}
}

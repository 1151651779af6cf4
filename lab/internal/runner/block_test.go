package runner

import (
	"slices"
	"testing"

	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/record"
)

// trials makes records of a block with one cell and two scenarios.
func trials(block, attempt int, verdicts ...record.Verdict) []record.Record {
	var records []record.Record
	for _, v := range verdicts {
		records = append(records, record.Record{Block: block, Attempt: attempt, Verdict: v})
	}
	return records
}

func join(parts ...[]record.Record) []record.Record {
	var all []record.Record
	for _, part := range parts {
		for _, rec := range part {
			rec.N = len(all) + 1
			all = append(all, rec)
		}
	}
	return all
}

func TestAnInterruptedBlockIsRerunWhole(t *testing.T) {
	whole, half := trials(1, 0, record.Valid, record.Valid), trials(2, 0, record.Valid)
	for _, c := range []struct {
		name    string
		records []record.Record
		block   int
		attempt int
		whole   bool
	}{
		{"new", nil, 1, 1, false},
		{"whole", whole, 1, 2, true},
		{"next", whole, 2, 1, false},
		{"half", join(whole, half), 2, 2, false},
		{"half twice", join(whole, half, trials(2, 2, record.Valid)), 2, 3, false},
		{"whole in the end", join(whole, half, trials(2, 2, record.Valid, record.Invalid)), 2, 3, true},
	} {
		attempt, isWhole := progress(c.records, c.block, 2)
		if attempt != c.attempt || isWhole != c.whole {
			t.Errorf("%s: attempt %d, whole %v; want %d, %v", c.name, attempt, isWhole, c.attempt, c.whole)
		}
	}
	if got := nextN(join(whole, half)); got != 4 {
		t.Errorf("next number = %d; want 4", got)
	}
}

func TestWhichBlocksAreRun(t *testing.T) {
	valid := func(blocks int) []record.Record {
		var all []record.Record
		for b := 1; b <= blocks; b++ {
			all = join(all, trials(b, 0, record.Valid, record.Valid))
		}
		return all
	}
	lost := join(valid(5), trials(6, 0, record.Valid, record.Suspect))
	for _, c := range []struct {
		name    string
		plan    matrix.Plan
		enough  bool
		records []record.Record
		want    int // blocks, if all that come are valid
	}{
		{"one scenario has fewer", matrix.Plan{Blocks: 3, BlocksOf: map[string]int{"storm": 3, "wave": 1}}, false, nil, 3},
		{"and a storm is lost", matrix.Plan{Blocks: 3, BlocksOf: map[string]int{"storm": 3, "wave": 1}, Extra: 2}, false,
			join(trials(1, 0, record.Valid, record.Valid), trials(2, 0, record.Suspect)), 4},
		{"as many as planned", matrix.Plan{Blocks: 3}, true, nil, 3},
		{"narrow at the first look", matrix.Plan{Blocks: 20, Stop: &matrix.Stop{Min: 6}}, true, nil, 6},
		{"never narrow", matrix.Plan{Blocks: 9, Stop: &matrix.Stop{Min: 6}}, false, nil, 9},
		{"one is lost, one extra", matrix.Plan{Blocks: 6, Extra: 3}, false, lost, 7},
		{"one is lost, none extra", matrix.Plan{Blocks: 6}, false, lost, 6},
		{"none is lost", matrix.Plan{Blocks: 6, Extra: 3}, false, valid(6), 6},
	} {
		c.plan.Cells, c.plan.Scenarios = make([]matrix.Cell, 1), []matrix.Scenario{
			{Name: "storm", Scale: 1}, {Name: "wave", Scale: 1},
		}
		r := &Runner{Plan: c.plan, Enough: func([]record.Record) bool { return c.enough }}
		records, block := c.records, 1
		for ; r.wants(block, records); block++ {
			planned := len(r.Plan.Block(block))
			if _, whole := progress(records, block, planned); !whole {
				records = join(records, trials(block, 0, slices.Repeat([]record.Verdict{record.Valid}, planned)...))
			}
		}
		if got := block - 1; got != c.want {
			t.Errorf("%s: %d blocks; want %d", c.name, got, c.want)
		}
	}
}

package analysis

import (
	"testing"

	"stormwave/lab/internal/record"
)

// Verdicts are paired by block: where both missed the objective, neither missed it more often.
func TestMisses(t *testing.T) {
	plan := planOf(1, 8)
	records := trials(plan, wobble)
	each := func(row int, do func(*record.Record, int)) {
		for i := range records {
			if records[i].Cell == plan.Cells[row].Label {
				do(&records[i], records[i].Block)
			}
		}
	}
	each(0, func(r *record.Record, block int) {
		if block <= 7 {
			r.Load.Latency.P99 = 900
		}
	})
	each(2, func(r *record.Record, block int) {
		switch block {
		case 1:
			r.Load.ErrorRatio = 0.5
		case 2:
			r.Verdict = record.Failed
		case 8:
			r.Verdict = record.Invalid
		}
	})
	p := Parts(plan, records)[0]
	want := Misses{N: 7, Baseline: 7, Cell: 2, P: 2. / 32}
	if got := p.Misses(2); got != want {
		t.Errorf("misses %+v, want %+v", got, want)
	}
	if got := p.Misses(1); got != (Misses{N: 8, Baseline: 7, P: 2. / 128}) {
		t.Errorf("misses of the control %+v", got)
	}
}

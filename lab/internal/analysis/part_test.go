package analysis

import (
	"math"
	"slices"
	"testing"

	"stormwave/lab/internal/judge/stat"
	"stormwave/lab/internal/record"
)

// faster makes each row so many times as fast as the baseline, and wobble.
func faster(times ...float64) func(row, block int) float64 {
	return func(row, block int) float64 {
		v := wobble(row, block)
		if row < len(times) {
			v *= times[row]
		}
		return v
	}
}

func TestContrastsAreOneFamily(t *testing.T) {
	plan := planOf(3, 10)
	p := Parts(plan, trials(plan, faster(1, 1, 1.2, 0.8, 1.001)))[0]
	contrasts := p.Contrasts(Goodput)
	for row, want := range map[int]stat.Word{1: stat.Equivalent, 2: stat.Better, 3: stat.Worse, 4: stat.Equivalent} {
		if c := contrasts[row]; c.Word != want || c.N != 10 || c.Interval == nil {
			t.Errorf("row %d: %s of %d blocks, want %s of 10", row, c.Word, c.N, want)
		}
	}
	// The least p of ten blocks, times the three cells that are compared: the control is no burden.
	for row, times := range map[int]float64{1: 1, 2: 3, 3: 3} {
		if c := contrasts[row]; c.P != min(1, times*c.Alone) || row > 1 && c.Alone != 2/1024. {
			t.Errorf("row %d: p is %v alone, %v after Holm", row, c.Alone, c.P)
		}
	}
	if contrasts[0].N != 0 || contrasts[0].Interval != nil {
		t.Errorf("the baseline against itself: %+v", contrasts[0])
	}
	if c := p.Between(Goodput, 3, 2); math.Abs(c.Ratio-1.5) > 0.01 || c.Word != stat.Better {
		t.Errorf("b against c: %.3f %s, want about 1.5, better", c.Ratio, c.Word)
	}
}

// The noise band is the interval of the A/A control; that it excludes no difference is an alarm.
func TestNoiseBandRings(t *testing.T) {
	plan := planOf(1, 8)
	for _, test := range []struct {
		times float64
		want  bool
	}{{1, false}, {1.1, true}, {0.9, true}} {
		p := Parts(plan, trials(plan, faster(1, test.times)))[0]
		c := p.Contrasts(Goodput)[plan.Control()]
		if got := c.Excludes(Goodput); got != test.want {
			t.Errorf("the control × %v: alarm %t in %v, want %t", test.times, got, c.Interval, test.want)
		}
	}
	few := planOf(1, 3)
	p := Parts(few, trials(few, faster(1, 2)))[0]
	if c := p.Contrasts(Goodput)[1]; c.Interval != nil || c.Excludes(Goodput) {
		t.Errorf("three blocks give an interval %v, or an alarm", c.Interval)
	}
	around := stat.Contrast{Interval: &stat.Interval{Low: -0.1, High: 0.2}}
	if (Contrast{Contrast: around}).Excludes(ErrorRatio) {
		t.Error("a difference from -0.1 to 0.2 excludes none")
	}
}

func TestBest(t *testing.T) {
	slow := func(r *record.Record) { r.Load.Latency.P99 = 900 }
	for name, test := range map[string]struct {
		blocks int
		times  []float64 // by row
		slow   int       // a row that misses the objective
		want   Best
	}{
		"one is ahead": {10, []float64{1, 1, 1.5, 1.2, 1.1}, -1, Best{Row: 2, Met: true, Least: 7}},
		"two are tied": {
			10, []float64{1, 1, 1.2, 1.5, 1.5}, -1, Best{Row: 3, Tied: []int{4}, Met: true, Least: 7},
		},
		"too few blocks":            {5, []float64{1, 1, 1.5}, -1, Best{Row: 2, Met: true, Least: 7, Few: true}},
		"the fastest missed":        {10, []float64{1, 1, 3, 1.2, 1.1}, 2, Best{Row: 3, Met: true, Least: 7}},
		"the control is none":       {10, []float64{1, 3, 1.5, 1.2, 1.1}, -1, Best{Row: 2, Met: true, Least: 7}},
		"nobody has any":            {10, []float64{0, 0, 0, 0, 0}, -1, Best{Row: -1}},
		"the baseline alone has it": {10, []float64{1, 0, 0, 0, 0}, -1, Best{Row: 0, Met: true}},
	} {
		plan := planOf(3, test.blocks)
		records := trials(plan, faster(test.times...))
		for i := range records {
			if i%len(plan.Cells) == test.slow {
				slow(&records[i])
			}
		}
		p := Parts(plan, records)[0]
		got := p.Best()
		if got.Row != test.want.Row || !slices.Equal(got.Tied, test.want.Tied) || got.Met != test.want.Met ||
			got.Least != test.want.Least || got.Few != test.want.Few {
			t.Errorf("%s: %+v, want %+v", name, got, test.want)
		}
	}
	plan := planOf(3, 10)
	records := trials(plan, faster(1, 1, 2, 3, 4))
	for i := range records {
		if i%len(plan.Cells) > 0 {
			slow(&records[i])
		}
	}
	p := Parts(plan, records)[0]
	if b := p.Leader(); b.Row != 0 || !b.Met {
		t.Errorf("of those that met the objective the best is row %d; want the baseline", b.Row)
	}
	if got := p.BestOf(plan.Compared()); got != 4 {
		t.Errorf("of the others, which all missed it, the best is row %d; want 4", got)
	}
	if got := p.BestOf(nil); got != 0 {
		t.Errorf("of none the best is row %d; want 0", got)
	}
}

// Only the blocks that both have are paired, in their order.
func TestPairs(t *testing.T) {
	plan := planOf(1, 4)
	records := trials(plan, func(row, block int) float64 { return float64(10*row + block) })
	records[0].Verdict, records[0].Load = record.Invalid, nil // a in block 1
	records[5].Verdict, records[5].Load = record.Failed, nil  // b in block 2
	slices.Reverse(records)
	groups := Groups(plan, records)[0]
	x, y := Goodput.Pairs(groups[0], groups[2])
	if !slices.Equal(x, []float64{2000, 3000, 4000}) || !slices.Equal(y, []float64{0, 23000, 24000}) {
		t.Errorf("pairs %v and %v", x, y)
	}
}

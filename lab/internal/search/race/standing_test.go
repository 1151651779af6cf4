package race

import (
	"cmp"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// like is a race of cells that all cost the same.
func like(cells int) Race {
	r := Race{Cells: make([]Cell, cells), Loads: 1, Failed: 0.01, Slow: 0.01, Margin: 0.03, Noise: 0.02, Seed: 1}
	r.Budget = 100
	return r
}

// wobble is a noise that is the same in every test.
func wobble(block, cell int) float64 { return 0.01 * math.Sin(float64(7*block+3*cell)) }

// trial is one of 6,000 requests with a level of goodput.
func trial(block, cell int, level float64) Trial {
	return Trial{Block: block, Cell: cell, Goodput: 500 * level * math.Exp(wobble(block, cell)), Requests: 6000}
}

// grid measures cells of these levels in so many blocks.
func grid(blocks int, levels ...float64) []Trial {
	var trials []Trial
	for block := 1; block <= blocks; block++ {
		for cell, level := range levels {
			trials = append(trials, trial(block, cell, level))
		}
	}
	return trials
}

func TestEveryCellHasItsAnswer(t *testing.T) {
	trials := grid(4, 1, 1, 0.6)
	for block := 1; block <= 4; block++ {
		missing := trial(block, 3, 1.2) // the most of all, but half of it fails
		missing.Failed = 3000
		slow := trial(block, 4, 1.2)
		slow.Slow = 600
		failed := Trial{Block: block, Cell: 5, Hopeless: true}
		lost := trial(block, 6, 2)
		lost.Invalid = true
		cut := Trial{Block: block, Cell: 7, Requests: 500, Failed: 100}
		trials = append(trials, missing, slow, failed, lost, cut)
	}
	trials = append(trials, trial(1, 8, 1), trial(2, 9, 0.5))
	s := like(10).Judge(trials)
	want := []Answer{
		InSet, InSet, Worse, MissesSLO, MissesSLO, MissesSLO, NotMeasured, MissesSLO, FewTrials, Worse,
	}
	for i, c := range s.Cells {
		if c.Answer != want[i] {
			t.Errorf("cell %d is %q; want %q (%+v)", i, c.Answer, want[i], c)
		}
	}
	for i, n := range []int{4, 4, 4, 4, 4, 4, 0, 4, 1, 1} {
		if s.Cells[i].Trials != n {
			t.Errorf("cell %d was measured %d times; want %d", i, s.Cells[i].Trials, n)
		}
	}
	if r := s.Cells[2].Ratio; r == nil || r.Low > 0.6 || r.High < 0.6 || r.Low < 0.5 || r.High > 0.7 {
		t.Errorf("the ratio of cell 2 is %+v; want 0.6 in it, and 0.5 to 0.7", r)
	}
	if s.Cells[3].Ratio != nil {
		t.Errorf("a cell that misses the SLO has the ratio %+v; want none", s.Cells[3].Ratio)
	}
	if s.Trials != len(trials) {
		t.Errorf("%d trials; want %d", s.Trials, len(trials))
	}
}

func TestCheapestOfThoseNearTheBestIsRecommended(t *testing.T) {
	for _, c := range []struct {
		name   string
		cells  []Cell
		levels []float64
		want   int
		sure   bool
	}{
		{"fewest connections", []Cell{{100, 2}, {8, 4}, {20, 2}}, []float64{1, 1, 1}, 1, true},
		{"then fewest parts", []Cell{{8, 4}, {8, 2}, {20, 1}}, []float64{1, 1, 1}, 1, true},
		{"not the luckiest", []Cell{{100, 2}, {8, 2}}, []float64{1.005, 1}, 1, true},
		{"one that is worse, but within the margin", []Cell{{100, 2}, {8, 2}}, []float64{1.012, 1}, 1, true},
		{"not one beyond the margin", []Cell{{100, 2}, {8, 2}}, []float64{1, 0.9}, 0, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := like(len(c.cells))
			r.Cells = c.cells
			s := r.Judge(grid(9, c.levels...))
			if s.Recommended != c.want || s.Sure != c.sure || s.LeastBad {
				t.Errorf("recommended %d, sure %v, least bad %v; want %d, %v, false (%+v)",
					s.Recommended, s.Sure, s.LeastBad, c.want, c.sure, s.Cells)
			}
		})
	}
}

// Where no cell meets the SLO the one that misses it by the least is recommended, and called so.
func TestLeastBad(t *testing.T) {
	trials := grid(4, 1, 1, 1)
	for i, failed := range []int64{1200, 90, 600} {
		for k := range trials {
			if trials[k].Cell == i {
				trials[k].Failed = failed
			}
		}
	}
	s := like(3).Judge(trials)
	if s.Recommended != 1 || !s.LeastBad {
		t.Errorf("recommended %d, least bad %v; want 1, true (%+v)", s.Recommended, s.LeastBad, s.Cells)
	}
}

func TestRaceEnds(t *testing.T) {
	for _, c := range []struct {
		name   string
		trials []Trial
		noise  float64
		budget int
		want   End
	}{
		{"all are equal", grid(9, 1, 1, 1, 1), 0.02, 100, Equal},
		{"one is better", grid(4, 1, 0.7, 0.6, 0.5), 0.02, 100, Single},
		{"one is better, but hardly measured", grid(2, 1, 0.7, 0.6, 0.5), 0.02, 100, Goes},
		{"it is too noisy to tell", grid(4, 1, 0.97, 1, 0.97), 0.15, 17, Spent},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := like(4)
			r.Noise, r.Budget = c.noise, c.budget
			s := r.Judge(c.trials)
			if s.Stop != c.want || (s.Next == nil) != (c.want != Goes) {
				t.Errorf("it ends by %q, next %v; want %q (%+v)", s.Stop, s.Next, c.want, s.Cells)
			}
		})
	}
}

// Blocks become smaller, and the budget is spent to the last pair of trials.
func TestBlocks(t *testing.T) {
	for _, c := range []struct {
		cells, loads, budget int
		want                 []int // cells of each block, the control included
	}{
		{12, 1, 27, []int{12, 7, 5, 3}},
		{12, 1, 25, []int{12, 7, 5}},
		{12, 2, 50, []int{12, 7, 5}},
		{5, 1, 40, []int{5, 5, 5, 5, 5, 5, 5, 5}},
		{200, 1, 450, []int{200, 101, 51, 26, 14, 8, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5}},
	} {
		r := like(c.cells)
		r.Loads, r.Budget = c.loads, c.budget
		if err := r.Check(); err != nil {
			t.Error(err)
		}
		var sizes []int
		done := 0
		for left := c.budget / c.loads; ; {
			s := Standing{Cells: make([]Judged, c.cells)}
			var trials []Trial
			if done > 0 {
				trials = slices.Repeat([]Trial{{Block: done}}, c.budget-left*c.loads)
			}
			picks := r.next(trials, &s, r.cells())
			if picks == nil {
				break
			}
			done++
			left -= len(picks)
			sizes = append(sizes, len(picks))
		}
		if !slices.Equal(sizes, c.want) {
			t.Errorf("%d cells under %d loads with %d trials: blocks of %v; want %v",
				c.cells, c.loads, c.budget, sizes, c.want)
		}
	}
}

func TestBudgetMustReach(t *testing.T) {
	r := like(12)
	if r.Budget = 23; !errors.Is(r.Check(), ErrBudget) {
		t.Errorf("12 cells with 23 trials: %v; want %v", r.Check(), ErrBudget)
	}
	if r.Budget = 24; r.Check() != nil {
		t.Errorf("12 cells with 24 trials: %v; want none", r.Check())
	}
}

// A cell is as good as under its worst load.
func TestWorstLoadCounts(t *testing.T) {
	r := like(3)
	r.Loads = 2
	var trials []Trial
	for load, levels := range [][]float64{{1, 0.9, 0.5}, {0.5, 0.9, 1}} {
		for _, one := range grid(6, levels...) {
			one.Load = load
			trials = append(trials, one)
		}
	}
	if s := r.Judge(trials); s.Recommended != 1 || s.Cells[0].Answer != Worse || s.Cells[2].Answer != Worse {
		t.Errorf("recommended %d; want 1, and the others worse (%+v)", s.Recommended, s.Cells)
	}
}

// A cell that was measured in slow blocks only is not taken for a slow one.
func TestBlocksAreTakenOut(t *testing.T) {
	trials := slices.DeleteFunc(grid(6, 1, 0.8, 1), func(one Trial) bool { return one.Cell == 2 && one.Block <= 3 })
	for i := range trials {
		if trials[i].Block > 3 {
			trials[i].Goodput /= 2
		}
	}
	s := like(3).Judge(trials)
	if s.Cells[2].Answer != InSet || s.Cells[1].Answer != Worse {
		t.Errorf("the answers are %q and %q; want %q and %q", s.Cells[2].Answer, s.Cells[1].Answer, InSet, Worse)
	}
}

// Cells that chance has favoured fall back when they are measured again. The block is not blamed for
// it: else those that were measured once would pay.
func TestFallingBackIsNotTheBlocks(t *testing.T) {
	r := like(40)
	r.Noise = 0.06
	apart := 0.0
	const races = 10
	for seed := range uint64(races) {
		random := rand.New(rand.NewPCG(seed, 1))
		measure := func(block, cell int) Trial {
			return Trial{Block: block, Cell: cell, Goodput: 500 * math.Exp(0.06*random.NormFloat64()), Requests: 6000}
		}
		var trials []Trial
		for cell := range r.Cells {
			trials = append(trials, measure(1, cell))
		}
		best := slices.SortedFunc(slices.Values(trials), func(a, b Trial) int { return cmp.Compare(b.Goodput, a.Goodput) })
		for _, one := range best[:20] {
			trials = append(trials, measure(2, one.Cell))
		}
		effect := r.model(trials).goodput[0].effect
		apart += (effect[1] - effect[0]) / races
	}
	if math.Abs(apart) > 0.02 {
		t.Errorf("the second block is taken for %.1f%% faster; want none to be", 100*apart)
	}
}

// What the lab failed to measure is measured before the others, three times at most.
func TestLostCellsAreTriedAgain(t *testing.T) {
	trials := grid(1, 1, 1, 1, 1, 1, 1)
	trials[5].Invalid = true
	r := like(6)
	if next := r.Judge(trials).Next; len(next) == 0 || next[0] != 5 {
		t.Errorf("next are %v; want 5 first", next)
	}
	for block := 2; block <= 3; block++ {
		trials = append(trials, Trial{Block: block, Cell: 5, Invalid: true})
	}
	if next := r.Judge(trials).Next; slices.Contains(next, 5) {
		t.Errorf("next are %v; want no 5, which was tried three times", next)
	}
}

// The same trials and seed give the same standing, and are not changed.
func TestStandingIsDeterministic(t *testing.T) {
	trials := grid(2, 1, 0.95, 0.9, 0.85, 0.8)
	before := slices.Clone(trials)
	r := like(5)
	a, b := r.Judge(trials), r.Judge(trials)
	r.Seed = 2
	c := r.Judge(trials)
	for i := range a.Cells {
		if a.Cells[i].Best != b.Cells[i].Best {
			t.Errorf("cell %d is best with %v and with %v", i, a.Cells[i].Best, b.Cells[i].Best)
		}
	}
	if slices.EqualFunc(a.Cells, c.Cells, func(x, y Judged) bool { return x.Near == y.Near }) {
		t.Error("another seed draws the same")
	}
	if !slices.Equal(trials, before) {
		t.Error("the trials were changed")
	}
}

package race

import (
	"errors"
	"math"
	"slices"
	"testing"
)

// whole is a grid of synthetic cells.
func whole(t *testing.T, s *synthetic, blocks int) *Grid {
	t.Helper()
	var trials []Trial
	for block := 1; block <= blocks; block++ {
		trials = append(trials, s.measure(block, s.race.cells())...)
	}
	g, err := NewGrid(s.race, trials)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// Races over a grid's own trials find the grid's best cell, and no two take them in one order.
func TestReplayFindsTheBestOfTheGrid(t *testing.T) {
	s := made(12, 0.15, 3)
	g := whole(t, s, 9)
	if g.Truth.Best != s.truth.Best || math.Abs(g.Noise-0.06) > 0.02 {
		t.Fatalf("the grid's best is %d, its noise %.3f; want %d, and about 0.06", g.Truth.Best, g.Noise, s.truth.Best)
	}
	for i, v := range g.Truth.Goodput {
		if want := s.truth.Goodput[i]; math.IsInf(v, -1) != math.IsInf(want, -1) || v-want > 0.1 || want-v > 0.1 {
			t.Errorf("cell %d lies at %.3f; want %.3f", i, v, want)
		}
	}
	f, err := g.Replay(12, 27, g.Noise)
	if err != nil {
		t.Fatal(err)
	}
	if f.Runs != 12 || f.Covered < 11 || f.Near < 10 || f.Trials > 27 || f.Trials < 20 {
		t.Errorf("%s; want 12 races, the best in the set in 11, the recommended near it in 10, 27 trials at most", f)
	}
	one := g.measure([]int{2, 0, 1, 3, 4, 5, 6, 7, 8}, 1, []int{4, 4})
	if one[0] != g.at[key{3, 4, 0}].in(1) || one[1].Goodput == one[0].Goodput {
		t.Errorf("the first block is %+v; want the cell as it was in block 3, and its control another trial", one)
	}
}

// in is the trial as one of another block.
func (t Trial) in(block int) Trial {
	t.Block = block
	return t
}

func TestPartOfAGridIsNoGrid(t *testing.T) {
	missing := grid(4, 1, 1)
	for i := range missing {
		missing[i].Failed = 6000
	}
	part := slices.DeleteFunc(grid(4, 1, 1), func(one Trial) bool { return one.Cell == 1 && one.Block > 1 })
	for _, c := range []struct {
		name   string
		trials []Trial
	}{
		{"nothing", nil},
		{"two blocks", grid(2, 1, 1)},
		{"a part of it", part},
		{"no cell meets the SLO", missing},
	} {
		if _, err := NewGrid(like(2), c.trials); !errors.Is(err, ErrGrid) {
			t.Errorf("%s: %v; want %v", c.name, err, ErrGrid)
		}
	}
}

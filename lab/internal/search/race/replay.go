package race

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

// Figures sum up replays of a race.
type Figures struct {
	Runs    int
	Covered int     // in which the best cell was in the set
	Near    int     // in which the recommended cell was within the margin of the best
	Trials  float64 // per run, on average
	Set     float64 // cells in the set, on average
}

// Truth is what is known of the cells of a race that is replayed.
type Truth struct {
	Goodput []float64 // log of it under the worst of the loads, less the best's; −Inf: it misses the SLO
	Best    int
}

// Count takes a finished race into account.
func (f *Figures) Count(s Standing, truth Truth, margin float64) {
	n := float64(f.Runs)
	f.Runs++
	f.Trials += (float64(s.Trials) - f.Trials) / (n + 1)
	f.Set += (float64(len(s.Set)) - f.Set) / (n + 1)
	if slices.Contains(s.Set, truth.Best) {
		f.Covered++
	}
	if s.Recommended >= 0 && truth.Goodput[s.Recommended] >= -math.Log1p(margin) {
		f.Near++
	}
}

func (f Figures) String() string {
	share := func(n int) float64 { return 100 * float64(n) / float64(max(1, f.Runs)) }
	return fmt.Sprintf(
		"%d races of %.0f trials: the best cell in the set in %.1f%%, the recommended one within the margin of it in "+
			"%.1f%%; %.1f cells in the set",
		f.Runs, f.Trials, share(f.Covered), share(f.Near), f.Set,
	)
}

// Grid is a whole grid: every cell under every load in every block, as trials of its blocks 1 to
// Blocks.
type Grid struct {
	Race   Race // but for its budget, noise and seed
	Trials []Trial
	Blocks int
	Truth  Truth
	Noise  float64 // standard deviation of log goodput, that of the cells which meet the SLO

	at     map[key]Trial
	effect [][]float64 // by load, of each block
}

// key finds a trial of a grid.
type key struct{ block, cell, load int }

// ErrGrid is wrapped by the error of trials that are no whole grid.
var ErrGrid = errors.New("no grid to replay")

// NewGrid reads the truth from all trials of a grid: the best cell is that with the highest mean
// log goodput of those that meet the SLO. Trials that are missing or invalid are so in the races
// too; a grid of which more than a tenth is is none.
func NewGrid(r Race, trials []Trial) (*Grid, error) {
	g := &Grid{Race: r, Trials: trials, at: make(map[key]Trial)}
	for _, t := range trials {
		g.Blocks = max(g.Blocks, t.Block)
		if k := (key{t.Block, t.Cell, t.Load}); !t.Invalid {
			g.at[k] = t
		}
	}
	want := len(r.Cells) * r.Loads * g.Blocks
	if g.Blocks < minTrials || 10*len(g.at) < 9*want {
		return nil, fmt.Errorf("%w: %d valid trials of %d, in %d blocks; it takes 9 of 10, and %d blocks",
			ErrGrid, len(g.at), want, g.Blocks, minTrials)
	}
	m := r.model(trials)
	g.Truth = Truth{Goodput: make([]float64, len(r.Cells)), Best: -1}
	for i := range g.Truth.Goodput {
		g.Truth.Goodput[i] = math.Inf(1)
		if !m.meets[i] {
			g.Truth.Goodput[i] = math.Inf(-1)
		}
	}
	for _, f := range m.goodput {
		g.effect = append(g.effect, f.effect)
		squares, n, highest := 0.0, 0.0, math.Inf(-1)
		for i, mean := range f.mean {
			if !math.IsInf(g.Truth.Goodput[i], -1) && f.n(i) > 0 {
				squares, n, highest = squares+f.sd[i]*f.sd[i], n+1, math.Max(highest, mean)
			}
		}
		g.Noise = math.Max(g.Noise, math.Sqrt(squares/math.Max(n, 1)))
		for i, mean := range f.mean {
			g.Truth.Goodput[i] = math.Min(g.Truth.Goodput[i], mean-highest)
		}
	}
	for i, v := range g.Truth.Goodput {
		if !math.IsInf(v, -1) && !math.IsNaN(v) && (g.Truth.Best < 0 || v > g.Truth.Goodput[g.Truth.Best]) {
			g.Truth.Best = i
		}
	}
	if g.Truth.Best < 0 {
		return nil, fmt.Errorf("%w: no cell meets the SLO", ErrGrid)
	}
	highest := g.Truth.Goodput[g.Truth.Best] // under several loads no cell need be the best of each
	for i := range g.Truth.Goodput {
		g.Truth.Goodput[i] -= highest
	}
	return g, nil
}

// Replay runs so many races over the grid, each with a budget and with the noise as earlier runs
// would have told it. Race s takes the grid's blocks in an order of its own, drawn from seed s.
func (g *Grid) Replay(races, budget int, noise float64) (Figures, error) {
	var figures Figures
	for seed := range races {
		r := g.Race
		r.Budget, r.Noise, r.Seed = budget, noise, uint64(seed)
		order := rand.New(rand.NewPCG(uint64(seed), 1)).Perm(g.Blocks)
		s, _, err := r.Run(func(block int, picks []int) []Trial { return g.measure(order, block, picks) })
		if err != nil {
			return figures, err
		}
		figures.Count(s, g.Truth, r.Margin)
	}
	return figures, nil
}

// measure takes the trials of a block from the grid's. A cell's second trial in a block is that of
// a block from the other end of the order, brought to this one's level. A race of more blocks than
// the grid has begins anew.
func (g *Grid) measure(order []int, block int, picks []int) []Trial {
	here := order[(block-1)%g.Blocks] + 1
	there := order[(g.Blocks-block%g.Blocks)%g.Blocks] + 1
	if there == here {
		there = order[block%g.Blocks] + 1
	}
	var trials []Trial
	for i, cell := range picks {
		from := here
		if slices.Contains(picks[:i], cell) {
			from = there
		}
		for load := range g.Race.Loads {
			t, ok := g.at[key{from, cell, load}]
			if !ok {
				t = Trial{Cell: cell, Load: load, Invalid: true}
			}
			t.Block = block
			t.Goodput *= math.Exp(g.effect[load][here-1] - g.effect[load][from-1])
			trials = append(trials, t)
		}
	}
	return trials
}

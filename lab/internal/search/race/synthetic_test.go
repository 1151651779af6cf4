package race

import (
	"math"
	"math/rand/v2"
	"testing"
)

// synthetic is cells of which the truth is known.
type synthetic struct {
	race   Race
	truth  Truth
	noise  []float64 // by cell: of log goodput
	excess []float64 // by cell: log of its share of failed requests over the one that is allowed
	random *rand.Rand
}

// made makes cells: three of ten miss the SLO, the others lie below the best by gap on average,
// exponentially. Their noise is 6%, from cell to cell by 25% more or less, that of those which miss
// the SLO is three times that, and that of a block 8%. The cell that costs the least is any.
func made(cells int, gap float64, seed uint64) *synthetic {
	random := rand.New(rand.NewPCG(seed, 7))
	s := &synthetic{
		race: Race{
			Cells:  make([]Cell, cells),
			Loads:  1,
			Failed: 0.01,
			Slow:   0.01,
			Margin: 0.03,
			Noise:  0.06,
			Budget: cells * 9 / 4, // a quarter of a grid of nine blocks
			Seed:   seed,
		},
		truth:  Truth{Goodput: make([]float64, cells), Best: -1},
		noise:  make([]float64, cells),
		excess: make([]float64, cells),
		random: random,
	}
	for i := range cells {
		s.race.Cells[i] = Cell{Connections: 8 << random.IntN(4), Parts: 2 + random.IntN(3)}
		s.truth.Goodput[i] = -gap * random.ExpFloat64()
		s.noise[i] = 0.06 * math.Exp(0.25*random.NormFloat64())
		s.excess[i] = -0.3 - 2*random.ExpFloat64()
		if random.Float64() < 0.3 {
			s.excess[i] = 0.3 + 1.5*random.ExpFloat64()
			s.noise[i] *= 3
		} else if s.truth.Best < 0 || s.truth.Goodput[i] > s.truth.Goodput[s.truth.Best] {
			s.truth.Best = i
		}
	}
	best := s.truth.Goodput[s.truth.Best]
	for i := range cells {
		if s.truth.Goodput[i] -= best; s.excess[i] > 0 {
			s.truth.Goodput[i] = math.Inf(-1)
		}
	}
	return s
}

// measure draws the trials of a block. One of fifty is invalid, and one that is certain to miss the
// SLO is cut short at half of its requests.
func (s *synthetic) measure(block int, picks []int) []Trial {
	effect := 0.08 * s.random.NormFloat64()
	var trials []Trial
	for _, cell := range picks {
		const requests = 6000
		t := Trial{Block: block, Cell: cell, Requests: requests, Invalid: s.random.Float64() < 0.02}
		share := s.race.Failed * math.Exp(s.excess[cell]+0.4*s.random.NormFloat64())
		level := 0.0
		if !math.IsInf(s.truth.Goodput[cell], -1) {
			level = s.truth.Goodput[cell]
		}
		t.Failed = int64(math.Round(min(share, 0.99) * requests))
		t.Goodput = 500 * math.Exp(level+effect+s.noise[cell]*s.random.NormFloat64())
		if t.Failed > requests/50 {
			t.Goodput, t.Requests, t.Failed = 0, requests/2, t.Failed/2
		}
		trials = append(trials, t)
	}
	return trials
}

// simulate runs races over synthetic cells, with a noise that is believed to be so many times what
// it is.
func simulate(t *testing.T, cells, races int, gap, belief float64) Figures {
	t.Helper()
	var figures Figures
	for seed := range races {
		s := made(cells, gap, uint64(seed))
		s.race.Noise *= belief
		standing, _, err := s.race.Run(s.measure)
		if err != nil {
			t.Fatal(err)
		}
		figures.Count(standing, s.truth, s.race.Margin)
	}
	t.Logf("%d cells, gaps of %.0f%%, noise believed × %.1f: %s", cells, 100*gap, belief, figures)
	return figures
}

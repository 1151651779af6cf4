package matrix

import "math/rand/v2"

// Plan puts the spec's trials in order. Each block runs every cell once with
// every scenario that has so many blocks. The cells of a block are shuffled, and the
// scenarios of a cell follow each other, shuffled too: no cell and no scenario always
// comes after the same other. More blocks leave the earlier ones as they were. A race has the trials
// of its first block: what comes then is up to what these measure.
func (s *Spec) Plan() Plan {
	p := s.head()
	for _, f := range s.Factors {
		p.Factors = append(p.Factors, f.Name)
	}
	for _, c := range s.Cells {
		if !c.Baseline {
			continue
		}
		if p.Cells = append(p.Cells, c); s.Budget == 0 { // in a race the cell that leads has a control
			p.Cells = append(p.Cells, control(c))
		}
	}
	for _, c := range s.Cells {
		if !c.Baseline {
			p.Cells = append(p.Cells, c)
		}
	}
	if s.Budget > 0 {
		p.Trials = p.BlockOf(1, p.Cells)
		return p
	}
	for block := 1; block <= s.Blocks; block++ {
		p.Trials = append(p.Trials, p.Block(block)...)
	}
	return p
}

// head is the plan without its cells and trials.
func (s *Spec) head() Plan {
	return Plan{
		Name:      s.Name,
		Backend:   s.Backend,
		Seed:      s.Seed,
		Blocks:    s.Blocks,
		BlocksOf:  s.BlocksOf,
		Stop:      s.Stop,
		Extra:     s.Extra,
		Budget:    s.Budget,
		Scenarios: s.Scenarios,
		SLO:       s.SLO,
		Margin:    s.Margin,
		CPUs:      s.CPUs,
		Calibrate: s.Calibrate,
	}
}

// control is the A/A control: the baseline once more, as a cell of its own. The interval of
// the difference between the two is the noise band.
func control(baseline Cell) Cell {
	return Cell{
		Label:    baseline.Label + " twin=2",
		Levels:   baseline.Levels,
		Settings: baseline.Settings,
		Control:  true,
		Expect:   baseline.Expect,
	}
}

// Block returns the trials of a block in their order, which depends on the seed and
// the block's number alone. Blocks beyond Plan.Blocks have one too: they run every
// scenario, whatever it has lost.
func (p Plan) Block(block int) []Trial {
	trials := p.BlockOf(block, p.Cells)
	before := len(p.Cells) * p.perCell(block-1)
	for i := range trials {
		trials[i].N = before + i + 1
	}
	return trials
}

// BlockOf is a block of some cells, one of which may be there twice. Its trials are numbered from 1.
func (p Plan) BlockOf(block int, cells []Cell) []Trial {
	var trials []Trial
	random := rand.New(rand.NewPCG(p.Seed, uint64(block)))
	for _, c := range random.Perm(len(cells)) {
		// All scenarios are shuffled, so that those at their end leave the others' order as it is.
		for _, k := range random.Perm(len(p.Scenarios)) {
			if s := p.Scenarios[k]; block <= p.blocksOf(s) || block > p.Blocks {
				trials = append(trials, Trial{N: len(trials) + 1, Block: block, Cell: cells[c].Label, Scenario: s})
			}
		}
	}
	return trials
}

// perCell counts the trials of a cell in the first blocks.
func (p Plan) perCell(blocks int) int {
	n := 0
	for _, s := range p.Scenarios {
		n += min(blocks, p.blocksOf(s)) + max(0, blocks-p.Blocks)
	}
	return n
}

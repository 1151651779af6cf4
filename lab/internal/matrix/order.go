package matrix

import (
	"math/rand/v2"
	"time"
)

// Plan puts the spec's repetitions in order. Each block runs every cell with
// every scenario once. The cells of a block are shuffled, and the scenarios of a
// cell follow each other, shuffled too: a cell is applied once a block, yet no
// cell and no scenario always comes after the same other. The order of a block
// depends on the seed and the block's number alone, so more blocks leave the
// earlier ones as they were.
func (s *Spec) Plan() Plan {
	p := Plan{
		Name: s.Name, Seed: s.Seed, Blocks: s.Blocks,
		Scenarios: s.Scenarios, SLO: s.SLO, CPUs: s.CPUs,
	}
	for _, f := range s.Factors {
		p.Factors = append(p.Factors, f.Name)
	}
	for _, c := range s.Cells {
		if c.Baseline {
			p.Cells = append(p.Cells, c)
		}
	}
	for _, c := range s.Cells {
		if !c.Baseline {
			p.Cells = append(p.Cells, c)
		}
	}
	for block := 1; block <= s.Blocks; block++ {
		random := rand.New(rand.NewPCG(s.Seed, uint64(block)))
		for _, c := range random.Perm(len(p.Cells)) {
			for _, k := range random.Perm(len(p.Scenarios)) {
				p.Shots = append(p.Shots, Shot{
					N: len(p.Shots) + 1, Block: block, Cell: p.Cells[c].Label, Scenario: p.Scenarios[k],
				})
			}
		}
	}
	return p
}

// Nominal is how long the plan's shots last by the scenarios' own durations
// (at scale 1, by name) and a fixed cost per shot. A scenario that is not in
// durations adds the fixed cost only.
func (p Plan) Nominal(durations map[string]time.Duration, perShot time.Duration) time.Duration {
	total := time.Duration(len(p.Shots)) * perShot
	for _, s := range p.Shots {
		total += time.Duration(float64(durations[s.Scenario.Name]) * s.Scenario.Scale)
	}
	return total
}

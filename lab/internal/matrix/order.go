package matrix

import "math/rand/v2"

// Plan puts the spec's repetitions in order. Each block runs every cell with
// every scenario once. The cells of a block are shuffled, and the scenarios of a
// cell follow each other, shuffled too: no cell and no scenario always comes after
// the same other. More blocks leave the earlier ones as they were.
func (s *Spec) Plan() Plan {
	p := Plan{
		Name: s.Name, Seed: s.Seed, Blocks: s.Blocks, Stop: s.Stop, Extra: s.Extra,
		Scenarios: s.Scenarios, SLO: s.SLO, CPUs: s.CPUs,
	}
	for _, f := range s.Factors {
		p.Factors = append(p.Factors, f.Name)
	}
	for _, c := range s.Cells {
		if c.Baseline {
			p.Cells = append(p.Cells, c, twin(c))
		}
	}
	for _, c := range s.Cells {
		if !c.Baseline {
			p.Cells = append(p.Cells, c)
		}
	}
	for block := 1; block <= s.Blocks; block++ {
		p.Shots = append(p.Shots, p.Block(block)...)
	}
	return p
}

// twin is the baseline once more, as a cell of its own. The difference between the
// two is the noise floor: a smaller one between other cells is none.
func twin(baseline Cell) Cell {
	return Cell{Label: baseline.Label + " twin=2", Settings: baseline.Settings, Twin: true}
}

// Block returns the shots of a block in their order, which depends on the seed and
// the block's number alone. Blocks beyond Plan.Blocks have one too.
func (p Plan) Block(block int) []Shot {
	perBlock := len(p.Cells) * len(p.Scenarios)
	shots := make([]Shot, 0, perBlock)
	random := rand.New(rand.NewPCG(p.Seed, uint64(block)))
	for _, c := range random.Perm(len(p.Cells)) {
		for _, k := range random.Perm(len(p.Scenarios)) {
			shots = append(shots, Shot{N: (block-1)*perBlock + len(shots) + 1, Block: block, Cell: p.Cells[c].Label, Scenario: p.Scenarios[k]})
		}
	}
	return shots
}

package report

import (
	"slices"

	"stormwave/lab/internal/judge/stat"
)

// best is which cells have the best goodput of those that met the SLO, or of all
// cells if none did.
type best struct {
	row   int   // with the highest median, -1 if no cell has a goodput
	tied  []int // other rows that cannot be told from it
	met   bool  // these cells met the SLO
	least int   // blocks that it takes to tell so many cells apart
	few   bool  // there are fewer
}

// candidates are the rows with a goodput that met the SLO, or all that have one if
// none did. The twin is not among them: it is the baseline.
func (p *part) candidates() []int {
	var all, met []int
	for i, g := range p.rows {
		if v, n := g.median(goodputColumn); n == 0 || v <= 0 || !g.valid() || g.cell.Twin {
			continue
		}
		all = append(all, i)
		if g.meets(p.slo) {
			met = append(met, i)
		}
	}
	if len(met) > 0 {
		return met
	}
	return all
}

// leader finds the best row, and does not ask which are tied with it.
func (p *part) leader() best {
	b, most := best{row: -1}, 0.0
	for _, row := range p.candidates() {
		if v, _ := p.rows[row].median(goodputColumn); v > most {
			b.row, most = row, v
		}
	}
	b.met = b.row >= 0 && p.rows[b.row].meets(p.slo)
	return b
}

// findBest finds the best row, and those that are tied with it.
func (p *part) findBest(seed uint64) best {
	b, rows := p.leader(), p.candidates()
	if len(rows) < 2 {
		return b
	}
	b.least = stat.LeastBlocks(len(rows) - 1)
	b.few = len(p.blocks) < b.least
	if b.few {
		return b
	}
	m := measures[byGoodput]
	var values [][]float64
	for _, row := range rows {
		values = append(values, p.values[byGoodput][row])
	}
	for _, i := range stat.Tied(values, m.dir, m.margin(p.margin), seed) {
		if rows[i] != b.row {
			b.tied = append(b.tied, rows[i])
		}
	}
	return b
}

// mark says in a table how a row's goodput compares with the best.
func (b best) mark(row int) string {
	switch {
	case row == b.row && b.few:
		return "highest, n too small"
	case row == b.row && len(b.tied) == 0:
		return "**best**"
	case row == b.row || slices.Contains(b.tied, row):
		return "**tied for best**"
	}
	return ""
}

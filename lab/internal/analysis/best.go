package analysis

import (
	"slices"

	"stormwave/lab/internal/judge/stat"
)

// Best is which rows have the best goodput of those that met the SLO, or of all if none did.
type Best struct {
	Row   int   // with the highest median, -1 if no cell has a goodput
	Tied  []int // other rows that cannot be told from it
	Met   bool  // these cells met the SLO
	Least int   // blocks that it takes to tell so many cells apart
	Few   bool  // there are fewer
}

// Candidates are the rows with a goodput that met the SLO, or all that have one if none did. The
// A/A control is not among them: it is the baseline.
func (p *Part) Candidates() []int {
	var all, met []int
	for i, g := range p.Groups {
		if v, n := g.Median(Goodput); n == 0 || v <= 0 || !g.Valid() || g.Cell.Control {
			continue
		}
		all = append(all, i)
		if g.Meets(p.Plan.SLO) {
			met = append(met, i)
		}
	}
	if len(met) > 0 {
		return met
	}
	return all
}

// Highest is the row of some with the highest median goodput, the first of equals; -1 if none
// has any.
func (p *Part) Highest(rows []int) int {
	best, most := -1, 0.0
	for _, row := range rows {
		if v, _ := p.Groups[row].Median(Goodput); v > most {
			best, most = row, v
		}
	}
	return best
}

// Leader finds the best row, and does not ask which are tied with it.
func (p *Part) Leader() Best {
	b := Best{Row: p.Highest(p.Candidates())}
	b.Met = b.Row >= 0 && p.Groups[b.Row].Meets(p.Plan.SLO)
	return b
}

// Best finds the best row, and those that are tied with it.
func (p *Part) Best() Best {
	b, rows := p.Leader(), p.Candidates()
	if len(rows) < 2 {
		return b
	}
	b.Least = stat.MinBlocksFor(len(rows) - 1)
	b.Tied, b.Few = p.Tied(b.Row, rows)
	return b
}

// Tied lists the rows of some that cannot be told from the best of them in goodput; few says
// that there are too few blocks to tell.
func (p *Part) Tied(best int, rows []int) (tied []int, few bool) {
	if len(p.Blocks) < stat.MinBlocksFor(len(rows)-1) {
		return nil, true
	}
	values := make([][]float64, len(rows))
	for i, row := range rows {
		values[i] = p.byBlock(Goodput, row)
	}
	for _, i := range stat.Tied(values, Goodput.Better, Goodput.Margin(p.Plan.Margins()), p.Plan.Seed) {
		if rows[i] != best {
			tied = append(tied, rows[i])
		}
	}
	return tied, false
}

// BestOf is the best of some rows: of those that are candidates, or else of those with results;
// 0 if none has a goodput.
func (p *Part) BestOf(rows []int) int {
	candidates := p.Candidates()
	among := slices.DeleteFunc(slices.Clone(rows), func(row int) bool { return !slices.Contains(candidates, row) })
	if len(among) == 0 { // of these none met the SLO, but the baseline or others did
		among = slices.DeleteFunc(slices.Clone(rows), func(row int) bool { return !p.Groups[row].Valid() })
	}
	return max(0, p.Highest(among))
}

package analysis

import (
	"math"

	"stormwave/lab/internal/judge/stat"
	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/record"
)

// Misses says how often a cell and the baseline missed the objective in the same blocks.
type Misses struct {
	N        int     // blocks in which both have a result
	Baseline int     // of which the baseline missed it
	Cell     int     // of which the cell did
	P        float64 // that neither misses it more often: McNemar's exact test of the pairs
}

// Misses counts them for a row.
func (p *Part) Misses(row int) Misses {
	missed := missing(p.Plan.SLO)
	var all Misses
	only, other := 0, 0
	base, cell := p.byBlock(missed, 0), p.byBlock(missed, row)
	for i := range base {
		if math.IsNaN(base[i]) || math.IsNaN(cell[i]) {
			continue
		}
		all.N++
		switch {
		case base[i] > cell[i]:
			only++
		case base[i] < cell[i]:
			other++
		case base[i] == 1:
			all.Baseline++
			all.Cell++
		}
	}
	all.Baseline += only
	all.Cell += other
	all.P = stat.McNemar(only, other)
	return all
}

// missing is 1 of a trial that missed the objective, one in which the system failed too, and 0 of
// one that met it.
func missing(slo matrix.SLO) Measure {
	return Measure{
		Better: stat.LowerIsBetter,
		Value: func(r *record.Record) (float64, bool) {
			if tooMany, tooSlow := misses(r, slo); tooMany || tooSlow {
				return 1, true
			}
			return 0, true
		},
		Worst: new(1.0),
	}
}

// Package stop says when a run has measured enough. It is pure.
package stop

import (
	"maps"
	"slices"

	"stormwave/lab/internal/judge/stat"
	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/record"
)

// Enough reports whether the interval of every cell's goodput, as a ratio to the
// baseline's, is as narrow as the plan asks for. It never looks at what the ratio
// is, nor at a p-value: stopping when a difference shows would find one in noise.
func Enough(plan matrix.Plan, records []record.Record) bool {
	if plan.Stop == nil || len(plan.Cells) == 0 {
		return false
	}
	goodput := byBlock(records)
	baseline := plan.Cells[0].Label
	for _, scenario := range plan.Scenarios {
		for _, cell := range plan.Cells[1:] {
			ratios, _ := stat.LogRatios(paired(goodput[series{baseline, scenario}], goodput[series{cell.Label, scenario}]))
			if len(ratios) < stat.MinBlocks || !(stat.Width(ratios, plan.Seed) <= plan.Stop.Width) {
				return false
			}
		}
	}
	return true
}

// series is the repetitions of a cell under a scenario.
type series struct {
	cell     string
	scenario matrix.Scenario
}

// byBlock returns the goodput of the valid repetitions, by block: none where the system
// failed.
func byBlock(records []record.Record) map[series]map[int]float64 {
	all := make(map[series]map[int]float64)
	for _, r := range records {
		if !r.IsResult() || r.Superseded(records) {
			continue
		}
		key := series{r.Cell, matrix.Scenario{Name: r.Scenario, Scale: r.Scale}}
		if all[key] == nil {
			all[key] = make(map[int]float64)
		}
		all[key][r.Block] = 0
		if !r.HasFailed() {
			all[key][r.Block] = r.Load.GoodputRPS
		}
	}
	return all
}

// paired returns the values of the blocks that both have, in the blocks' order.
func paired(base, cell map[int]float64) (b, c []float64) {
	for _, block := range slices.Sorted(maps.Keys(base)) {
		if value, ok := cell[block]; ok {
			b, c = append(b, base[block]), append(c, value)
		}
	}
	return b, c
}

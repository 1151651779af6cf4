// Package stop says when a run has measured enough. It is pure.
package stop

import (
	"stormwave/lab/internal/analysis"
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
	for _, p := range analysis.Parts(plan, records) {
		for row := 1; row < len(p.Groups); row++ {
			ratios := p.LogRatios(0, row)
			if len(ratios) < stat.MinBlocks || !(stat.Width(ratios, plan.Seed) <= plan.Stop.Width) {
				return false
			}
		}
	}
	return true
}

// Ended says whether a run ended by the plan's rule: with whole blocks, at a look, at which the
// intervals were narrow enough. One that was interrupted there did not.
func Ended(plan matrix.Plan, records []record.Record) bool {
	blocks := len(analysis.LastAttempts(records))
	return plan.Stop.IsLook(blocks) && blocks < plan.Blocks &&
		len(analysis.Latest(records)) == blocks*len(plan.Cells)*len(plan.Scenarios) && Enough(plan, records)
}

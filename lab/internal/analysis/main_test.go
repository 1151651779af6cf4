package analysis

import (
	"fmt"

	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/record"
)

var storm = matrix.Scenario{Name: "storm", Scale: 1}

// planOf has the baseline "a", its A/A control, and the cells "b", "c", …
func planOf(cells, blocks int) matrix.Plan {
	plan := matrix.Plan{
		Seed:      1,
		Blocks:    blocks,
		Scenarios: []matrix.Scenario{storm},
		SLO:       matrix.SLO{ErrorRatio: 0.01, P99: matrix.Duration(500e6)},
		Cells:     []matrix.Cell{{Label: "a", Baseline: true}, {Label: "a twin=2", Control: true}},
	}
	for i := range cells {
		plan.Cells = append(plan.Cells, matrix.Cell{Label: string(rune('b' + i))})
	}
	return plan
}

// trials are one of each cell in each block, in which the objective was met. times is the goodput
// as a multiple of 1,000 requests per second, by the cell's row and the block.
func trials(plan matrix.Plan, times func(row, block int) float64) []record.Record {
	var records []record.Record
	for block := 1; block <= plan.Blocks; block++ {
		for row, cell := range plan.Cells {
			records = append(records, record.Record{
				N:        len(records) + 1,
				Block:    block,
				Cell:     cell.Label,
				Scenario: "storm",
				Scale:    1,
				Verdict:  record.Valid,
				Load: &record.Load{
					Requests:   1000,
					GoodputRPS: 1000 * times(row, block),
					Latency:    record.Latency{P99: 100},
				},
			})
		}
	}
	return records
}

// wobble is a little from block to block, otherwise in each cell.
func wobble(row, block int) float64 { return 1 + 0.004*float64((2*row+3*block)%5-2) }

func numbers(trials []*record.Record) string {
	var all []int
	for _, r := range trials {
		all = append(all, r.N)
	}
	return fmt.Sprint(all)
}

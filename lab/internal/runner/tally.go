package runner

import (
	"context"

	"stormwave/lab/internal/record"
	"stormwave/lab/internal/stack/exporter"
)

// tell lets the dashboards know how far the run is, an interrupted one too.
func (r *Runner) tell(ctx context.Context, records []record.Record) error {
	ctx, cancel := lasting(ctx)
	defer cancel()
	return r.Stack.Tell(ctx, exporter.Progress{Run: r.Dir.Name(), Planned: len(r.Plan.Shots), Verdicts: tally(records)})
}

// tally counts the repetitions by verdict. Those of a block that
// was shot again are left out.
func tally(records []record.Record) map[string]int {
	attempts := make(map[int]int) // the last one at each block
	for _, rec := range records {
		attempts[rec.Block] = max(attempts[rec.Block], 1, rec.Attempt)
	}
	verdicts := make(map[string]int)
	for _, v := range record.Verdicts {
		verdicts[string(v)] = 0
	}
	for _, rec := range records {
		if max(1, rec.Attempt) == attempts[rec.Block] {
			verdicts[string(rec.Verdict)]++
		}
	}
	return verdicts
}

package runner

import (
	"context"

	"stormwave/lab/internal/analysis"
	"stormwave/lab/internal/record"
	"stormwave/lab/internal/stack/exporter"
)

// tell lets the dashboards know how far the run is, an interrupted one too.
func (r *Runner) tell(ctx context.Context, records []record.Record) error {
	ctx, cancel := lasting(ctx)
	defer cancel()
	verdicts := make(map[string]int)
	for verdict, n := range analysis.Tally(records) {
		verdicts[string(verdict)] = n
	}
	return r.Stack.Tell(ctx, exporter.Progress{Run: r.Dir.Name(), Planned: r.Plan.Size(), Verdicts: verdicts})
}

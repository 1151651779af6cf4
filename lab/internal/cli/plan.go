package cli

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/record"
	"stormwave/lab/internal/runner"
)

func (l *lab) plan() *cobra.Command {
	return &cobra.Command{
		Use: "plan SPEC", Short: "Show the cells, the order and the time that a matrix would take", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			layout, err := l.layout()
			if err != nil {
				return err
			}
			_, spec, err := readSpec(layout, args[0])
			if err != nil {
				return err
			}
			plan := spec.Plan()
			out := cmd.OutOrStdout()
			fmt.Fprintf(out, "%s: %s, ", plan.Name, describe(plan))
			// k6 alone knows how long a scenario takes. The plan itself needs nothing.
			if tools, missing := l.found(cmd.Context(), layout, "k6"); missing != nil {
				fmt.Fprintf(out, "time unknown: %v\n", missing)
			} else {
				scripts := runner.NewScripts(tools.Path("k6"), scenarioDir(layout))
				eta, err := estimate(cmd.Context(), scripts, resultsDir(layout), plan, 0)
				if err != nil {
					return err
				}
				fmt.Fprintf(out, "about %s\n", eta.Round(time.Second))
			}
			for _, cell := range plan.Cells {
				kind := "        "
				switch {
				case cell.Baseline:
					kind = "baseline"
				case cell.Twin:
					kind = "twin    "
				}
				fmt.Fprintf(out, "  %s %s\n", kind, cell.Label)
			}
			for _, shot := range plan.Shots {
				fmt.Fprintf(out, "%5d  block %d  %-12s %s\n", shot.N, shot.Block, shot.Scenario, shot.Cell)
			}
			return nil
		},
	}
}

// overhead is what a shot takes besides its load, where no run has told yet: apply,
// warm up, read.
const overhead = 6 * time.Second

// estimate returns how long a plan will take, the first shots aside: by what its
// scenarios took in the runs under results, else by their own durations.
func estimate(ctx context.Context, scripts *runner.Scripts, results string, plan matrix.Plan, done int) (time.Duration, error) {
	taken := recordedTimes(results)
	var total time.Duration
	for _, shot := range plan.Shots {
		nominal, err := scripts.Nominal(ctx, plan, shot)
		if err != nil {
			return 0, err
		}
		switch t, ok := taken[shot.Scenario]; {
		case shot.N <= done:
		case ok:
			total += t
		default:
			total += nominal + overhead
		}
	}
	return total, nil
}

// recordedTimes returns the median time of a whole shot, by scenario.
func recordedTimes(results string) map[matrix.Scenario]time.Duration {
	names, err := record.Names(results)
	if err != nil {
		return nil
	}
	all := make(map[matrix.Scenario][]time.Duration)
	for _, name := range names {
		run, err := loadRun(results, name)
		if err != nil {
			continue
		}
		for _, rec := range run.Records {
			if turnaround, ok := rec.Lab["turnaround_s"]; ok {
				whole := rec.End.Sub(rec.Start) + time.Duration((turnaround+rec.Lab["warmup_s"])*float64(time.Second))
				scenario := matrix.Scenario{Name: rec.Scenario, Scale: rec.Scale}
				all[scenario] = append(all[scenario], whole)
			}
		}
	}
	medians := make(map[matrix.Scenario]time.Duration, len(all))
	for scenario, times := range all {
		slices.Sort(times)
		medians[scenario] = times[len(times)/2]
	}
	return medians
}

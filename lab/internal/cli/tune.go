package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/record"
	"stormwave/lab/internal/runner"
	"stormwave/lab/internal/search/race"
	"stormwave/lab/internal/search/tune"
	"stormwave/lab/internal/service"
)

// tuning is how many trials a race has.
type tuning struct {
	budget int           // 0: as the spec says, else a quarter of the whole grid
	within time.Duration // 0: as long as the budget takes
	replay string        // a run
	races  int
}

func (l *lab) tune() *cobra.Command {
	var with tuning
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "tune SPEC",
		Short:   "Find the best cells of a spec under the SLO with a part of the trials that every cell would take",
		Example: "  lab tune --within 45m lab/matrices/matrix.yaml",
		Args: func(cmd *cobra.Command, args []string) error {
			if with.replay != "" {
				return cobra.NoArgs(cmd, args)
			}
			return cobra.ExactArgs(1)(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			layout, err := l.layout()
			if err != nil {
				return err
			}
			if err := with.check(); err != nil {
				return usageError{err}
			}
			if with.replay != "" {
				return replay(layout, with, cmd.OutOrStdout())
			}
			text, spec, err := readSpec(layout, args[0])
			if err != nil {
				return err
			}
			budget, err := l.budget(cmd.Context(), layout, spec, with)
			if err != nil {
				return err
			}
			if text, spec, err = withBudget(layout, args[0], text, budget); err != nil {
				return err
			}
			j := job{layout: layout, spec: text, plan: spec.Plan(), begin: newRun}
			j.tellTo(cmd, asJSON)
			return l.run(cmd.Context(), j)
		},
	}
	flags := cmd.Flags()
	flags.IntVar(
		&with.budget, "budget", 0, "trials at most (default: the spec's budget, else a quarter of those of every cell)",
	)
	flags.DurationVar(&with.within, "within", 0, "as many trials as such a time has room for, such as 45m")
	flags.StringVar(&with.replay, "replay", "", "run races over the records of a run of every cell, and nothing else")
	flags.IntVar(&with.races, "races", 1000, "how many of them")
	eventsFlag(cmd, &asJSON)
	return cmd
}

// check says which flags contradict each other.
func (with tuning) check() error {
	switch {
	case with.budget < 0 || with.within < 0:
		return errors.New("--budget and --within are above 0")
	case with.budget > 0 && with.within > 0:
		return errors.New("choose one of --budget and --within")
	case with.replay != "" && with.within > 0:
		return errors.New("a replay takes no time: give it a --budget")
	case with.races < 1:
		return errors.New("--races is 1 at least")
	}
	return nil
}

// withBudget is a spec with another budget, 0 for none.
func withBudget(layout service.Layout, path string, text []byte, budget int) ([]byte, *matrix.Spec, error) {
	text, err := matrix.WithBudget(text, budget)
	if err != nil {
		return nil, nil, err
	}
	spec, err := parseSpec(layout, path, text)
	return text, spec, err
}

// budget is how many trials the race over a spec's cells has.
func (l *lab) budget(ctx context.Context, layout service.Layout, spec *matrix.Spec, with tuning) (int, error) {
	plan := spec.Plan()
	t := tune.New(plan, service.Catalog(), with.budget)
	switch {
	case with.budget > 0:
		if err := t.Race.Check(); err != nil {
			return 0, usageError{err}
		}
		return with.budget, nil
	case with.within > 0:
		return l.budgetWithin(ctx, layout, plan, with.within)
	case spec.Budget > 0:
		return spec.Budget, nil
	}
	return t.Quarter(plan.Blocks), nil
}

// budgetWithin is as many trials as a time has room for, by what trials took before. It is an error if
// these are fewer than the cells take.
func (l *lab) budgetWithin(
	ctx context.Context, layout service.Layout, plan matrix.Plan, within time.Duration,
) (int, error) {
	tools, err := l.found(ctx, layout, "k6")
	if err != nil {
		return 0, fmt.Errorf("only k6 knows how long a trial takes: %w", err)
	}
	scripts := runner.NewScripts(tools.Path("k6"), scenarioDir(layout))
	plan.Budget = 0
	eta, _, err := estimate(ctx, scripts, readHistory(resultsDir(layout), record.Host{}).medians(), plan, 0)
	if err != nil {
		return 0, err
	}
	each := eta / time.Duration(len(plan.Trials))
	budget := int(within / each)
	if least := tune.New(plan, service.Catalog(), 0).Race.Least(); budget < least {
		return 0, usageError{fmt.Errorf(
			"%s is too short: a trial takes about %s, and %d cells × %d scenarios take %d trials, %s",
			within, roughly(each), len(plan.Compared())+1, len(plan.Scenarios), least, roughly(time.Duration(least)*each),
		)}
	}
	return budget, nil
}

// replay runs races over the records of a whole grid, with the noise that earlier runs might have told
// being right, and 30% wrong both ways.
func replay(layout service.Layout, with tuning, out io.Writer) error {
	results := resultsDir(layout)
	if err := knownRun(results, with.replay); err != nil {
		return err
	}
	run, err := loadRun(results, with.replay)
	if err != nil {
		return err
	}
	t := tune.New(run.Plan, service.Catalog(), 0)
	trials, err := t.Trials(run.Records)
	if err != nil {
		return err
	}
	grid, err := race.NewGrid(t.Race, trials)
	if err != nil {
		return fmt.Errorf("replay %s: %w", with.replay, err)
	}
	budget := with.budget
	if budget == 0 {
		budget = t.Quarter(grid.Blocks)
	}
	fmt.Fprintf(out, "%s: %d cells × %d scenarios × %d blocks; the best under the SLO is %s; goodput differs by %.1f%% "+
		"from trial to trial\n", with.replay, len(t.Rows), t.Race.Loads, grid.Blocks,
		run.Plan.Cells[t.Rows[grid.Truth.Best]].Label, 100*grid.Noise)
	for _, believed := range []float64{1, 0.7, 1.3} {
		figures, err := grid.Replay(with.races, budget, believed*grid.Noise)
		if err != nil {
			return usageError{err}
		}
		fmt.Fprintf(out, "noise taken for %.1f × what it is: %s\n", believed, figures)
	}
	return nil
}

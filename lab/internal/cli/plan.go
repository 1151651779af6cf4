package cli

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"stormwave/lab/backends"
	"stormwave/lab/internal/analysis"
	"stormwave/lab/internal/backend"
	"stormwave/lab/internal/judge/stat"
	"stormwave/lab/internal/judge/stop"
	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/measure/host"
	"stormwave/lab/internal/measure/load"
	"stormwave/lab/internal/record"
	"stormwave/lab/internal/runner"
	"stormwave/lab/internal/service"
	"stormwave/lab/internal/stack/toolchain"
)

func (l *lab) plan() *cobra.Command {
	var order bool
	cmd := &cobra.Command{
		Use:     "plan SPEC",
		Short:   "Show the cells and the time that a matrix would take, and what it could not tell",
		Example: "  lab plan lab/matrices/matrix.yaml",
		Args:    cobra.ExactArgs(1),
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
			for _, cell := range plan.Cells {
				kind := "        "
				switch {
				case cell.Baseline:
					kind = "baseline"
				case cell.Control:
					kind = "control "
				}
				fmt.Fprintf(out, "  %s %s\n", kind, cell.Label)
			}
			if order {
				for _, trial := range plan.Trials {
					fmt.Fprintf(out, "%5d  block %d  %-12s %s\n", trial.N, trial.Block, trial.Scenario, trial.Cell)
				}
			}
			// k6 alone knows how long a scenario takes. The plan itself needs nothing.
			m := means{layout: layout}
			if m.backend, err = backends.Find(layout.Root, plan.Backend); err != nil {
				return err
			}
			if m.tools, m.missing = l.found(cmd.Context(), layout, "k6"); m.missing == nil {
				m.scripts = runner.NewScripts(m.tools.Path("k6"), scenarioDir(layout, m.backend))
			}
			_, err = foretell(cmd.Context(), out, plan, 0, m)
			return err
		},
	}
	cmd.Flags().BoolVar(&order, "order", false, "show every trial, in the order of the plan")
	return cmd
}

// means is what a plan is foretold with.
type means struct {
	layout  service.Layout
	backend *backend.Backend
	tools   toolchain.Set
	scripts *runner.Scripts // nil where k6 is missing
	missing error           // that it is
}

// foretell prints what speaks against a plan and what its blocks can tell, and then its
// size and how long it will take, the first trials aside. It returns that time, 0 where it
// is not known.
func foretell(ctx context.Context, out io.Writer, plan matrix.Plan, done int, m means) (time.Duration, error) {
	// An error is about the repository: the machine is told all the same.
	here, _ := host.Read(ctx, m.layout.Root, m.tools)
	earlier := readHistory(resultsDir(m.layout), here)
	var eta time.Duration
	var loads []offer
	if m.missing == nil {
		var err error
		if eta, loads, err = estimate(ctx, m.scripts, earlier.medians(), plan, done); err != nil {
			return 0, err
		}
	}
	known, unchecked := knownNames(ctx, m, plan)
	warnings := slices.Concat(stop.Warn(plan), plan.WarnOfIdle(service.Catalog(m.backend)), plan.WarnOfUnknown(known),
		refusedValues(ctx, m.tools.Path("postgres"), plan, known[matrix.PostgresPrefix]),
		warnOfLoad(plan, loads, earlier.peak, here.Cores))
	for _, text := range warnings {
		fmt.Fprintf(out, "warning: %s\n", text)
	}
	for _, text := range slices.Concat(unchecked, stop.Reach(plan, earlier.noise, earlier.elsewhere)) {
		fmt.Fprintf(out, "note: %s\n", text)
	}
	if m.missing != nil {
		fmt.Fprintf(out, "%s: %s, time unknown: %v\n", plan.Name, describe(plan), m.missing)
		return 0, nil
	}
	if len(plan.Calibrate) > 0 && plan.Calibration == nil {
		eta += runner.CalibrateLimit
	}
	tellLoads(out, plan)
	fmt.Fprintf(out, "%s: %s, about %s\n", plan.Name, describe(plan), roughly(eta))
	return eta, nil
}

// tellLoads says how the loads of a plan are scaled to the machine.
func tellLoads(out io.Writer, plan matrix.Plan) {
	for _, s := range plan.Scenarios {
		if scale := plan.Scale(s); scale != "" {
			fmt.Fprintf(out, "note: %s: %s\n", s, scale)
		}
	}
}

// roughly writes a time as a person would, who knows that it is an estimate: 45 s, 12 min,
// 5 h 50 min, 31 h.
func roughly(d time.Duration) string {
	switch minutes := int(d.Round(time.Minute).Minutes()); {
	case d < 90*time.Second:
		return fmt.Sprintf("%d s", int(d.Round(5*time.Second).Seconds()))
	case minutes < 60:
		return fmt.Sprintf("%d min", minutes)
	}
	tens := int((d + 5*time.Minute) / (10 * time.Minute))
	switch hours, rest := tens/6, 10*(tens%6); {
	case hours >= 24:
		return fmt.Sprintf("%d h", int(d.Round(time.Hour).Hours()))
	case rest == 0:
		return fmt.Sprintf("%d h", hours)
	default:
		return fmt.Sprintf("%d h %d min", hours, rest)
	}
}

// overhead is what a trial takes besides its load, where no run has told yet: apply,
// warm up, read.
const overhead = 6 * time.Second

// offer is a load of a plan, as k6 understands its script.
type offer struct {
	scenario matrix.Scenario
	script   load.Script
}

// estimate returns how long a plan will take, the first trials aside: by what its
// scenarios took before, else by their own durations. It returns each load of the plan
// besides, in the order in which they come up.
func estimate(
	ctx context.Context, scripts *runner.Scripts, taken map[matrix.Scenario]time.Duration, plan matrix.Plan, done int,
) (total time.Duration, loads []offer, err error) {
	type key struct{ scenario, cell string }
	seen := make(map[key]bool)
	var whole time.Duration
	for _, trial := range plan.Trials {
		script, err := scripts.Of(ctx, plan, trial)
		if err != nil {
			return 0, nil, err
		}
		if k := (key{trial.Scenario.String(), trial.Cell}); !seen[k] {
			seen[k] = true
			loads = append(loads, offer{trial.Scenario, script})
		}
		t, ok := taken[trial.Scenario]
		if !ok {
			t = script.Nominal + overhead
		}
		if whole += t; trial.N > done {
			total += t
		}
	}
	if plan.Budget > 0 { // the first block is known, and the others are like it
		total = whole * time.Duration(max(0, plan.Budget-done)) / time.Duration(len(plan.Trials))
	}
	return total, loads, nil
}

// history is what the runs under results tell of one to come.
type history struct {
	times map[matrix.Scenario][]float64 // of whole trials, seconds
	// Of runs on other machines:
	elsewhere stop.History
	// Of runs on this machine:
	noise stop.History
	peak  float64 // most requests per second that k6 has sent, over a second; 0: none was recorded
}

// readHistory reads the runs under results; one that cannot be read is left out. here is
// this machine: a run names none, so what has the same CPU and as many cores counts as it.
func readHistory(results string, here record.Host) history {
	h := history{
		times:     make(map[matrix.Scenario][]float64),
		noise:     make(stop.History),
		elsewhere: make(stop.History),
	}
	names, err := record.Names(results)
	if err != nil {
		return h
	}
	for _, name := range names {
		run, err := loadRun(results, name)
		if err != nil {
			continue
		}
		for _, rec := range run.Records {
			if turnaround, ok := rec.Lab["turnaround_s"]; ok {
				whole := rec.End.Sub(rec.Start).Seconds() + turnaround + rec.Lab["warmup_s"]
				scenario := analysis.ScenarioOf(&rec)
				h.times[scenario] = append(h.times[scenario], whole)
			}
		}
		if run.Host.CPUModel != here.CPUModel || run.Host.Cores != here.Cores {
			h.elsewhere.Add(run.Plan, run.Records)
			continue
		}
		h.noise.Add(run.Plan, run.Records)
		for _, rec := range run.Records {
			if rec.Load != nil && rec.Load.RPSPeak != nil {
				h.peak = max(h.peak, *rec.Load.RPSPeak)
			}
		}
	}
	return h
}

// medians are the median times of a whole trial, by scenario.
func (h history) medians() map[matrix.Scenario]time.Duration {
	medians := make(map[matrix.Scenario]time.Duration, len(h.times))
	for scenario, times := range h.times {
		medians[scenario] = time.Duration(stat.Median(times) * float64(time.Second))
	}
	return medians
}

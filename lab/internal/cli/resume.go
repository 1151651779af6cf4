package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/measure/host"
	"stormwave/lab/internal/record"
	"stormwave/lab/internal/service"
)

func (l *lab) resume() *cobra.Command {
	var force, asJSON bool
	cmd := &cobra.Command{
		Use:     "resume RUN",
		Short:   "Go on with an interrupted run",
		Example: "  lab resume 2026-11-27T0304Z-study",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			layout, err := l.layout()
			if err != nil {
				return err
			}
			j, err := openRun(layout, args[0])
			if err != nil {
				return err
			}
			j.tellTo(cmd, asJSON)
			j.begin = func(ctx context.Context, j *job) error { return goOn(ctx, j, force) }
			return l.run(cmd.Context(), j)
		},
	}
	cmd.Flags().BoolVar(&force, "force", false, "go on although something has changed; the report says so")
	eventsFlag(cmd, &asJSON)
	return cmd
}

// planOf reads what a run was to do, and on what.
func planOf(layout service.Layout, name string) (job, error) {
	results := resultsDir(layout)
	if err := knownRun(results, name); err != nil {
		return job{}, err
	}
	dir, run, err := loadHead(results, name)
	if err != nil {
		return job{}, err
	}
	return job{layout: layout, dir: dir, plan: run.Plan, host: run.Host, spec: run.Spec}, nil
}

// openRun reads an interrupted run back. A torn last line of its records is cut off.
func openRun(layout service.Layout, name string) (job, error) {
	j, err := planOf(layout, name)
	if err != nil {
		return job{}, err
	}
	dir := j.dir
	there, err := inventory(layout, j.plan.Backend)
	if err != nil {
		return job{}, err
	}
	if there.Missing != nil {
		return job{}, usageError{fmt.Errorf("find the backend %s: %w", j.plan.Backend, there.Missing)}
	}
	if err := j.plan.Runnable(there); err != nil {
		return job{}, usageError{fmt.Errorf("%s cannot be carried out; nothing was started:\n%w", dir.Plan(), err)}
	}
	if _, err := os.Stat(dir.Records()); err != nil {
		return j, nil // interrupted before its first trial was recorded
	}
	if _, err := record.Recover(dir.Records()); err != nil {
		return job{}, err
	}
	j.earlier, err = record.Read(dir.Records())
	return j, err
}

// goOn claims the stack for the rest of a run, unless something has changed that
// would make its second half another experiment than its first.
func goOn(ctx context.Context, j *job, force bool) error {
	now, err := describeHost(ctx, *j)
	if err != nil {
		return err
	}
	changes := host.Changes(j.host, now)
	if had, err := record.ReadFile(j.dir.Manifest()); err == nil && !bytes.Equal(had, j.backend.Source) {
		changes = append(changes, "the manifest of the backend is another")
	}
	asked := j.plan
	asked.Calibration = nil // was found on the way
	if spec, err := parseSpec(j.layout, j.dir.Spec(), j.spec); err != nil || !samePlan(spec.Plan(), asked) {
		changes = append(changes, "the spec no longer gives the plan")
	}
	if len(changes) > 0 && !force {
		return fmt.Errorf("resume %s: since it began\n  %s\nbring that back, begin a new run, or go on all the same with "+
			"--force, which is recorded",
			j.dir.Name(), strings.Join(changes, "\n  "))
	}
	j.host.Forced = append(j.host.Forced, changes...)
	return j.client.Begin(ctx, j.dir.Name(), j.plan.Size(), j.eta)
}

// samePlan compares plans as they are written down.
func samePlan(a, b matrix.Plan) bool {
	one, errA := json.Marshal(a)
	other, errB := json.Marshal(b)
	return errA == nil && errB == nil && bytes.Equal(one, other)
}

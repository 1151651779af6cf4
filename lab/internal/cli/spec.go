package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"stormwave/lab/internal/judge/diagnose"
	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/measure/host"
	"stormwave/lab/internal/measure/load"
	"stormwave/lab/internal/record"
	"stormwave/lab/internal/service"
	"stormwave/lab/internal/stack/proc"
)

func (l *lab) runSpec() *cobra.Command {
	var asJSON, everyCell bool
	cmd := &cobra.Command{
		Use:     "run SPEC",
		Aliases: []string{"matrix"}, // as it was called
		Short:   "Run the trials of a spec, and write the report",
		Example: "  lab run lab/matrices/quick.yaml",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			layout, err := l.layout()
			if err != nil {
				return err
			}
			text, spec, err := readSpec(layout, args[0])
			if err != nil {
				return err
			}
			if everyCell {
				if text, spec, err = withBudget(layout, args[0], text, 0); err != nil {
					return err
				}
			}
			j := job{layout: layout, spec: text, plan: spec.Plan(), begin: newRun}
			j.tellTo(cmd, asJSON)
			return l.run(cmd.Context(), j)
		},
	}
	cmd.Flags().BoolVar(&everyCell, "every-cell", false, "run every cell in every block, whatever budget the spec has")
	eventsFlag(cmd, &asJSON)
	return cmd
}

func scenarioDir(layout service.Layout) string { return filepath.Join(layout.Root, "scenarios") }

func resultsDir(layout service.Layout) string { return filepath.Join(layout.Root, "results") }

// readSpec reads and checks a spec. Its mistakes are wrong usage: nothing was started.
func readSpec(layout service.Layout, path string) ([]byte, *matrix.Spec, error) {
	text, err := readLimited(path, matrix.MaxBytes+1)
	if err != nil {
		return nil, nil, usageError{fmt.Errorf("read spec: %w", err)}
	}
	spec, err := parseSpec(layout, path, text)
	return text, spec, err
}

// readLimited reads no more than so many bytes of a file, which may have no end.
func readLimited(path string, most int64) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	return io.ReadAll(io.LimitReader(file, most))
}

func parseSpec(layout service.Layout, path string, text []byte) (*matrix.Spec, error) {
	there, err := inventory(layout)
	if err != nil {
		return nil, err
	}
	spec, err := matrix.Parse(text, there)
	var diagnostics matrix.Diagnostics
	if errors.As(err, &diagnostics) {
		return nil, usageError{fmt.Errorf("%s cannot be run; nothing was started:\n%w", path, diagnostics)}
	}
	if err != nil {
		return nil, usageError{fmt.Errorf("read spec %s: %w", path, err)}
	}
	return spec, nil
}

// inventory is what a spec can name that is to be run here.
func inventory(layout service.Layout) (matrix.Inventory, error) {
	scenarios, err := load.List(scenarioDir(layout))
	if err != nil {
		return matrix.Inventory{}, err
	}
	there := service.Inventory(scenarios...)
	there.Causes = diagnose.Names(there.Services)
	there.CPUs, err = proc.CPUs()
	return there, err
}

// newRun makes the directory of a run that has not been before, and writes down
// what will be done, and on what.
func newRun(ctx context.Context, j *job) error {
	dir, err := newDir(resultsDir(j.layout), j.plan.Name)
	if err != nil {
		return err
	}
	j.dir = dir
	if err := j.client.Begin(ctx, dir.Name(), j.plan.Size(), j.eta); err != nil {
		return errors.Join(err, os.Remove(dir.Path())) // nothing is in it yet
	}
	if j.host, err = describeHost(ctx, *j); err != nil {
		return err
	}
	j.host.Lab = figuresOf(j.status)
	return errors.Join(
		record.WriteFile(dir.Spec(), j.spec),
		record.WriteJSON(dir.Plan(), j.plan),
		record.WriteJSON(dir.Host(), j.host),
	)
}

func newDir(results, spec string) (record.Dir, error) {
	if err := os.MkdirAll(results, 0o755); err != nil {
		return record.Dir{}, fmt.Errorf("make results directory: %w", err)
	}
	now := time.Now()
	for n := 1; n < 100; n++ {
		name := record.NewName(now, spec)
		if n > 1 {
			name = fmt.Sprintf("%s-%d", name, n) // another one in this minute
		}
		dir, err := record.NewDir(results, name)
		if err != nil {
			return record.Dir{}, err
		}
		err = os.Mkdir(dir.Path(), 0o755)
		if err == nil {
			return dir, nil
		}
		if !errors.Is(err, os.ErrExist) {
			return record.Dir{}, fmt.Errorf("make directory of the run: %w", err)
		}
	}
	return record.Dir{}, errors.New("make directory of the run: too many in this minute")
}

// describeHost tells what the run is made on and with.
func describeHost(ctx context.Context, j job) (record.Host, error) {
	info, err := host.Read(ctx, j.layout.Root, j.tools)
	if err != nil {
		return info, err
	}
	info.OpenFiles = j.status.OpenFiles
	info.Fingerprint, err = host.Fingerprint(j.layout.Bin("lab"), j.layout.Backend(""), scenarioDir(j.layout))
	return info, err
}

package cli

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"runtime/debug"

	"github.com/spf13/cobra"

	"stormwave/lab/internal/judge/knee"
	"stormwave/lab/internal/record"
	"stormwave/lab/internal/report"
	"stormwave/lab/internal/stack"
)

func (l *lab) report() *cobra.Command {
	return &cobra.Command{
		Use: "report RUN", Short: "Make a run's report anew from its records", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			layout, err := l.layout()
			if err != nil {
				return err
			}
			if err := knownRun(resultsDir(layout), args[0]); err != nil {
				return err
			}
			return writeReport(layout, args[0], cmd.OutOrStdout())
		},
	}
}

// writeReport writes the report of a run and the index of all runs, and a summary
// for the terminal. It reads the run from its files, as verify does: what a process
// may know beyond them has no way into the report.
func writeReport(layout stack.Layout, name string, out io.Writer) error {
	defer frugal()()
	results := resultsDir(layout)
	run, err := loadRun(results, name)
	if err != nil {
		return err
	}
	analysis, err := report.Analyze(run)
	if err != nil {
		return err
	}
	files := analysis.Files()
	if files[indexName], err = index(results, run); err != nil {
		return err
	}
	for name, content := range files {
		if err := record.WriteBelow(results, name, content); err != nil {
			return err
		}
	}
	fmt.Fprint(out, analysis.Terminal())
	dir, err := record.NewDir(results, name)
	if err != nil {
		return err
	}
	path, err := filepath.Rel(layout.Root, dir.Report())
	if err != nil {
		path = dir.Report()
	}
	fmt.Fprintf(out, "report: %s\n", path)
	return nil
}

// frugal lets the collector run more often when much memory is in use, and returns
// what ends that. So 10,000 records are read and reported on in less than 200 MB.
func frugal() func() {
	const enough = 150 << 20
	before := debug.SetMemoryLimit(-1)
	debug.SetMemoryLimit(min(before, enough))
	return func() { debug.SetMemoryLimit(before) }
}

// loadRun reads a run back from its files.
func loadRun(results, name string) (report.Run, error) {
	dir, err := record.NewDir(results, name)
	if err != nil {
		return report.Run{}, err
	}
	run := report.Run{Name: name}
	if err := record.ReadJSON(dir.Plan(), &run.Plan); err != nil {
		return report.Run{}, err
	}
	if err := record.ReadJSON(dir.Host(), &run.Host); err != nil {
		return report.Run{}, err
	}
	if run.Spec, err = record.ReadFile(dir.Spec()); err != nil {
		return report.Run{}, fmt.Errorf("read spec of the run: %w", err)
	}
	run.Records, err = record.Read(dir.Records())
	var torn *record.TornError
	if errors.As(err, &torn) {
		err = nil // what is whole counts
	}
	run.Curves = loadCurves(dir, run.Records)
	return run, err
}

// loadCurves reads the curves that reports need: of loads that rise in steps. What
// cannot be read is left out, and the report says so.
func loadCurves(dir record.Dir, records []record.Record) map[int]record.Series {
	curves := make(map[int]record.Series)
	for i := range records {
		if !knee.Rises(&records[i]) {
			continue
		}
		series, err := record.ReadSeries(dir.Series(records[i].N))
		if err != nil {
			continue
		}
		kept := record.Series{Start: series.Start, Step: series.Step, Curves: make(map[string][]*float64)}
		for _, name := range knee.Curves {
			kept.Curves[name] = series.Curves[name]
		}
		curves[records[i].N] = kept
	}
	return curves
}

package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"stormwave/lab/internal/judge/knee"
	"stormwave/lab/internal/record"
	"stormwave/lab/internal/report"
	"stormwave/lab/internal/service"
)

func (l *lab) report() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "report RUN",
		Short:   "Make a run's report anew from its records",
		Example: "  lab report 2026-11-27T0304Z-study",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			layout, err := l.layout()
			if err != nil {
				return err
			}
			if err := knownRun(resultsDir(layout), args[0]); err != nil {
				return err
			}
			return writeReport(layout, args[0], asJSON, cmd.OutOrStdout())
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "for programs: the card, and the cells of each scenario")
	return cmd
}

// writeReport writes the report of a run and the index of all runs, and a summary
// for the terminal, or for programs. It reads the run from its files, as verify does: what a process
// may know beyond them has no way into the report.
func writeReport(layout service.Layout, name string, asJSON bool, out io.Writer) error {
	defer limitMemory()()
	results := resultsDir(layout)
	run, err := loadWhole(results, name)
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
	dir, err := record.NewDir(results, name)
	if err != nil {
		return err
	}
	if err := dropStale(results, dir, files); err != nil {
		return err
	}
	if asJSON {
		text, err := analysis.JSON()
		if err == nil {
			_, err = out.Write(text)
		}
		return err
	}
	fmt.Fprint(out, analysis.Terminal())
	path, err := filepath.Rel(layout.Root, dir.Report())
	if err != nil {
		path = dir.Report()
	}
	fmt.Fprintf(out, "report: %s\n", path)
	return nil
}

// dropStale removes the plots and the spec of an earlier report that this one does not have. Like
// all that writes there, it follows no link out of the results directory.
func dropStale(results string, dir record.Dir, files map[string][]byte) (err error) {
	root, err := os.OpenRoot(results)
	if err != nil {
		return fmt.Errorf("open results: %w", err)
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	plots := path.Join(dir.Name(), filepath.Base(dir.Plots()))
	entries, err := fs.ReadDir(root.FS(), plots)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("list plots: %w", err)
	}
	stale := []string{path.Join(dir.Name(), filepath.Base(dir.Next()))}
	for _, e := range entries {
		if path.Ext(e.Name()) == ".svg" {
			stale = append(stale, path.Join(plots, e.Name()))
		}
	}
	for _, name := range stale {
		if _, made := files[name]; made {
			continue
		}
		if err := root.Remove(filepath.FromSlash(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove what the report no longer has: %w", err)
		}
	}
	return nil
}

// limitMemory lets the collector run more often when much memory is in use, and returns
// what ends that. So 10,000 records are read and reported on in less than 200 MB.
func limitMemory() func() {
	const enough = 150 << 20
	before := debug.SetMemoryLimit(-1)
	debug.SetMemoryLimit(min(before, enough))
	return func() { debug.SetMemoryLimit(before) }
}

// loadWhole reads a run back from its files, with the curves that its report draws.
func loadWhole(results, name string) (report.Run, error) {
	run, err := loadRun(results, name)
	if err != nil {
		return run, err
	}
	dir, err := record.NewDir(results, name)
	if err != nil {
		return run, err
	}
	run.Curves = loadCurves(dir, run)
	return run, nil
}

// loadRun reads a run back from its files, but for its curves.
func loadRun(results, name string) (report.Run, error) {
	dir, run, err := loadHead(results, name)
	if err != nil {
		return report.Run{}, err
	}
	run.Records, err = record.Read(dir.Records())
	var torn *record.TornError
	if errors.As(err, &torn) {
		err = nil // what is whole counts
	}
	return run, err
}

// loadHead reads what a run was to do, and on what.
func loadHead(results, name string) (record.Dir, report.Run, error) {
	run := report.Run{Name: name, Services: service.Catalog()}
	dir, err := record.NewDir(results, name)
	if err != nil {
		return dir, run, err
	}
	if err := record.ReadJSON(dir.Plan(), &run.Plan); err != nil {
		return dir, run, err
	}
	if err := record.ReadJSON(dir.Host(), &run.Host); err != nil {
		return dir, run, err
	}
	if run.Spec, err = record.ReadFile(dir.Spec()); err != nil {
		return dir, run, fmt.Errorf("read spec of the run: %w", err)
	}
	if err := run.Plan.SetLevels(run.Spec); err != nil {
		const not = "%s is not the spec of the plan beside it: %w; bring it back as it was written"
		return dir, run, fmt.Errorf(not, dir.Spec(), err)
	}
	return dir, run, nil
}

// loadCurves reads the curves that reports need: of loads that rise in steps, and of the
// trials that are drawn. What cannot be read is left out, and the report says so.
func loadCurves(dir record.Dir, run report.Run) map[int]record.Series {
	wanted := make(map[int][]string)
	for i := range run.Records {
		if knee.Rises(&run.Records[i]) {
			wanted[run.Records[i].N] = knee.Curves
		}
	}
	for _, n := range report.Drawn(run.Plan, run.Records) {
		wanted[n] = report.Curves // which hold those of the saturation
	}
	numbers := slices.Sorted(maps.Keys(wanted))
	read := make([]*record.Series, len(numbers))
	group := errgroup.Group{} // to wait for; what cannot be read is no error
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, n := range numbers {
		group.Go(func() error {
			series, err := record.ReadSeries(dir.Series(n))
			if err != nil {
				return nil
			}
			kept := record.Series{Start: series.Start, Step: series.Step, Curves: make(map[string][]*float64)}
			for _, name := range wanted[n] {
				kept.Curves[name] = series.Curves[name]
			}
			read[i] = &kept
			return nil
		})
	}
	_ = group.Wait()
	curves := make(map[int]record.Series)
	for i, n := range numbers {
		if read[i] != nil {
			curves[n] = *read[i]
		}
	}
	return curves
}

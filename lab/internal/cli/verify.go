package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"stormwave/lab/internal/record"
	"stormwave/lab/internal/report"
)

func (l *lab) verify() *cobra.Command {
	return &cobra.Command{
		Use:     "verify RUN",
		Short:   "Fail unless a run's report is what its records make, byte for byte",
		Example: "  lab verify 2026-11-27T0304Z-study",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			layout, err := l.layout()
			if err != nil {
				return err
			}
			results, name := resultsDir(layout), args[0]
			if err := knownRun(results, name); err != nil {
				return err
			}
			n, err := verify(results, name)
			if err != nil {
				return fmt.Errorf("%w\nto make it anew: lab report %s", err, name)
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s: %d files are what the records make\n", name, n)
			return nil
		},
	}
}

// verify makes the report of a run and compares it with its files. It returns how
// many these are.
func verify(results, name string) (int, error) {
	defer limitMemory()()
	run, err := loadWhole(results, name)
	if err != nil {
		return 0, err
	}
	built, err := report.Build(run)
	if err != nil {
		return 0, err
	}
	if built[indexName], err = index(results, run); err != nil {
		return 0, err
	}
	there, err := reportFiles(results, name)
	if err != nil {
		return 0, err
	}
	if err := report.Verify(built, there); err != nil {
		return 0, fmt.Errorf("%s/%w", filepath.Base(results), err)
	}
	return len(built), nil
}

// reportFiles reads every file of a run that a report could have made, by name below
// results/: all but what the run itself has recorded.
func reportFiles(results, name string) (map[string][]byte, error) {
	dir, err := record.NewDir(results, name)
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	read := func(path string) error {
		content, err := record.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil // Verify misses it
		}
		if err != nil {
			return fmt.Errorf("read report: %w", err)
		}
		below, err := filepath.Rel(results, path)
		files[filepath.ToSlash(below)] = content
		return err
	}
	recorded := []string{
		dir.Spec(), dir.Manifest(), dir.Plan(), dir.Host(), dir.Records(), filepath.Dir(dir.Series(1)), dir.TSDB(),
	}
	err = filepath.WalkDir(dir.Path(), func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return fmt.Errorf("read report: %w", err)
		case slices.Contains(recorded, path) && entry.IsDir():
			return fs.SkipDir
		case slices.Contains(recorded, path) || entry.IsDir():
			return nil
		}
		return read(path)
	})
	return files, errors.Join(err, read(dir.Report()), read(record.Index(results)))
}

package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"stormwave/lab/internal/record"
	"stormwave/lab/internal/report"
)

// knownRun is a usage error unless there is a run of that name.
func knownRun(results, name string) error {
	names, err := record.Names(results)
	if err != nil {
		return err
	}
	if slices.Contains(names, name) {
		return nil
	}
	if len(names) == 0 {
		return usageError{fmt.Errorf("no run is called %q, and there is none yet; make one: lab matrix lab/matrices/quick.yaml", name)}
	}
	return usageError{fmt.Errorf("no run is called %q; there are: %s", name, strings.Join(names, ", "))}
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
	if run.Spec, err = os.ReadFile(dir.Spec()); err != nil {
		return report.Run{}, fmt.Errorf("read spec of the run: %w", err)
	}
	run.Records, err = record.Read(dir.Records())
	var torn *record.TornError
	if errors.As(err, &torn) {
		err = nil // what is whole counts
	}
	return run, err
}

// writeIndex writes results/README.md, the list of all runs that can be read.
func writeIndex(results string) error {
	names, err := record.Names(results)
	if err != nil {
		return err
	}
	var summaries []report.Summary
	for _, name := range names {
		if run, err := loadRun(results, name); err == nil {
			summaries = append(summaries, report.Summarize(run))
		}
	}
	return record.WriteFile(record.Index(results), report.Index(summaries))
}

// writeReport writes the report of a run, the index of all runs, and a summary for
// the terminal.
func writeReport(j job, records []record.Record) error {
	run := report.Run{Name: j.dir.Name(), Plan: j.plan, Host: j.host, Records: records, Spec: j.spec}
	files, err := report.Build(run)
	if err != nil {
		return err
	}
	for name, content := range files {
		if err := record.WriteFile(filepath.Join(resultsDir(j.layout), name), content); err != nil {
			return err
		}
	}
	if err := writeIndex(resultsDir(j.layout)); err != nil {
		return err
	}
	fmt.Fprint(j.out, report.Terminal(run))
	path, err := filepath.Rel(j.layout.Root, j.dir.Report())
	if err != nil {
		path = j.dir.Report()
	}
	fmt.Fprintf(j.out, "report: %s\n", path)
	return nil
}

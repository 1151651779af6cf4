package cli

import (
	"errors"
	"fmt"
	"os"

	"stormwave/lab/internal/record"
	"stormwave/lab/internal/report"
)

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

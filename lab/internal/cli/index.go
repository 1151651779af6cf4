package cli

import (
	"fmt"
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
		return usageError{
			fmt.Errorf("no run is called %q, and there is none yet; make one: lab run lab/matrices/quick.yaml", name),
		}
	}
	return usageError{fmt.Errorf("no run is called %q; there are: %s", name, strings.Join(names, ", "))}
}

// indexName is the index' name below results/.
var indexName = filepath.Base(record.Index(""))

// index makes results/README.md, the list of all runs that can be read. One of them
// is read already.
func index(results string, known report.Run) ([]byte, error) {
	names, err := record.Names(results)
	if err != nil {
		return nil, err
	}
	var summaries []report.Summary
	for _, name := range names {
		run := known
		if name != known.Name {
			if run, err = loadRun(results, name); err != nil {
				continue
			}
		}
		if s, err := report.Summarize(run); err == nil {
			summaries = append(summaries, s)
		}
	}
	return report.Index(summaries), nil
}

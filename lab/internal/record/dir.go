package record

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"time"
)

var runName = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}T\d{4}Z-[a-z0-9][a-z0-9-]{0,63}$`)

// NewName names a run after its start, in UTC to the minute, and its spec:
// 2026-11-23T0915Z-quick.
func NewName(t time.Time, spec string) string {
	return t.UTC().Format("2006-01-02T1504Z") + "-" + spec
}

// ValidName says whether a name is one that NewName could have given. Such a name
// is a single path element.
func ValidName(name string) bool { return runName.MatchString(name) }

// Dir is where the files of a run lie.
type Dir struct{ results, name string }

// NewDir returns the places of a run under the results directory. It touches
// nothing; a name that is not a run's is an error.
func NewDir(results, name string) (Dir, error) {
	if !ValidName(name) {
		return Dir{}, fmt.Errorf("run %q: a run is named like 2026-11-23T0915Z-quick", name)
	}
	return Dir{results, name}, nil
}

// Name is the name of the run.
func (d Dir) Name() string { return d.name }

// Path is the run's own directory, results/<run>.
func (d Dir) Path() string { return filepath.Join(d.results, d.name) }

// Report is results/<run>.md, for people.
func (d Dir) Report() string { return d.Path() + ".md" }

// Index is the list of all runs under a results directory.
func Index(results string) string { return filepath.Join(results, "README.md") }

// Spec is the spec as it was given.
func (d Dir) Spec() string { return d.file("spec.yaml") }

// Manifest is that of the backend under test. Runs from before there were any have none.
func (d Dir) Manifest() string { return d.file("backend.yaml") }

// Plan is the matrix.Plan that the spec came to.
func (d Dir) Plan() string { return d.file("plan.json") }

// Host is the Host that the run was made on.
func (d Dir) Host() string { return d.file("host.json") }

// Records is the Log of the run.
func (d Dir) Records() string { return d.file("records.jsonl") }

// Series holds the 1 s curves of the record with number n.
func (d Dir) Series(n int) string { return d.file("series", strconv.Itoa(n)+".json.gz") }

// Plots is the directory of the report's charts.
func (d Dir) Plots() string { return d.file("plots") }

// HTML is the report as one self-contained page.
func (d Dir) HTML() string { return d.file("report.html") }

// Bench is the run in the Go benchmark format.
func (d Dir) Bench() string { return d.file("bench.txt") }

// Next is a spec to go on with, as the report advises.
func (d Dir) Next() string { return d.file("next.yaml") }

// TSDB is the snapshot of Prometheus' data.
func (d Dir) TSDB() string { return d.file("tsdb") }

func (d Dir) file(elements ...string) string {
	return filepath.Join(append([]string{d.Path()}, elements...)...)
}

// Names lists the runs under a results directory, the oldest first. A directory
// that does not exist has none.
func Names(results string) ([]string, error) {
	entries, err := os.ReadDir(results)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list runs: %w", err)
	}
	var names []string
	for _, e := range entries {
		if e.IsDir() && ValidName(e.Name()) {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return names, nil
}

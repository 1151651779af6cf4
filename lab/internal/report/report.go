// Package report turns the records of a run into text for people. It is pure: the
// same run gives the same bytes, whenever and wherever they are made.
package report

import (
	"errors"
	"fmt"
	"strings"

	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/record"
)

// Run is everything that reports are made from.
type Run struct {
	Name    string
	Plan    matrix.Plan
	Host    record.Host
	Records []record.Record // in the order of the file
	Spec    []byte          // spec.yaml as it was given
}

// files makes each file of a report from a run: its name below results/, with %s
// for the run's name, and its content.
var files = []struct {
	name string
	make func(Run) []byte
}{
	{"%s.md", markdown},
}

// Build makes the report of a run: file name below results/ → content. It fails
// if the records do not belong to the plan.
func Build(run Run) (map[string][]byte, error) {
	if err := run.check(); err != nil {
		return nil, fmt.Errorf("build report of %s: %w", run.Name, err)
	}
	built := map[string][]byte{}
	for _, f := range files {
		built[fmt.Sprintf(f.name, run.Name)] = f.make(run)
	}
	return built, nil
}

func (run Run) check() error {
	if !record.ValidName(run.Name) {
		return fmt.Errorf("%q is not a run's name", run.Name)
	}
	cells, scenarios := map[string]bool{}, map[matrix.Scenario]bool{}
	for _, c := range run.Plan.Cells {
		cells[c.Label] = true
	}
	for _, s := range run.Plan.Scenarios {
		scenarios[s] = true
	}
	var faults []error
	for _, r := range run.Records {
		if r.Run != run.Name {
			faults = append(faults, fmt.Errorf("record %d belongs to run %q", r.N, r.Run))
		}
		if !cells[r.Cell] {
			faults = append(faults, fmt.Errorf("record %d: cell %q is not in the plan", r.N, r.Cell))
		}
		if s := scenarioOf(r); !scenarios[s] {
			faults = append(faults, fmt.Errorf("record %d: scenario %q is not in the plan", r.N, s))
		}
		if err := r.Validate(); err != nil {
			faults = append(faults, fmt.Errorf("record %d: %w", r.N, err))
		}
	}
	return errors.Join(faults...)
}

func scenarioOf(r record.Record) matrix.Scenario {
	return matrix.Scenario{Name: r.Scenario, Scale: r.Scale}
}

// title heads a scenario's part and says if it was scaled.
func title(s matrix.Scenario) string {
	if s.Scale == 1 {
		return s.Name
	}
	_, scale, _ := strings.Cut(s.String(), "@")
	return fmt.Sprintf("%s: durations × %s", s, scale)
}

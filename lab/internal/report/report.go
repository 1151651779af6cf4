// Package report turns the records of a run into text for people. It is pure: the
// same run gives the same bytes, whenever and wherever they are made.
package report

import (
	"errors"
	"fmt"
	"strings"

	"stormwave/lab/internal/analysis"
	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/record"
)

// Run is everything that reports are made from.
type Run struct {
	Name string
	Plan matrix.Plan
	// Services are those that the spec of an advice may name.
	Services *matrix.Catalog
	Host     record.Host
	Records  []record.Record // in the order of the file
	Spec     []byte          // spec.yaml as it was given
	// Curves are those of trials whose load rises and those of Drawn, by the record's
	// number, as far as they can be read.
	Curves map[int]record.Series
}

// Files makes the files of the report: name below results/ → content.
func (a *Analysis) Files() map[string][]byte {
	content := a.content()
	name := a.run.Name
	built := map[string][]byte{
		name + ".md":          []byte(content.markdown()),
		name + "/bench.txt":   bench(a),
		name + "/report.html": a.html(content),
	}
	if a.nextSpec != "" {
		built[name+"/"+nextFile] = []byte(a.nextSpec)
	}
	for path, f := range content.pictures() {
		built[path] = f.svg(true)
	}
	return built
}

// Build is Analyze, then Files.
func Build(run Run) (map[string][]byte, error) {
	a, err := Analyze(run)
	if err != nil {
		return nil, err
	}
	return a.Files(), nil
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
	for i := range run.Records {
		r := &run.Records[i]
		if r.Run != run.Name {
			faults = append(faults, fmt.Errorf("record %d belongs to run %q", r.N, r.Run))
		}
		if !cells[r.Cell] {
			faults = append(faults, fmt.Errorf("record %d: cell %q is not in the plan", r.N, r.Cell))
		}
		if s := analysis.ScenarioOf(r); !scenarios[s] {
			faults = append(faults, fmt.Errorf("record %d: scenario %q is not in the plan", r.N, s))
		}
		if err := r.Validate(); err != nil {
			faults = append(faults, fmt.Errorf("record %d: %w", r.N, err))
		}
	}
	return errors.Join(faults...)
}

// title heads a scenario's part and says if it was scaled.
func title(plan matrix.Plan, s matrix.Scenario) string {
	var scaled []string
	if _, scale, ok := strings.Cut(s.String(), "@"); ok {
		scaled = append(scaled, "durations × "+scale)
	}
	if factor := plan.LoadFactor(s); factor != 1 {
		scaled = append(scaled, fmt.Sprintf("load × %g", factor))
	}
	if scaled == nil {
		return s.Name
	}
	return s.String() + ": " + strings.Join(scaled, ", ")
}

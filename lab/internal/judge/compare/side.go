package compare

import (
	"fmt"
	"slices"
	"strings"

	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/record"
)

// side is A or B: a run, or half of one.
type side struct {
	Run
	without string            // what its labels say besides the cell
	at      map[spotID]sample // its repetitions
}

// spot is a cell under a scenario.
type spot struct {
	scenario matrix.Scenario
	cell     matrix.Cell
}

type spotID struct {
	scenario matrix.Scenario
	cell     string // label
}

// sample is the trials of a spot.
type sample struct {
	results    []*record.Record // valid, or the system failed
	failed     int              // of the results
	leftOut    int              // the lab failed to measure them, or doubts them
	superseded int              // their block was begun again
}

func (s sample) count() Count {
	return Count{Valid: len(s.results) - s.failed, Failed: s.failed, LeftOut: s.leftOut + s.superseded}
}

func newSide(run Run) side {
	s := side{Run: run, at: make(map[spotID]sample)}
	attempts := make(map[int]int) // the last one at each block
	for _, r := range run.Records {
		attempts[r.Block] = max(attempts[r.Block], r.Attempt)
	}
	for i := range run.Records {
		r := &run.Records[i]
		id := spotID{matrix.Scenario{Name: r.Scenario, Scale: r.Scale}, r.Cell}
		sample := s.at[id]
		switch {
		case r.Attempt < attempts[r.Block]:
			sample.superseded++
		case r.HasFailed():
			sample.failed++
			sample.results = append(sample.results, r)
		case r.Verdict == record.Valid:
			sample.results = append(sample.results, r)
		default:
			sample.leftOut++
		}
		s.at[id] = sample
	}
	return s
}

// half is what a run has measured with one value of a setting.
func half(run Run, setting, value string) side {
	run.Plan.Cells = slices.DeleteFunc(slices.Clone(run.Plan.Cells), func(c matrix.Cell) bool { return c.Settings[setting] != value })
	s := newSide(run)
	s.without = fmt.Sprintf(" %s=%s", setting, value)
	return s
}

// spots lists what can have a partner. The twin of the baseline cannot: it tells
// how large the noise is.
func (s side) spots() []spot {
	var all []spot
	for _, scenario := range s.Plan.Scenarios {
		for _, cell := range s.Plan.Cells {
			if !cell.Twin {
				all = append(all, spot{scenario, cell})
			}
		}
	}
	return all
}

func (s side) sample(of spot) sample { return s.at[spotID{of.scenario, of.cell.Label}] }

func (s side) label(of spot) string { return strings.Replace(of.cell.Label, s.without, "", 1) }

// baseline is the spot that the cells of a scenario are measured against.
func (s side) baseline(scenario matrix.Scenario) spot {
	i := slices.IndexFunc(s.Plan.Cells, func(c matrix.Cell) bool { return c.Baseline })
	if i < 0 {
		return spot{scenario: scenario}
	}
	return spot{scenario, s.Plan.Cells[i]}
}

// key is the same for spots that are like.
func (s spot) key(ignored []string) string {
	settings := make(matrix.Settings)
	for name, value := range s.cell.Settings {
		if !slices.Contains(ignored, name) {
			settings[name] = value
		}
	}
	return fmt.Sprint(s.scenario, settings) // maps print in the order of their keys
}

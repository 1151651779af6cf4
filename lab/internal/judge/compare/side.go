package compare

import (
	"fmt"
	"slices"

	"stormwave/lab/internal/analysis"
	"stormwave/lab/internal/matrix"
)

// side is A or B: a run, or half of one.
type side struct {
	Run
	factors []string // that its labels name; nil: all
	// groups are what can have a partner. The A/A control cannot: it tells how large the noise is.
	groups []analysis.Group
}

func newSide(run Run) side {
	s := side{Run: run}
	for _, groups := range analysis.Groups(run.Plan, run.Records) {
		for _, g := range groups {
			if !g.Cell.Control {
				s.groups = append(s.groups, g)
			}
		}
	}
	return s
}

// half is what a run has measured with one value of a setting.
func half(run Run, setting, value string) side {
	s := newSide(run)
	s.factors = slices.DeleteFunc(slices.Clone(run.Plan.Factors), func(factor string) bool { return factor == setting })
	s.groups = slices.DeleteFunc(s.groups, func(g analysis.Group) bool { return g.Cell.Settings[setting] != value })
	return s
}

func (s side) label(of analysis.Group) string {
	if s.factors == nil {
		return of.Cell.Label
	}
	return of.Cell.LabelOf(s.factors)
}

// baseline is what the cells of a scenario are measured against.
func (s side) baseline(scenario matrix.Scenario) analysis.Group {
	i := slices.IndexFunc(s.groups, func(g analysis.Group) bool { return g.Scenario == scenario && g.Cell.Baseline })
	if i < 0 {
		return analysis.Group{Scenario: scenario}
	}
	return s.groups[i]
}

// key is the same for groups that are like.
func key(g analysis.Group, ignored []string) string {
	settings := make(matrix.Settings)
	for name, value := range g.Cell.Settings {
		if !slices.Contains(ignored, name) {
			settings[name] = value
		}
	}
	return fmt.Sprint(g.Scenario, settings) // maps print in the order of their keys
}

// counted counts the trials of a group. Suspect ones are compared with nothing.
func counted(g analysis.Group) Count {
	results := len(g.Results())
	return Count{Valid: results - len(g.Failed), Failed: len(g.Failed), Excluded: len(g.All) - results}
}

package matrix

import (
	"strconv"
	"strings"
	"unicode"
)

// Spec is a spec that has passed every check of Parse. lab/matrices/README.md
// explains its keys to those who write one.
type Spec struct {
	Name      string
	Backend   string // as in Plan
	Scenarios []Scenario
	Factors   []Factor // in the spec's order
	Settings  Settings // the same in every cell, defaults left out
	Cells     []Cell   // in the spec's order, exclusions left out; one is the baseline
	Blocks    int
	BlocksOf  map[string]int // as in Plan
	Stop      *Stop          // nil: all blocks are run
	Extra     int
	Budget    int // trials of a race; 0: every cell is run in every block
	Seed      uint64
	SLO       SLO
	Margin    Margin
	CPUs      CPUs
	Calibrate map[string]float64 // as in Plan
}

// Factor is something that varies between cells: a setting with a list of
// values, or a name of its own for bundles of settings.
type Factor struct {
	Name   string
	Values []Value
}

// Value is one level of a factor.
type Value struct {
	Name     string   // as in a label: the setting's value, or the bundle's name
	Settings Settings // what it sets; one entry if the factor is a setting
}

func (f Factor) names() []string {
	names := make([]string, len(f.Values))
	for i, v := range f.Values {
		names[i] = v.Name
	}
	return names
}

func (s *Spec) scenarioNames() []string {
	var names []string
	for _, of := range s.Scenarios {
		names = append(names, of.String())
	}
	return names
}

// String is the scenario as a spec writes it: "storm", or "wave@0.25" if scaled.
func (s Scenario) String() string {
	if s.Scale == 1 {
		return s.Name
	}
	return s.Name + "@" + strconv.FormatFloat(s.Scale, 'g', -1, 64)
}

// combo is a cell as the index of its value in each factor.
type combo []int

// anyValue stands in a combo for every value of a factor.
const anyValue = -1

// label names a combo by its values, in the factors' order.
func label(factors []Factor, c combo) string {
	parts := make([]string, len(factors))
	for i, f := range factors {
		parts[i] = f.Name + "=" + labelText(f.Values[c[i]].Name)
	}
	return strings.Join(parts, " ")
}

// labelText quotes a value that would blur where it ends.
func labelText(s string) string {
	if strings.ContainsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || r == '=' || r == '"' }) {
		return strconv.Quote(s)
	}
	return s
}

// matches says whether a combo is one of those that a pattern stands for.
func (c combo) matches(pattern combo) bool {
	for i, v := range pattern {
		if v != anyValue && v != c[i] {
			return false
		}
	}
	return true
}

// product lists every combination of the factors' values; the last factor varies fastest.
func product(factors []Factor) []combo {
	all := []combo{{}}
	for _, f := range factors {
		next := make([]combo, 0, len(all)*len(f.Values))
		for _, c := range all {
			for v := range f.Values {
				next = append(next, append(c[:len(c):len(c)], v))
			}
		}
		all = next
	}
	return all
}

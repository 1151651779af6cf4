package compare

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Gate is a bound that every pair of cells must keep. Of error_ratio it binds the
// value of B, in every trial; of all else the ratio B/A, and then the whole
// interval must keep it.
type Gate struct {
	Measure string
	AtMost  bool // <=; else >=
	Bound   float64
}

// String is the gate as ParseGates reads it.
func (g Gate) String() string {
	operator := ">="
	if g.AtMost {
		operator = "<="
	}
	return g.Measure + operator + strconv.FormatFloat(g.Bound, 'f', -1, 64)
}

// Outcome is what a gate comes to.
type Outcome string

// The three outcomes. What is inconclusive is not passed.
const (
	Passed       Outcome = "passed"
	Missed       Outcome = "missed"
	Inconclusive Outcome = "inconclusive"
)

// Ruling is a gate's outcome for one pair of cells.
type Ruling struct {
	Gate     string  `json:"gate"`
	Scenario string  `json:"scenario,omitempty"` // absent if there is no pair to judge
	Cell     string  `json:"cell,omitempty"`
	Outcome  Outcome `json:"outcome"`
	Why      string  `json:"why"`
}

var gateText = regexp.MustCompile(`^([a-z][a-z0-9_]*) *(<=|>=) *([0-9]+(?:\.[0-9]+)?)$`)

// ParseGates reads gates such as "p99<=1.10" and "error_ratio<=0.01". The error
// lists every fault.
func ParseGates(texts []string) ([]Gate, error) {
	var gates []Gate
	var errs []error
	given := make(map[string]bool)
	for _, text := range texts {
		gate, err := parseGate(text)
		switch side := fmt.Sprint(gate.Measure, gate.AtMost); {
		case err != nil:
			errs = append(errs, fmt.Errorf("gate %q: %w", text, err))
		case given[side]:
			errs = append(errs, fmt.Errorf("gate %q: %s is bound on that side already; give one bound", text, gate.Measure))
		default:
			given[side] = true
			gates = append(gates, gate)
		}
	}
	return gates, errors.Join(errs...)
}

func parseGate(text string) (Gate, error) {
	parts := gateText.FindStringSubmatch(strings.TrimSpace(text))
	if parts == nil {
		return Gate{}, errors.New("must be a measure, <= or >=, and a number, such as p99<=1.10")
	}
	bound, err := strconv.ParseFloat(parts[3], 64)
	if err != nil {
		return Gate{}, fmt.Errorf("the number %s is too large", parts[3])
	}
	g := Gate{Measure: parts[1], AtMost: parts[2] == "<=", Bound: bound}
	switch {
	case !slices.Contains(names(), g.Measure):
		return Gate{}, fmt.Errorf("%s is no measure; choose from: %s", g.Measure, strings.Join(names(), ", "))
	case g.Measure == errorRatio && bound > 1:
		return Gate{}, errors.New("error_ratio is a share, from 0 to 1")
	case g.Measure != errorRatio && bound == 0:
		return Gate{}, errors.New("a ratio is always above 0; 1 is as before")
	}
	return g, nil
}

// Judge applies each gate to each pair of cells. The baseline of two runs is what their
// cells are measured against, so that no gate of a ratio binds it. Without a pair that it
// binds no gate is passed.
func (c Comparison) Judge(gates []Gate) []Ruling {
	rulings := []Ruling{}
	for _, g := range gates {
		why, bound := "no cell of A is like one of B", false
		for _, p := range c.Pairs {
			for _, change := range p.Changes {
				switch {
				case change.Measure != g.Measure:
				case change.reference && g.Measure != errorRatio:
					why = change.Why
				default:
					r := g.judge(change)
					r.Gate, r.Scenario, r.Cell = g.String(), p.Scenario, p.Cell
					rulings, bound = append(rulings, r), true
				}
			}
		}
		if !bound {
			rulings = append(rulings, Ruling{Gate: g.String(), Outcome: Inconclusive, Why: why})
		}
	}
	return rulings
}

func (g Gate) judge(c Change) Ruling {
	r := g.ruling(c)
	if r.Outcome == Passed && c.excluded > 0 {
		r.Outcome = Inconclusive
		r.Why += fmt.Sprintf(", but %d of B are excluded: what they would have shown is not known", c.excluded)
	}
	return r
}

// ruling judges what was measured, and does not ask for what was not.
func (g Gate) ruling(c Change) Ruling {
	switch {
	case g.Measure == errorRatio && c.bounds == nil:
		return Ruling{Outcome: Inconclusive, Why: "B has no valid trial"}
	case g.Measure == errorRatio:
		low, high := c.bounds[0], c.bounds[1]
		r := Ruling{Outcome: Missed, Why: fmt.Sprintf("%s to %s in the trials of B", c.value(low), c.value(high))}
		if g.keeps(low) && g.keeps(high) {
			r.Outcome = Passed
		}
		return r
	case c.Interval == nil:
		return Ruling{Outcome: Inconclusive, Why: c.Why}
	}
	low, high := c.Interval[0], c.Interval[1]
	r := Ruling{Outcome: Inconclusive, Why: "the change is " + c.between(*c.Interval)}
	switch {
	case g.keeps(low) && g.keeps(high):
		r.Outcome = Passed
	case !g.keeps(low) && !g.keeps(high):
		r.Outcome = Missed
	}
	return r
}

// keeps says whether a value is on the right side of the bound.
func (g Gate) keeps(v float64) bool {
	if g.AtMost {
		return v <= g.Bound
	}
	return v >= g.Bound
}

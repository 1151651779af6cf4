package report

import (
	"slices"
	"strconv"
	"strings"

	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/record"
)

// group is the repetitions of one cell under one scenario: a row of a table.
type group struct {
	cell  matrix.Cell
	all   []record.Record
	valid []record.Record // those that enter the statistics
}

// groups sorts a run's repetitions of a scenario by cell, in the plan's order:
// the baseline first.
func groups(run Run, s matrix.Scenario) []group {
	rows := make([]group, len(run.Plan.Cells))
	index := make(map[string]int, len(rows))
	for i, c := range run.Plan.Cells {
		rows[i].cell = c
		index[c.Label] = i
	}
	for _, r := range run.Records {
		if scenarioOf(r) != s {
			continue
		}
		g := &rows[index[r.Cell]]
		g.all = append(g.all, r)
		if r.Verdict == record.Valid {
			g.valid = append(g.valid, r)
		}
	}
	return rows
}

// n says how many repetitions a row's numbers come from.
func (g group) n() string {
	text := strconv.Itoa(len(g.valid))
	if out := len(g.all) - len(g.valid); out > 0 {
		text += " (" + strconv.Itoa(out) + " left out)"
	}
	return text
}

// median is the median of a number over the valid repetitions that have it, and
// how many those are; with none the number means nothing.
func (g group) median(value func(record.Record) (float64, bool)) (float64, int) {
	var values []float64
	for _, r := range g.valid {
		if v, ok := value(r); ok {
			values = append(values, v)
		}
	}
	return median(values), len(values)
}

// median sorts its argument; it is 0 for no values.
func median(values []float64) float64 {
	n := len(values)
	if n == 0 {
		return 0
	}
	slices.Sort(values)
	if n%2 == 1 {
		return values[n/2]
	}
	return (values[n/2-1] + values[n/2]) / 2
}

// slo says in how many of the valid repetitions the objective was met, and what
// kept it from being met in the others.
func (g group) slo(slo matrix.SLO) string {
	met := 0
	var errors, p99 bool
	for _, r := range g.valid {
		tooMany, tooSlow := misses(r, slo)
		if !tooMany && !tooSlow {
			met++
		}
		errors, p99 = errors || tooMany, p99 || tooSlow
	}
	var why []string
	if errors {
		why = append(why, "errors")
	}
	if p99 {
		why = append(why, "p99")
	}
	switch {
	case len(g.valid) == 0:
		return missing
	case met == len(g.valid):
		return "yes"
	case met == 0:
		return "no (" + strings.Join(why, ", ") + ")"
	default:
		return strconv.Itoa(met) + " of " + strconv.Itoa(len(g.valid)) + " (" + strings.Join(why, ", ") + ")"
	}
}

// meets says whether every repetition was valid enough to count and met the objective.
func (g group) meets(slo matrix.SLO) bool { return g.slo(slo) == "yes" }

// misses says which bounds of the objective a valid repetition broke.
func misses(r record.Record, slo matrix.SLO) (errors, p99 bool) {
	return r.Load.ErrorRatio > slo.ErrorRatio, r.Load.Latency.P99 > milliseconds(slo.P99)
}

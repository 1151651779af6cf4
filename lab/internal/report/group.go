package report

import (
	"slices"
	"strconv"
	"strings"

	"stormwave/lab/internal/judge/stat"
	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/record"
	"stormwave/lab/internal/report/numeral"
)

// group is the repetitions of one cell under one scenario: a row of a table.
type group struct {
	cell    matrix.Cell
	ref     ref
	all     []*record.Record
	used    []*record.Record // those that its numbers come from: the valid ones
	failed  []*record.Record // in which the system failed: they missed the objective, and have no other number
	suspect bool             // there are none, and used are suspect ones instead
}

// dagger marks a number from suspect repetitions.
const dagger = "†"

// groups sorts a run's repetitions of a scenario by cell, in the plan's order:
// the baseline first.
func groups(run Run, s matrix.Scenario) []group {
	rows := make([]group, len(run.Plan.Cells))
	index := make(map[string]int, len(rows))
	for i, c := range run.Plan.Cells {
		rows[i].cell = c
		rows[i].ref = ref{i + 1, slices.Index(run.Plan.Scenarios, s) + 1}
		index[c.Label] = i
	}
	for i := range run.Records {
		if r := &run.Records[i]; scenarioOf(r) == s {
			g := &rows[index[r.Cell]]
			g.all = append(g.all, r)
		}
	}
	latest := attempts(run.Records)
	for i := range rows {
		rows[i].choose(latest)
	}
	return rows
}

// attempts finds the last attempt at each block; the records of those before it
// are left out.
func attempts(records []record.Record) map[int]int {
	latest := map[int]int{}
	for i := range records {
		latest[records[i].Block] = max(latest[records[i].Block], records[i].Attempt)
	}
	return latest
}

// choose picks the repetitions that the group's numbers come from.
func (g *group) choose(latest map[int]int) {
	var suspect []*record.Record
	for _, r := range g.all {
		switch {
		case r.Attempt < latest[r.Block]:
		case r.HasFailed():
			g.failed = append(g.failed, r)
		case r.Verdict == record.Valid:
			g.used = append(g.used, r)
		case r.Verdict == record.Suspect && r.Load != nil:
			suspect = append(suspect, r)
		}
	}
	if len(g.used)+len(g.failed) == 0 {
		g.used, g.suspect = suspect, len(suspect) > 0
	}
}

// valid says whether results stand behind the numbers: repetitions that are valid, or in
// which the system failed.
func (g group) valid() bool { return len(g.used)+len(g.failed) > 0 && !g.suspect }

// mark adds the dagger to a number of a suspect group.
func (g group) mark(number string) string {
	if g.suspect && number != numeral.Missing {
		return number + dagger
	}
	return number
}

// n says how many repetitions a row's numbers come from.
func (g group) n() string {
	text := g.mark(strconv.Itoa(len(g.used) + len(g.failed)))
	var aside []string
	if n := len(g.failed); n > 0 {
		aside = append(aside, strconv.Itoa(n)+" failed")
	}
	if n := len(g.all) - len(g.used) - len(g.failed); n > 0 {
		aside = append(aside, strconv.Itoa(n)+" left out")
	}
	if aside != nil {
		text += " (" + strings.Join(aside, ", ") + ")"
	}
	return text
}

// median is the median of a column over the repetitions that have it, and how many those
// are; with none the number means nothing.
func (g group) median(c column) (float64, int) {
	values := g.values(c)
	if len(values) == 0 {
		return 0, 0
	}
	return stat.Median(values), len(values)
}

// values are a column's numbers. Where the system failed it has the worst there is, or none.
func (g group) values(c column) []float64 {
	values := make([]float64, 0, len(g.used)+len(g.failed))
	for _, r := range g.used {
		if v, ok := c.value(r); ok {
			values = append(values, v)
		}
	}
	if c.worst != nil {
		for range g.failed {
			values = append(values, *c.worst)
		}
	}
	return values
}

// slo says in how many of the repetitions the objective was met, and what kept it
// from being met in the others.
func (g group) slo(slo matrix.SLO) string {
	met, n := 0, len(g.used)+len(g.failed)
	var errors, p99 bool
	for _, r := range g.used {
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
	if len(g.failed) > 0 {
		why = append(why, "failed")
	}
	switch {
	case n == 0:
		return numeral.Missing
	case met == n:
		return g.mark("yes")
	case met == 0:
		return g.mark("no") + " (" + strings.Join(why, ", ") + ")"
	default:
		return g.mark(strconv.Itoa(met)+" of "+strconv.Itoa(n)) + " (" + strings.Join(why, ", ") + ")"
	}
}

// meets says whether there are valid repetitions, and all met the objective.
func (g group) meets(slo matrix.SLO) bool { return g.slo(slo) == "yes" }

// misses says which bounds of the objective a repetition broke.
func misses(r *record.Record, slo matrix.SLO) (errors, p99 bool) {
	return r.Load.ErrorRatio > slo.ErrorRatio, r.Load.Latency.P99 > milliseconds(slo.P99)
}

package report

import (
	"fmt"
	"strconv"
	"strings"

	"stormwave/lab/internal/analysis"
	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/report/numeral"
)

// group is the trials of one cell under one scenario: a row of a table.
type group struct {
	analysis.Group
	ref ref
}

// suspectMark marks a number from suspect trials.
const suspectMark = "†"

// mark adds the mark to a number of a suspect group.
func (g group) mark(number string) string {
	if g.Suspect && number != numeral.Missing {
		return number + suspectMark
	}
	return number
}

// n says how many trials a row's numbers come from.
func (g group) n() string {
	text := g.mark(strconv.Itoa(g.N()))
	var aside []string
	if n := len(g.Failed); n > 0 {
		aside = append(aside, strconv.Itoa(n)+" failed")
	}
	if n := g.Excluded(); n > 0 {
		aside = append(aside, strconv.Itoa(n)+" excluded")
	}
	if aside != nil {
		text += " (" + strings.Join(aside, ", ") + ")"
	}
	return text
}

// median is the median of a column over the trials that have it, and how many those
// are; with none the number means nothing.
func (g group) median(c column) (float64, int) { return g.Median(c.measure()) }

// slo says in how many of the trials the objective was met, and what kept it
// from being met in the others.
func (g group) slo(slo matrix.SLO) string {
	met, errors, p99 := g.Met(slo)
	n := g.N()
	var why []string
	if errors {
		why = append(why, "errors")
	}
	if p99 {
		why = append(why, "p99")
	}
	if len(g.Failed) > 0 {
		why = append(why, "failed")
	}
	switch {
	case n == 0:
		return numeral.Missing
	case met == n:
		return g.mark(fmt.Sprintf("%d of %d", met, n))
	default:
		return g.mark(fmt.Sprintf("%d of %d", met, n)) + " (" + strings.Join(why, ", ") + ")"
	}
}

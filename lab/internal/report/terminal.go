package report

import (
	"fmt"
	"strings"

	"stormwave/lab/internal/metric"
)

// Terminal is the first table of each scenario, cut to what fits a terminal.
func (a *Analysis) Terminal() string {
	columns := columnsOf([]*metric.Metric{metric.Requests, metric.ErrorRatio, metric.Goodput, metric.P99})
	factors := a.run.Plan.Factors
	var b strings.Builder
	if a.run.Plan.Budget > 0 {
		b.WriteString(a.raceTerminal())
	}
	for _, p := range a.parts {
		var extra []textColumn
		for m, of := range measures {
			if of.closer {
				extra = append(extra, textColumn{of.head, func(row int) string { return p.contrastText(m, row) }})
			}
		}
		extra = append(extra, textColumn{"SLO met", func(row int) string { return p.rows[row].slo(p.Plan.SLO) }})
		c := compare(p.rows, strings.Join(factors, " "), shortName(factors), columns, extra...)
		fmt.Fprintf(&b, "%s\n%s", title(p.Scenario), c.terminal())
	}
	return b.String()
}

package report

import (
	"fmt"
	"strings"
)

// Terminal is the first table of each scenario, cut to what fits a terminal.
func (a *Analysis) Terminal() string {
	var columns []column
	for _, c := range userColumns {
		if c.closer {
			columns = append(columns, c)
		}
	}
	factors := a.run.Plan.Factors
	var b strings.Builder
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

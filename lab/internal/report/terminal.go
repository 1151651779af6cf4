package report

import (
	"fmt"
	"strings"
)

// Terminal is the first table of each scenario, cut to what fits a terminal.
func Terminal(run Run) string {
	var columns []column
	for _, c := range userColumns {
		if c.closer {
			columns = append(columns, c)
		}
	}
	var b strings.Builder
	for _, s := range run.Plan.Scenarios {
		c := compare(groups(run, s), strings.Join(run.Plan.Factors, " "), shortName(run.Plan.Factors), columns, sloColumn(run.Plan.SLO))
		fmt.Fprintf(&b, "%s\n%s", title(s), c.terminal())
	}
	return b.String()
}

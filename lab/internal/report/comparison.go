package report

import (
	"fmt"
	"strings"

	"stormwave/lab/internal/matrix"
)

// comparison is a table with a row for each cell of the plan, and the reasons
// for the numbers that it lacks.
type comparison struct {
	table
	gaps  gaps
	cells int
}

// compare puts columns of numbers beside the cells; ratios are to the first row,
// the baseline. name writes a cell, extra adds text columns of a row at the end.
func compare(rows []group, first string, name func(matrix.Cell) string, columns []column, extra ...textColumn) comparison {
	c := comparison{cells: len(rows), table: table{head: []string{first, "n"}, left: map[int]bool{}}}
	for _, col := range columns {
		c.head = append(c.head, col.head)
		if col.ratio != "" {
			c.head = append(c.head, col.ratio)
		}
	}
	for _, e := range extra {
		c.left[len(c.head)] = true
		c.head = append(c.head, e.head)
	}
	for _, g := range rows {
		line := []string{name(g.cell), g.n()}
		if len(g.valid) == 0 {
			c.gaps.add("every number", g.absent(), g.cell.Label)
		}
		for _, col := range columns {
			line = append(line, c.number(g, col))
			if col.ratio != "" {
				line = append(line, c.over(rows[0], g, col))
			}
		}
		for _, e := range extra {
			text := e.text(g)
			if text == missing && len(g.valid) > 0 {
				c.gaps.add(e.head, "not recorded", g.cell.Label)
			}
			line = append(line, text)
		}
		c.rows = append(c.rows, line)
	}
	return c
}

// textColumn is a column of words.
type textColumn struct {
	head string
	text func(group) string
}

func (c *comparison) number(g group, col column) string {
	v, n := g.median(col.value)
	if n < len(g.valid) {
		reason := g.why(col)
		if n > 0 {
			reason = fmt.Sprintf("median of %d of %d repetitions; in the others: %s", n, len(g.valid), reason)
		}
		c.gaps.add(col.head, reason, g.cell.Label)
	}
	if n == 0 {
		return missing
	}
	return col.show(v)
}

// over is the ratio of a row's median to the baseline's.
func (c *comparison) over(base, g group, col column) string {
	ratio, ok := ratioOf(base, g, col)
	if ok {
		return figure(ratio)
	}
	if _, n := g.median(col.value); n > 0 {
		c.gaps.add(col.ratio, "the baseline has no number above 0 to compare with", g.cell.Label)
	}
	return missing
}

func ratioOf(base, g group, col column) (float64, bool) {
	to, n := base.median(col.value)
	v, m := g.median(col.value)
	if n == 0 || m == 0 || to == 0 {
		return 0, false
	}
	return v / to, true
}

// markdown is the table, and below it the reasons for what it lacks.
func (c comparison) markdown() string {
	text := c.table.markdown()
	if list := c.gaps.markdown(c.cells); list != "" {
		text += "\nMissing (" + missing + "):\n\n" + list
	}
	return text
}

// cellName writes a cell as the first column of a Markdown table.
func cellName(c matrix.Cell) string {
	if c.Baseline {
		return "**baseline** " + code(c.Label)
	}
	return code(c.Label)
}

// shortName writes a cell by its values alone; the head names the factors.
func shortName(factors []string) func(matrix.Cell) string {
	return func(c matrix.Cell) string {
		text := " " + c.Label
		for _, f := range factors {
			text = strings.Replace(text, " "+f+"=", "  ", 1)
		}
		text = strings.TrimSpace(strings.ReplaceAll(text, "  ", " "))
		if c.Baseline {
			text += " (baseline)"
		}
		return text
	}
}

// mainWait names what sessions of a server waited for most. Waiting for the
// client is idling, and so is the main loop of a background process.
func mainWait(prefix string) textColumn {
	name := prefix + "wait_events"
	return textColumn{"Main wait (mean sessions)", func(g group) string {
		events := labelsOf([]group{g}, name, "event")
		if len(events) == 0 {
			return missing
		}
		best, most := "none", 0.0
		for _, event := range events {
			if strings.HasPrefix(event, "Client:") || strings.HasPrefix(event, "Activity:") {
				continue
			}
			if v, _ := g.median(metric("", series(name, "event", event), nil).value); v > most {
				best, most = prose(event)+" "+figure(v), v
			}
		}
		return best
	}}
}

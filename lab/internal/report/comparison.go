package report

import (
	"fmt"
	"strings"

	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/metric"
	"stormwave/lab/internal/report/numeral"
)

// comparison is a table with a row for each cell of the plan, and the reasons
// for the numbers that it lacks.
type comparison struct {
	table
	missing missing
	suspect []string // labels of cells whose numbers have a suspectMark
	cells   int
	refs    []ref // what the rows are of
}

// add adds a row with the numbers of a group.
func (c *comparison) add(g group, line []string) {
	c.rows = append(c.rows, line)
	c.refs = append(c.refs, g.ref)
	c.link = rowLinks(c.refs)
}

// compare puts columns of numbers beside the cells. name writes a cell, extra adds
// columns of words to a row's end.
func compare(
	rows []group, first string, name func(matrix.Cell) string, columns []column, extra ...textColumn,
) comparison {
	c := comparison{cells: len(rows), table: table{head: []string{first, "n"}, left: map[int]bool{}}}
	for _, col := range columns {
		c.head = append(c.head, col.head)
	}
	for _, e := range extra {
		c.left[len(c.head)] = true
		c.head = append(c.head, e.head)
	}
	for row, g := range rows {
		line := []string{name(g.Cell), g.n()}
		c.note(g)
		for _, col := range columns {
			line = append(line, c.number(g, col))
		}
		for _, e := range extra {
			text := e.text(row)
			if text == numeral.Missing && len(g.Used) > 0 {
				c.missing.add(e.head, "not recorded", g.Cell.Label)
			}
			line = append(line, text)
		}
		c.add(g, line)
	}
	return c
}

// note remembers what a reader must know of a cell as a whole.
func (c *comparison) note(g group) {
	if g.N() == 0 {
		c.missing.add("every number", g.absent(), g.Cell.Label)
	}
	if g.Suspect {
		c.suspect = append(c.suspect, g.Cell.Label)
	}
}

// textColumn is a column of words, given the index of the row.
type textColumn struct {
	head string
	text func(row int) string
}

func (c *comparison) number(g group, col column) string {
	v, n := g.median(col)
	if shown := g.N(); n < shown {
		reason := g.why(col)
		if n > 0 {
			reason = fmt.Sprintf("median of %d of %d trials; in the others: %s", n, shown, reason)
		}
		c.missing.add(col.head, reason, g.Cell.Label)
	}
	if n == 0 {
		return numeral.Missing
	}
	return g.mark(col.show(v))
}

// markdown is the table, and the notes below it.
func (c comparison) markdown() string { return blocks{c.table, c.notes()}.markdown() }

// notes say what is doubtful in the table, and why it lacks what it lacks.
func (c comparison) notes() words {
	text := ""
	if len(c.suspect) > 0 {
		text += fmt.Sprintf(
			"%s from suspect trials, for want of valid ones, and so compared with nothing: %s\n", suspectMark, codes(c.suspect),
		)
	}
	if list := c.missing.markdown(c.cells); list != "" {
		text += "\nMissing (" + numeral.Missing + "):\n\n" + list
	}
	return words(text)
}

// cellName writes a cell as the first column of a Markdown table.
func cellName(c matrix.Cell) string {
	switch {
	case c.Baseline:
		return "**baseline** " + code(c.Label)
	case c.Control:
		return "**A/A control** (the baseline again)"
	}
	return code(c.Label)
}

// shortName writes a cell by its values alone; the head names the factors.
func shortName(factors []string) func(matrix.Cell) string {
	return func(c matrix.Cell) string {
		if c.Control {
			return "A/A control"
		}
		text := strings.Join(c.LevelsOf(factors), " ")
		if c.Baseline {
			text += " (baseline)"
		}
		return text
	}
}

// mainWait names what sessions of a server waited for most. Waiting for the
// client is idling, and so is the main loop of a background process.
func (p part) mainWait(m *metric.Metric) textColumn {
	events := p.labels(m)
	return textColumn{"Main wait (mean sessions)", func(row int) string {
		g := p.rows[row]
		best, most := numeral.Missing, 0.0
		for _, event := range events {
			v, n := g.median(of(m.At(event)))
			if n > 0 && best == numeral.Missing {
				best = "none"
			}
			idle := strings.HasPrefix(event, "Client:") || strings.HasPrefix(event, "Activity:")
			if v > most && !idle {
				best, most = prose(event)+" "+numeral.Figure(v), v
			}
		}
		return g.mark(best)
	}}
}

package report

import (
	"fmt"
	"slices"
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
	same    []string // columns that say the same of every cell, and what
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
	for _, g := range rows {
		c.note(g)
		c.add(g, []string{name(g.Cell), g.n()})
	}
	for _, col := range columns {
		c.addNumbers(rows, col)
	}
	for _, e := range extra {
		c.addText(e.head, "", func(row int) string {
			text := e.text(row)
			if text == numeral.Missing && len(rows[row].Used) > 0 {
				c.missing.add(e.head, "not recorded", rows[row].Cell.Label)
			}
			return text
		})
	}
	return c
}

// addNumbers adds a column of numbers.
func (c *comparison) addNumbers(rows []group, col column) {
	c.help = append(c.help, make([]string, len(c.head)-len(c.help))...)
	c.help = append(c.help, col.help)
	c.head = append(c.head, col.head)
	for row, g := range rows {
		c.rows[row] = append(c.rows[row], c.number(g, col))
	}
}

// addText adds a column of words.
func (c *comparison) addText(head, help string, text func(row int) string) {
	c.help = append(c.help, make([]string, len(c.head)-len(c.help))...)
	c.help = append(c.help, help)
	c.left[len(c.head)] = true
	c.head = append(c.head, head)
	for row := range c.rows {
		c.rows[row] = append(c.rows[row], text(row))
	}
}

// differing leaves out the columns that say the same of every cell, and tells them in a line below.
func (c comparison) differing() comparison {
	const named = 2 // the cell and n
	if len(c.rows) < 2 {
		return c
	}
	kept := comparison{missing: c.missing, suspect: c.suspect, cells: c.cells, refs: c.refs}
	kept.table = table{left: map[int]bool{}, link: c.link, rows: make([][]string, len(c.rows))}
	for i, head := range c.head {
		first := c.rows[0][i]
		if i >= named && !slices.ContainsFunc(c.rows, func(line []string) bool { return line[i] != first }) {
			if first != numeral.Missing { // else it stands among what is missing
				kept.same = append(kept.same, head+" "+first)
			}
			continue
		}
		if c.left[i] {
			kept.left[len(kept.head)] = true
		}
		kept.head = append(kept.head, head)
		if i < len(c.help) {
			kept.help = append(kept.help, c.help[i])
		} else {
			kept.help = append(kept.help, "")
		}
		for row, line := range c.rows {
			kept.rows[row] = append(kept.rows[row], line[i])
		}
	}
	return kept
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
	if len(c.same) > 0 {
		text += "The same in every cell: " + strings.Join(c.same, ", ") + ".\n"
	}
	if len(c.suspect) > 0 {
		text += fmt.Sprintf(
			"\n%s from suspect trials, for want of valid ones, and so compared with nothing: %s\n",
			suspectMark, codes(c.suspect),
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

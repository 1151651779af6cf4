package report

import (
	"fmt"
	"slices"
	"strings"

	"stormwave/lab/internal/analysis"
	"stormwave/lab/internal/judge/stat"
	"stormwave/lab/internal/report/numeral"
)

// contrastTable compares every cell with the baseline: for each measure the
// estimate, its 95% interval and what it comes to.
func (p part) contrastTable() comparison {
	c := comparison{cells: len(p.rows), table: table{head: []string{"Cell", "n"}, left: map[int]bool{}}}
	for _, m := range measures {
		c.left[len(c.head)] = true
		c.head = append(c.head, m.head)
	}
	c.left[len(c.head)] = true
	c.head = append(c.head, "Goodput")
	for row, g := range p.rows {
		line := []string{cellName(g.Cell), g.n()}
		c.note(g)
		for m := range measures {
			line = append(line, c.contrast(p, m, row))
		}
		c.add(g, append(line, bestMark(p.best, row)))
	}
	return c
}

// contrast is the text of a contrast; what it lacks is noted.
func (c *comparison) contrast(p part, m, row int) string {
	return c.judged(p, measures[m], p.contrasts[m], row)
}

// judged is contrast of any measure, with its contrasts by row.
func (c *comparison) judged(p part, of measure, contrasts []analysis.Contrast, row int) string {
	g := p.rows[row]
	if row == 0 {
		return numeral.Missing
	}
	text := of.text(contrasts[row])
	if g.Cell.Control { // what its interval is, is no word
		text = strings.TrimSuffix(strings.TrimSuffix(text, string(contrasts[row].Word)), ", ")
		text = strings.TrimSuffix(text, " ")
	}
	if len(g.Used) == 0 {
		return text
	}
	if text == numeral.Missing && len(p.rows[0].Used) == 0 {
		c.missing.add(of.head, "the baseline has no trial that can be used", g.Cell.Label)
	}
	for _, warning := range contrasts[row].Warnings {
		if len(p.rows[0].Used) > 0 {
			c.missing.add(of.head, warning.Error(), g.Cell.Label)
		}
	}
	return text
}

// contrastText writes how a cell differs from the baseline: 4.15 [4.02, 4.31]
// better, or as much of it as the trials allow.
func (p part) contrastText(m, row int) string {
	var c comparison
	return c.contrast(p, m, row)
}

func (m measure) text(c analysis.Contrast) string {
	switch {
	case c.N == 0:
		return numeral.Missing
	case c.Suspect:
		return m.show(c.Ratio) + suspectMark
	case c.Interval != nil:
		return fmt.Sprintf("%s [%s, %s] %s", m.show(c.Ratio), m.show(c.Interval.Low), m.show(c.Interval.High), c.Word)
	case c.N == 1:
		return fmt.Sprintf("%s, %s", m.show(c.Ratio), c.Word)
	}
	return fmt.Sprintf("%s (%s to %s), %s", m.show(c.Ratio), m.show(c.Low), m.show(c.High), c.Word)
}

// crossCheck shows the sign-flip p-values of all contrasts, alone and after Holm, and how often
// the objective was missed, with an exact test of its own.
// It is nil if there are none.
func (p part) crossCheck() blocks {
	if len(p.Blocks) < stat.MinBlocks {
		return nil
	}
	t := table{head: []string{"Cell"}}
	var refs []ref
	for _, m := range measures {
		t.head = append(t.head, m.noun)
	}
	t.left = map[int]bool{len(t.head): true}
	t.head = append(t.head, "SLO missed")
	for _, row := range p.Plan.Compared() {
		line := []string{cellName(p.rows[row].Cell)}
		for m := range measures {
			text := numeral.Missing
			if c := p.contrasts[m][row]; c.Interval != nil && !c.Suspect {
				text = numeral.Figure(c.Alone) + " → " + numeral.Figure(c.P)
			}
			line = append(line, text)
		}
		missed := p.Misses(row)
		line = append(
			line, fmt.Sprintf("%d → %d of %d, p %s", missed.Baseline, missed.Cell, missed.N, numeral.Figure(missed.P)),
		)
		t.rows, refs = append(t.rows, line), append(refs, p.rows[row].ref)
	}
	t.link = rowLinks(refs)
	return blocks{say("Sign-flip: alone → after Holm over the %s of a measure. SLO missed: the baseline → the cell, in "+
		"the "+
		"same blocks, with the p-value of McNemar's exact test.", plural(len(t.rows), "contrast")), t}
}

// bestMark says in a table how a row's goodput compares with the best.
func bestMark(b analysis.Best, row int) string {
	switch {
	case row == b.Row && b.Few:
		return "highest, n too small"
	case row == b.Row && len(b.Tied) == 0:
		return "**best**"
	case row == b.Row || slices.Contains(b.Tied, row):
		return "**tied for best**"
	}
	return ""
}

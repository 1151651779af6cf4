package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"stormwave/lab/internal/judge/diagnose"
	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/report/numeral"
)

// limits says what limited each cell under a scenario, and by what evidence.
func (a *Analysis) limits(p part) blocks {
	t := table{head: []string{"Cell", "Cause", "Trials", "Evidence"}, left: map[int]bool{1: true, 2: true, 3: true}}
	var details blocks
	var of []ref
	for _, c := range a.cells {
		if c.Scenario != p.Scenario {
			continue
		}
		cell := cellName(a.run.Plan.Cell(c.Label))
		of = append(of, p.rows[len(t.rows)].ref)
		t.rows = append(t.rows, []string{cell, named(c), fmt.Sprintf("%d of %d", c.First, c.Of), prose(why(c))})
		if rest := more(c); rest != nil {
			details = append(append(details, say("%s: %s", cell, named(c))), rest...)
		}
	}
	t.link = rowLinks(of)
	list := blocks{words(readingDiagnosis), t}
	if details != nil { // the page tells it with each cell
		list = append(list, fileOnly{fold{"What was ruled out, what is missing, what to try", details}})
	}
	return append(list, confusion(a.run.Plan, a.cells)...)
}

const readingDiagnosis = `Each trial is diagnosed by itself, from its record: a cause is claimed when its signature is
in the metrics and nothing further down a request's way explains it. The cause of a cell is the one that comes first in
most trials; its evidence is from the one of them whose goodput is nearest to their median (where all have the same
cause, that is the trial that is drawn over time). *none*: the SLO was met, and nothing had failed. *undetermined*: it
was missed, and no cause has evidence enough. *mixed*: two causes are about equally strong, and neither brings the other
about. A generator at its limit or a noisy host comes first: then nothing else is claimed.
`

// named is a cell's cause; of a mixed one, those that it is made of.
func named(c diagnose.Cell) string {
	if c.Cause != diagnose.Mixed {
		return "**" + string(c.Cause) + "**"
	}
	return "**" + string(c.Cause) + "**: " + together(c)
}

// together are the causes of a mixed one.
func together(c diagnose.Cell) string {
	var names []string
	for _, cause := range c.Typical.Together {
		names = append(names, string(cause))
	}
	return strings.Join(names, " and ")
}

// why are the figures that speak for a cell's cause.
func why(c diagnose.Cell) string {
	d := c.Typical
	figures := evidence(figuresOf(d))
	switch {
	case c.Of == 0 && len(c.Excluded) == 0:
		return "not run"
	case c.Of == 0:
		return "no trial that can be diagnosed: " + strings.Join(c.Excluded, "; ")
	case d.Cause == diagnose.Mixed:
		var parts []string
		for _, f := range d.Claimed {
			if slices.Contains(d.Together, f.Cause) {
				parts = append(parts, string(f.Cause)+": "+evidence(f.Evidence))
			}
		}
		return strings.Join(parts, "; ")
	case c.Cause == diagnose.Undetermined && len(d.Claimed) == 0 && len(d.Missing) > 0:
		return figures + "; not recorded: " + strings.Join(d.Missing, ", ")
	}
	return figures
}

// figuresOf are the figures that speak for a trial's cause, or where none is claimed, what the users saw.
func figuresOf(d diagnose.Diagnosis) []diagnose.Evidence {
	if len(d.Claimed) > 0 {
		return d.Claimed[0].Evidence
	}
	return d.Symptoms
}

func evidence(all []diagnose.Evidence) string {
	var list []string
	for _, e := range all {
		list = append(list, e.Words)
	}
	return strings.Join(list, ", ")
}

// more is what else there is to say of a cell: other causes, those that were ruled
// out, what was excluded, advice. It is nil if there is nothing.
func more(c diagnose.Cell) blocks {
	var list blocks
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, "- "+format+"\n", args...) }
	d := c.Typical
	for _, left := range c.Excluded {
		line("excluded: %s", prose(left))
	}
	for i, f := range d.Claimed {
		if i > 0 && !slices.Contains(d.Together, f.Cause) {
			line("also **%s** (%s): %s", f.Cause, numeral.Figure(f.Score), prose(evidence(f.Evidence)))
		}
	}
	if c.Cause != diagnose.None {
		for _, f := range d.RuledOut {
			line("not %s: %s", f.Cause, prose(f.Why))
		}
		if len(d.Missing) > 0 {
			line("not recorded, so some causes could not be judged: %s", prose(strings.Join(d.Missing, ", ")))
		}
	}
	for _, a := range c.Advice {
		line("%s: %s%s", try(c, a), prose(a.Words), prose(joined("; ", a.Tried)))
		if a.Spec != "" {
			list = append(list, words(b.String()), source{"yaml", a.Spec})
			b.Reset()
		}
	}
	if b.Len() > 0 {
		list = append(list, words(b.String()))
	}
	return list
}

// try begins an advice: where the causes are several, with the one that it is against.
func try(c diagnose.Cell, a diagnose.Advice) string {
	if c.Cause != diagnose.Mixed {
		return "try"
	}
	return "try, against " + string(a.Cause)
}

// joined is text behind a separator, or nothing.
func joined(separator, text string) string {
	if text == "" {
		return ""
	}
	return separator + text
}

// confusion counts, for cells whose cause is known, which cause was named: rows are
// what was wrong, columns what the diagnosis said. It is nil for other plans.
func confusion(plan matrix.Plan, cells []diagnose.Cell) blocks {
	var known []string
	seen := make(map[string]map[string]int)
	named := make(map[string]bool)
	right, all := 0, 0
	for _, c := range cells {
		expected := plan.Cell(c.Label).Expect
		if expected == "" {
			continue
		}
		if seen[expected] == nil {
			known, seen[expected] = append(known, expected), make(map[string]int)
		}
		for _, d := range c.Trials {
			seen[expected][string(d.Cause)]++
			named[string(d.Cause)] = true
			all++
			if string(d.Cause) == expected {
				right++
			}
		}
	}
	if len(known) == 0 {
		return nil
	}
	t := table{head: []string{"What was wrong"}}
	var columns []string
	for _, cause := range append(slices.Clone(known), string(diagnose.Undetermined)) {
		if named[cause] {
			columns = append(columns, cause)
			delete(named, cause)
		}
	}
	for _, cause := range slices.Sorted(maps.Keys(named)) { // named, but never what was wrong
		columns = append(columns, cause)
	}
	t.head = append(t.head, columns...)
	for _, expected := range known {
		row := []string{expected}
		for _, cause := range columns {
			text := ""
			if n := seen[expected][cause]; n > 0 {
				text = numeral.Count(float64(n))
				if cause == expected {
					text = "**" + text + "**"
				}
			}
			row = append(row, text)
		}
		t.rows = append(t.rows, row)
	}
	return blocks{
		words("**Confusion matrix**"),
		say(
			"What was wrong in each cell is known. The diagnosis named it first in %d of %d trials; columns are what it named.",
			right, all,
		),
		t,
	}
}

// DiagnosisText is the diagnosis for a terminal.
func DiagnosisText(cells []diagnose.Cell) string {
	var b strings.Builder
	if len(cells) > 1 {
		b.WriteString(ofAllCells(cells) + "\n")
	}
	for _, c := range cells {
		fmt.Fprintf(&b, "%s %s: %s (%d of %d)\n  %s\n", c.Label, c.Scenario, c.Cause, c.First, c.Of, why(c))
		for _, left := range c.Excluded {
			fmt.Fprintf(&b, "  excluded: %s\n", left)
		}
		if c.Cause != diagnose.None {
			for _, f := range c.Typical.RuledOut {
				fmt.Fprintf(&b, "  not %s: %s\n", f.Cause, f.Why)
			}
		}
		for _, a := range c.Advice {
			fmt.Fprintf(&b, "  %s: %s%s\n", try(c, a), a.Words, joined("; ", a.Tried))
			for line := range strings.Lines(a.Spec) {
				b.WriteString("    " + line)
			}
		}
	}
	return b.String()
}

// ofAllCells is the diagnosis of a run in a line: under each scenario, how many cells have which cause, the commonest
// first.
func ofAllCells(cells []diagnose.Cell) string {
	var scenarios []string
	number := make(map[string]int)
	have := make(map[string]map[diagnose.Cause]int)
	for _, c := range cells {
		name := c.Scenario.String()
		if have[name] == nil {
			scenarios = append(scenarios, name)
			have[name] = make(map[diagnose.Cause]int)
		}
		number[name]++
		have[name][c.Cause]++
	}
	for i, name := range scenarios {
		causes := slices.SortedFunc(maps.Keys(have[name]), func(a, b diagnose.Cause) int {
			return cmp.Or(have[name][b]-have[name][a], strings.Compare(string(a), string(b)))
		})
		parts := make([]string, len(causes))
		for j, cause := range causes {
			parts[j] = fmt.Sprintf("%s in %d", cause, have[name][cause])
		}
		scenarios[i] = fmt.Sprintf("%s, %s: %s", name, plural(number[name], "cell"), strings.Join(parts, ", "))
	}
	return strings.Join(scenarios, "; ")
}

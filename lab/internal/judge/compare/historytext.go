package compare

import (
	"fmt"
	"strings"
)

// HistoryText tells lines for people: as Markdown, or for a terminal.
func HistoryText(lines []Line, markdown bool) string {
	w := &page{markdown: markdown}
	w.title("What changed over time")
	if len(lines) == 0 {
		w.line("There is no run to tell of.")
		return w.String()
	}
	var single []string
	for _, l := range lines {
		if len(l.Past) == 1 {
			single = append(single, l.Past[0].Run+" on "+l.Machine)
			continue
		}
		l.write(w)
	}
	if len(single) > 0 {
		w.title("Of one run, which has nothing to be compared with")
		w.list(single)
	}
	w.title("How to read this")
	w.list([]string{
		"Each run is compared with the one before it of the same spec, backend and kind of machine; the newest of three or " +
			"more with the oldest besides, for a drift that no step shows. What a step shows is not told once more " +
			"of these, but counts among the comparisons. Specs are the same by their names, cells by what they set.",
		atTwoTimesLegend,
		"What changes of the baseline alone shows as the opposite change of all other cells: the medians of the baseline, " +
			"and the report of either run, tell which it was.",
		"“better” and “worse” hold for all comparisons of a measure under a scenario in the line together (Holm). They " +
			"say that the runs differ, not why, and a run is of one day. To ask whether the backend is the cause: " +
			"lab compare --commits A B SPEC.",
		"All cells of a step, with their intervals: lab compare A B --force; its words are those of two runs alone.",
	})
	return w.String()
}

func (l Line) write(w *page) {
	of := ""
	if l.Backend != "" {
		of = " of " + l.Backend
	}
	w.title(l.Spec + of + " on " + l.Machine)
	if len(l.Steps) == 0 {
		w.line("No two runs of it can be compared.")
	} else {
		w.line(count(l.Steps...).String())
	}
	w.list(l.Blind)
	if len(l.Turns) > 0 {
		var rows [][]string
		for _, t := range l.Turns {
			began := t.Began
			if t.Drift {
				began = "not known: after " + t.Before + ", up to " + t.Began
			}
			rows = append(rows, append([]string{began, t.Scenario, w.code(t.Cell)}, t.Change.cells()...))
		}
		w.table(
			[]string{"began with", "scenario", "cell", "measure", "before", "since", "change", "95% interval", "word"}, 4, rows,
		)
	}
	w.table(append([]string{"run", "commit", "scenario", "results of the baseline"}, heads()...), 4, l.rows())
	w.list(l.left())
	if unlike := l.unlike(); len(unlike) > 0 {
		w.line("WARNING: runs are unlike, A the one before B; what changed may come from this:")
		w.list(unlike)
	}
}

// heads are those of the columns of the baseline's medians.
func heads() []string {
	var all []string
	for _, m := range measures {
		all = append(all, strings.TrimSpace(m.name+" "+m.unit))
	}
	return all
}

// rows has a row for each scenario of each run.
func (l Line) rows() [][]string {
	var rows [][]string
	for _, p := range l.Past {
		commit := p.Commit[:min(len(p.Commit), 10)]
		if p.Dirty {
			commit += ", changed"
		}
		for i, b := range p.Baselines {
			row := []string{"", "", b.Scenario, b.Trials.String()}
			if i == 0 {
				row[0], row[1] = p.Run, commit
			}
			for k, m := range measures {
				cell := missing
				if v := b.Medians[k]; v != nil {
					cell = Change{Measure: m.name}.value(*v)
				}
				row = append(row, cell)
			}
			rows = append(rows, row)
		}
	}
	return rows
}

// left says which runs are compared with no other, and which two have nothing in common.
func (l Line) left() []string {
	var all []string
	for _, p := range l.Past {
		if p.Why != "" {
			all = append(all, p.Run+" is not compared: "+p.Why)
		}
	}
	for _, c := range l.Steps {
		if len(c.Pairs) == 0 {
			all = append(all, fmt.Sprintf("%s → %s: no cell of one is like one of the other", c.A, c.B))
		}
	}
	return all
}

// unlike says of each step what else than the backend was not the same.
func (l Line) unlike() []string {
	var all []string
	for _, c := range l.Steps {
		if len(c.Unlike) > 0 {
			all = append(all, fmt.Sprintf("%s → %s: %s", c.A, c.B, strings.Join(c.Unlike, "; ")))
		}
	}
	return all
}

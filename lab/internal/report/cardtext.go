package report

import (
	"fmt"
	"strings"

	"stormwave/lab/internal/judge/diagnose"
	"stormwave/lab/internal/report/numeral"
)

// cardWriter writes the card's lines of the part whose answer is the run's.
type cardWriter struct {
	*Analysis
	*part
	row int // to set; 0: nothing
}

// choose finds the row to set: one that is told better, and does no harm elsewhere.
func (w *cardWriter) choose() {
	if w.expected() == 0 && (w.answer.outcome == cured || w.answer.outcome == improved) {
		w.row = w.answer.row
	}
}

// Facts of tables.

func (p part) fact(row int, column, text string) Fact {
	return Fact{Text: text, Part: title(p.Plan, p.Scenario), Row: cellName(p.rows[row].Cell), Column: column}
}

func (p part) median(row int, c column) Fact {
	text := numeral.Missing
	if v, n := p.rows[row].median(c); n > 0 {
		text = p.rows[row].mark(c.show(v))
	}
	return p.fact(row, c.head, text)
}

func (p part) against(row, m int) Fact { return p.fact(row, measures[m].head, p.contrastText(m, row)) }

// met is in how many trials a row met the SLO.
func (p part) met(row int) Fact {
	text, _, _ := strings.Cut(p.rows[row].slo(p.Plan.SLO), " (")
	return p.fact(row, "SLO met", text)
}

func (p part) cell(row int) string { return code(p.rows[row].Cell.Label) }

func (p part) setting(row int) Fact {
	return Fact{sets(p.rows[0].Cell, p.rows[row].Cell), madeHead, cellName(p.rows[row].Cell), setsHead}
}

// asked is a fact of how the run was made.
func askedFact(row, text string) Fact { return Fact{Text: text, Part: madeHead, Row: row} }

// asked says what the run was to answer.
func (w cardWriter) asked() *sentence {
	s, plan := new(sentence), w.run.Plan
	var loads []string
	for _, p := range w.parts {
		loads = append(loads, p.Scenario.String())
	}
	under := list(loads)
	slo := askedFact(sloRow, sloText(plan))
	switch n := len(plan.Compared()); {
	case w.expected() > 0:
		s.say("Does the diagnosis name what is wrong in each cell, which is known?")
	case n == 0:
		s.say("Does the baseline meet the SLO under %s (%s)?", under, slo)
	default:
		s.say("Which change of the baseline meets the SLO under %s (%s)?", under, slo)
	}
	s.say(" %s, %s.", askedFact(cellsRow, plural(distinct(plan), "cell")), askedFact(blocksRow, w.repeats()))
	return s.say(" %s", askedFact(trialsRow, tally(w.run)))
}

// set says what to set, and what that brings.
func (w cardWriter) set() *sentence {
	s, p, row := new(sentence), w.part, w.answer.row
	if w.expected() > 0 {
		s.say("Nothing: what limits each cell is known. The diagnosis named it first in %s",
			askedFact(namedRow, w.namedRight()))
		if others := w.namedOtherwise(); others != nil {
			s.say(", and not in every trial of %s", list(others))
		}
		return s.say(".")
	}
	switch w.answer.outcome {
	case cured, improved:
		s.say("**%s** (%s): ", w.setting(row), p.cell(row))
		w.brings(s, row)
		s.say(". SLO met in %s, without it in %s.", w.met(row), w.met(0))
	case disagreeing:
		s.say("Nothing for every load: under %s it would be %s (", p.Scenario, p.cell(row))
		w.brings(s, row)
		s.say("), which does harm under %s.", w.harmedBy(row))
	case kept:
		s.say("Nothing: the baseline meets the SLO in %s (failed %s%%, p99 %s ms)", w.met(0), w.median(0, failedColumn),
			w.median(0, p99Column))
		if len(p.Plan.Compared()) > 0 {
			s.say(", and no cell is told to have more goodput")
		}
		s.say(".")
	case promising:
		s.say("Nothing yet: %s met the SLO in %s, the baseline in %s (", p.cell(row), w.met(row), w.met(0))
		w.brings(s, row)
		s.say("), but that it is better cannot be told.")
	case uncured:
		s.say("Nothing: no cell meets the SLO in every trial; the baseline does in %s (failed %s%%, p99 %s ms).",
			w.met(0), w.median(0, failedColumn), w.median(0, p99Column))
	default:
		return s.say("Nothing can be said: the baseline has no trial that counts.")
	}
	for i := range w.parts {
		if other := &w.parts[i]; other != p {
			w.elsewhere(s, other)
		}
	}
	return s
}

// brings writes what a row changes.
func (w cardWriter) brings(s *sentence, row int) {
	s.say("failed %s%% → %s%%, p99 %s → %s ms, goodput × %s", w.median(0, failedColumn), w.median(row, failedColumn),
		w.median(0, p99Column), w.median(row, p99Column), w.against(row, byGoodput))
}

// elsewhere says what the choice comes to under another scenario.
func (w cardWriter) elsewhere(s *sentence, other *part) {
	switch {
	case other.answer.outcome == unknown:
		s.say(" Under %s: nothing can be said.", other.Scenario)
	case w.row == 0 || !other.rows[w.row].Valid():
		s.say(" Under %s the baseline meets the SLO in %s.", other.Scenario, other.met(0))
	default:
		s.say(" Under %s: SLO met in %s, by the baseline in %s; goodput × %s.",
			other.Scenario, other.met(w.row), other.met(0), other.against(w.row, byGoodput))
	}
}

// harmedBy names the scenarios under which a row does harm.
func (w cardWriter) harmedBy(row int) string {
	var names []string
	for _, p := range w.parts {
		if p.spoilt(row) {
			names = append(names, p.Scenario.String())
		}
	}
	return list(names)
}

// costs says what the choice is paid with.
func (w cardWriter) costs() *sentence {
	if w.row == 0 {
		return nil
	}
	s := new(sentence)
	s.say("Connections %s → %s", w.median(0, connectionsColumn), w.median(w.row, connectionsColumn))
	for i, m := range costs {
		if text := m.text(w.part.costs[i][w.row]); text == numeral.Missing {
			s.say("; %s not recorded", m.noun)
		} else {
			s.say("; %s × %s", m.noun, w.fact(w.row, m.head, text))
		}
	}
	var more []Fact
	for _, service := range w.moreParts(w.row) {
		more = append(more, w.fact(w.row, "Parts", service))
	}
	if more == nil {
		return s.say("; no part more.")
	}
	return s.say("; parts more: ").each(more, ", ").say(".")
}

// maxTold is how many cells a line tells of.
const maxTold = 3

// eachRow writes some rows, the first few with figures.
func (w cardWriter) eachRow(s *sentence, rows []int, figures func(row int)) {
	for i, row := range rows {
		switch {
		case i == maxTold:
			s.say(", and others")
			return
		case i > 0:
			s.say("; ")
		}
		s.say("%s (", w.cell(row))
		figures(row)
		s.say(")")
	}
}

// asWell says which other cells meet the SLO.
func (w cardWriter) asWell() *sentence {
	if w.expected() > 0 {
		return nil
	}
	s := new(sentence)
	figures := func(row int) {
		s.say("p99 %s ms, goodput × %s", w.median(row, p99Column), w.against(row, byGoodput))
		if more := w.moreParts(row); len(more) > 0 {
			s.say(", %s more", strings.Join(more, " and "))
		}
	}
	if rows := w.answer.asWell; len(rows) > 0 {
		w.eachRow(s, rows, figures)
		s.say(": goodput not told apart from it. ")
	}
	behind, untold := split(w.answer.behind, func(row int) bool { return w.row > 0 && w.toldBetter(row, false) })
	if behind != nil {
		w.eachRow(s.say("SLO met, but less goodput: "), behind, figures)
		s.say(". ")
	}
	if untold != nil {
		w.eachRow(s.say("SLO met too, but not told better: "), untold, figures)
		s.say(".")
	}
	return s
}

// split parts rows into those that a condition holds of and the others.
func split(rows []int, holds func(row int) bool) (these, others []int) {
	for _, row := range rows {
		if holds(row) {
			these = append(these, row)
		} else {
			others = append(others, row)
		}
	}
	return these, others
}

// noHelp says which cells do not help.
func (w cardWriter) noHelp() *sentence {
	if len(w.answer.noHelp) == 0 || w.expected() > 0 {
		return nil
	}
	s, slo := new(sentence), w.Plan.SLO
	missed, worse := split(w.answer.noHelp, func(row int) bool { return !w.rows[row].Meets(slo) })
	if missed != nil {
		w.eachRow(s.say("SLO missed: "), missed, func(row int) {
			s.say("met in %s, failed %s%%, in points %s", w.met(row), w.median(row, failedColumn), w.against(row, byFailures))
		})
		s.say(". ")
	}
	if worse != nil {
		w.eachRow(s.say("Worse: "), worse, func(row int) {
			s.say("p99 %s ms, goodput × %s", w.median(row, p99Column), w.against(row, byGoodput))
		})
		s.say(".")
	}
	return s
}

// maxFigures is how many figures of evidence a line has.
const maxFigures = 3

// why says what limited the baseline.
func (w cardWriter) why(c diagnose.Cell) *sentence {
	s := new(sentence)
	if c.Of == 0 {
		return s
	}
	times := w.fact(0, "Trials", fmt.Sprintf("%d of %d", c.First, c.Of))
	if c.Cause == diagnose.None {
		s.say("Nothing limits the baseline, in %s trials: ", times)
	} else {
		s.say("The baseline is limited by %s, in %s trials: ", w.fact(0, "Cause", named(c)), times)
	}
	var figures []Fact
	for _, e := range figuresOf(c.Typical) {
		figures = append(figures, w.fact(0, "Evidence", prose(e.Words)))
	}
	s.each(figures[:min(len(figures), maxFigures)], ", ").say(".")
	if w.row > 0 && len(w.present([]column{queryColumn})) > 0 {
		wait := breakdownColumns[0]
		if before, after := w.median(0, wait), w.median(w.row, wait); before.Text != numeral.Missing &&
			after.Text != numeral.Missing {
			s.say(" A query waits %s ms for a connection, with the change %s ms.", before, after)
		}
	}
	return s
}

// sure says how much to believe, and what would change it.
func (w cardWriter) sure() *sentence {
	s, p := new(sentence), w.part
	s.say("%s.", askedFact(blocksRow, p.repeated()))
	if row := p.Plan.Control(); row < 0 {
		s.say(" The noise is not known: there is no A/A control.")
	} else if c := p.contrasts[byGoodput][row]; c.N > 0 && !c.Suspect {
		s.say(" Noise: the baseline against itself has goodput × %s, p99 × %s",
			w.against(row, byGoodput), w.against(row, byP99))
		if alarms := p.alarms(); len(alarms) > 0 {
			s.say(" (**alarm**: that excludes no difference in %s, and there is none)", list(alarms))
		}
		s.say(".")
	}
	if len(p.Plan.Compared()) > 0 {
		s.say(" That can tell %s.", askedFact(toldRow(p.Scenario), w.told(*p)))
	}
	if w.doubtful() > 0 {
		s.say(" Some numbers are known to be wrong, see below.")
	}
	if len(w.run.Plan.CPUs) == 0 {
		s.say(" Another load, data set or machine may change it: here everything shares %s.",
			askedFact("CPU", plural(w.run.Host.Cores, "core")))
	} else {
		s.say(" Another load, data set or machine may change it.")
	}
	return s
}

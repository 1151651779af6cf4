package report

import (
	"fmt"
	"strings"

	"stormwave/lab/internal/analysis"
	"stormwave/lab/internal/judge/stat"
	"stormwave/lab/internal/judge/stop"
	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/record"
	"stormwave/lab/internal/report/numeral"
)

// opening says in plain words what the run found.
func (a *Analysis) opening() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s × %s. %s\n", plural(distinct(a.run.Plan), "cell"), a.repeats(), tally(a.run))
	if len(a.run.Host.Forced) > 0 {
		fmt.Fprintf(&b, "\n**Resumed although something had changed: %s.**\n", prose(strings.Join(a.run.Host.Forced, "; ")))
	}
	for _, p := range a.parts {
		fmt.Fprintf(&b, "\n**%s**: %s\n", p.Scenario, p.finding())
	}
	if few := a.tooFew(); few != "" {
		fmt.Fprintf(
			&b, "\nWith %s n is too small for an interval (it takes %d): believe large differences, not small ones.\n", few,
			stat.MinBlocks,
		)
	}
	return b.String()
}

// repeats says how often each cell was run.
func (a *Analysis) repeats() string {
	if a.run.Plan.BlocksOf == nil {
		return plural(len(a.run.Plan.Scenarios), "scenario") + " × " + plural(blocksOf(a.run.Records), "block")
	}
	parts := make([]string, len(a.parts))
	for i, p := range a.parts {
		parts[i] = fmt.Sprintf("%d × %s", len(p.Blocks), p.Scenario)
	}
	return "(" + strings.Join(parts, " + ") + ")"
}

// tooFew names the blocks that are too few for an interval, "" if there are enough.
func (a *Analysis) tooFew() string {
	if a.run.Plan.BlocksOf == nil {
		if n := blocksOf(a.run.Records); n < stat.MinBlocks {
			return plural(n, "block")
		}
		return ""
	}
	var few []string
	for _, p := range a.parts {
		if n := len(p.Blocks); n < stat.MinBlocks {
			few = append(few, fmt.Sprintf("%s of %s", plural(n, "block"), p.Scenario))
		}
	}
	return strings.Join(few, " and ")
}

// distinct counts the cells; the A/A control is the baseline once more.
func distinct(plan matrix.Plan) int { return len(plan.Compared()) + 1 }

func blocksOf(records []record.Record) int { return len(analysis.LastAttempts(records)) }

// tally counts the trials by what became of them.
func tally(run Run) string {
	verdicts, latest := analysis.Tally(run.Records), analysis.Latest(run.Records)
	ran, planned := len(latest), 0
	for _, r := range latest {
		if r.Block <= run.Plan.Blocks {
			planned++
		}
	}
	notRun := len(run.Plan.Trials) - planned
	enough := stop.Ended(run.Plan, run.Records)
	if enough || run.Plan.Budget > 0 {
		notRun = 0 // a race has no trials that must be run
	}
	text := fmt.Sprintf("Of %s %d are valid", plural(ran+notRun, "trial"), verdicts[record.Valid])
	for _, v := range record.Verdicts[1:] {
		if verdicts[v] > 0 {
			text += fmt.Sprintf(", %d %s", verdicts[v], v)
		}
	}
	if notRun > 0 {
		text += fmt.Sprintf(", %d not run", notRun)
	}
	text += "."
	if again := len(run.Records) - ran; again > 0 {
		text += fmt.Sprintf(" Excluded too: %s of a block that was interrupted and rerun.", plural(again, "trial"))
	}
	if enough {
		text += fmt.Sprintf(" It ended before block %d of %d: every interval was within ±%s%%.",
			blocksOf(run.Records)+1, run.Plan.Blocks, numeral.Figure(100*run.Plan.Stop.Width))
	}
	return text
}

// finding says what won under the SLO, and what cannot be told apart.
func (p part) finding() string {
	sentences := []string{p.whoMet()}
	sentences = append(sentences, p.whoWon())
	sentences = append(sentences, p.againstBaseline()...)
	if few := p.tooMany(); few != "" {
		sentences = append(sentences, few)
	}
	return strings.Join(sentences, " ")
}

func (p part) whoMet() string {
	cells, unknown, met := 0, 0, []string{}
	for _, g := range p.rows {
		switch {
		case g.Cell.Control:
			continue
		case !g.Valid():
			unknown++
			continue
		case g.Meets(p.Plan.SLO):
			met = append(met, g.Cell.Label)
		}
		cells++
	}
	text := fmt.Sprintf("%d of %s met the SLO", len(met), plural(cells, "cell"))
	if len(met) > 0 && len(met) <= maxNamed {
		text += " (" + codes(met) + ")"
	}
	if unknown > 0 {
		text += fmt.Sprintf("; %s without a valid trial", plural(unknown, "other"))
	}
	base := p.rows[0]
	if !base.Valid() {
		return text + ". The baseline has no valid trial, so there is nothing to compare with."
	}
	failed, _ := base.median(failedColumn)
	slow, _ := base.median(p99Column)
	return text + fmt.Sprintf(
		". The baseline had %s%% of its requests fail and a p99 of %s ms.", numeral.Percent(failed), numeral.Figure(slow),
	)
}

// whoWon names the cell with the best goodput, and those that are tied with it.
func (p part) whoWon() string {
	if p.best.Row < 0 {
		return "No cell has a goodput."
	}
	winner := p.rows[p.best.Row]
	top, _ := winner.median(goodputColumn)
	text := fmt.Sprintf("the best goodput is that of %s: %s RPS", code(winner.Cell.Label), numeral.Figure(top))
	if winner.Cell.Baseline {
		text = fmt.Sprintf("the best goodput is the baseline's own: %s RPS", numeral.Figure(top))
	} else if c := p.contrasts[byGoodput][p.best.Row]; c.N > 0 {
		text += fmt.Sprintf(", %s × the baseline's", ratio(c.Ratio))
		if c.Interval != nil {
			text += fmt.Sprintf(" [%s, %s]", ratio(c.Interval.Low), ratio(c.Interval.High))
		}
	}
	if p.best.Met {
		text = "Under the SLO " + text + "."
	} else {
		text = "Of all cells " + text + "."
	}
	switch {
	case p.best.Few:
		return text + fmt.Sprintf(
			" Whether it is ahead of the others cannot be told: n is too small, it takes %d blocks.", p.best.Least,
		)
	case len(p.best.Tied) > 0:
		tied := p.named(p.best.Tied)
		if more := len(p.Candidates()) - 1; p.best.Met && more > 1 && len(p.best.Tied) == more {
			tied = "all others that met the SLO"
		}
		return text + " No significant difference from it: " + tied + "."
	case len(p.Candidates()) == 1:
		return text
	case p.best.Met:
		return text + " It is ahead of every other cell that met the SLO."
	}
	return text + " It is ahead of every other cell."
}

// againstBaseline sorts the cells by how their goodput compares with the baseline's.
func (p part) againstBaseline() []string {
	rows := map[stat.Word][]int{}
	for row, c := range p.contrasts[byGoodput] {
		if c.N > 0 && !c.Suspect && !p.rows[row].Cell.Control {
			rows[c.Word] = append(rows[c.Word], row)
		}
	}
	var sentences []string
	for _, w := range []struct {
		word stat.Word
		text string
	}{
		{stat.Better, "More goodput than the baseline: "},
		{stat.Worse, "Less than the baseline: "},
		{stat.Equivalent, "As much as the baseline: "},
		{stat.Inconclusive, "Cannot be told from the baseline: "},
	} {
		list := rows[w.word]
		if all := len(p.Plan.Compared()); all > 1 && len(list) == all {
			return append(sentences, w.text+"every other cell.")
		}
		if len(list) > 0 {
			sentences = append(sentences, w.text+p.named(list)+".")
		}
	}
	return sentences
}

// maxNamed is how many cells a sentence names.
const maxNamed = 5

// named lists cells in a sentence, the first few by name.
func (p part) named(rows []int) string {
	var labels []string
	for _, row := range rows[:min(len(rows), maxNamed)] {
		labels = append(labels, p.rows[row].Cell.Label)
	}
	text := codes(labels)
	if more := len(rows) - len(labels); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// bandLine says how far the same thing may lie from itself, and rings the alarm where that
// cannot be chance alone.
func (p part) bandLine() string {
	const unknown = "**Noise band (A/A)**: not known. "
	row := p.Plan.Control()
	if row < 0 {
		return unknown + "This run did not measure the baseline twice."
	}
	var bands, alarms []string
	n := 0
	for m, of := range measures {
		c := p.contrasts[m][row]
		if c.N == 0 || c.Suspect {
			continue
		}
		n = c.N
		bands = append(bands, fmt.Sprintf("%s %s", of.head, of.span(c)))
		if c.Excludes(of.Measure) {
			alarms = append(alarms, of.noun)
		}
	}
	if len(bands) == 0 {
		return unknown + "There is no block in which both the baseline and the control are valid."
	}
	text := fmt.Sprintf("**Noise band (A/A)**: the baseline against itself, %s (n = %d). It shows how large "+
		"the noise is; *better* and *worse* do not depend on it.", strings.Join(bands, ", "), n)
	if len(alarms) > 0 {
		text += fmt.Sprintf(" **Alarm**: in %s the band excludes that the two are the same, and they are. "+
			"By chance alone that happens to one band in twenty; else something favours one of two equal cells.", list(alarms))
	}
	return text
}

// list joins with commas, and with "and" before the last.
func list(parts []string) string {
	if len(parts) < 2 {
		return strings.Join(parts, "")
	}
	last := len(parts) - 1
	return strings.Join(parts[:last], ", ") + " and " + parts[last]
}

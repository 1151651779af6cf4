package report

import (
	"fmt"
	"strings"

	"stormwave/lab/internal/analysis"
	"stormwave/lab/internal/judge/stop"
	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/record"
	"stormwave/lab/internal/report/numeral"
)

// repeats says how often each cell was run.
func (a *Analysis) repeats() string {
	parts := make([]string, len(a.parts))
	for i, p := range a.parts {
		parts[i] = p.repeated()
	}
	return strings.Join(parts, " + ")
}

// repeated says how often each cell was run under the scenario.
func (p part) repeated() string {
	return fmt.Sprintf("%s × %s", plural(len(p.Blocks), "block"), p.Scenario)
}

// distinct counts the cells; the A/A control is the baseline once more.
func distinct(plan matrix.Plan) int { return len(plan.Compared()) + 1 }

func blocksOf(records []record.Record) int { return len(analysis.LastAttempts(records)) }

// counted is how many trials of the plan ran in the last attempts, and how many did not run.
func counted(run Run) (ran, notRun int) {
	latest := analysis.Latest(run.Records)
	planned := 0
	for _, r := range latest {
		if r.Block <= run.Plan.Blocks {
			planned++
		}
	}
	if !stop.Ended(run.Plan, run.Records) && run.Plan.Budget == 0 { // a race has no trials that must be run
		notRun = len(run.Plan.Trials) - planned
	}
	return len(latest), notRun
}

// tally counts the trials by what became of them.
func tally(run Run) string {
	verdicts := analysis.Tally(run.Records)
	ran, notRun := counted(run)
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
	if stop.Ended(run.Plan, run.Records) {
		text += fmt.Sprintf(" It ended before block %d of %d: every interval was within ±%s%%.",
			blocksOf(run.Records)+1, run.Plan.Blocks, numeral.Figure(100*run.Plan.Stop.Width))
	}
	return text
}

// bandLine says how far the same thing may lie from itself, and rings the alarm where that
// cannot be chance alone.
func (p part) bandLine() string {
	const unknown = "**Noise band (A/A)**: not known. "
	row := p.Plan.Control()
	switch {
	case p.Plan.Budget > 0:
		return "" // a race has the noise of its model
	case row < 0:
		return unknown + "This run did not measure the baseline twice."
	}
	var bands []string
	n := 0
	for m, of := range measures {
		c := p.contrasts[m][row]
		if c.N == 0 || c.Suspect {
			continue
		}
		n = c.N
		by := " × "
		if of.Absolute {
			by = " "
		}
		bands = append(bands, of.noun+by+of.span(c))
	}
	if len(bands) == 0 {
		return unknown + "There is no block in which both the baseline and the control are valid."
	}
	text := fmt.Sprintf("**Noise band (A/A)**: the baseline against itself, %s (n = %d). It shows how large "+
		"the noise is; *better* and *worse* do not depend on it.", strings.Join(bands, ", "), n)
	if alarms := p.alarms(); len(alarms) > 0 {
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

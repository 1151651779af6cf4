package report

import (
	"fmt"
	"math"
	"slices"

	"stormwave/lab/internal/judge/diagnose"
	"stormwave/lab/internal/judge/stat"
	"stormwave/lab/internal/record"
)

// next is the command to go on with.
func (w cardWriter) next(command *string) *sentence {
	s := new(sentence)
	say := func(cmd, words string) *sentence {
		*command = cmd
		return s.say("%s%s", code(cmd), words)
	}
	file := "lab run results/" + w.run.Name + "/" + nextFile
	switch _, notRun := counted(w.run); {
	case notRun > 0:
		return say("lab resume "+w.run.Name, " runs what has not run.")
	case w.expected() > 0:
		return say("lab diagnose "+w.run.Name, " shows every cause with its evidence.")
	case w.nextSpec == "" && w.answer.outcome == unknown:
		return say("lab run results/"+w.run.Name+"/spec.yaml", " runs it again.")
	case w.nextSpec == "":
		return s.say("Nothing to confirm: a higher load would tell where that ends.")
	case w.answer.outcome == uncured:
		return say(file, " tries what the diagnosis advises.")
	}
	if w.row == 0 {
		return say(file, " asks it again, of this cell and the baseline alone.")
	}
	return say(file, " confirms it: this cell and the baseline alone.")
}

// nextFile holds the spec of the card's command.
const nextFile = "next.yaml"

// findNext makes that spec: the choice against the baseline, or what the diagnosis advises where nothing helped.
func (a *Analysis) findNext() string {
	p := a.parts[a.decisive()]
	if a.expected() > 0 {
		return ""
	}
	switch p.answer.outcome {
	case cured, improved, promising, disagreeing:
		change := changed(p.rows[0].Cell, p.rows[p.answer.row].Cell)
		return diagnose.Confirm(a.run.Plan, p.rows[0].Cell, p.Scenario, change, a.run.Services)
	case uncured:
		for _, c := range a.cells {
			if c.Label == p.rows[0].Cell.Label && c.Scenario == p.Scenario && len(c.Advice) > 0 {
				return c.Advice[0].Spec
			}
		}
	}
	return ""
}

// alarms are the measures in which the A/A control differs from the baseline, which it is.
func (p part) alarms() []string {
	var alarms []string
	for m, of := range measures {
		if c := p.contrasts[m][p.Plan.Control()]; c.N > 0 && !c.Suspect && c.Excludes(of.Measure) {
			alarms = append(alarms, of.noun)
		}
	}
	return alarms
}

// told is what difference the part's blocks can tell.
func (a *Analysis) told(p part) string {
	n := len(p.Plan.Compared())
	switch least := stat.MinBlocksFor(n); {
	case len(p.Blocks) < least:
		take := "take"
		if n == 1 {
			take = "takes"
		}
		return fmt.Sprintf("nothing, however large: %s %s %s", plural(n, "comparison"), take, plural(least, "block"))
	case !(p.reach > 1) || math.IsInf(p.reach, 1):
		return "what the intervals say; from which difference on is not known, for want of noise to go by"
	}
	return fmt.Sprintf("a goodput of %s × the baseline's or more, or %s × or less, in four runs of five",
		ratio(p.reach), ratio(1/p.reach))
}

// namedRight is how often the diagnosis named the known fault first.
func (a *Analysis) namedRight() string {
	n, of := 0, 0
	for _, c := range a.cells {
		expected := a.run.Plan.Cell(c.Label).Expect
		for _, d := range c.Trials {
			if expected != "" {
				of++
				if string(d.Cause) == expected {
					n++
				}
			}
		}
	}
	return fmt.Sprintf("%d of %s", n, plural(of, "trial"))
}

// namedOtherwise are the cells of which a trial was said to have another cause than the known one, the first few.
func (a *Analysis) namedOtherwise() []string {
	var labels []string
	for _, c := range a.cells {
		expected := a.run.Plan.Cell(c.Label).Expect
		other := func(d diagnose.Diagnosis) bool { return string(d.Cause) != expected }
		if expected != "" && slices.ContainsFunc(c.Trials, other) {
			labels = append(labels, code(c.Label))
		}
	}
	if len(labels) > maxTold {
		labels = append(labels[:maxTold], "others")
	}
	return labels
}

// doubtful counts the records with figures that are known to be wrong.
func (a *Analysis) doubtful() int {
	n := 0
	for i := range a.run.Records {
		r := &a.run.Records[i]
		_, _, wrong := tooMuchCPU(r, a.run.Host.Cores)
		if old := r.Load != nil && r.Model == "" && r.Verdict != record.Invalid; wrong || old {
			n++
		}
	}
	return n
}

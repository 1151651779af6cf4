package report

import (
	"fmt"
	"slices"
	"strings"

	"stormwave/lab/internal/analysis"
	"stormwave/lab/internal/judge/stat"
	"stormwave/lab/internal/record"
	"stormwave/lab/internal/report/numeral"
)

// effect is what a remedy does to one of the study's complaints.
type effect int

const (
	cures    effect = iota // better, and the remedy kept every time what the baseline mostly broke
	improves               // better, but no cure
	lowers                 // the same of latency, while too many requests fail
	worsens                // worse
	nothing                // equivalent
	untold                 // inconclusive
	few                    // n too small
	idle                   // there was nothing to cure, and it stayed so
	effects                // how many there are
)

// verbs say each effect, before what it is on.
var verbs = [effects]string{
	cures: "cures", improves: "improves", lowers: "lowers, with failures counted in,", worsens: "worsens", nothing: "does nothing about",
	untold: "has no effect that can be told from noise on", few: "has too few blocks for a word on", idle: "finds nothing to cure in",
}

// complaint is something of which the study complains.
type complaint struct {
	noun      string
	contrasts func(remedies) []analysis.Contrast
	// broken says whether a repetition broke the objective; nil where it has none.
	broken func(remedies, *record.Record) bool
	column column
	unit   string
}

// latency is what is judged with an eye on what fails.
const latency = "latency"

// halved is the ratio of connections from which on a remedy is said to cure them.
const halved = 0.5

var complaints = []complaint{
	{
		noun: "failed requests", column: failedColumn, unit: "%",
		contrasts: func(r remedies) []analysis.Contrast { return r.part.contrasts[byFailed] },
		broken:    remedies.fails,
	},
	{
		noun: latency, column: p99Column, unit: " ms at p99",
		contrasts: func(r remedies) []analysis.Contrast { return r.part.contrasts[byP99] },
		broken: func(r remedies, rec *record.Record) bool {
			_, slow := analysis.Misses(rec, r.Plan.SLO)
			return slow
		},
	},
	{
		noun:      connections.noun,
		column:    connectionsColumn,
		contrasts: func(r remedies) []analysis.Contrast { return r.connections },
	},
	{
		noun: "goodput", column: goodputColumn, unit: " RPS",
		contrasts: func(r remedies) []analysis.Contrast { return r.part.contrasts[byGoodput] },
	},
}

func (r remedies) fails(rec *record.Record) bool {
	tooMany, _ := analysis.Misses(rec, r.Plan.SLO)
	return tooMany
}

// broke counts the results of a row that broke a bound of the objective. One in which the
// system failed broke all.
func (r remedies) broke(row int, is func(remedies, *record.Record) bool) (n, of int) {
	g := r.rows[row]
	n = len(g.Failed)
	for _, rec := range g.Used {
		if is(r, rec) {
			n++
		}
	}
	return n, g.N()
}

// effectOn judges a row by rules alone: by the contrast with the baseline, and a cure by
// the counts too. Latency is not cured while too many requests fail: failures may come
// fast, and to break off what is slow takes it out of the successes.
func (r remedies) effectOn(c complaint, row int) effect {
	contrast := c.contrasts(r)[row]
	failing, _ := r.broke(row, remedies.fails)
	if c.broken != nil {
		ill, of := r.broke(0, c.broken)
		still, _ := r.broke(row, c.broken)
		switch {
		case contrast.Word == stat.Better && 2*ill > of && still == 0 && failing == 0:
			return cures
		case ill+still == 0 && contrast.Word != stat.Better && contrast.Word != stat.Worse:
			return idle
		}
	} else if c.noun == connections.noun && contrast.Word == stat.Better && contrast.High <= halved {
		return cures
	}
	switch contrast.Word {
	case stat.Better:
		if failing > 0 && c.noun == latency {
			return lowers
		}
		return improves
	case stat.Worse:
		return worsens
	case stat.Equivalent:
		return nothing
	case stat.Inconclusive:
		return untold
	}
	return few
}

// inPlainWords says what each remedy does and costs, and which is best.
func inPlainWords(all []remedies) words {
	var b strings.Builder
	b.WriteString(`*Cures*: better by the comparison, and the baseline broke the SLO's bound in most repetitions, the remedy in none, with
few enough requests failing; beside it the p-value of an exact paired test of these counts (McNemar). Connections: at most half
the baseline's in every block. *Improves* and *worsens*, *does nothing*, *no effect that can be told*: the words of the
comparison, better, worse, equivalent, inconclusive. *Lowers, with failures counted in*: a better p99, while too many
requests fail. What is in brackets are medians, the baseline's → the remedy's.

`)
	for _, row := range all[0].Plan.Compared() {
		fmt.Fprintf(&b, "- %s\n", sayRemedy(all, row))
	}
	b.WriteByte('\n')
	for _, r := range all {
		if text := r.sayBest(); text != "" {
			fmt.Fprintf(&b, "%s\n\n", text)
		}
	}
	b.WriteString(reservation)
	return words(b.String())
}

const reservation = `**Reservation.** Everything ran on one machine: load generator, backend, pooler, primary and replica share its CPUs, so a
replica brings none of its own, and no read scaling can be seen. Unless a scenario says otherwise the load is a closed
model: who waits asks less, so a slow cell was spared what a fast one was sent. What holds for this workload, two short
reads a request, need not hold for long queries or for writes.
`

// sayRemedy is what one remedy does in every scenario: rows are alike in all.
func sayRemedy(all []remedies, row int) string {
	found := map[effect]bool{} // on what users see
	fewer := false             // connections
	ills, cured := 0, 0        // of the baseline
	var sentences []string
	for _, r := range all {
		if !r.rows[0].Valid() || !r.rows[row].Valid() {
			sentences = append(sentences, fmt.Sprintf("Under %s nothing can be said: it or the baseline has no valid repetition.", r.Scenario))
			continue
		}
		for _, c := range complaints {
			if e := r.effectOn(c, row); c.noun == connections.noun {
				fewer = fewer || e == cures || e == improves
			} else {
				found[e] = true
				if c.broken == nil {
					continue
				}
				if ill, of := r.broke(0, c.broken); 2*ill > of {
					ills++
					if e == cures {
						cured++
					}
				}
			}
		}
		sentences = append(sentences, r.sayEffects(row), r.sayCosts(row))
	}
	return fmt.Sprintf("%s **%s**. %s", remedyName(all[0].run, all[0].rows[row]), headline(found, ills == cured, fewer), strings.Join(sentences, " "))
}

// headline sums up the effects of a remedy in all scenarios: those on users, whether
// it cured every ill of the baseline, and whether it takes fewer connections, which
// alone helps nobody.
func headline(found map[effect]bool, all, fewer bool) string {
	text := "cannot be judged"
	switch {
	case found[cures] && all:
		text = "cures"
	case found[cures]:
		text = "cures in part"
	case found[improves]:
		text = "eases, and cures nothing"
	case found[worsens]:
		text = "does harm here"
	case found[nothing], found[untold], found[lowers]:
		text = "does not help here"
	case found[few]:
		text = "cannot be judged: n is too small"
	case found[idle]:
		text = "has nothing to cure here"
	}
	if found[cures] || found[improves] {
		if found[worsens] {
			text += ", but does harm too"
		}
		return text
	}
	var but []string
	if found[lowers] {
		but = append(but, "for a lower latency")
	}
	if fewer {
		but = append(but, "for fewer connections")
	}
	if len(but) > 0 {
		text += ", but " + list(but)
	}
	return text
}

// sayEffects is a sentence on what the remedy does under one scenario.
func (r remedies) sayEffects(row int) string {
	var on [effects][]string
	for _, c := range complaints {
		e := r.effectOn(c, row)
		before, _ := r.rows[0].median(c.column)
		after, n := r.rows[row].median(c.column)
		text := c.noun
		if n > 0 {
			text += fmt.Sprintf(" (%s → %s%s%s)", c.column.show(before), c.column.show(after), c.unit, r.counts(c, e, row))
		}
		on[e] = append(on[e], text)
	}
	var clauses []string
	for e, verb := range verbs {
		if len(on[e]) > 0 {
			clauses = append(clauses, verb+" "+list(on[e]))
		}
	}
	return fmt.Sprintf("Under %s it %s.", r.Scenario, strings.Join(clauses, "; "))
}

// counts says of a cure how often the baseline and the remedy broke the bound.
func (r remedies) counts(c complaint, e effect, row int) string {
	if e != cures || c.broken == nil {
		return ""
	}
	ill, of := r.broke(0, c.broken)
	still, n := r.broke(row, c.broken)
	return fmt.Sprintf("; missed in %d of %d → %d of %d, p %s", ill, of, still, n, numeral.Figure(r.mcNemar(c, row)))
}

// mcNemar compares how often the baseline and a row broke a bound, in the blocks of both.
func (r remedies) mcNemar(c complaint, row int) float64 {
	verdicts := func(g group) map[int]bool {
		broke := make(map[int]bool)
		for _, rec := range g.Used {
			broke[rec.Block] = c.broken(r, rec)
		}
		for _, rec := range g.Failed {
			broke[rec.Block] = true
		}
		return broke
	}
	base, cell := verdicts(r.rows[0]), verdicts(r.rows[row])
	only, other := 0, 0
	for block, ill := range base {
		if still, both := cell[block]; both && ill != still {
			if ill {
				only++
			} else {
				other++
			}
		}
	}
	return stat.McNemar(only, other)
}

// sayCosts is a sentence on what the remedy takes of the machine.
func (r remedies) sayCosts(row int) string {
	words := map[stat.Word]string{stat.Better: "less", stat.Worse: "more", stat.Equivalent: "the same"}
	var parts []string
	for i, m := range costs {
		c := r.costs[i][row]
		if c.N == 0 {
			continue
		}
		word := string(c.Word)
		if w, ok := words[c.Word]; ok {
			word = w
		}
		parts = append(parts, fmt.Sprintf("%s × %s (%s)", m.show(c.Ratio), m.noun, word))
	}
	if len(parts) == 0 {
		return "What it costs is not known."
	}
	return "It takes " + list(parts) + "."
}

// sayBest says which remedy alone is best under a scenario, and whether all
// together beat it.
func (r remedies) sayBest() string {
	all, together := r.singles()
	singles := r.valid(all)
	best := r.BestOf(singles)
	if best == 0 {
		return ""
	}
	top, _ := r.rows[best].median(goodputColumn)
	text := fmt.Sprintf("**Under %s** the best single remedy is %s: a goodput of %s RPS, SLO met: %s.", r.Scenario,
		remedyName(r.run, r.rows[best]), numeral.Figure(top), r.rows[best].slo(r.Plan.SLO))
	if len(singles) > 1 {
		text += r.sayTied(best, singles)
	}
	switch {
	case together == 0:
		return text
	case !r.rows[together].Valid():
		return text + " All together have no valid repetition."
	}
	text += fmt.Sprintf(" All together, SLO met: %s, have", r.rows[together].slo(r.Plan.SLO))
	var parts []string
	for _, m := range []int{byGoodput, byP99} {
		parts = append(parts, sayContrast(measures[m], r.Between(measures[m].Measure, best, together)))
	}
	return text + " " + list(parts) + "."
}

// sayContrast says how something compares with what is not the baseline.
func sayContrast(m measure, c stat.Contrast) string {
	if c.N == 0 {
		return "no block in which to compare its " + m.noun
	}
	text := fmt.Sprintf("%s × its %s", m.show(c.Ratio), m.noun)
	word := string(c.Word)
	if c.Word == stat.Equivalent || c.Word == stat.Inconclusive {
		word = "tied: " + word
	}
	switch {
	case c.Interval != nil:
		text += fmt.Sprintf(" [%s, %s]", m.show(c.Interval.Low), m.show(c.Interval.High))
	case c.N > 1:
		word = fmt.Sprintf("%s to %s, %s", m.show(c.Low), m.show(c.High), word)
	}
	return text + " (" + word + ")"
}

// sayTied says which remedies cannot be told from the best. As when a run's winner
// is named, one that missed the SLO is not compared with one that met it.
func (r remedies) sayTied(best int, singles []int) string {
	met := r.rows[best].Meets(r.Plan.SLO)
	rows := slices.DeleteFunc(slices.Clone(singles), func(row int) bool { return met && !r.rows[row].Meets(r.Plan.SLO) })
	if len(rows) == 1 {
		return " No other one alone met the SLO."
	}
	tied, unknown := r.Tied(best, rows)
	switch {
	case unknown:
		return " Whether it is ahead of the others cannot be told: n is too small."
	case len(tied) > 0:
		var names []string
		for _, row := range tied {
			names = append(names, remedyName(r.run, r.rows[row]))
		}
		return " Tied with it, since not to be told from it: " + list(names) + "."
	}
	return " It is ahead of the others."
}

// list joins with commas, and with "and" before the last.
func list(parts []string) string {
	if len(parts) < 2 {
		return strings.Join(parts, "")
	}
	last := len(parts) - 1
	return strings.Join(parts[:last], ", ") + " and " + parts[last]
}

package report

import (
	"slices"

	"stormwave/lab/internal/analysis"
	"stormwave/lab/internal/judge/stat"
)

// outcome is what can be said of the cells under a scenario.
type outcome string

// The outcomes.
const (
	unknown   outcome = "unknown"   // the baseline has no result
	cured     outcome = "cured"     // the baseline missed the SLO; a cell met it, and is told better
	improved  outcome = "improved"  // the baseline met the SLO; a cell met it too, and has more goodput
	promising outcome = "promising" // the baseline missed the SLO; cells met it, but none is told better
	uncured   outcome = "uncured"   // the baseline missed the SLO, and so did every cell
	kept      outcome = "kept"      // the baseline met the SLO, and no cell has more goodput
	// disagreeing: a cell would be set, but does harm under another scenario, and so does all that is as good
	disagreeing outcome = "disagreeing"
	known       outcome = "known" // what limits each cell is known beforehand
)

// answer is which cell to set under a scenario, and why not another. Rows are those of the part.
type answer struct {
	outcome outcome
	row     int   // the cell to set, or of a promising one the nearest; 0: none
	asWell  []int // met the SLO and are told better too, and not told apart from row in goodput
	behind  []int // met the SLO, but have less goodput than row, or are not told better
	noHelp  []int // missed the SLO; of a baseline that met it, those that are worse too
}

// find finds the answer of a part. A cell is told better by the words of the tables alone.
func (p part) find() answer {
	a := answer{outcome: unknown}
	base := p.rows[0]
	if !base.Valid() {
		return a
	}
	keeps := base.Meets(p.Plan.SLO)
	var met, told []int
	for _, row := range p.Plan.Compared() {
		switch g := p.rows[row]; {
		case !g.Valid():
		case !g.Meets(p.Plan.SLO), keeps && p.harmed(row):
			a.noHelp = append(a.noHelp, row)
		default:
			met = append(met, row)
			if p.toldBetter(row, keeps) {
				told = append(told, row)
			}
		}
	}
	a.row = p.simplest(told)
	switch {
	case a.row > 0 && keeps:
		a.outcome = improved
	case a.row > 0:
		a.outcome = cured
	case keeps:
		a.outcome = kept
	case len(met) > 0:
		a.outcome, a.row = promising, max(0, p.Highest(met))
	default:
		a.outcome = uncured
	}
	for _, row := range met {
		switch {
		case row == a.row:
		case slices.Contains(told, row) && p.notApart(row, a.row):
			a.asWell = append(a.asWell, row)
		default:
			a.behind = append(a.behind, row)
		}
	}
	return a
}

// simplest is of some rows the one with the most goodput, or of those that are not told apart from it the one with the
// fewest parts; 0 if there is none.
func (p part) simplest(rows []int) int {
	best := max(0, p.Highest(rows))
	for _, row := range rows {
		if p.notApart(row, p.Highest(rows)) && len(parts(p.rows[row])) < len(parts(p.rows[best])) {
			best = row
		}
	}
	return best
}

// toldBetter says whether a cell is better than the baseline in a measure, and worse in none. Where the baseline
// meets the SLO already only more goodput is worth a change.
func (p part) toldBetter(row int, inGoodput bool) bool {
	better := false
	for m := range measures {
		c := p.contrasts[m][row]
		better = better || c.Word == stat.Better && !c.Suspect && (m == byGoodput || !inGoodput)
	}
	return better && !p.harmed(row)
}

// harmed says whether a cell is worse than the baseline in a measure.
func (p part) harmed(row int) bool {
	return slices.ContainsFunc(p.contrasts, func(of []analysis.Contrast) bool {
		return of[row].Word == stat.Worse && !of[row].Suspect
	})
}

// notApart says whether the goodput of two rows cannot be told apart, as the mark of the best says.
func (p part) notApart(a, b int) bool {
	tied := append(slices.Clone(p.best.Tied), p.best.Row)
	return slices.Contains(tied, a) && slices.Contains(tied, b)
}

// spoilt says whether a cell would do harm under this scenario: it is worse, or misses an SLO that the baseline meets.
func (p part) spoilt(row int) bool {
	g := p.rows[row]
	return g.Valid() && (p.harmed(row) || p.rows[0].Meets(p.Plan.SLO) && !g.Meets(p.Plan.SLO))
}

// decisive is the index of the part whose answer the run's is: the first of the outcome that most depends on.
func (a *Analysis) decisive() int {
	for _, wanted := range []outcome{disagreeing, cured, promising, uncured, improved, kept} {
		if i := slices.IndexFunc(a.parts, func(p part) bool { return p.answer.outcome == wanted }); i >= 0 {
			return i
		}
	}
	return 0
}

// settle gives each part its answer, and lets none recommend what does harm under another scenario: another cell that
// does as well takes its place, or the scenarios disagree.
func (a *Analysis) settle() {
	for i := range a.parts {
		a.parts[i].answer = a.parts[i].find()
	}
	harmless := func(row int) bool {
		return !slices.ContainsFunc(a.parts, func(other part) bool { return other.spoilt(row) })
	}
	for i := range a.parts {
		of := &a.parts[i].answer
		if of.outcome != cured && of.outcome != improved || harmless(of.row) {
			continue
		}
		other := slices.IndexFunc(of.asWell, harmless)
		if other < 0 {
			of.outcome = disagreeing
			continue
		}
		of.row, of.asWell[other] = of.asWell[other], of.row
	}
}

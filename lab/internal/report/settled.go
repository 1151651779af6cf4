package report

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"stormwave/lab/internal/judge/knee"
	"stormwave/lab/internal/metric"
	"stormwave/lab/internal/record"
	"stormwave/lab/internal/report/numeral"
)

// remedyFactor is the factor by which a plan asks what the study left open: its
// values are the remedies.
const remedyFactor = "remedy"

func (a *Analysis) asksOfRemedies() bool { return slices.Contains(a.run.Plan.Factors, remedyFactor) }

// settled puts the study's numbers beside those of the run.
func (a *Analysis) settled() blocks {
	list := blocks{say(`A team ran storm and wave by hand, took the database connections for the limit, and named four
remedies, but did not measure them. Here are its numbers beside those of this run; the tables above say what each
remedy does. “%s” in a column of the study or of its prototype: not given. The study ran on another machine, and its
data set is not known, so its numbers can be alike in shape, not in size. Rates per second are means over the trial
here; the study read its rates off graphs, the rows at their peak.
`, numeral.Missing)}
	for _, p := range a.parts {
		var numbers comparison
		switch p.Scenario.Name {
		case "storm":
			numbers = a.stormBeside(p)
		case "wave":
			numbers = a.waveBeside(p)
		default:
			continue
		}
		list = append(list, heading{3, fmt.Sprintf("The study's %s and ours", p.Scenario.Name)})
		if p.Scenario.Scale != 1 {
			list = append(list, say("Ours is %s: counts are those of another length.", title(p.Plan, p.Scenario)))
		}
		list = append(list, numbers)
	}
	list = append(list, words(reservation))
	return list
}

// beside begins a table with the study's columns, ours beside them.
func (a *Analysis) beside(p part, theirs ...string) (comparison, []group) {
	rows := []group{p.rows[0]}
	head := append([]string{"", "The study"}, theirs...)
	head = append(head, "Ours, baseline "+remedyName(a.run, p.rows[0]))
	if row := p.BestOf(p.Plan.Compared()); row > 0 {
		rows = append(rows, p.rows[row])
		head = append(head, "Ours, "+remedyName(a.run, p.rows[row]))
	}
	c := comparison{cells: len(rows), table: table{head: head}}
	for _, g := range rows {
		c.note(g)
	}
	ours := len(head) - len(rows)
	c.link = func(_, column int) string {
		if column < ours {
			return ""
		}
		return rows[column-ours].ref.anchor()
	}
	return c, rows
}

func (c *comparison) facts(rows []group, list []beside, capped bool) {
	for _, f := range list {
		line := []string{f.head, given(f.study), given(f.unlimited)}
		if capped {
			line = append(line, given(f.capped))
		}
		for _, g := range rows {
			line = append(line, c.number(g, f.ours))
		}
		c.rows = append(c.rows, line)
	}
}

func given(number string) string {
	if number == "" {
		return numeral.Missing
	}
	return number
}

func (a *Analysis) stormBeside(p part) comparison {
	c, rows := a.beside(p, "Prototype, pool unlimited", "Prototype, pool of 8")
	c.facts(rows, stormFacts, true)
	return c
}

func (a *Analysis) waveBeside(p part) comparison {
	c, rows := a.beside(p, "Prototype, pool unlimited")
	vus := []string{"First step that missed the SLO, VUs", studyMissVUs, numeral.Missing}
	rps := []string{"RPS that held", studyHeldRPS, numeral.Missing}
	for _, g := range rows {
		m := c.miss(p, g)
		vus, rps = append(vus, m[0]), append(rps, m[2])
	}
	c.rows = append(c.rows, vus, rps)
	cores := float64(a.run.Host.Cores)
	loaded := of(metric.HostLoad).headed("Load max, % of the CPUs")
	loaded.show = func(v float64) string { return numeral.Figure(100 * v / cores) }
	c.facts(rows, waveFacts, false)
	c.facts(rows, []beside{{head: loaded.head, study: studyLoad, ours: loaded}}, false)
	return c
}

const reservation = `
**Reservation.** Everything ran on one machine: load generator, backend, pooler, primary and replica share its CPUs, so
a replica brings none of its own, and no read scaling can be seen. Unless a scenario says otherwise the load is a closed
model: users who wait send fewer requests, so a slow cell was offered less load than a fast one. What holds for this
workload, two short reads a request, need not hold for long queries or for writes.
`

const readingMiss = `The first step of the load in which the SLO did not hold: its p99 was beyond the bound, or too many
of its requests failed. The time at the highest step, after the rise, counts as a step. RPS that held: requests per
second in the last step before it, from the length that the script gives it. Medians and ranges over trials; of an even
number of them the lower of the middle two.

`

// missTable shows at which step of a rising load each cell first missed the objective.
func (p part) missTable() comparison {
	c := comparison{cells: len(p.rows), table: table{
		head: []string{"Cell", "n", "First miss, " + p.unit(), "range", "RPS that held", "range"},
	}}
	for _, g := range p.rows {
		c.note(g)
		m := c.miss(p, g)
		c.add(g, append([]string{cellName(g.Cell), g.n()}, m[:]...))
	}
	return c
}

// miss is a cell's first miss as text: its load, the range, the RPS that held, their range.
func (c *comparison) miss(p part, g group) [4]string {
	var found []knee.Miss
	for _, r := range g.Used {
		if m, ok := knee.FirstMiss(r, p.Plan.SLO); ok {
			found = append(found, m)
		}
	}
	if len(found) < len(g.Used) {
		why := "%s without the latency of every step"
		if p.unit() == record.UnitRate {
			why += ", or with dropped iterations that are in none"
		}
		c.missing.add("First miss", fmt.Sprintf(why, plural(len(g.Used)-len(found), "trial")), g.Cell.Label)
	}
	if len(found) == 0 {
		return [4]string{numeral.Missing, numeral.Missing, numeral.Missing, numeral.Missing}
	}
	s := knee.Over(found)
	load := func(v float64) string {
		if math.IsInf(v, 1) {
			return "none up to " + numeral.Count(s.Top)
		}
		return numeral.Count(v)
	}
	rps := func(v float64) string {
		if math.IsNaN(v) {
			return numeral.Missing
		}
		return numeral.Figure(v)
	}
	if math.IsNaN(s.RPS.Median) {
		c.missing.add("RPS that held", "no step held", g.Cell.Label)
	}
	return [4]string{
		g.mark(load(s.Load.Median)), between(s.Load, load),
		g.mark(rps(s.RPS.Median)), between(s.RPS, rps),
	}
}

// between writes a range, or nothing where there is none.
func between(r knee.Range, show func(float64) string) string {
	if low, high := show(r.Low), show(r.High); low != high {
		return low + " to " + high
	}
	return ""
}

// remedyName is a cell by its values alone.
func remedyName(run Run, g group) string {
	return code(strings.Join(g.Cell.LevelsOf(run.Plan.Factors), " "))
}

// seconds is how long the load of a trial took.
func seconds(r *record.Record) float64 { return r.End.Sub(r.Start).Seconds() }

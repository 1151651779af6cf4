package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"stormwave/lab/internal/judge/stat"
	"stormwave/lab/internal/metric"
	"stormwave/lab/internal/record"
	"stormwave/lab/internal/report/numeral"
	"stormwave/lab/internal/route"
)

// Heads of parts that are of no scenario.
const (
	madeHead     = "How it was made"
	excludedHead = "What failed, and what was excluded"
)

// content is the report for people: the answer and its picture, a table for each scenario and all else folded below
// it, what was excluded, how it was made.
func (a *Analysis) content() blocks {
	run := a.run
	list := blocks{heading{1, run.Name}}
	if a.card != nil {
		list = append(list, a.card)
	} else {
		list = append(list, a.race()...)
	}
	first := a.decisive()
	if f := a.parts[first].cellsPicture(a); f != nil {
		list = append(list, f)
	}
	list = append(list, fileOnly{say(
		"[report.html](%s/report.html) is the same as one page for a browser, with tables that sort and, of each cell, "+
			"its settings, curves and records.",
		run.Name,
	)})
	if len(run.Host.Forced) > 0 {
		forced := prose(strings.Join(run.Host.Forced, "; "))
		list = append(list, say("**Resumed although something had changed: %s.**", forced))
	}
	if c := run.Plan.Calibration; c != nil && c.Why != "" {
		list = append(list, say("**Not calibrated: %s.** The loads are the scripts' own.", prose(c.Why)))
	}
	for i, p := range a.parts {
		list = append(list, heading{2, title(p.Plan, p.Scenario)}, words(p.bandLine()), p.verdict())
		if f := p.cellsPicture(a); i != first && f != nil {
			list = append(list, f)
		}
		list = append(append(list, p.layersPicture(a)...), p.folds(a)...)
	}
	if a.asksOfRemedies() {
		list = append(append(list, heading{2, "The study, settled"}), a.settled()...)
	}
	list = append(append(list, heading{2, "How to read it"}), reading(run))
	list = append(append(list, a.caveats()...), heading{2, excludedHead}, excluded(run), heading{2, madeHead})
	list = append(list, a.made()...)
	keepFiles(list)
	return list
}

// maxFiles is how many pictures the Markdown shows.
const maxFiles = 6

// keepFiles takes the file from all pictures but the most important; the page has them all.
func keepFiles(list blocks) {
	var pictures []*picture
	list.each(func(f *picture) { pictures = append(pictures, f) })
	slices.SortStableFunc(pictures, func(a, b *picture) int { return cmp.Compare(a.rank, b.rank) })
	for _, f := range pictures[min(maxFiles, len(pictures)):] {
		f.file = ""
	}
}

// reading explains the tables' terms once.
func reading(run Run) words {
	margin := run.Plan.Margins()
	return say(`
A row is a cell: one combination of settings. Its numbers are medians over its valid trials; n says how many. Goodput:
successful requests within the SLO's p99 bound, per second. A trial in which the system failed is a result: it missed
the SLO, and counts as one without goodput, in which every request failed. “%s” is a number that is missing, with the
reason below its table; it is never 0. “%s” is a number from suspect trials.

“×” is the ratio to the baseline, “points” the difference from it in percentage points, each within its block, then over
all blocks (Hodges–Lehmann), with its 95%% interval; so it need not be the ratio of two medians. The margin δ is what
matters in practice, fixed before the run: %.4g%%, of failed requests %.4g points. *Better* and *worse*: the interval
excludes no difference, the estimate is beyond δ, and the exact sign-flip test agrees after Holm over all cells.
*Equivalent*: the interval lies within δ. *Inconclusive*: neither; a noisy run can lead to nothing else. *n too
small*: below %d blocks there is no interval, but the range. The noise band is the interval of the baseline against
itself.
`, numeral.Missing, suspectMark, 100*margin.Ratio, 100*margin.Failed, stat.MinBlocks)
}

// model says how the load answers to a slow server, where the records tell it.
func (p part) model() words {
	for _, g := range p.rows {
		for _, r := range g.All {
			if r.Model == record.OpenModel {
				return "The load is an open model: requests are due whether or not the service answers, " +
					"and one that cannot be sent has failed.\n"
			}
		}
	}
	return "The load is a closed model, unless the scenario says otherwise: a user who waits sends nothing, " +
		"so compare latencies only beside requests and goodput.\n"
}

// maxUnfolded is how many cells a scenario's table shows unfolded.
const maxUnfolded = 60

// verdict is the table of a scenario, folded where it is very long.
func (p part) verdict() block {
	if len(p.rows) <= maxUnfolded {
		return p.verdictTable()
	}
	return fold{plural(len(p.rows), "row"), blocks{p.verdictTable()}}
}

// verdictTable is the table of a scenario: of each cell whether it met the SLO, and what it yields and takes.
func (p part) verdictTable() comparison {
	c := compare(p.rows, "Cell", cellName, nil)
	c.wraps = true
	c.addText("SLO met", "trials in which at most so many requests failed, and p99 was within the bound",
		func(row int) string { return p.rows[row].slo(p.Plan.SLO) })
	for _, col := range p.present([]column{failedColumn, slowColumn, p99Column}) {
		c.addNumbers(p.rows, col)
	}
	goodput := measures[byGoodput]
	c.addText(goodput.head, "goodput, paired with the baseline's of the same block: ratio, 95% interval, word",
		func(row int) string { return c.contrast(p, byGoodput, row) })
	c.addNumbers(p.rows, connectionsColumn)
	c.addNumbers(p.rows, cpuColumn)
	return c
}

// folds are what else there is to say of a scenario, layer by layer.
func (p part) folds(a *Analysis) blocks {
	var list blocks
	add := func(summary string, inside blocks) {
		if len(inside) > 0 {
			list = append(list, fold{summary, inside})
		}
	}
	table := func(columns []column, extra ...textColumn) comparison {
		return compare(p.rows, "Cell", cellName, columns, extra...).differing()
	}
	add("Every measure, against the baseline", append(blocks{p.contrastTable()}, p.crossCheck()...))
	add("What limited each cell", a.limits(p))
	add("The first failure", p.firstFailures(a))
	add("What each cell costs", blocks{words(readingCosts), p.costTable()})
	users := append(blocks{p.model(), table(p.table(metric.Users))}, p.goodputPictures(a)...)
	users = append(append(users, p.percentilePicture(a)...), phaseTables(p.rows)...)
	add("Users: requests and latency, phase by phase", users)
	if p.rises() {
		add("Where the rising load missed the SLO, and where it saturates",
			append(append(blocks{words(readingMiss), p.missTable()}, p.saturationPicture(a)...), p.saturation(a)...))
	}
	backend := blocks{table(slices.Concat(p.table(metric.Pools), p.byPooler()))}
	if len(p.present([]column{queryColumn})) > 0 {
		backend = append(append(append(backend, words(readingBreakdown)), p.breakdownPicture(a)...),
			compare(p.rows, "Cell", cellName, slices.Concat(breakdownColumns, p.present(littleColumns))))
	}
	add("Backend: pools and poolers, where a query's time goes", backend)
	database := blocks{table(p.table(metric.Primary), p.mainWait(metric.OfPrimary.WaitEvents))}
	if slices.ContainsFunc(p.rows, readsReplica) {
		database = append(database, words("**Replica**"),
			table(slices.Concat(p.table(metric.Replica), p.fallbackColumns()), p.mainWait(metric.OfReplica.WaitEvents)))
	}
	add("Database: primary and replica", database)
	host := blocks{
		table(slices.Concat(p.table(metric.Machine), p.byService(metric.CPUCores, metric.CPUCores.Unit.Name()))),
	}
	if memory := p.byService(metric.MemoryPSS, metric.MemoryPSS.Unit.Name()); len(memory) > 0 {
		host = append(host, words("**Memory by service (PSS, max)**"), table(memory))
	}
	add("Host: CPU, memory, network, disk", host)
	return list
}

func readsReplica(g group) bool { return g.Cell.Settings.Route().ReadsFrom(route.Replica) }

// fileName is what a picture of the part is called.
func (p part) fileName(what string) string {
	return fmt.Sprintf("%s-%s", p.Scenario, what)
}

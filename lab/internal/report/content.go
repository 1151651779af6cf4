package report

import (
	"cmp"
	"fmt"
	"slices"

	"stormwave/lab/internal/judge/stat"
	"stormwave/lab/internal/metric"
	"stormwave/lab/internal/record"
	"stormwave/lab/internal/report/numeral"
	"stormwave/lab/internal/route"
)

// content is the report for people: what was found, the tables, what was excluded, how
// it was made.
func (a *Analysis) content() blocks {
	run := a.run
	list := blocks{
		heading{1, run.Name},
		words(a.opening()),
		fileOnly{say(
			"[report.html](%s/report.html) is the same as one page for a browser, with tables that sort and, of each cell, "+
				"its settings, curves and records.",
			run.Name,
		)},
		pageOnly{
			words("Tables sort by their heads. A cell's name leads to its settings and curves, a number to the trials that " +
				"it is of, and there to the records."),
		},
	}
	if run.Plan.Budget > 0 {
		list = append(append(list, heading{2, "The race"}), a.race()...)
	}
	if a.asksOfRemedies() {
		list = append(append(list, heading{2, "The study, settled"}), a.settled()...)
	}
	list = append(append(list, heading{2, "What limited it"}), a.diagnosis()...)
	list = append(append(list, a.caveats()...), reading(run))
	for _, p := range a.parts {
		list = append(list, heading{2, title(p.Scenario)}, words(p.bandLine()), p.model())
		list = append(list, p.sections(a)...)
	}
	list = append(list, heading{2, "What failed, and what was excluded"}, excluded(run), heading{2, "How it was made"})
	list = append(list, made(run)...)
	keepFiles(list)
	return list
}

// maxFiles is how many pictures the Markdown shows.
const maxFiles = 6

// keepFiles takes the file from all pictures but the most important; the page has them all.
func keepFiles(list blocks) {
	var pictures []*picture
	for _, b := range list {
		if f, ok := b.(*picture); ok {
			pictures = append(pictures, f)
		}
	}
	slices.SortStableFunc(pictures, func(a, b *picture) int { return cmp.Compare(a.rank, b.rank) })
	for _, f := range pictures[min(maxFiles, len(pictures)):] {
		f.file = ""
	}
}

// reading explains the tables' terms once.
func reading(run Run) words {
	slo, margin := run.Plan.SLO, run.Plan.Margins()
	return say(`
**How to read the tables.** A row is a cell: one combination of settings. Its numbers are medians over its valid trials;
n says how many. SLO: at most %.4g%% of the requests failed and p99 within %s, in every trial. Goodput: successful
requests within that p99 bound, per second. A trial in which the system failed is a result: it missed the SLO, and
counts as one without goodput, in which every request failed. “%s” is a number that is missing, with the reason below
its table; it is never 0. “%s” is a number from suspect trials.

**How to read a comparison.** “×” is the ratio to the baseline, “points” the difference from it in percentage points,
each within its block, then over all blocks (Hodges–Lehmann), with its 95%% interval. The margin δ is what matters in
practice, fixed before the run: %.4g%%, of failed requests %.4g points. *Better* and *worse*: the interval excludes no
difference, the estimate is beyond δ, and the exact sign-flip test agrees after Holm over all cells. *Equivalent*: the
interval lies within δ. *Inconclusive*: neither; a noisy run can lead to nothing else. *n too small*: below %d blocks
there is no interval, but the range. The noise band is the interval of the baseline against itself.
`, 100*slo.ErrorRatio, slo.P99, numeral.Missing, suspectMark, 100*margin.Ratio, 100*margin.Failed, stat.MinBlocks)
}

// model says how the load answers to a slow server, where the records tell it.
func (p part) model() words {
	for _, g := range p.rows {
		for _, r := range g.All {
			switch r.Model {
			case record.ClosedModel:
				return "The load is a closed model: a user who waits sends nothing, " +
					"so compare latencies only beside requests and goodput.\n"
			case record.OpenModel:
				return "The load is an open model: requests are due whether or not the service answers, " +
					"and one that cannot be sent has failed.\n"
			}
		}
	}
	return "Unless the scenario says otherwise the load is a closed model: a user who waits sends nothing, " +
		"so compare latencies only beside requests and goodput.\n"
}

// sections are what a part says of its scenario.
func (p part) sections(a *Analysis) blocks {
	rows := p.rows
	var list blocks
	section := func(head string, inside ...block) { list = append(append(list, heading{3, head}), inside...) }
	section("Compared with the baseline", p.contrastTable())
	if check := p.crossCheck(); check != nil {
		list = append(list, fold{"Exact p-values, as a cross-check", check})
	}
	list = append(list, p.goodputPictures(a)...)
	section("What the users saw", compare(rows, "Cell", cellName, p.table(metric.Users)))
	list = append(list, p.percentilePicture(a)...)
	section("Phase by phase", p.seriesPicture(a)...)
	list = append(list, phaseTables(rows)...)
	if p.rises() {
		section("Where it saturates", p.saturationPicture(a)...)
		list = append(list, p.saturation(a)...)
	}
	if len(p.present([]column{queryColumn})) > 0 {
		section("Latency breakdown", words(readingBreakdown))
		list = append(list, p.breakdownPicture(a)...)
		list = append(list, compare(rows, "Cell", cellName, slices.Concat(breakdownColumns, p.present(littleColumns))))
	}
	section("What the database and the pools did", compare(rows, "Cell", cellName,
		slices.Concat(p.table(metric.Primary), p.table(metric.Pools), p.byPooler()), p.mainWait(metric.OfPrimary.WaitEvents)))
	if slices.ContainsFunc(rows, readsReplica) {
		section("What the replica did", compare(rows, "Cell", cellName,
			slices.Concat(p.table(metric.Replica), p.fallbackColumns()), p.mainWait(metric.OfReplica.WaitEvents)))
	}
	section("What the machine paid", compare(rows, "Cell", cellName,
		slices.Concat(p.table(metric.Machine), p.byService(metric.CPUCores, metric.CPUCores.Unit.Name()))))
	if memory := p.byService(metric.MemoryPSS, metric.MemoryPSS.Unit.Name()); len(memory) > 0 {
		list = append(list, fold{"Memory by service (PSS, max)", blocks{compare(rows, "Cell", cellName, memory)}})
	}
	return list
}

func readsReplica(g group) bool { return g.Cell.Settings.Route().ReadsFrom(route.Replica) }

// fileName is what a picture of the part is called.
func (p part) fileName(what string) string {
	return fmt.Sprintf("%s-%s", p.Scenario, what)
}

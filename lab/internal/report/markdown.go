package report

import (
	"fmt"
	"slices"
	"strings"

	"stormwave/lab/internal/judge/stat"
	"stormwave/lab/internal/matrix"
)

// markdown is the report for people: what was found, the tables, what was left
// out, how it was made.
func markdown(a *Analysis) []byte {
	run := a.run
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n%s", run.Name, a.opening())
	if a.asksOfRemedies() {
		fmt.Fprintf(&b, "\n## The study, settled\n\n%s", a.settled())
	}
	fmt.Fprintf(&b, "\n## What limited it\n\n%s", a.diagnosis())
	b.WriteString(reading(run))
	for _, p := range a.parts {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n", title(p.scenario), p.floorLine())
		b.WriteString(p.tables(a))
	}
	fmt.Fprintf(&b, "\n## Left out of the tables\n\n%s", leftOut(run.Records))
	fmt.Fprintf(&b, "\n## How it was made\n\n%s", made(run))
	return []byte(b.String())
}

// reading explains the tables' terms once.
func reading(run Run) string {
	slo := run.Plan.SLO
	return fmt.Sprintf(`
**How to read the tables.** A row is a cell: one combination of settings. Its numbers are medians over its valid
repetitions; n says how many. SLO: at most %.4g%% of the requests failed and p99 within %s, in every repetition.
Goodput: successful requests within that p99 bound, per second. The load is a closed model: a slow server is asked
less, so compare latencies only beside requests and goodput. “%s” is a number that is missing, with the reason below its
table; it is never 0. “%s” is a number from suspect repetitions.

**How to read a comparison.** “×” is the ratio to the baseline, “points” the difference from it in percentage points,
each within its block, then over all blocks (Hodges–Lehmann), with its 95%% interval. The margin is 3%% or the A/A floor, the
larger; of failed requests %.4g points or the floor. *Better* and *worse*: the interval excludes no difference, the
estimate is beyond the margin, and the exact sign-flip test agrees after Holm over all cells. *Equivalent*: the interval
lies within the margin. *Inconclusive*: neither. *n too small*: below %d blocks there is no interval, but the range.
`, 100*slo.ErrorRatio, slo.P99, missing, dagger, 50*slo.ErrorRatio, stat.MinBlocks)
}

func (p part) tables(a *Analysis) string {
	rows := p.rows
	var b strings.Builder
	section := func(head, text string) { fmt.Fprintf(&b, "\n### %s\n\n%s", head, text) }
	folded := func(head, text string) {
		fmt.Fprintf(&b, "\n<details><summary>%s</summary>\n\n%s\n</details>\n", head, text)
	}
	section("Compared with the baseline", p.contrastTable().markdown())
	if check := p.crossCheck(); check != "" {
		folded("Exact sign-flip p-values, as a cross-check", check)
	}
	section("What the users saw", compare(rows, "Cell", cellName, p.present(userColumns)).markdown())
	section("Phase by phase", phaseTables(rows))
	if p.rises() {
		section("Where it bends", p.bend(a))
	}
	if len(p.present([]column{queryColumn})) > 0 {
		section("Where the time of a request goes", stations+compare(rows, "Cell", cellName,
			slices.Concat(stationColumns, p.present(littleColumns))).markdown())
	}
	section("What the database and the pools did", compare(rows, "Cell", cellName,
		slices.Concat(serverColumns("primary_"), p.present(poolColumns)), p.mainWait("primary_")).markdown())
	if slices.ContainsFunc(rows, readsReplica) {
		section("What the replica did", compare(rows, "Cell", cellName,
			slices.Concat(p.present(replicaColumns), p.fallbackColumns()), p.mainWait("replica_")).markdown())
	}
	section("What the machine paid", compare(rows, "Cell", cellName,
		slices.Concat(hostColumns, p.byService("cpu_cores", "cores", figure))).markdown())
	if memory := p.byService("memory_pss_bytes_max", "MiB", mebibytes); len(memory) > 0 {
		folded("Memory by service (PSS, max)", compare(rows, "Cell", cellName, memory).markdown())
	}
	return b.String()
}

func readsReplica(g group) bool { return overReplica(g.cell.Settings) }

// overReplica says whether reads go to the replica.
func overReplica(s matrix.Settings) bool {
	topology := s[matrix.Topology]
	return topology == matrix.Replica || topology == matrix.PooledAndReplica
}

// overPooler says whether queries go through PgBouncer.
func overPooler(s matrix.Settings) bool {
	topology := s[matrix.Topology]
	return topology == matrix.Pooled || topology == matrix.PooledAndReplica
}

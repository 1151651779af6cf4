package report

import (
	"fmt"
	"slices"
	"strings"

	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/record"
)

// markdown is the report for people: what was found, the tables, what was left
// out, how it was made.
func markdown(run Run) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n%s\n", run.Name, opening(run))
	b.WriteString(reading(run))
	for _, s := range run.Plan.Scenarios {
		fmt.Fprintf(&b, "\n## %s\n", title(s))
		b.WriteString(scenarioTables(run, groups(run, s)))
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
repetitions; n says how many. “×” is the ratio to the baseline. SLO: at most %.4g%% of the requests failed and p99 within
%s, in every repetition. Goodput: successful requests within that p99 bound, per second. The load is a closed model:
a slow server is asked less, so compare latencies only beside requests and goodput. “%s” is a number that is missing,
with the reason below its table; it is never 0.
`, 100*slo.ErrorRatio, slo.P99, missing)
}

func scenarioTables(run Run, rows []group) string {
	var b strings.Builder
	part := func(head string, c comparison) {
		fmt.Fprintf(&b, "\n### %s\n\n%s", head, c.markdown())
	}
	part("What the users saw", compare(rows, "Cell", cellName, userColumns, sloColumn(run.Plan.SLO)))
	part("What the database and the pools did", compare(rows, "Cell", cellName,
		slices.Concat(serverColumns("primary_"), poolColumns), mainWait("primary_")))
	if slices.ContainsFunc(run.Plan.Cells, readsReplica) {
		part("What the replica did", compare(rows, "Cell", cellName, replicaColumns, mainWait("replica_")))
	}
	part("What the machine paid", compare(rows, "Cell", cellName,
		slices.Concat(hostColumns, byService(rows, "cpu_cores", "cores", figure))))
	if memory := byService(rows, "memory_pss_bytes_max", "MiB", mebibytes); len(memory) > 0 {
		fmt.Fprintf(&b, "\n<details><summary>Memory by service (PSS, max)</summary>\n\n%s\n</details>\n",
			compare(rows, "Cell", cellName, memory).markdown())
	}
	return b.String()
}

func sloColumn(slo matrix.SLO) textColumn {
	return textColumn{"SLO met", func(g group) string { return g.slo(slo) }}
}

func readsReplica(c matrix.Cell) bool {
	topology := c.Settings[matrix.Topology]
	return topology == matrix.Replica || topology == matrix.PooledAndReplica
}

// leftOut lists the repetitions that did not enter the statistics, and why.
func leftOut(records []record.Record) string {
	var b strings.Builder
	for _, r := range records {
		if r.Verdict != record.Valid {
			fmt.Fprintf(&b, "- repetition %d, **%s**: %s, %s, block %d: %s\n",
				r.N, r.Verdict, code(r.Cell), scenarioOf(r), r.Block, prose(strings.Join(r.Reasons, "; ")))
		}
	}
	if b.Len() == 0 {
		return "Nothing: every repetition is valid.\n"
	}
	return b.String()
}

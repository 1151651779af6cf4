package report

import (
	"strings"

	"stormwave/lab/internal/record"
	"stormwave/lab/internal/report/numeral"
)

// left is what a reader must know of a repetition: its verdict, if it failed or does not enter
// the statistics, or that its block was shot again.
func left(r *record.Record, latest map[int]int) (what, why string, ok bool) {
	reasons := strings.Join(r.Reasons, "; ")
	if r.Attempt < latest[r.Block] {
		return "superseded", strings.TrimPrefix(reasons+"; its block was interrupted, and shot again as a whole", "; "), true
	}
	return string(verdictOf(r)), reasons, r.Verdict != record.Valid
}

// verdictOf is a repetition's verdict, in today's words.
func verdictOf(r *record.Record) record.Verdict {
	if r.HasFailed() {
		return record.Failed
	}
	return r.Verdict
}

// leftOut lists the repetitions in which the system failed, those that did not enter the
// statistics, and why.
func leftOut(run Run) block {
	records := run.Records
	t := table{
		head: []string{"#", "Block", "Scenario", "Cell", "Verdict", "Reasons"},
		left: map[int]bool{2: true, 3: true, 4: true, 5: true},
	}
	latest, refs, shown := attempts(records), refsOf(run), []*record.Record{}
	for i := range records {
		r := &records[i]
		if what, why, ok := left(r, latest); ok {
			shown = append(shown, r)
			t.rows = append(t.rows, []string{
				numeral.Count(float64(r.N)), numeral.Count(float64(r.Block)), scenarioOf(r).String(), code(r.Cell), "**" + what + "**", prose(why),
			})
		}
	}
	if len(t.rows) == 0 {
		return words("Nothing: every repetition is valid.")
	}
	t.link = recordLinks(shown, refs, 3)
	return t
}

package report

import (
	"stormwave/lab/internal/analysis"
	"stormwave/lab/internal/record"
	"stormwave/lab/internal/report/numeral"
)

// excluded lists the trials in which the system failed, those that did not enter the
// statistics, and why.
func excluded(run Run) block {
	records := run.Records
	t := table{
		head: []string{"#", "Block", "Scenario", "Cell", "Verdict", "Reasons"},
		left: map[int]bool{2: true, 3: true, 4: true, 5: true},
	}
	latest, refs, shown := analysis.LastAttempts(records), refsOf(run), []*record.Record{}
	for i := range records {
		r := &records[i]
		if what, why, ok := latest.Remark(r); ok {
			shown = append(shown, r)
			t.rows = append(t.rows, []string{
				numeral.Count(float64(r.N)),
				numeral.Count(float64(r.Block)),
				analysis.ScenarioOf(r).String(),
				code(r.Cell),
				"**" + what + "**",
				prose(why),
			})
		}
	}
	if len(t.rows) == 0 {
		return words("Nothing: every trial is valid.")
	}
	t.link = recordLinks(shown, refs, 3)
	if len(t.rows) <= maxExcluded {
		return t
	}
	return fold{plural(len(t.rows), "trial"), blocks{t}}
}

// maxExcluded is how many trials stand unfolded.
const maxExcluded = 8

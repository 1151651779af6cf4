package report

import (
	"os"
	"strings"
	"testing"
)

// A run that was interrupted after a look is not one that had measured enough: what its
// intervals were is asked, not inferred from where it ended.
func TestEndOfARun(t *testing.T) {
	src, err := os.ReadFile("testdata/quick.yaml")
	if err != nil {
		t.Fatal(err)
	}
	spec := []byte(strings.Replace(string(src), "blocks: 1\n", "blocks: {min: 6, max: 20, until: 5%}\n", 1))
	const all = 20 * 5 * 2 // blocks, cells with the A/A control, scenarios
	for _, c := range []struct {
		name   string
		trials int
		spread float64 // of the goodput of every second block of a cell
		want   string
	}{
		{"narrow, at a look", 6 * 10, 1,
			"Of 60 trials 60 are valid. It ended before block 7 of 20: every interval was within ±5.00%."},
		{"wide, at a look", 6 * 10, 3, "Of 200 trials 60 are valid, 140 not run."},
		{"narrow, between looks", 7 * 10, 1, "Of 200 trials 70 are valid, 130 not run."},
		{"narrow, half a block", 6*10 + 3, 1, "Of 200 trials 63 are valid, 137 not run."},
		{"narrow, at a later look", 8 * 10, 1,
			"Of 80 trials 80 are valid. It ended before block 9 of 20: every interval was within ±5.00%."},
		{"whole", all, 3, "Of 200 trials 200 are valid."},
	} {
		run := synthesize(t, spec, 20)
		run.Records = run.Records[:c.trials]
		cell := run.Plan.Cells[capped].Label
		for i := range run.Records {
			if r := &run.Records[i]; r.Cell == cell && r.Block%2 == 0 {
				r.Load.GoodputRPS *= c.spread
			}
		}
		if got := tally(run); got != c.want {
			t.Errorf("%s: %s\nwant %s", c.name, got, c.want)
		}
	}
}

package analysis

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/record"
)

// attempts makes records, numbered, from block, attempt and verdict.
func attempts(of ...record.Record) []record.Record {
	for i := range of {
		of[i].N, of[i].Scenario, of[i].Scale = i+1, "storm", 1
	}
	return of
}

func TestOnlyTheLastAttemptCounts(t *testing.T) {
	for name, test := range map[string]struct {
		records []record.Record
		latest  string
		tally   map[record.Verdict]int
	}{
		"none": {nil, "[]", map[record.Verdict]int{"valid": 0, "failed": 0, "suspect": 0, "invalid": 0}},
		"half a block": {
			attempts(
				record.Record{Block: 1, Verdict: record.Valid}, record.Record{Block: 1, Verdict: record.Suspect},
				record.Record{Block: 2, Verdict: record.Invalid},
			),
			"[1 2 3]", map[record.Verdict]int{"valid": 1, "failed": 0, "suspect": 1, "invalid": 1},
		},
		"that was run again": {
			attempts(
				record.Record{Block: 1, Verdict: record.Valid}, record.Record{Block: 2, Verdict: record.Invalid},
				record.Record{Block: 2, Attempt: 2, Verdict: record.Valid},
				record.Record{Block: 2, Attempt: 2, Verdict: record.Failed},
			),
			"[1 3 4]", map[record.Verdict]int{"valid": 2, "failed": 1, "suspect": 0, "invalid": 0},
		},
		"twice": {
			attempts(
				record.Record{Block: 1, Attempt: 2, Verdict: record.Valid},
				record.Record{Block: 1, Attempt: 3, Verdict: record.Valid},
			),
			"[2]", map[record.Verdict]int{"valid": 1, "failed": 0, "suspect": 0, "invalid": 0},
		},
		"the first is told in two ways": {
			attempts(
				record.Record{Block: 1, Attempt: 1, Verdict: record.Valid}, record.Record{Block: 1, Verdict: record.Valid},
			),
			"[1 2]", map[record.Verdict]int{"valid": 2, "failed": 0, "suspect": 0, "invalid": 0},
		},
		"failed, in the words of older records": {
			attempts(record.Record{
				Block: 1, Verdict: record.Invalid, Metrics: map[string]float64{record.Deaths("app"): 1},
			}),
			"[1]", map[record.Verdict]int{"valid": 0, "failed": 1, "suspect": 0, "invalid": 0},
		},
	} {
		if got := numbers(Latest(test.records)); got != test.latest {
			t.Errorf("%s: latest %s, want %s", name, got, test.latest)
		}
		if diff := cmp.Diff(test.tally, Tally(test.records)); diff != "" {
			t.Errorf("%s: tally (-want +got):\n%s", name, diff)
		}
	}
}

func TestWholeBlocks(t *testing.T) {
	plan := matrix.Plan{Blocks: 2, Scenarios: []matrix.Scenario{storm}, Cells: make([]matrix.Cell, 2)}
	both := func(block, attempt int, verdicts ...record.Verdict) (all []record.Record) {
		for _, v := range verdicts {
			all = append(all, record.Record{Block: block, Attempt: attempt, Verdict: v})
		}
		return all
	}
	whole := both(1, 0, record.Valid, record.Failed)
	for name, test := range map[string]struct {
		more []record.Record
		want int
	}{
		"one":                 {nil, 1},
		"and a half":          {both(2, 0, record.Valid), 1},
		"and one with a hole": {both(2, 0, record.Valid, record.Suspect), 1},
		"and two halves":      {append(both(2, 0, record.Valid), both(2, 2, record.Valid)...), 1},
		"and one run again":   {append(both(2, 0, record.Valid), both(2, 2, record.Valid, record.Valid)...), 2},
	} {
		if got := WholeBlocks(plan, append(whole[:2:2], test.more...)); got != test.want {
			t.Errorf("%s: %d, want %d", name, got, test.want)
		}
	}
}

func TestRemark(t *testing.T) {
	records := attempts(
		record.Record{Block: 1, Verdict: record.Valid},
		record.Record{Block: 1, Verdict: record.Suspect, Reasons: []string{"noisy host", "slow"}},
		record.Record{Block: 1, Attempt: 2, Verdict: record.Valid},
		record.Record{Block: 1, Attempt: 2, Verdict: record.Invalid, Reasons: []string{"k6 did not start"}},
		record.Record{Block: 1, Attempt: 2, Verdict: record.Failed},
	)
	const again = "its block was interrupted and rerun as a whole"
	type remark struct {
		What, Why string
		OK        bool
	}
	want := []remark{
		{"superseded", again, true}, {"superseded", "noisy host; slow; " + again, true}, {"valid", "", false},
		{"invalid", "k6 did not start", true}, {"failed", "", true},
	}
	var got []remark
	last := LastAttempts(records)
	for i := range records {
		what, why, ok := last.Remark(&records[i])
		got = append(got, remark{what, why, ok})
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("remarks (-want +got):\n%s", diff)
	}
}

// A reason is of the number that it names as a whole.
func TestReason(t *testing.T) {
	for _, test := range []struct {
		text string
		want bool
	}{
		{"primary_qps: no samples", true}, {"no samples for primary_qps", true}, {"primary_qps_peak: none", false},
		{"primary_qps_peak and primary_qps", true}, {"", false},
	} {
		r := &record.Record{Reasons: []string{"another", test.text}}
		if got := Reason(r, "primary_qps"); (got == test.text && got != "") != test.want {
			t.Errorf("%q is the reason %q; want %t", test.text, got, test.want)
		}
	}
}

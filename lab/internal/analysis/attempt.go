// Package analysis says what the trials of a run come to: which of them count, how each cell
// compares with the baseline and the best with the others, and how large the noise is. Reports,
// comparisons, gates, the rule that ends a run and the diagnosis read the same answers here. It
// is pure, and never changes a record.
package analysis

import (
	"strings"

	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/record"
)

// Attempts maps a block to the last attempt at it. A block that was interrupted is run again as
// a whole, and then only the last attempt counts.
type Attempts map[int]int

// LastAttempts reads the attempts of all records of a run.
func LastAttempts(records []record.Record) Attempts {
	last := Attempts{}
	for i := range records {
		last.Note(records[i].Block, records[i].Attempt)
	}
	return last
}

// Note takes a trial of an attempt into account; attempt 0 is the first, as 1 is.
func (a Attempts) Note(block, attempt int) { a[block] = max(a[block], attempt, 1) }

// Superseded says whether there is a later attempt at the block.
func (a Attempts) Superseded(block, attempt int) bool { return max(attempt, 1) < a[block] }

// Latest are the records of the last attempt at each block, in their order.
func Latest(records []record.Record) []*record.Record {
	last := LastAttempts(records)
	var latest []*record.Record
	for i := range records {
		if r := &records[i]; !last.Superseded(r.Block, r.Attempt) {
			latest = append(latest, r)
		}
	}
	return latest
}

// VerdictOf is a trial's verdict in today's words: one whose system failed was invalid once.
func VerdictOf(r *record.Record) record.Verdict {
	if r.HasFailed() {
		return record.Failed
	}
	return r.Verdict
}

// Tally counts the trials of the last attempts by verdict; each verdict is there.
func Tally(records []record.Record) map[record.Verdict]int {
	verdicts := map[record.Verdict]int{}
	for _, v := range record.Verdicts {
		verdicts[v] = 0
	}
	for _, r := range Latest(records) {
		verdicts[VerdictOf(r)]++
	}
	return verdicts
}

// WholeBlocks counts the blocks in whose last attempt every trial of the plan is a result: it
// is valid, or the system under test failed.
func WholeBlocks(plan matrix.Plan, records []record.Record) int {
	results := map[int]int{}
	for _, r := range Latest(records) {
		if r.IsResult() {
			results[r.Block]++
		}
	}
	whole := 0
	for block, n := range results {
		if n == len(plan.Block(block)) {
			whole++
		}
	}
	return whole
}

// Remark is what a reader must know of a trial that is not just valid: its verdict or that it
// is superseded, and why. ok is false of a valid one.
func (a Attempts) Remark(r *record.Record) (what, why string, ok bool) {
	reasons := strings.Join(r.Reasons, "; ")
	if a.Superseded(r.Block, r.Attempt) {
		const again = "its block was interrupted and rerun as a whole"
		return "superseded", strings.TrimPrefix(reasons+"; "+again, "; "), true
	}
	return string(VerdictOf(r)), reasons, r.Verdict != record.Valid
}

// Reason is why a record lacks a number, as it says itself; "" if it does not.
func Reason(r *record.Record, name string) string {
	for _, reason := range r.Reasons {
		if mentions(reason, name) {
			return reason
		}
	}
	return ""
}

// mentions says whether a text holds a name as a whole: primary_qps is not in
// primary_qps_peak.
func mentions(text, name string) bool {
	for {
		_, after, found := strings.Cut(text, name)
		if !found {
			return false
		}
		if after == "" || !strings.ContainsAny(after[:1], "abcdefghijklmnopqrstuvwxyz0123456789_{") {
			return true
		}
		text = after
	}
}

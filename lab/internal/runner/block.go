package runner

import "stormwave/lab/internal/record"

// wants says whether a block is to be shot, given those before it.
func (r *Runner) wants(block int, records []record.Record) bool {
	if block <= r.Plan.Blocks {
		return !r.Plan.Stop.IsLook(block-1) || !r.Enough(upTo(records, block-1))
	}
	// Extra blocks replace those in which the lab has failed to measure.
	return block <= r.Plan.Blocks+r.Plan.Extra && r.wholeBlocks(records) < r.Plan.Blocks
}

// upTo returns the records of the first blocks: a resumed run looks at what the
// first one has looked at.
func upTo(records []record.Record, block int) []record.Record {
	var first []record.Record
	for _, rec := range records {
		if rec.Block <= block {
			first = append(first, rec)
		}
	}
	return first
}

// wholeBlocks counts the blocks in which every repetition is a result: it is valid, or the
// system under test has failed.
func (r *Runner) wholeBlocks(records []record.Record) int {
	valid := make(map[int]int)
	for _, rec := range records {
		if rec.IsResult() && !rec.Superseded(records) {
			valid[rec.Block]++
		}
	}
	whole := 0
	for block, n := range valid {
		if n == len(r.Plan.Block(block)) {
			whole++
		}
	}
	return whole
}

// progress tells which attempt at a block is next, or that the last one is whole.
func progress(records []record.Record, block, shots int) (attempt int, whole bool) {
	last, n := 0, 0
	for _, rec := range records {
		if rec.Block != block {
			continue
		}
		if a := max(1, rec.Attempt); a > last {
			last, n = a, 0
		}
		n++
	}
	return last + 1, n == shots
}

// nextN numbers a shot: in the order of execution, none twice.
func nextN(records []record.Record) int {
	n := 0
	for _, rec := range records {
		n = max(n, rec.N)
	}
	return n + 1
}

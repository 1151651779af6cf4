package runner

import (
	"stormwave/lab/internal/analysis"
	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/record"
)

// block returns the trials of a block, given the records of those before; none where the run is over.
func (r *Runner) block(block int, records []record.Record) ([]matrix.Trial, error) {
	switch {
	case r.Next != nil:
		return r.Next(block, upTo(records, block-1))
	case r.wants(block, records):
		return r.Plan.Block(block), nil
	}
	return nil, nil
}

// wants says whether a block is to be run, given those before it.
func (r *Runner) wants(block int, records []record.Record) bool {
	if block <= r.Plan.Blocks {
		return !r.Plan.Stop.IsLook(block-1) || !r.Enough(upTo(records, block-1))
	}
	// Extra blocks replace those in which the lab has failed to measure.
	return block <= r.Plan.Blocks+r.Plan.Extra && analysis.WholeBlocks(r.Plan, records) < r.Plan.Blocks
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

// progress tells which attempt at a block is next, or that the last one is whole.
func progress(records []record.Record, block, trials int) (attempt int, whole bool) {
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
	return last + 1, n == trials
}

// nextN numbers a trial: in the order of execution, none twice.
func nextN(records []record.Record) int {
	n := 0
	for _, rec := range records {
		n = max(n, rec.N)
	}
	return n + 1
}

package report

import (
	"strconv"

	"stormwave/lab/internal/record"
)

// ref is what numbers are of: a cell of the plan, under one of its scenarios. Both count
// from 1; with a scenario of 0 it is the cell as such, and the zero ref is none.
type ref struct{ cell, scenario int }

// anchor is the place in the page, "cell-3" or "cell-3-2"; "" of no ref.
func (r ref) anchor() string {
	switch {
	case r.cell == 0:
		return ""
	case r.scenario == 0:
		return "cell-" + strconv.Itoa(r.cell)
	}
	return "cell-" + strconv.Itoa(r.cell) + "-" + strconv.Itoa(r.scenario)
}

// recordAnchor is the place of a record in the page, by its number.
func recordAnchor(n int) string { return "record-" + strconv.Itoa(n) }

// refsOf maps the label of each cell of the plan to it.
func refsOf(run Run) map[string]ref {
	refs := make(map[string]ref, len(run.Plan.Cells))
	for i, c := range run.Plan.Cells {
		refs[c.Label] = ref{cell: i + 1}
	}
	return refs
}

// recordLinks leads from a column with cells to these, and from all others to the record
// of the row.
func recordLinks(records []*record.Record, refs map[string]ref, cellColumn int) func(row, column int) string {
	return func(row, column int) string {
		if column == cellColumn {
			return refs[records[row].Cell].anchor()
		}
		return recordAnchor(records[row].N)
	}
}

// rowLinks leads from the first column to the cell, and from numbers to the trials
// that they are of. refs are those of the rows.
func rowLinks(refs []ref) func(row, column int) string {
	return func(row, column int) string {
		r := refs[row]
		if column == 0 {
			r.scenario = 0
		}
		return r.anchor()
	}
}

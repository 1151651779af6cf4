package report

import (
	"fmt"
	"slices"
	"strings"

	"stormwave/lab/internal/analysis"
	"stormwave/lab/internal/record"
)

// missing collects why numbers of a table are missing: a line per reason and
// column, with the cells that it goes for.
type missing struct {
	order []gap
	cells map[gap][]string // labels
}

type gap struct{ column, reason string }

func (m *missing) add(column, reason, cell string) {
	if m.cells == nil {
		m.cells = map[gap][]string{}
	}
	key := gap{column, reason}
	if m.cells[key] == nil {
		m.order = append(m.order, key)
	}
	if !slices.Contains(m.cells[key], cell) {
		m.cells[key] = append(m.cells[key], cell)
	}
}

// join adds the missing of another table.
func (m *missing) join(other missing) {
	for _, key := range other.order {
		for _, cell := range other.cells[key] {
			m.add(key.column, key.reason, cell)
		}
	}
}

// markdown lists the missing; all stands for the cells where they are every one.
func (m *missing) markdown(all int) string {
	// Columns with the same reason in the same cells share a line.
	type line struct{ columns, cells, reason string }
	var lines []line
	for _, key := range m.order {
		cells := "every cell"
		if labels := m.cells[key]; len(labels) < all {
			cells = codes(labels)
		}
		same := slices.IndexFunc(lines, func(l line) bool { return l.cells == cells && l.reason == key.reason })
		if same >= 0 {
			lines[same].columns += ", " + key.column
			continue
		}
		lines = append(lines, line{key.column, cells, key.reason})
	}
	var b strings.Builder
	for _, l := range lines {
		fmt.Fprintf(&b, "- %s of %s: %s\n", l.columns, l.cells, prose(l.reason))
	}
	return b.String()
}

// codes lists labels in a sentence.
func codes(labels []string) string {
	spans := make([]string, len(labels))
	for i, l := range labels {
		spans[i] = code(l)
	}
	return strings.Join(spans, ", ")
}

// absent says why a row has no numbers.
func (g group) absent() string {
	if len(g.All) == 0 {
		return "not run"
	}
	return "no trial that can be used; “What failed, and what was excluded” says why"
}

// why says what the trials that lack a column give as reason.
func (g group) why(c column) string {
	var reasons []string
	for _, r := range g.Used {
		if _, ok := c.value(r); ok {
			continue
		}
		reason := c.reason(r)
		if !slices.Contains(reasons, reason) {
			reasons = append(reasons, reason)
		}
	}
	if len(g.Failed) > 0 && c.worst == nil {
		reasons = append(reasons, "the system failed")
	}
	return strings.Join(reasons, "; ")
}

// reason is why a record lacks the column's number.
func (c column) reason(r *record.Record) string {
	if reason := analysis.Reason(r, c.name); reason != "" {
		return reason
	}
	if c.why != nil {
		if reason := c.why(r); reason != "" {
			return reason
		}
	}
	return "not recorded"
}

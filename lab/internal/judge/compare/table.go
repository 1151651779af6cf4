package compare

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"
)

// missing stands for a number that is not there. It is never 0.
const missing = "–"

// Text is the comparison and the rulings of its gates for people: as Markdown, or
// for a terminal.
func (c Comparison) Text(rulings []Ruling, markdown bool) string {
	w := &page{markdown: markdown}
	w.title(fmt.Sprintf("A = %s, B = %s", c.A, c.B))
	if len(c.Unlike) > 0 {
		w.line("WARNING: A and B are unlike, and are compared by force; what differs may come from this:")
		w.list(c.Unlike)
	}
	if len(c.Pairs) > 0 {
		w.line(count(c).String())
	}
	for i, p := range c.Pairs {
		if i > 0 && c.Pairs[i-1].Scenario == p.Scenario {
			continue
		}
		w.title(p.Scenario)
		w.table(
			[]string{"cell", "A v B", "measure", "A", "B", "change", "95% interval", "word"}, 3, c.rows(p.Scenario, w.code),
		)
		w.list(c.reasons(p.Scenario, w.code))
	}
	if len(c.Pairs) == 0 {
		w.line("No cell of A is like one of B: there is nothing to compare.")
	} else {
		w.title("How to read this")
		w.list(c.legend())
	}
	if len(c.Alone) > 0 {
		w.title("Without a like cell on the other side")
		var lines []string
		for _, alone := range c.Alone {
			lines = append(lines, fmt.Sprintf("%s only: %s, %s", alone.Side, alone.Scenario, w.code(alone.Cell)))
		}
		w.list(lines)
	}
	if len(rulings) > 0 {
		w.title("Gates")
		var rows [][]string
		for _, r := range rulings {
			rows = append(rows, []string{w.code(r.Gate), r.Scenario, w.code(r.Cell), string(r.Outcome), r.Why})
		}
		w.table([]string{"gate", "scenario", "cell", "outcome", "why"}, 5, rows)
	}
	return w.String()
}

// rows has a row for each measure of each pair under a scenario. code writes a
// cell's label.
func (c Comparison) rows(scenario string, code func(string) string) [][]string {
	var rows [][]string
	for _, p := range c.Pairs {
		if p.Scenario != scenario {
			continue
		}
		for i, change := range p.Changes {
			row := make([]string, 2, 8)
			if i == 0 {
				row[0], row[1] = code(p.Cell), fmt.Sprintf("%s v %s", p.A, p.B)
				if p.CellB != "" {
					row[0] += " → " + code(p.CellB)
				}
			}
			rows = append(rows, append(row, change.cells()...))
		}
	}
	return rows
}

func (n Count) String() string {
	var aside []string
	if n.Failed > 0 {
		aside = append(aside, fmt.Sprintf("%d failed", n.Failed))
	}
	if n.Excluded > 0 {
		aside = append(aside, fmt.Sprintf("%d excluded", n.Excluded))
	}
	if aside == nil {
		return strconv.Itoa(n.Valid)
	}
	return fmt.Sprintf("%d (%s)", n.Valid+n.Failed, strings.Join(aside, ", "))
}

// cells are those of a change's row, from the measure on.
func (c Change) cells() []string {
	name := c.Measure
	if c.Unit != "" {
		name += " " + c.Unit
	}
	row := []string{name, missing, missing, missing, missing, string(c.Word)}
	for i, v := range []*float64{c.A, c.B} {
		if v != nil {
			row[1+i] = c.value(*v)
		}
	}
	if c.Estimate != nil {
		row[3] = c.change(*c.Estimate)
	}
	switch {
	case c.Interval != nil:
		row[4] = c.between(*c.Interval)
	case c.Range != nil:
		row[4] = "(" + c.between(*c.Range) + ")"
	}
	return row
}

// reasons says why intervals are missing in the rows under a scenario.
func (c Comparison) reasons(scenario string, code func(string) string) []string {
	var all []string
	for _, p := range c.Pairs {
		for _, change := range p.Changes {
			if p.Scenario != scenario || change.Why == "" {
				continue
			}
			if reason := code(p.Cell) + ": " + change.Why; !slices.Contains(all, reason) {
				all = append(all, reason)
			}
		}
	}
	return all
}

// value writes a value of the measure.
func (c Change) value(v float64) string {
	if c.Measure == errorRatio {
		return strconv.FormatFloat(100*v, 'f', 2, 64) + "%"
	}
	return figure(v)
}

// change writes a ratio, or of error_ratio a difference in percentage points.
func (c Change) change(v float64) string {
	if c.Measure == errorRatio {
		return c.bare(v) + " points"
	}
	return "× " + c.bare(v)
}

func (c Change) between(ends [2]float64) string {
	return c.bare(ends[0]) + " to " + c.bare(ends[1])
}

func (c Change) bare(v float64) string {
	if c.Measure == errorRatio {
		return fmt.Sprintf("%+.2f", 100*v)
	}
	if v >= math.MaxFloat64 {
		return "∞"
	}
	return strconv.FormatFloat(v, 'f', 3, 64)
}

// figure writes a number with three digits, or all of a larger one's.
func figure(v float64) string {
	if math.Abs(v) >= 1000 {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return strconv.FormatFloat(v, 'g', 3, 64)
}

const atTwoTimesLegend = "A and B were measured at two times, and the days differ. So each cell is measured against " +
	"the baseline of its own run, block by block, and these two effects are compared by rank sums: the change is the " +
	"quotient of the two ratios (of error_ratio the difference of the two differences), the median over all pairs of " +
	"blocks. Of the baseline itself the change holds what the days differ by, and no word is said. To compare two " +
	"versions of a backend, measure both in one run."

// legend explains the tables' terms.
func (c Comparison) legend() []string {
	how := atTwoTimesLegend
	if c.Interleaved {
		how = "A and B were run in the same blocks and are compared within each, by signed ranks; the change is the " +
			"median over the blocks."
	}
	return []string{
		"A and B are medians. The change is B/A, of error_ratio B − A. In brackets: no interval, but what all trials lie " +
			"within.",
		how,
		"“better” and “worse” hold for all cells of a scenario together (Holm), each interval for itself.",
		"The margin is the runs' own, fixed beforehand: what is smaller does not matter. “equivalent” is an interval " +
			"within it. Noise leads to “inconclusive”.",
		"A trial in which the system failed counts as the worst there is.",
	}
}

// page is text for a terminal or in Markdown.
type page struct {
	strings.Builder
	markdown bool
}

func (w *page) title(text string) {
	switch {
	case w.markdown && w.Len() == 0:
		w.WriteString("# " + text + "\n")
	case w.markdown:
		w.WriteString("\n## " + text + "\n")
	case w.Len() == 0:
		w.WriteString(text + "\n")
	default:
		w.WriteString("\n" + text + "\n")
	}
}

func (w *page) line(text string) {
	if w.markdown {
		text = "\n" + text
	}
	w.WriteString(text + "\n")
}

func (w *page) list(items []string) {
	if w.markdown && len(items) > 0 {
		w.WriteString("\n")
	}
	for _, item := range items {
		if w.markdown {
			w.WriteString("- " + item + "\n")
		} else {
			w.WriteString("  " + item + "\n")
		}
	}
}

// code marks what is not prose.
func (w *page) code(text string) string {
	if w.markdown && text != "" {
		return "`" + strings.ReplaceAll(text, "`", "'") + "`"
	}
	return text
}

// table writes a table whose first columns, and the last, are words.
func (w *page) table(head []string, words int, rows [][]string) {
	align := make([]tw.Align, len(head))
	for i := range align {
		align[i] = tw.AlignRight
		if i < words || i == len(head)-1 {
			align[i] = tw.AlignLeft
		}
	}
	asGiven := tw.CellConfig{
		Formatting: tw.CellFormatting{AutoWrap: tw.WrapNone, AutoFormat: tw.Off},
		Alignment:  tw.CellAlignment{PerColumn: align},
	}
	options := []tablewriter.Option{
		tablewriter.WithConfig(tablewriter.Config{Header: asGiven, Row: asGiven}),
		tablewriter.WithEastAsian(tw.Off), // widths must not depend on the locale
	}
	if w.markdown {
		options = append(options, tablewriter.WithRenderer(renderer.NewMarkdown()))
		w.WriteString("\n")
	}
	t := tablewriter.NewTable(w, options...)
	t.Header(head)
	for _, row := range rows {
		if w.markdown {
			for i := range row { // the renderer keeps no bar from being a border
				row[i] = strings.ReplaceAll(row[i], "|", `\|`)
			}
		}
		if err := t.Append(row); err != nil {
			panic(fmt.Sprintf("append row %q: %v", row, err)) // fails for other types than text only
		}
	}
	if err := t.Render(); err != nil {
		panic(fmt.Sprintf("render table %q: %v", head, err)) // a builder does not fail
	}
}

package report

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/clipperhouse/displaywidth"
	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/tw"
)

// table is text in rows and columns. Columns are aligned right but for the first
// of them and those named in left.
type table struct {
	head  []string
	help  []string // of a column: of what, over what; may be shorter than head
	rows  [][]string
	left  map[int]bool
	wraps bool // lines may be broken anywhere, so that it fits
	// link is where the text of a row's column leads in the page, "" for nowhere; nil: no
	// text leads anywhere.
	link func(row, column int) string
}

// markdown renders the table as GitHub reads it, in columns for those who read it
// as text. Foreign text in cells must have gone through prose or code; the bars
// between cells are kept from it here.
func (t table) markdown() string {
	widths := make([]int, len(t.head))
	lines := make([][]string, 0, 1+len(t.rows))
	for _, line := range append([][]string{t.head}, t.rows...) {
		safe := make([]string, len(line))
		for i, text := range line {
			safe[i] = strings.ReplaceAll(text, "|", `\|`)
			widths[i] = max(widths[i], 1, width.String(safe[i]))
		}
		lines = append(lines, safe)
	}
	var b strings.Builder
	for n, line := range lines {
		for i, text := range line {
			pad := strings.Repeat(" ", widths[i]-width.String(text))
			if t.alignsLeft(i) {
				text += pad
			} else {
				text = pad + text
			}
			b.WriteString("| " + text + " ")
		}
		b.WriteString("|\n")
		if n == 0 {
			t.rule(&b, widths)
		}
	}
	return b.String()
}

// rule separates the head from the rows, and says how columns are aligned.
func (t table) rule(b *strings.Builder, widths []int) {
	for i, w := range widths {
		line := strings.Repeat("-", w+1)
		if t.alignsLeft(i) {
			b.WriteString("|:" + line)
		} else {
			b.WriteString("|" + line + ":")
		}
	}
	b.WriteString("|\n")
}

// width does not depend on the locale of whoever makes the report.
var width = displaywidth.Options{}

func (t table) alignsLeft(column int) bool { return column == 0 || t.left[column] }

// terminal renders the table with lines around it and without colour.
func (t table) terminal() string {
	align := make([]tw.Align, len(t.head))
	for i := range align {
		align[i] = tw.AlignRight
		if t.alignsLeft(i) {
			align[i] = tw.AlignLeft
		}
	}
	asGiven := tw.CellConfig{
		Formatting: tw.CellFormatting{AutoWrap: tw.WrapNone, AutoFormat: tw.Off},
		Alignment:  tw.CellAlignment{PerColumn: align},
	}
	var b strings.Builder
	w := tablewriter.NewTable(&b,
		tablewriter.WithConfig(tablewriter.Config{Header: asGiven, Row: asGiven}),
		tablewriter.WithEastAsian(tw.Off),
	)
	w.Header(t.head)
	for _, row := range t.rows {
		if err := w.Append(row); err != nil {
			panic(fmt.Sprintf("append row %q: %v", row, err)) // fails for other types than text only
		}
	}
	if err := w.Render(); err != nil {
		panic(fmt.Sprintf("render table %q: %v", t.head, err)) // a builder does not fail
	}
	return b.String()
}

// prose makes foreign text show as it is within a line of Markdown.
func prose(s string) string {
	runes := []rune(strings.Join(strings.Fields(s), " "))
	word := func(i int) bool {
		return i >= 0 && i < len(runes) && (unicode.IsLetter(runes[i]) || unicode.IsDigit(runes[i]))
	}
	var b strings.Builder
	for i, r := range runes {
		// An underscore within a word is plain, and names are full of them.
		plain := r == '_' && word(i-1) && word(i+1)
		if strings.ContainsRune("\\`*_<>[]~&$", r) && !plain {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// code makes foreign text a code span.
func code(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if !strings.Contains(s, "`") {
		return "`" + s + "`"
	}
	fence := fenceFor(s, 1)
	return fence + " " + s + " " + fence
}

// fenceFor is a run of backticks that does not end within the text.
func fenceFor(s string, least int) string {
	longest, run := 0, 0
	for _, r := range s {
		if run++; r != '`' {
			run = 0
		}
		longest = max(longest, run)
	}
	return strings.Repeat("`", max(least, longest+1))
}

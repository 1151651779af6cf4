package report

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"
)

// table is text in rows and columns. Columns are aligned right but for the first
// of them and those named in left.
type table struct {
	head []string
	rows [][]string
	left map[int]bool
}

// markdown renders the table as GitHub reads it. Foreign text in cells must have
// gone through prose or code; the bars between cells are kept from it here, since
// the renderer does not.
func (t table) markdown() string {
	safe := table{head: escapeBars(t.head), left: t.left}
	for _, row := range t.rows {
		safe.rows = append(safe.rows, escapeBars(row))
	}
	return safe.render(tablewriter.WithRenderer(renderer.NewMarkdown()))
}

func escapeBars(cells []string) []string {
	safe := make([]string, len(cells))
	for i, c := range cells {
		safe[i] = strings.ReplaceAll(c, "|", `\|`)
	}
	return safe
}

// terminal renders the table with lines around it and without colour.
func (t table) terminal() string { return t.render() }

func (t table) render(options ...tablewriter.Option) string {
	align := make([]tw.Align, len(t.head))
	for i := range align {
		align[i] = tw.AlignRight
		if i == 0 || t.left[i] {
			align[i] = tw.AlignLeft
		}
	}
	// As given: a wrapped header would lose its second line in Markdown.
	asGiven := tw.CellConfig{
		Formatting: tw.CellFormatting{AutoWrap: tw.WrapNone, AutoFormat: tw.Off},
		Alignment:  tw.CellAlignment{PerColumn: align},
	}
	var b strings.Builder
	w := tablewriter.NewTable(&b, append(options,
		tablewriter.WithConfig(tablewriter.Config{Header: asGiven, Row: asGiven}),
		// Widths must not depend on the locale of whoever makes the report.
		tablewriter.WithEastAsian(tw.Off),
	)...)
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

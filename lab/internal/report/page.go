package report

import (
	"bytes"
	_ "embed"
	"fmt"
	"html"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/yuin/goldmark"

	"stormwave/lab/internal/report/numeral"
)

//go:embed page.css
var pageStyle string

//go:embed page.js
var pageScript string

// policy lets the page fetch nothing at all.
const policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; base-uri " +
	"'none'; form-action 'none'"

// page is a report as one HTML file that needs nothing beside it. Tags that HTML lets out
// are let out: tables are most of it.
type page struct {
	b       bytes.Buffer
	ids     map[string]int    // that are taken, and how often they were asked for
	regions map[string]int    // names of tables
	inlines map[string]string // Markdown within a line → HTML: names come again and again
	part    string            // the heading of level 2 that this is under, as plain text
	section string            // that of level 3
}

func newPage() *page {
	return &page{ids: map[string]int{}, regions: map[string]int{}, inlines: map[string]string{}}
}

// html is the page of the report.
func (a *Analysis) html(content blocks) []byte {
	p := newPage()
	fmt.Fprintf(&p.b, `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="%s">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>%s</title>
<link rel="icon" href="data:,">
<style>
%s</style>
</head>
<body>
<a class="skip" href="#main">Skip to the report</a>
<nav aria-label="Contents">
<ul>
`, policy, html.EscapeString(a.run.Name), pageStyle)
	content = append(slices.Clip(content), heading{2, "Cells"})
	for _, b := range content {
		if h, ok := b.(heading); ok && h.level == 2 {
			text := p.inline(h.text)
			fmt.Fprintf(&p.b, "<li><a href=\"#%s\">%s</a>\n", p.id(plainText(text)), text)
		}
	}
	p.b.WriteString("</ul>\n</nav>\n<main id=\"main\" tabindex=\"-1\">\n")
	clear(p.ids) // the headings come in the same order, and so get the same ids
	content.html(p)
	a.cellPages(p)
	fmt.Fprintf(&p.b, "</main>\n<script>\n%s</script>\n</body>\n</html>\n", pageScript)
	return p.b.Bytes()
}

// id is one that is not taken yet, made from text.
func (p *page) id(text string) string {
	slug := strings.Trim(strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return '-'
	}, text), "-")
	for strings.Contains(slug, "--") {
		slug = strings.ReplaceAll(slug, "--", "-")
	}
	p.ids[slug]++
	if n := p.ids[slug]; n > 1 {
		return fmt.Sprintf("%s-again-%d", slug, n)
	}
	return "p-" + slug // cells and records have ids of their own
}

func (h heading) html(p *page) {
	text := p.inline(h.text)
	switch h.level {
	case 1:
		fmt.Fprintf(&p.b, "<h1>%s</h1>\n", text)
		return
	case 2:
		p.part, p.section = plainText(text), ""
		fmt.Fprintf(&p.b, "<h2 id=\"%s\">%s</h2>\n", p.id(p.part), text)
		return
	case 3:
		p.section = plainText(text)
	}
	fmt.Fprintf(&p.b, "<h%d>%s</h%[1]d>\n", h.level, text)
}

func (w words) html(p *page) {
	if err := goldmark.Convert([]byte(w), &p.b); err != nil {
		panic(fmt.Sprintf("render %.60q: %v", string(w), err)) // a buffer does not fail
	}
}

func (s source) html(p *page) {
	fmt.Fprintf(&p.b, "<pre>%s</pre>\n", escaped.Replace(s.text))
}

func (f fold) html(p *page) {
	fmt.Fprintf(&p.b, "<details><summary>%s</summary>\n", html.EscapeString(f.summary))
	outer := p.section
	p.section = html.EscapeString(f.summary)
	f.inside.html(p)
	p.section = outer
	p.b.WriteString("</details>\n")
}

func (f *picture) html(p *page) {
	p.b.WriteString("<figure tabindex=0>") // where it is narrow it is scrolled
	p.b.Write(bytes.TrimSpace(f.svg(false)))
	if f.note != "" {
		fmt.Fprintf(&p.b, "<figcaption>%s</figcaption>", p.inline(f.note))
	}
	p.b.WriteString("</figure>\n")
}

func (t table) html(p *page) { p.table(t, nil) }

func (c comparison) html(p *page) {
	c.table.html(p)
	c.notes().html(p)
}

// table writes a table that can be scrolled by itself, by keyboard too. id names rows.
func (p *page) table(t table, id func(row int) string) {
	class := "t"
	if t.wraps {
		class = "\"t fits\""
	}
	fmt.Fprintf(&p.b, "<div class=%s tabindex=0 role=region aria-label=\"%s\"><table>", class, p.region())
	if strings.Join(t.head, "") != "" {
		p.b.WriteString("<thead><tr>")
		for i, text := range t.head {
			if text == "" {
				p.b.WriteString("<td>")
				continue
			}
			p.b.WriteString("<th scope=col")
			if t.left[i] {
				p.b.WriteString(" class=l")
			}
			if i < len(t.help) && t.help[i] != "" {
				p.b.WriteString(" title=\"" + html.EscapeString(t.help[i]) + "\"")
			}
			p.b.WriteString(">" + p.inline(text))
		}
	}
	p.b.WriteString("<tbody>")
	for row, line := range t.rows {
		p.b.WriteString("\n<tr")
		if id != nil {
			p.b.WriteString(" id=" + id(row))
		}
		p.b.WriteByte('>')
		for i, text := range line {
			switch {
			case i == 0:
				p.b.WriteString("<th scope=row>")
			case t.left[i] && len(text) > wraps:
				p.b.WriteString("<td class=\"l w\">")
			case t.left[i]:
				p.b.WriteString("<td class=l>")
			default:
				p.b.WriteString("<td>")
			}
			p.linked(t, row, i, text)
		}
	}
	p.b.WriteString("</table></div>\n")
}

// wraps is the length from which on the text of a column is broken into lines.
const wraps = 60

// linked writes the text of a cell, with the link to where it comes from.
func (p *page) linked(t table, row, column int, text string) {
	to := ""
	if t.link != nil && text != "" && text != numeral.Missing {
		to = t.link(row, column)
	}
	if to == "" {
		p.b.WriteString(p.inline(text))
		return
	}
	p.b.WriteString("<a href=#" + to + ">" + p.inline(text) + "</a>")
}

// region is the name of a table: that of the part and the section that it is in.
func (p *page) region() string {
	name := p.part
	if p.section != "" {
		name += ": " + p.section
	}
	p.regions[name]++
	if n := p.regions[name]; n > 1 {
		return fmt.Sprintf("%s (table %d)", name, n)
	}
	return name
}

// inline renders Markdown within a line.
func (p *page) inline(text string) string {
	if !strings.ContainsAny(text, "\\`*_<>&!~\"") && !strings.Contains(text, "](") {
		return text
	}
	if known, ok := p.inlines[text]; ok {
		return known
	}
	// Before a word nothing in the text begins a block: a list, a heading, a rule.
	const word, before, after = "x ", "<p>x ", "</p>\n"
	var b bytes.Buffer
	if err := goldmark.Convert([]byte(word+text), &b); err != nil {
		panic(fmt.Sprintf("render %.60q: %v", text, err)) // a buffer does not fail
	}
	rendered := strings.TrimSuffix(strings.TrimPrefix(b.String(), before), after)
	p.inlines[text] = rendered
	return rendered
}

var tag = regexp.MustCompile(`<[^>]*>`)

// plainText is HTML without its tags; what is escaped stays so.
func plainText(rendered string) string { return tag.ReplaceAllString(rendered, "") }

package report

import (
	"fmt"
	"strings"
)

// block is a piece of a report. Both the Markdown and the page are written from the same
// blocks, so that they say the same.
type block interface {
	// markdown is the piece as GitHub reads it; blank lines around it do not count.
	markdown() string
	// html writes it into a page.
	html(p *page)
}

// blocks are pieces that follow each other.
type blocks []block

func (list blocks) markdown() string {
	var b strings.Builder
	for _, piece := range list {
		text := strings.Trim(piece.markdown(), "\n")
		if text == "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(text)
		b.WriteByte('\n')
	}
	return b.String()
}

func (list blocks) html(p *page) {
	for _, b := range list {
		b.html(p)
	}
}

// words are paragraphs and lists, as Markdown. Foreign text in them has gone through
// prose or code.
type words string

func say(format string, args ...any) words { return words(fmt.Sprintf(format, args...)) }

func (w words) markdown() string { return string(w) }

// heading begins a part; a report has one of level 1.
type heading struct {
	level int
	text  string // Markdown
}

func (h heading) markdown() string { return strings.Repeat("#", h.level) + " " + h.text }

// each calls do with every picture, folded ones included.
func (list blocks) each(do func(*picture)) {
	for _, b := range list {
		switch b := b.(type) {
		case *picture:
			do(b)
		case fold:
			b.inside.each(do)
		}
	}
}

// fold is what is shown, and in a page drawn, only on demand.
type fold struct {
	summary string // without mark-up
	inside  blocks
}

func (f fold) markdown() string {
	return fmt.Sprintf("<details><summary>%s</summary>\n\n%s\n</details>", f.summary, f.inside.markdown())
}

// fileOnly is in the Markdown alone: the page has it at a better place.
type fileOnly struct{ block }

func (fileOnly) html(*page) {}

// pageOnly is in the page alone.
type pageOnly struct{ block }

func (pageOnly) markdown() string { return "" }

// delayed is a piece that is too large to be kept until it is written.
type delayed func() block

func (l delayed) markdown() string { return l().markdown() }

func (l delayed) html(p *page) { l().html(p) }

// source is text of another language, as it is.
type source struct{ language, text string }

func (s source) markdown() string {
	fence := fenceFor(s.text, 3)
	return fmt.Sprintf("%s%s\n%s\n%s", fence, s.language, strings.TrimRight(s.text, "\n"), fence)
}

package report

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"

	"stormwave/lab/internal/analysis"
	"stormwave/lab/internal/judge/diagnose"
	"stormwave/lab/internal/judge/stat"
	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/report/numeral"
)

// Card is a run's answer for who has two minutes: what was asked, what to set, how sure that is. It is derived from
// the analysis, and every number of its lines stands in a cell of the report's tables.
type Card struct {
	Run      string     `json:"run"`
	Scenario string     `json:"scenario"` // whose answer it is
	Outcome  string     `json:"outcome"`  // cured, improved, kept, promising, uncured, disagreeing, known or unknown
	Set      *Choice    `json:"set"`      // nil: there is nothing to set, or nothing can be said
	AsWell   []string   `json:"as_well"`  // cells that are not told apart from it
	NoHelp   []string   `json:"no_help"`  // cells that missed the SLO, or are worse
	Cause    string     `json:"cause"`    // what limited the baseline
	Blocks   int        `json:"blocks"`
	Next     string     `json:"next"` // command; "": none
	Lines    []CardLine `json:"lines"`
}

// maxCardLines is how many lines a card has at most.
const maxCardLines = 8

// Choice is a cell beside the baseline. A number that there is not is null.
type Choice struct {
	Cell        string          `json:"cell"`
	Settings    matrix.Settings `json:"settings"` // that differ from the baseline's
	Failed      Change          `json:"failed"`   // share of the requests, 0…1
	P99         Change          `json:"p99_ms"`
	Goodput     Effect          `json:"goodput"`
	Connections Change          `json:"connections"`
	CPU         Effect          `json:"cpu_per_success"`
	Memory      Effect          `json:"memory"`
	Parts       []string        `json:"parts"` // services that it has and the baseline has not
}

// Change is the baseline's median and the cell's.
type Change struct {
	Baseline *float64 `json:"baseline"`
	Cell     *float64 `json:"cell"`
}

// Effect is a ratio to the baseline, paired by block, with its 95% interval.
type Effect struct {
	Ratio *float64  `json:"ratio"`
	Low   *float64  `json:"low"` // null: n is too small for an interval
	High  *float64  `json:"high"`
	Word  stat.Word `json:"word"`
}

// CardLine is a line of the card.
type CardLine struct {
	Label string `json:"label"`
	Text  string `json:"text"` // Markdown
	Facts []Fact `json:"facts"`
}

// Fact is what a line says that stands in a cell of a table.
type Fact struct {
	Text   string `json:"text"` // Markdown
	Part   string `json:"part"` // heading of level 2
	Row    string `json:"row"`  // the text of the row's first cell
	Column string `json:"column"`
}

func (f Fact) String() string { return f.Text }

// sentence is text that remembers its facts.
type sentence struct {
	text  strings.Builder
	facts []Fact
}

// say adds words; facts among the arguments are shown by their text.
func (s *sentence) say(format string, args ...any) *sentence {
	for _, arg := range args {
		if f, ok := arg.(Fact); ok {
			s.facts = append(s.facts, f)
		}
	}
	fmt.Fprintf(&s.text, format, args...)
	return s
}

// each adds some facts as a list.
func (s *sentence) each(facts []Fact, separator string) *sentence {
	for i, f := range facts {
		if i > 0 {
			s.text.WriteString(separator)
		}
		s.say("%s", f)
	}
	return s
}

// newCard derives the card of an analysis.
func (a *Analysis) newCard() *Card {
	p := &a.parts[a.decisive()]
	c := &Card{
		Run:      a.run.Name,
		Scenario: p.Scenario.String(),
		Outcome:  string(p.answer.outcome),
		Blocks:   len(p.Blocks),
		AsWell:   p.labelsOf(p.answer.asWell),
		NoHelp:   p.labelsOf(p.answer.noHelp),
	}
	w := cardWriter{Analysis: a, part: p}
	w.choose()
	if w.row > 0 {
		c.Set = w.choice()
	}
	limited := w.limited()
	c.Cause = string(limited.Cause)
	if a.expected() > 0 {
		c.Outcome = string(known)
	}
	var command string
	next := w.next(&command)
	c.Next = command
	for _, line := range []struct {
		label string
		text  *sentence
	}{
		{"Asked", w.asked()},
		{"Set", w.set()},
		{"Costs", w.costs()},
		{"As well", w.asWell()},
		{"Not", w.noHelp()},
		{"Why", w.why(limited)},
		{"How sure", w.sure()},
		{"Next", next},
	} {
		if line.text != nil && line.text.text.Len() > 0 {
			c.Lines = append(c.Lines, CardLine{line.label, strings.TrimSpace(line.text.text.String()), line.text.facts})
		}
	}
	return c
}

func (p part) labelsOf(rows []int) []string {
	labels := []string{}
	for _, row := range rows {
		labels = append(labels, p.rows[row].Cell.Label)
	}
	return labels
}

// expected counts the cells of which it is known what limits them.
func (a *Analysis) expected() int {
	n := 0
	for _, c := range a.run.Plan.Cells {
		if c.Expect != "" {
			n++
		}
	}
	return n
}

// choice is the cell to set, in numbers.
func (w cardWriter) choice() *Choice {
	p, row := w.part, w.row
	change := func(c column) Change {
		of := func(row int) *float64 {
			if v, n := p.rows[row].median(c); n > 0 {
				return finite(v)
			}
			return nil
		}
		return Change{of(0), of(row)}
	}
	return &Choice{
		Cell:        p.rows[row].Cell.Label,
		Settings:    changed(p.rows[0].Cell, p.rows[row].Cell),
		Failed:      change(failedColumn),
		P99:         change(p99Column),
		Goodput:     effect(p.contrasts[byGoodput][row]),
		Connections: change(connectionsColumn),
		CPU:         effect(p.costs[0][row]),
		Memory:      effect(p.costs[1][row]),
		Parts:       w.moreParts(row),
	}
}

// finite is a number that JSON has, or nil.
func finite(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}

func effect(c analysis.Contrast) Effect {
	e := Effect{Word: c.Word}
	if c.N > 0 {
		e.Ratio = finite(c.Ratio)
	}
	if c.Interval != nil {
		e.Low, e.High = finite(c.Interval.Low), finite(c.Interval.High)
	}
	return e
}

// changed are the settings of a cell that differ from those of another.
func changed(base, cell matrix.Cell) matrix.Settings {
	differ := matrix.Settings{}
	for name, value := range cell.Settings {
		if was, ok := base.Settings[name]; !ok || was != value {
			differ[name] = value
		}
	}
	return differ
}

// sets writes what a cell sets that the baseline does not, in a fixed order.
func sets(base, cell matrix.Cell) string {
	differ := changed(base, cell)
	var all []string
	for name, value := range differ {
		all = append(all, name+"="+value)
	}
	if len(all) == 0 {
		return numeral.Missing
	}
	slices.Sort(all)
	return code(strings.Join(all, " "))
}

// setsHead is the column that says what a cell sets.
const setsHead = "Sets, other than the baseline"

// settingsTable says what each cell sets, which its label need not tell.
func settingsTable(cells []matrix.Cell) table {
	t := table{head: []string{"Cell", setsHead}, left: map[int]bool{1: true}}
	var refs []ref
	for i, c := range cells {
		t.rows = append(t.rows, []string{cellName(c), sets(cells[0], c)})
		refs = append(refs, ref{cell: i + 1})
	}
	t.link = rowLinks(refs)
	return t
}

// moreParts are the services on the way of a cell's queries that are not on the baseline's.
func (w cardWriter) moreParts(row int) []string {
	base := parts(w.rows[0])
	return slices.DeleteFunc(slices.Clone(parts(w.rows[row])), func(s string) bool { return slices.Contains(base, s) })
}

// Card is the run's answer; nil for a race, which has another.
func (a *Analysis) Card() *Card { return a.card }

// markdown is the card as a list.
func (c *Card) markdown() string {
	var b strings.Builder
	for _, line := range c.Lines {
		fmt.Fprintf(&b, "- **%s**: %s\n", line.Label, line.Text)
	}
	return b.String()
}

func (c *Card) html(p *page) {
	p.b.WriteString("<dl class=card>\n")
	for _, line := range c.Lines {
		fmt.Fprintf(&p.b, "<div><dt>%s</dt><dd>%s</dd></div>\n", line.Label, p.inline(line.Text))
	}
	p.b.WriteString("</dl>\n")
}

// cardWidth is how many columns of a terminal the card takes.
const cardWidth = 110

// terminal is the card for a terminal, its lines broken.
func (c *Card) terminal() string {
	var b strings.Builder
	for _, line := range c.Lines {
		at, label := 0, line.Label
		for _, word := range strings.Fields(plain(line.Text)) {
			if at == 0 || at+1+width.String(word) > cardWidth {
				if at > 0 {
					b.WriteByte('\n')
				}
				fmt.Fprintf(&b, "%-9s", label)
				at, label = 9, ""
			}
			b.WriteString(" " + word)
			at += 1 + width.String(word)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

var escapedOrMark = regexp.MustCompile("\\\\(.)|`|\\*\\*")

// plain is Markdown within a line without its marks.
func plain(text string) string { return escapedOrMark.ReplaceAllString(text, "$1") }

// limited is what limited the baseline.
func (w cardWriter) limited() diagnose.Cell { return w.found(w.rows[0]) }

// found is the diagnosis of a row.
func (w cardWriter) found(g group) diagnose.Cell {
	for _, c := range w.cells {
		if c.Label == g.Cell.Label && c.Scenario == g.Scenario {
			return c
		}
	}
	return diagnose.Cell{Cause: diagnose.Undetermined}
}

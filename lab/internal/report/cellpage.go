package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"stormwave/lab/internal/analysis"
	"stormwave/lab/internal/judge/diagnose"
	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/metric"
	"stormwave/lab/internal/report/numeral"
)

// cellPages are what the page says of each cell by itself: its settings, what limited it,
// one trial over time, all trials, and their records.
func (a *Analysis) cellPages(p *page) {
	asked, common := a.settings()
	p.b.WriteString("<h3 id=cells-common>The same in every cell</h3>\n")
	p.section = "the same in every cell"
	fold{plural(len(common.rows), "setting"), blocks{common}}.html(p)
	lines := newRecordLines(a.run.Records)
	if note := lines.note(); note != "" {
		words(note).html(p)
	}
	found := map[string]diagnose.Cell{}
	for _, c := range a.cells {
		found[c.Label+"\n"+c.Scenario.String()] = c
	}
	latest := analysis.LastAttempts(a.run.Records)
	for i, c := range a.run.Plan.Cells {
		name := p.inline(cellName(c))
		fmt.Fprintf(&p.b, "<section class=cell>\n<h3 id=%s>%s</h3>\n", ref{cell: i + 1}.anchor(), name)
		p.section = plainText(name)
		if c.Expect != "" {
			say("What is wrong with it is known: **%s**.", c.Expect).html(p)
		}
		if t := asked(c); len(t.rows) > 0 {
			t.html(p)
		}
		for _, part := range a.parts {
			g := part.rows[i]
			fmt.Fprintf(&p.b, "<h4 id=%s>%s</h4>\n", g.ref.anchor(), p.inline(prose(title(part.Plan, part.Scenario))))
			limited(found[c.Label+"\n"+part.Scenario.String()]).html(p)
			if f := part.trialPicture(a, g); f != nil {
				fold{"One trial over time", blocks{f}}.html(p)
			}
			lines.trials(p, g, latest)
		}
		p.b.WriteString("</section>\n")
	}
}

// limited says what limited a cell under a scenario.
func limited(c diagnose.Cell) blocks {
	list := blocks{say("What limited it: %s, in %d of %s. %s.", named(c), c.First, plural(c.Of, "trial"), prose(why(c)))}
	if rest := more(c); rest != nil {
		list = append(list, fold{"What was ruled out, what is missing, what to try", rest})
	}
	return list
}

// settings tells the settings that differ between cells, of a cell as asked for and as
// read back, and those that are the same in all.
func (a *Analysis) settings() (of func(matrix.Cell) table, common table) {
	back := readBack(a.run)
	known := map[string]bool{}
	for _, c := range a.run.Plan.Cells {
		for name := range c.Settings {
			known[name] = true
		}
	}
	for name := range back {
		known[name] = true
	}
	line := func(c matrix.Cell, name string) []string {
		return []string{
			code(name), cmp.Or(prose(c.Settings[name]), numeral.Missing),
			cmp.Or(prose(strings.Join(back[name][c.Label], " / ")), numeral.Missing),
		}
	}
	empty := table{head: []string{"Setting", "Asked for", "Read back"}, left: map[int]bool{1: true, 2: true}}
	common = empty
	var differ []string
	for _, name := range slices.Sorted(maps.Keys(known)) {
		first := line(a.run.Plan.Cells[0], name)
		if slices.ContainsFunc(a.run.Plan.Cells, func(c matrix.Cell) bool { return !slices.Equal(line(c, name), first) }) {
			differ = append(differ, name)
		} else {
			common.rows = append(common.rows, first)
		}
	}
	return func(c matrix.Cell) table {
		t := empty
		for _, name := range differ {
			t.rows = append(t.rows, line(c, name))
		}
		return t
	}, common
}

// trialColumns are what a table of trials shows of each.
var trialColumns = append(columnsOf(metric.OfTrial), recoveryColumn)

// trials writes the table of a cell's trials under a scenario, and their records.
func (lines recordLines) trials(p *page, g group, latest analysis.Attempts) {
	if len(g.All) == 0 {
		words("Not run.").html(p)
		return
	}
	t := table{head: []string{"Record", "Block", "Verdict"}, left: map[int]bool{2: true}}
	for _, c := range trialColumns {
		t.head = append(t.head, c.head)
	}
	for _, r := range g.All {
		verdict := string(r.Verdict)
		if what, why, out := latest.Remark(r); out {
			verdict = strings.TrimSuffix(what+": "+prose(why), ": ")
		}
		line := []string{fmt.Sprint(r.N), fmt.Sprint(r.Block), verdict}
		for _, c := range trialColumns {
			text := numeral.Missing
			if r.Load != nil {
				if v, ok := c.value(r); ok {
					text = c.show(v)
				}
			}
			line = append(line, text)
		}
		t.rows = append(t.rows, line)
	}
	if lines.form == nil { // the row is all that the page has of the record
		p.table(t, func(row int) string { return recordAnchor(g.All[row].N) })
		return
	}
	t.link = func(row, _ int) string { return recordAnchor(g.All[row].N) }
	t.html(p)
	for _, r := range g.All {
		lines.write(p, r)
	}
}

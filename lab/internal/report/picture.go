package report

import (
	"fmt"
	"slices"

	"stormwave/lab/internal/report/numeral"
	"stormwave/lab/internal/report/plot"
)

// picture is a plot. The page has it within itself, the Markdown beside it in a file.
type picture struct {
	title string // of the plot, and what is read aloud
	note  string // Markdown below it in the page; empty: none
	run   string
	file  string // below plots/, without its ending; empty: the page alone has it
	rank  int    // of files there are only so many: the lowest ranks
	draw  func(paper bool) ([]byte, error)
}

// Ranks of pictures.
const (
	rankCells = iota
	rankLayers
	rankGoodput
	rankShape // how latency is spread, and where the load is too much
	rankBreakdown
	rankPool
)

func (f *picture) markdown() string {
	if f.file == "" {
		return ""
	}
	return fmt.Sprintf("![%s](%s)", prose(f.title), f.path())
}

func (f *picture) path() string { return f.run + "/plots/" + f.file + ".svg" }

// svg draws the picture. That fails for numbers that do not fit together, which the
// report must not have.
func (f *picture) svg(paper bool) []byte {
	svg, err := f.draw(paper)
	if err != nil {
		panic(fmt.Sprintf("draw a picture of the report: %v", err))
	}
	return svg
}

// inks are the colours of the rows, the same in all pictures of a part: that of text for
// the baseline; where there are too many others to tell apart, one for the best.
func (p part) inks() []plot.Ink {
	inks := make([]plot.Ink, len(p.rows))
	next, others := plot.Ink(1), 0
	for row := range p.rows {
		if row > 0 && p.drawn(row) {
			others++
		}
	}
	for row := range p.rows {
		switch {
		case row == 0:
			inks[row] = plot.Plain
		case !p.drawn(row):
		case others <= maxInks:
			inks[row] = next
			next++
		case row == p.best.Row:
			inks[row] = 1
		default:
			inks[row] = plot.Faint
		}
	}
	return inks
}

// maxInks is how many lines can be told apart by colour.
const maxInks = 6

// drawn says whether a row is in pictures: the A/A control is the baseline again.
func (p part) drawn(row int) bool { return len(p.rows[row].Used) > 0 && !p.rows[row].Cell.Control }

// rowName is a cell in a legend.
func (p part) rowName(a *Analysis, row int) string {
	return shortName(a.run.Plan.Factors)(p.rows[row].Cell)
}

// rowLines makes a line of each row that can be drawn. Of those that cannot be told apart only the
// first is named.
func (p part) rowLines(a *Analysis, line func(row int) (plot.Line, bool)) []plot.Line {
	var lines []plot.Line
	inks, others := p.inks(), 0
	for row := range p.rows {
		if !p.drawn(row) {
			continue
		}
		l, ok := line(row)
		if !ok {
			continue
		}
		l.Ink, l.Name = inks[row], p.rowName(a, row)
		if l.Ink == plot.Faint {
			l.Name = ""
			if others++; others == 1 {
				l.Name = "each other cell"
			}
		}
		lines = append(lines, l)
	}
	return lines
}

// level is the objective's bound of latency.
func (p part) level() plot.Level {
	bound := p.Plan.SLO.P99.Milliseconds()
	return plot.Level{Y: bound, Name: fmt.Sprintf("SLO: p99 within %s ms", numeral.Figure(bound))}
}

// levels are those of a factor in the plan's cells, in their order there.
func (a *Analysis) levels(factor string) []string {
	var found []string
	for _, c := range a.run.Plan.Cells {
		if level := c.LevelsOf([]string{factor})[0]; !slices.Contains(found, level) {
			found = append(found, level)
		}
	}
	return found
}

// pictures lists those of a report that have a file of their own, by its name.
func (list blocks) pictures() map[string]*picture {
	found := map[string]*picture{}
	list.each(func(f *picture) {
		if f.file != "" {
			found[f.path()] = f
		}
	})
	return found
}

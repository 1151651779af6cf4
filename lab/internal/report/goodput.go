package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"stormwave/lab/internal/analysis"
	"stormwave/lab/internal/judge/stat"
	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/report/numeral"
	"stormwave/lab/internal/report/plot"
)

// goodputPictures show what each cell yields over two factors, and over the size of the pool.
func (p part) goodputPictures(a *Analysis) blocks {
	var list blocks
	for _, f := range []*picture{p.goodputHeat(a), p.goodputByPool(a)} {
		if f != nil {
			list = append(list, f)
		}
	}
	return list
}

// Limits of the heat map.
const (
	maxColumns = 12
	maxRows    = 30
)

// goodputHeat is the goodput by the first factor of the spec and the second one, with
// all further ones beside that. It is nil if one of the two does not vary.
func (p part) goodputHeat(a *Analysis) *picture {
	factors := a.run.Plan.Factors
	if len(factors) < 2 || len(a.levels(factors[1])) < 2 {
		return nil
	}
	h := plot.Heat{
		XLabel: factors[0], YLabel: strings.Join(factors[1:], ", "), Columns: a.levels(factors[0]),
		Title: fmt.Sprintf("Goodput under %s by %s", p.Scenario, list(factors)),
		Note:  "Requests per second, medians; in brackets where the SLO was missed; the best is framed.",
	}
	for row, g := range p.rows {
		if g.Cell.Control {
			continue
		}
		own := g.Cell.LevelsOf(factors)
		name := strings.Join(own[1:], ", ")
		i := slices.Index(h.Rows, name)
		if i < 0 {
			i = len(h.Rows)
			h.Rows = append(h.Rows, name)
			h.Cells = append(h.Cells, slices.Repeat([]plot.Cell{{Value: math.NaN()}}, len(h.Columns)))
		}
		cell := &h.Cells[i][slices.Index(h.Columns, own[0])]
		cell.Text = numeral.Missing
		if v, n := g.median(goodputColumn); n > 0 {
			cell.Value, cell.Text, cell.Framed = v, g.mark(numeral.Figure(v)), row == p.best.Row
			if !g.Meets(p.Plan.SLO) {
				cell.Text = "(" + cell.Text + ")"
			}
		}
	}
	if n := len(h.Columns); n < 2 || n > maxColumns || len(h.Rows) > maxRows {
		return nil
	}
	return &picture{
		title: h.Title,
		run:   a.run.Name,
		file:  p.fileName("goodput"),
		rank:  rankGoodput,
		draw: func(paper bool) ([]byte, error) {
			drawn := h
			drawn.Paper = paper
			return drawn.Draw()
		},
	}
}

// reach is how far a cell's values of a number reach; ok is false if there are none.
func (g group) reach(c column, seed uint64) (reach analysis.Reach, ok bool) {
	values := c.measure().Values(g.Used)
	return analysis.ReachOf(values, seed), len(values) > 0
}

// reachWord says what reach gives.
func (p part) reachWord() string {
	if len(p.Blocks) < stat.MinBlocks {
		return fmt.Sprintf("median and range of %s", plural(len(p.Blocks), "block"))
	}
	return "median and 95% interval"
}

// goodputByPool is the goodput over the size of the backend's pool, a line for all other
// factors being the same. It is nil if the size is no factor.
func (p part) goodputByPool(a *Analysis) *picture {
	factors := a.run.Plan.Factors
	at := slices.Index(factors, matrix.PoolSize)
	if at < 0 {
		return nil
	}
	sizes := a.levels(matrix.PoolSize)
	if len(sizes) < 2 {
		return nil
	}
	slices.SortStableFunc(sizes, func(a, b string) int { return cmp.Compare(poolSize(a), poolSize(b)) })
	var lines []plot.Line
	lineOf := map[string]int{}
	best, least := 0, math.Inf(1) // line, size
	for row, g := range p.rows {
		if !p.drawn(row) {
			continue
		}
		reach, ok := g.reach(goodputColumn, a.run.Plan.Seed)
		if !ok {
			continue
		}
		own := g.Cell.LevelsOf(factors)
		size := own[at]
		name := cmp.Or(strings.Join(slices.Delete(own, at, at+1), " "), "goodput")
		i, known := lineOf[name]
		if !known {
			i = len(lines)
			lineOf[name] = i
			lines = append(lines, plot.Line{Name: name})
		}
		l, x := &lines[i], float64(slices.Index(sizes, size))
		l.X, l.Y = append(l.X, x), append(l.Y, reach.Median)
		l.Low, l.High = append(l.Low, reach.Low), append(l.High, reach.High)
		if row == p.best.Row {
			best = i
			l.Rings = append(l.Rings, plot.Point{X: x, Y: reach.Median})
		}
		if slices.Contains(p.best.Tied, row) && poolSize(size) < least {
			least = poolSize(size)
		}
	}
	if len(lines) == 0 {
		return nil
	}
	for i := range lines {
		sortByX(&lines[i])
		if len(lines) > maxInks && i != best && i != 0 {
			lines[i].Ink, lines[i].Name = plot.Faint, ""
		}
	}
	c := plot.Chart{
		Title:     fmt.Sprintf("Goodput under %s over the size of the backend's pool (%s)", p.Scenario, p.reachWord()),
		XLabel:    "pool_size, connections",
		YLabel:    "Goodput, requests per second",
		Names:     sizes,
		Series:    lines,
		RingLabel: "the best",
	}
	if p.best.Row >= 0 && !math.IsInf(least, 1) && least < poolSize(p.rows[p.best.Row].Cell.LevelsOf(factors)[at]) {
		x := float64(slices.IndexFunc(sizes, func(s string) bool { return poolSize(s) == least }))
		c.Marks = []plot.Mark{{From: x, To: x, Label: "the least that is tied for best"}}
	}
	return &picture{
		title: c.Title,
		run:   a.run.Name,
		file:  p.fileName("pool"),
		rank:  rankPool,
		draw: func(paper bool) ([]byte, error) {
			drawn := c
			drawn.Paper = paper
			return plot.Lines(drawn)
		},
	}
}

// sortByX orders the points of a line.
func sortByX(l *plot.Line) {
	order := make([]int, len(l.X))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(l.X[a], l.X[b]) })
	for _, values := range []*[]float64{&l.X, &l.Y, &l.Low, &l.High} {
		sorted := make([]float64, len(order))
		for i, from := range order {
			sorted[i] = (*values)[from]
		}
		*values = sorted
	}
}

// poolSize orders sizes; one that is no number has no limit.
func poolSize(text string) float64 {
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return math.Inf(1)
	}
	return v
}

// maxBars is how many cells a picture with a row for each can have.
const maxBars = 30

// barRows are the rows of such a picture: all, or the baseline and those with the most
// goodput.
func (p part) barRows(drawn func(row int) bool) []int {
	var rows []int
	for row := range p.rows {
		if drawn(row) {
			rows = append(rows, row)
		}
	}
	if len(rows) <= maxBars {
		return rows
	}
	yields := func(row int) float64 {
		if row == 0 {
			return math.Inf(1)
		}
		v, _ := p.rows[row].median(goodputColumn)
		return v
	}
	slices.SortStableFunc(rows, func(a, b int) int { return cmp.Compare(yields(b), yields(a)) })
	rows = rows[:maxBars]
	slices.Sort(rows)
	return rows
}

// someOf says how many of all cells a picture shows, or nothing where it is all.
func (p part) someOf(rows []int, drawn func(row int) bool) string {
	all := 0
	for row := range p.rows {
		if drawn(row) {
			all++
		}
	}
	if all == len(rows) {
		return ""
	}
	return fmt.Sprintf("; of %s the baseline and the %d with the most goodput", plural(all, "cell"), len(rows)-1)
}

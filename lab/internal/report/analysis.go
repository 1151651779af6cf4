package report

import (
	"fmt"
	"maps"
	"math"
	"runtime"
	"slices"
	"sync"

	"stormwave/lab/internal/judge/diagnose"
	"stormwave/lab/internal/judge/stat"
	"stormwave/lab/internal/matrix"
)

// Analysis is what reports say of a run, computed once: the files and the terminal
// only show it.
type Analysis struct {
	run   Run
	parts []part // one for each scenario of the plan
	cells []diagnose.Cell
}

// part is what a run found under one scenario.
type part struct {
	scenario  matrix.Scenario
	slo       matrix.SLO
	margin    matrix.Margin
	rows      []group
	metrics   []string      // that any repetition has
	blocks    []int         // that were shot, whole or not
	values    [][][]float64 // by measure, row and block; NaN where there is none
	contrasts [][]contrast  // by measure and row; the baseline's own is empty
	best      best
}

// contrast is how a cell differs from the baseline in a measure. Its word takes
// into account how many others there are.
type contrast struct {
	stat.Contrast
	alone float64 // P before that
	// suspect: no valid repetition stands on one side. The estimate is all there is.
	suspect bool
}

// Analyze computes all statistics of a run. It fails if the records do not belong
// to the plan.
func Analyze(run Run) (*Analysis, error) {
	if err := run.check(); err != nil {
		return nil, fmt.Errorf("report on %s: %w", run.Name, err)
	}
	a := &Analysis{run: run}
	for _, s := range run.Plan.Scenarios {
		a.parts = append(a.parts, newPart(run, s))
	}
	seed := run.Plan.Seed
	var work []func()
	for i := range a.parts {
		p := &a.parts[i]
		p.metrics = metricsOf(p.rows)
		for m := range measures {
			for row := 1; row < len(p.rows); row++ {
				work = append(work, func() { p.contrasts[m][row] = p.contrast(m, row, seed) })
			}
		}
		work = append(work, func() { p.best = p.findBest(seed) })
	}
	work = append(work, func() { a.cells = diagnose.Run(run.Plan, run.Records, run.Services) })
	parallel(work)
	for i := range a.parts {
		a.parts[i].adjust()
	}
	return a, nil
}

// parallel does pieces of work on all processors. Each has its own place for its
// result, so in which order they end does not matter.
func parallel(work []func()) {
	next := make(chan func())
	var wait sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wait.Go(func() {
			for piece := range next {
				piece()
			}
		})
	}
	for _, piece := range work {
		next <- piece
	}
	close(next)
	wait.Wait()
}

// newPart sorts the records of a scenario, and compares nothing yet.
func newPart(run Run, s matrix.Scenario) part {
	p := part{scenario: s, slo: run.Plan.SLO, margin: run.Plan.Margins(), rows: groups(run, s)}
	shot := map[int]bool{}
	for _, g := range p.rows {
		for _, r := range g.all {
			shot[r.Block] = true
		}
	}
	p.blocks = slices.Sorted(maps.Keys(shot))
	for _, m := range measures {
		var values [][]float64
		for _, g := range p.rows {
			values = append(values, g.byBlock(m, p.blocks))
		}
		p.values = append(p.values, values)
		p.contrasts = append(p.contrasts, make([]contrast, len(p.rows)))
	}
	return p
}

// control is the row of the A/A control, the baseline once more, or -1.
func (p *part) control() int {
	return slices.IndexFunc(p.rows, func(g group) bool { return g.cell.Twin })
}

// byBlock gives a measure in each block, NaN where there is none.
func (g group) byBlock(m measure, blocks []int) []float64 {
	values := slices.Repeat([]float64{math.NaN()}, len(blocks))
	put := func(block int, v float64) {
		if i, shot := slices.BinarySearch(blocks, block); shot {
			values[i] = v
		}
	}
	for _, r := range g.used {
		if v, ok := m.value(r); ok {
			put(r.Block, v)
		}
	}
	if m.worst != nil {
		for _, r := range g.failed {
			put(r.Block, *m.worst)
		}
	}
	return values
}

func (p *part) contrast(m, row int, seed uint64) contrast {
	return p.contrastOf(measures[m], p.values[m][0], p.values[m][row], row, seed)
}

func (p *part) contrastOf(m measure, base, cell []float64, row int, seed uint64) contrast {
	c := contrast{
		Contrast: m.compare(base, cell, m.margin(p.margin), seed),
		suspect:  p.rows[0].suspect || p.rows[row].suspect,
	}
	c.alone = c.P
	return c
}

// declared are the rows that a run is made to compare with the baseline: all but
// its control.
func (p *part) declared() []int {
	var rows []int
	for row, g := range p.rows {
		if row > 0 && !g.cell.Twin {
			rows = append(rows, row)
		}
	}
	return rows
}

// adjust corrects each measure's contrasts for being many.
func (p *part) adjust() {
	for _, contrasts := range p.contrasts {
		p.holm(contrasts)
	}
}

// holm corrects the contrasts of one measure, by row.
func (p *part) holm(contrasts []contrast) {
	var family []int
	var values []float64
	for _, row := range p.declared() {
		if c := contrasts[row]; c.Interval != nil && !c.suspect {
			family, values = append(family, row), append(values, c.P)
		}
	}
	for i, v := range stat.Holm(values) {
		c := &contrasts[family[i]]
		c.Contrast = c.Adjusted(v)
	}
}

// judge compares every cell with the baseline in a measure that is not one of
// those by which a run is judged as a whole.
func (p *part) judge(m measure, seed uint64) []contrast {
	values := make([][]float64, len(p.rows))
	for row, g := range p.rows {
		values[row] = g.byBlock(m, p.blocks)
	}
	contrasts := make([]contrast, len(p.rows))
	for row := 1; row < len(p.rows); row++ {
		contrasts[row] = p.contrastOf(m, values[0], values[row], row, seed)
	}
	p.holm(contrasts)
	return contrasts
}

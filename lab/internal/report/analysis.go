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
	rows      []group
	metrics   []string      // that any repetition has
	blocks    []int         // that were shot, whole or not
	values    [][][]float64 // by measure, row and block; NaN where there is none
	floors    []float64     // by measure; NaN where it is not known
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
	var floors, contrasts []func() // which know the floors
	for i := range a.parts {
		p := &a.parts[i]
		p.metrics = metricsOf(p.rows)
		for m := range measures {
			floors = append(floors, func() { p.floors[m] = p.floor(m) })
			for row := 1; row < len(p.rows); row++ {
				contrasts = append(contrasts, func() { p.contrasts[m][row] = p.contrast(m, row, seed) })
			}
		}
		contrasts = append(contrasts, func() { p.best = p.findBest(seed) })
	}
	contrasts = append(contrasts, func() { a.cells = diagnose.Run(run.Plan, run.Records) })
	parallel(floors)
	parallel(contrasts)
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
	p := part{scenario: s, slo: run.Plan.SLO, rows: groups(run, s)}
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
		p.floors = append(p.floors, math.NaN())
	}
	return p
}

func (p *part) floor(m int) float64 { return p.floorOf(measures[m], p.values[m]) }

// floorOf is the A/A floor of a measure, given its values by row and block.
func (p *part) floorOf(m measure, values [][]float64) float64 {
	twin := p.twin()
	if twin < 0 || !p.rows[0].valid() || !p.rows[twin].valid() {
		return math.NaN()
	}
	return m.floor(values[0], values[twin])
}

// twin is the row of the baseline's twin, or -1.
func (p *part) twin() int {
	return slices.IndexFunc(p.rows, func(g group) bool { return g.cell.Twin })
}

// byBlock gives a measure in each block, NaN where there is none.
func (g group) byBlock(m measure, blocks []int) []float64 {
	values := slices.Repeat([]float64{math.NaN()}, len(blocks))
	for _, r := range g.used {
		if v, ok := m.value(r); ok {
			if i, shot := slices.BinarySearch(blocks, r.Block); shot {
				values[i] = v
			}
		}
	}
	return values
}

func (p *part) contrast(m, row int, seed uint64) contrast {
	return p.contrastOf(measures[m], p.values[m][0], p.values[m][row], p.floors[m], row, seed)
}

func (p *part) contrastOf(m measure, base, cell []float64, floor float64, row int, seed uint64) contrast {
	c := contrast{
		Contrast: m.compare(base, cell, m.margin(floor, p.slo), seed),
		suspect:  p.rows[0].suspect || p.rows[row].suspect,
	}
	c.alone = c.P
	return c
}

// declared are the rows that a run is made to compare with the baseline: all but
// its twin.
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
	floor := p.floorOf(m, values)
	contrasts := make([]contrast, len(p.rows))
	for row := 1; row < len(p.rows); row++ {
		contrasts[row] = p.contrastOf(m, values[0], values[row], floor, row, seed)
	}
	p.holm(contrasts)
	return contrasts
}

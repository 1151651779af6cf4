package report

import (
	"fmt"
	"math"
	"runtime"
	"sync"

	"stormwave/lab/internal/analysis"
	"stormwave/lab/internal/judge/diagnose"
	"stormwave/lab/internal/judge/stop"
	"stormwave/lab/internal/matrix"
)

// Analysis is what reports say of a run, computed once: the files and the terminal
// only show it.
type Analysis struct {
	run   Run
	parts []part // one for each scenario of the plan
	cells []diagnose.Cell
	card  *Card
	// nextSpec is a spec to go on with; "": there is none.
	nextSpec string
}

// part is what a run found under one scenario.
type part struct {
	analysis.Part
	rows      []group               // its groups, as tables show them
	metrics   map[string]float64    // that any trial has
	contrasts [][]analysis.Contrast // by measure and row
	costs     [][]analysis.Contrast // by cost and row
	best      analysis.Best
	reach     float64 // the least ratio of goodput above 1 that its blocks can tell; NaN: not known
	answer    answer
}

// Analyze computes all statistics of a run. It fails if the records do not belong
// to the plan.
func Analyze(run Run) (*Analysis, error) {
	if err := run.check(); err != nil {
		return nil, fmt.Errorf("report on %s: %w", run.Name, err)
	}
	a := &Analysis{run: run, parts: newParts(run)}
	var work []func()
	for i := range a.parts {
		p := &a.parts[i]
		p.metrics = metricsOf(p.rows)
		p.contrasts = make([][]analysis.Contrast, len(measures))
		for m, of := range measures {
			work = append(work, func() { p.contrasts[m] = p.Contrasts(of.Measure) })
		}
		p.costs = make([][]analysis.Contrast, len(costs))
		for m, of := range costs {
			work = append(work, func() { p.costs[m] = p.Contrasts(of.Measure) })
		}
		work = append(work, func() { p.best = p.Best() }, func() { p.reach = reachOf(run, p.Scenario, len(p.Blocks)) })
	}
	work = append(work, func() { a.cells = diagnose.Run(run.Plan, run.Records, run.Services) })
	parallel(work)
	a.settle()
	if run.Plan.Budget == 0 { // a race has an answer of its own
		a.nextSpec = a.findNext()
		a.card = a.newCard()
	}
	return a, nil
}

// reachOf is the least ratio that so many blocks of a scenario can tell, by the run's own noise.
func reachOf(run Run, s matrix.Scenario, blocks int) float64 {
	noise := stop.History{}
	noise.Add(run.Plan, run.Records)
	sd := noise.Of(run.Plan, s).SD()
	if math.IsNaN(sd) {
		return math.NaN()
	}
	return stop.Detectable(sd, blocks, len(run.Plan.Compared()), run.Plan.Margins().Ratio)
}

// newParts sorts the records by scenario and cell, and compares nothing yet.
func newParts(run Run) []part {
	var parts []part
	for i, of := range analysis.Parts(run.Plan, run.Records) {
		p := part{Part: of}
		for row, g := range of.Groups {
			p.rows = append(p.rows, group{g, ref{row + 1, i + 1}})
		}
		parts = append(parts, p)
	}
	return parts
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

// Package race finds the best of many cells under the SLO with a part of a grid's trials: the
// focused race. It is pure, and the same trials and seed give the same answers.
//
// After each block it measures the likeliest cells again, half as many each time, and the likeliest
// of all twice: its A/A control. It never drops a cell: every one keeps what was measured of it and
// has an answer at the end.
//
// The goodput of a trial is modelled as log goodput = θ of the cell + β of the block + noise. What
// no trial can tell is supposed before the first, and written down in prior.go. What the trials tell
// is drawn from 1,000 times; a cell is as likely to be the best as the share of the draws in which it
// meets the SLO and has the highest θ.
package race

import (
	"errors"
	"fmt"
)

// Cell is what a candidate costs.
type Cell struct {
	Connections int // to the servers, at most; it counts first
	Parts       int // services that its queries pass
}

// Trial is what one trial of a cell came to. A cell that is twice in a block is its own A/A control.
type Trial struct {
	Block int // from 1
	Cell  int // index among the cells
	Load  int // index among the loads
	// Goodput is per second; 0 or NaN: none, as of a trial that was cut short.
	Goodput float64
	// Counts of requests, of which Failed failed and Slow were later than the SLO's bound.
	Requests, Failed, Slow int64
	// Hopeless: the system under test failed. The SLO is missed, by every request.
	Hopeless bool
	// Invalid: it was run, and tells nothing.
	Invalid bool
}

// Race is what does not change in the course of one.
type Race struct {
	Cells []Cell
	Loads int // scenarios; a cell is as good as it is under the worst of them
	// Failed and Slow are the highest shares of the requests that the SLO allows, 0 to 1.
	Failed, Slow float64
	Margin       float64 // δ, a share: two cells within it are as good as each other
	Noise        float64 // standard deviation of log goodput from trial to trial, of earlier runs; 0: DefaultNoise
	Budget       int     // trials, controls included
	Seed         uint64
}

// ErrBudget is wrapped by the error of a budget that is too low for the cells.
var ErrBudget = errors.New("the budget is too low")

// Least is the lowest budget, in trials, with which the leaders are measured often enough for an
// answer: as many blocks as it takes.
func (r Race) Least() int { return Least(len(r.Cells), r.Loads) }

// Least is that of a race of so many cells under so many loads.
func Least(cells, loads int) int {
	picks := minTrials - 1 // controls
	for block := range minTrials {
		picks += size(cells, block)
	}
	return picks * loads
}

// Check says what keeps a race from being one.
func (r Race) Check() error {
	switch {
	case len(r.Cells) < 2:
		return fmt.Errorf("%d cells: a race takes two", len(r.Cells))
	case r.Loads < 1:
		return errors.New("a race takes a load")
	case !(r.Margin > 0) || !(r.Failed >= 0 && r.Failed <= 1) || !(r.Slow >= 0 && r.Slow <= 1) || !(r.Noise >= 0):
		return fmt.Errorf("margin %v, failed %v, slow %v, noise %v: none below 0, shares at most 1, and a margin",
			r.Margin, r.Failed, r.Slow, r.Noise)
	case r.Budget < r.Least():
		return fmt.Errorf("%w: %d trials; %d cells take %d", ErrBudget, r.Budget, len(r.Cells), r.Least())
	}
	return nil
}

// Run carries a race out: measure is told which cells the next block measures, and returns its
// trials of them under every load.
func (r Race) Run(measure func(block int, picks []int) []Trial) (Standing, []Trial, error) {
	if err := r.Check(); err != nil {
		return Standing{}, nil, err
	}
	var trials []Trial
	for block := 1; ; block++ {
		s := r.Judge(trials)
		if s.Stop != Goes {
			return s, trials, nil
		}
		more := measure(block, s.Next)
		if len(more) == 0 {
			return s, trials, fmt.Errorf("block %d measured nothing", block)
		}
		trials = append(trials, more...)
	}
}

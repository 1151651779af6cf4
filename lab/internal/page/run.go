package page

import (
	"maps"
	"os"
	"sync"
	"time"

	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/record"
)

// progress is how far a run is.
type progress struct {
	*Run
	Done  int    // trials that are finished
	Cell  string // in progress; empty: between two, or none
	Left  string // until the end: "about 12 min left"
	Stage string // in words
}

// Max is the whole of the bar: more trials than planned may be made.
func (p *progress) Max() int { return max(1, p.Trials, p.Done) }

// progressOf tells how far the run is, of which so many trials were recorded.
func progressOf(run *Run, plan *matrix.Plan, done table, sinceBegun []row, now time.Time) *progress {
	if run == nil {
		return nil
	}
	p := &progress{Run: run, Cell: run.Cell, Done: done.Done}
	if run.Over {
		p.Cell = ""
		return p
	}
	p.Stage = run.Stage.Doing()
	if p.Cell == "" && plan != nil {
		p.Cell = cellOf(*plan, run.Applied)
	}
	p.Left = left(run, p.Done, sinceBegun, now)
	return p
}

// cellOf returns the label of the cell with these settings.
func cellOf(plan matrix.Plan, settings matrix.Settings) string {
	for _, cell := range plan.Cells {
		if maps.Equal(cell.Settings, settings) {
			return cell.Label
		}
	}
	return ""
}

// estimateWeight is how many trials the estimate counts as, beside those that were made.
const estimateWeight = 2

// left says how long the run goes on: by its estimate at first, and more and more by
// the pace of the trials that this process has made.
func left(run *Run, done int, made []row, now time.Time) string {
	planned := run.Trials - (done - len(made)) // by this process
	if run.ETA <= 0 || planned <= 0 {
		return ""
	}
	each, pace := run.ETA.Seconds()/float64(planned), 1.0
	from := run.Began
	if n := len(made); n > 0 {
		from = made[n-1].End
		took := from.Sub(run.Began).Seconds() / each
		pace = (estimateWeight + took) / (estimateWeight + float64(n))
	}
	remaining := pace*each*float64(planned-len(made)) - now.Sub(from).Seconds()
	if remaining <= 0 {
		return "longer than was estimated"
	}
	return "about " + span(time.Duration(remaining*float64(time.Second))) + " left"
}

// plans keeps the plan of the run that was looked at last. It is written once.
type plans struct {
	mu   sync.Mutex
	name string
	plan *matrix.Plan
}

// of returns the plan of a run; nil while it is not written.
func (p *plans) of(dir record.Dir) *matrix.Plan {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.name == dir.Name() && p.plan != nil {
		return p.plan
	}
	p.name, p.plan = dir.Name(), nil
	if _, err := os.Stat(dir.Plan()); err != nil {
		return nil
	}
	var plan matrix.Plan
	if err := record.ReadJSON(dir.Plan(), &plan); err != nil {
		return nil // the page shows less, the commands that need it say why
	}
	p.plan = &plan
	return p.plan
}

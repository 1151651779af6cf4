// Package tune runs the focused race over the cells of a plan: it reads the records as trials of the
// race, and says which trials come next. It is pure.
package tune

import (
	"errors"
	"fmt"

	"stormwave/lab/internal/analysis"
	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/record"
	"stormwave/lab/internal/search/race"
)

// Tuning is the race over the cells of a plan, the A/A control of its baseline aside: whichever cell
// leads has a control of its own.
type Tuning struct {
	Race race.Race
	Rows []int // of each of its cells, among those of the plan

	plan matrix.Plan
}

// New is the race of a plan with a budget in trials.
func New(plan matrix.Plan, services *matrix.Catalog, budget int) Tuning {
	t := Tuning{
		Race: race.Race{
			Loads:  len(plan.Scenarios),
			Failed: plan.SLO.ErrorRatio,
			Slow:   plan.SLO.SlowRatio(),
			Margin: plan.Margins().Ratio,
			Budget: budget,
			Seed:   plan.Seed,
		},
		plan: plan,
	}
	for row, c := range plan.Cells {
		if c.Control {
			continue
		}
		t.Rows = append(t.Rows, row)
		t.Race.Cells = append(t.Race.Cells, race.Cell{
			Connections: services.Connections(c.Settings),
			Parts:       len(c.Settings.Route().Services()),
		})
	}
	return t
}

// ErrUncounted is wrapped by the error of records from before slow requests were counted: whether
// they meet the SLO is known, by how much is not.
var ErrUncounted = errors.New("slow requests were not counted")

// Trials reads the records of the last attempts as trials. Those of the plan's A/A control are left
// out.
func (t Tuning) Trials(records []record.Record) ([]race.Trial, error) {
	cells, loads := make(map[string]int), make(map[matrix.Scenario]int)
	for i, row := range t.Rows {
		cells[t.plan.Cells[row].Label] = i
	}
	for i, s := range t.plan.Scenarios {
		loads[s] = i
	}
	var trials []race.Trial
	for _, r := range analysis.Latest(records) {
		cell, ok := cells[r.Cell]
		load, there := loads[analysis.ScenarioOf(r)]
		if !ok || !there {
			continue
		}
		trial := race.Trial{Block: r.Block, Cell: cell, Load: load}
		switch {
		case r.HasFailed():
			trial.Hopeless = true
		case r.Verdict != record.Valid || r.Load == nil:
			trial.Invalid = true
		case r.Load.Slow == nil:
			return nil, fmt.Errorf("trial %d: %w; measure it anew", r.N, ErrUncounted)
		default:
			trial.Goodput = r.Load.GoodputRPS
			trial.Requests, trial.Failed, trial.Slow = r.Load.Requests, r.Load.Failed, *r.Load.Slow
		}
		trials = append(trials, trial)
	}
	return trials, nil
}

// Standing says how the race stands after some records.
func (t Tuning) Standing(records []record.Record) (race.Standing, error) {
	trials, err := t.Trials(records)
	if err != nil {
		return race.Standing{}, err
	}
	return t.Race.Judge(trials), nil
}

// Block returns the trials of a block, given the records of those before; none where the race is
// over. They are in an order of their own, as those of a plan's block are.
func (t Tuning) Block(block int, before []record.Record) ([]matrix.Trial, error) {
	s, err := t.Standing(before)
	if err != nil {
		return nil, err
	}
	var cells []matrix.Cell
	for _, i := range s.Next {
		cells = append(cells, t.plan.Cells[t.Rows[i]])
	}
	return t.plan.BlockOf(block, cells), nil
}

// Quarter is the budget that a race has where nobody gives one: a quarter of the trials of a whole
// grid of so many blocks, and at least what it takes.
func (t Tuning) Quarter(blocks int) int {
	grid := len(t.Rows) * t.Race.Loads * blocks
	return max((grid+3)/4, t.Race.Least())
}

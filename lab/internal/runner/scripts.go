package runner

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/measure/load"
)

// Scripts are the load scripts as k6 understands them. Each is asked for once.
type Scripts struct {
	k6, dir string
	known   map[string]load.Script
}

// NewScripts returns the scripts in dir; k6 is the program's path.
func NewScripts(k6, dir string) *Scripts {
	return &Scripts{k6: k6, dir: dir, known: make(map[string]load.Script)}
}

// of returns the script of a scenario on a cell: its settings may change it.
func (s *Scripts) of(ctx context.Context, scenario matrix.Scenario, settings matrix.Settings) (load.Script, error) {
	env := make(map[string]string)
	for name, value := range settings {
		if key, ok := strings.CutPrefix(name, matrix.ScenarioPrefix); ok {
			env[key] = value
		}
	}
	key := scenario.String()
	for _, name := range slices.Sorted(maps.Keys(env)) {
		key += fmt.Sprintf("\n%s=%s", name, env[name])
	}
	if script, ok := s.known[key]; ok {
		return script, nil
	}
	script, err := load.Inspect(ctx, s.k6, s.dir, scenario.Name, scenario.Scale, env)
	if err == nil {
		s.known[key] = script
	}
	return script, err
}

// Estimate returns how long a plan will take, with so much for each shot besides
// its load. It also proves that k6 can read every script.
func (s *Scripts) Estimate(ctx context.Context, plan matrix.Plan, perShot time.Duration) (time.Duration, error) {
	cells := make(map[string]matrix.Cell, len(plan.Cells))
	for _, cell := range plan.Cells {
		cells[cell.Label] = cell
	}
	var total time.Duration
	for _, shot := range plan.Shots {
		script, err := s.of(ctx, shot.Scenario, cells[shot.Cell].Settings)
		if err != nil {
			return 0, err
		}
		total += script.Nominal + perShot
	}
	return total, nil
}

package runner

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/measure/load"
)

// Scripts are the load scripts as k6 understands them. Each is asked for once.
type Scripts struct {
	inspect inspect
	known   map[string]load.Script
}

// inspect asks for a script, as load.Inspect does.
type inspect func(ctx context.Context, name string, scale float64, env map[string]string) (load.Script, error)

// NewScripts returns the scripts in dir; k6 is the program's path.
func NewScripts(k6, dir string) *Scripts {
	ask := func(ctx context.Context, name string, scale float64, env map[string]string) (load.Script, error) {
		return load.Inspect(ctx, k6, dir, name, scale, env)
	}
	return &Scripts{inspect: ask, known: make(map[string]load.Script)}
}

// of returns the script of a scenario on a cell, whose settings may change it, with so many times its users or rates.
func (s *Scripts) of(
	ctx context.Context, scenario matrix.Scenario, settings matrix.Settings, factor float64,
) (load.Script, error) {
	env := make(map[string]string)
	for name, value := range settings {
		if key, ok := strings.CutPrefix(name, matrix.ScenarioPrefix); ok {
			env[key] = value
		}
	}
	if factor != 1 {
		for _, name := range []string{matrix.VariableUsers, matrix.VariableRate} { // a script reads one of them
			own, err := strconv.ParseFloat(cmp.Or(env[name], "1"), 64)
			if err != nil {
				return load.Script{}, fmt.Errorf("%s%s is %q, which cannot be multiplied", matrix.ScenarioPrefix, name, env[name])
			}
			env[name] = strconv.FormatFloat(own*factor, 'f', -1, 64)
		}
	}
	key := scenario.String()
	for _, name := range slices.Sorted(maps.Keys(env)) {
		key += fmt.Sprintf("\n%s=%s", name, env[name])
	}
	if script, ok := s.known[key]; ok {
		return script, nil
	}
	script, err := s.inspect(ctx, scenario.Name, scenario.Scale, env)
	if err == nil {
		s.known[key] = script
	}
	return script, err
}

// Of returns the script of a trial. It also proves that k6 can read it.
func (s *Scripts) Of(ctx context.Context, plan matrix.Plan, trial matrix.Trial) (load.Script, error) {
	return s.of(ctx, trial.Scenario, plan.Cell(trial.Cell).Settings, plan.LoadFactor(trial.Scenario))
}

package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/measure/load"
	"stormwave/lab/internal/service"
	"stormwave/lab/internal/stack/proc"
)

// ofGo are the variables that the runtime of k6 and of the backend reads.
var ofGo = []string{"GOGC", "GOMAXPROCS", "GOMEMLIMIT"}

// knownNames asks the programs of a plan which names they know, as far as the plan gives
// them any, and says what could not be asked.
func knownNames(ctx context.Context, m means, plan matrix.Plan) (
	known matrix.Known, unchecked []string,
) {
	known = service.Catalog(m.backend).Documented()
	if sets(plan, isOf(matrix.ScenarioPrefix)) {
		known[matrix.ScenarioPrefix] = named(ofGo)
		for _, s := range plan.Scenarios {
			names, err := load.Variables(scenarioDir(m.layout, m.backend), s.Name)
			if err != nil {
				delete(known, matrix.ScenarioPrefix)
				unchecked = append(unchecked, fmt.Sprintf("the names of scenario.* are not checked: %v", err))
				break
			}
			for _, name := range names {
				known[matrix.ScenarioPrefix][name] = true
			}
		}
	}
	if !sets(plan, is(matrix.Commit)) { // that of another commit may read others
		if others := m.backend.Variables; others != nil {
			known[matrix.AppPrefix] = named(slices.AppendSeq(slices.Clone(ofGo), maps.Keys(others)))
		}
	}
	if sets(plan, isOf(matrix.PostgresPrefix)) {
		parameters, err := postgresParameters(ctx, m.tools.Path("postgres"))
		if err != nil {
			unchecked = append(unchecked, fmt.Sprintf("the names of postgres.* are not checked: %v", err))
		} else {
			known[matrix.PostgresPrefix] = parameters
		}
	}
	return known, unchecked
}

// sets says whether any cell has such a setting.
func sets(plan matrix.Plan, such func(name string) bool) bool {
	return slices.ContainsFunc(plan.Cells, func(c matrix.Cell) bool {
		for name := range c.Settings {
			if such(name) {
				return true
			}
		}
		return false
	})
}

func isOf(prefix string) func(string) bool {
	return func(name string) bool { return strings.HasPrefix(name, prefix) }
}

func is(setting string) func(string) bool {
	return func(name string) bool { return name == setting }
}

func named(names []string) map[string]bool {
	all := make(map[string]bool)
	for _, name := range names {
		all[name] = true
	}
	return all
}

// describeTimeout bounds `postgres --describe-config`, which starts no server.
const describeTimeout = 20 * time.Second

// postgresParameters asks PostgreSQL which parameters it takes.
func postgresParameters(ctx context.Context, postgres string) (map[string]bool, error) {
	if postgres == "" {
		return nil, errors.New("postgres is missing; get it: lab setup")
	}
	ctx, cancel := context.WithTimeout(ctx, describeTimeout)
	defer cancel()
	out, err := proc.Run(ctx, proc.Spec{Name: "postgres", Path: postgres, Args: []string{"--describe-config"}})
	if err != nil {
		return nil, err
	}
	parameters := parseParameters(out)
	if len(parameters) == 0 {
		return nil, fmt.Errorf("%s --describe-config lists none", postgres)
	}
	return parameters, nil
}

// parseParameters reads the answer of `postgres --describe-config`: a parameter a line,
// separated by tabs its name, context, group, type, default, least and most. It
// leaves out what is for developers only.
func parseParameters(described []byte) map[string]bool {
	parameters := make(map[string]bool)
	for line := range bytes.Lines(described) {
		if name, rest, _ := strings.Cut(string(line), "\t"); strings.Count(rest, "\t") >= 5 {
			parameters[strings.ToLower(name)] = true // PostgreSQL does not tell DateStyle from datestyle
		}
	}
	return parameters
}

// maxTried bounds how many values PostgreSQL is asked about: each takes a process, some 20 ms.
const maxTried = 200

// refusedValues asks PostgreSQL of each value of a plan whether it takes it, without a start, and tells its own words
// where it does not. Names that it does not know are left out.
func refusedValues(ctx context.Context, postgres string, plan matrix.Plan, known map[string]bool) []string {
	ctx, cancel := context.WithTimeout(ctx, describeTimeout)
	defer cancel()
	var warnings []string
	tried := 0
	given := plan.Given(matrix.PostgresPrefix)
	for _, name := range slices.Sorted(maps.Keys(given)) {
		for _, value := range given[name] {
			if tried++; !known[name] || tried > maxTried {
				continue
			}
			// -C first: then root may ask too. It tells a parameter, and ends before it looks at the directory.
			args := []string{"-C", "max_connections", "-D", "/", "-c", "config_file=/dev/null", "-c", name + "=" + value}
			_, err := proc.Run(ctx, proc.Spec{Name: "postgres", Path: postgres, Args: args, Env: []string{"LC_ALL=C"}})
			if err == nil {
				continue
			}
			if words := service.LastWords(err.Error(), "postgres"); words != "" {
				warnings = append(warnings, fmt.Sprintf("%s%s is %s: %s", matrix.PostgresPrefix, name, value, words))
			}
		}
	}
	return warnings
}

// Bounds of what k6 can send.
const (
	// Requests per second that a core sends at most. With these scripts k6 has taken 0.35
	// cores for 1,150 requests a second, 3,300 a core; this is three times as much.
	maxPerCore = 10_000
	// VUs of one k6, by its documentation ("Running large tests": 30,000 to 40,000).
	maxVUs = 40_000
)

// warnOfLoad names the loads of a plan that k6 will not send, and what is set for a model
// of load that the plan has none of. peak is the most requests per second that k6 has
// sent on this machine, 0 if that is not known.
func warnOfLoad(plan matrix.Plan, loads []offer, peak float64, cores int) []string {
	var warnings []string
	open, closed := false, false
	for _, l := range loads {
		open, closed = open || l.script.Open, closed || !l.script.Open
		text := ""
		switch rate := l.script.Rate; {
		case l.script.VUs > maxVUs:
			text = fmt.Sprintf("%s has up to %d VUs; one k6 runs %d at most", l.scenario, l.script.VUs, maxVUs)
		case rate > float64(maxPerCore*cores):
			text = fmt.Sprintf("%s offers %.0f requests a second; k6 on %d cores sends %d at most",
				l.scenario, rate, cores, maxPerCore*cores)
		case peak > 0 && rate > peak:
			text = fmt.Sprintf("%s offers %.0f requests a second; the most that k6 has sent on this machine is %.0f",
				l.scenario, rate, peak)
		}
		if text != "" && !slices.Contains(warnings, text) {
			warnings = append(warnings, text)
		}
	}
	for _, v := range []struct {
		name, model string
		inVain      bool
	}{{matrix.OpenRate, "open", closed && !open}, {matrix.ThinkTime, "closed", open && !closed}} {
		if v.inVain && sets(plan, is(v.name)) {
			text := fmt.Sprintf("%s has no effect: no scenario of this plan is %s", v.name, v.model)
			warnings = append(warnings, text)
		}
	}
	return warnings
}

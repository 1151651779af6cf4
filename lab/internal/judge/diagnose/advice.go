package diagnose

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"stormwave/app/contract"
	"stormwave/lab/internal/judge/stat"
	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/record"
)

// Advice is what to try next against a cause.
type Advice struct {
	Words    string          `json:"words"`
	Settings matrix.Settings `json:"settings,omitempty"` // to be changed; none: no setting of the matrix helps
	Spec     string          `json:"spec,omitempty"`     // a whole spec that compares the cell with and without
	Tried    string          `json:"tried,omitempty"`    // what the run itself already says of it
}

// proposal is a change of settings, and why it may help.
type proposal struct {
	words    string
	settings matrix.Settings
}

// fewConnections is where to start on a small machine, to measure from; not a law.
const fewConnections = 8

// proposals are what may help against a cause in a cell, the best first.
func proposals(cause Cause, s matrix.Settings) []proposal {
	pooled := strings.Contains(s[matrix.Topology], matrix.Pooled)
	switch cause {
	case DBConnectionsExhausted:
		few := strconv.Itoa(fewConnections)
		return []proposal{
			{"cap the backend's connections", matrix.Settings{matrix.PoolSize: few}},
			{"let PgBouncer hold the connections", matrix.Settings{matrix.Topology: matrix.Pooled, matrix.ExecMode: matrix.ExecAuto}},
		}
	case AppPoolStarved:
		return doubled("give the backend's pool more connections", matrix.PoolSize, s[matrix.PoolSize])
	case PgBouncerPoolStarved:
		size := s[matrix.PgBouncerPrefix+"default_pool_size"]
		if size == "" {
			size = "20"
		}
		return doubled("give PgBouncer's pool more connections", matrix.PgBouncerPrefix+"default_pool_size", size)
	case NetworkLatency:
		if s[matrix.PoolSize] != contract.Unlimited {
			return doubled("a connection is held for the whole way there and back (Little's law): have more of them, or bring the backend nearer",
				matrix.PoolSize, s[matrix.PoolSize])
		}
		return []proposal{{words: "bring the backend nearer to its database; no setting of the matrix shortens the way"}}
	case PgBouncerCPUBound:
		if pooled {
			direct := strings.TrimPrefix(strings.Replace(s[matrix.Topology], matrix.Pooled, "", 1), "+")
			if direct == "" {
				direct = matrix.Direct
			}
			change := matrix.Settings{matrix.Topology: direct}
			if s[matrix.PoolSize] == contract.Unlimited {
				change[matrix.PoolSize] = strconv.Itoa(fewConnections)
			}
			return []proposal{{"PgBouncer has one thread: do without it, or run several", change}}
		}
	case DBLockContention:
		return []proposal{{"give up waiting for a lock early, and find who holds it", matrix.Settings{matrix.LockTimeout: "200ms"}}}
	case DBIOBound:
		return []proposal{{"give the servers more shared buffers", matrix.Settings{matrix.PostgresPrefix + "shared_buffers": "1GB"}}}
	case SlowQuery:
		return []proposal{{"find the statement and the index that it lacks; until then, cut it short", matrix.Settings{matrix.StatementTimeout: "250ms"}}}
	case DBCPUBound, HostCPUSaturated:
		few := strconv.Itoa(fewConnections / 2)
		return append([]proposal{{"let fewer statements run at once, so that each is done sooner", matrix.Settings{matrix.PoolSize: few}}}, queue())
	case AppCPUBound:
		return []proposal{queue()}
	case MemoryPressure:
		return []proposal{{"have fewer sessions", matrix.Settings{matrix.PoolSize: strconv.Itoa(fewConnections)}}}
	case ReplicaLagging:
		return []proposal{
			{"leave a late replica alone", matrix.Settings{matrix.ReplicaMaxLag: "500ms"}},
			{"read from the primary", matrix.Settings{matrix.Topology: matrix.Direct}},
		}
	case GeneratorSaturated:
		return []proposal{{words: "give k6 more CPU (cpus in the spec, or a machine of its own): what it measured is itself"}}
	case NoisyHost:
		return []proposal{{words: "measure again on a quiet machine: what was measured is its neighbours too"}}
	case ComponentFailed:
		return []proposal{{words: "read the log of the service that ended: lab logs SERVICE"}}
	}
	return nil
}

func queue() proposal {
	return proposal{"work on fewer requests at once, let some wait, and turn the rest away early",
		matrix.Settings{matrix.MaxInflight: "64", matrix.MaxQueue: "256", matrix.QueueTimeout: "250ms"}}
}

// doubled proposes twice, four times … as many.
func doubled(words, setting, now string) []proposal {
	n, err := strconv.Atoi(now)
	if err != nil {
		return nil
	}
	var all []proposal
	for range 3 {
		n *= 2
		all = append(all, proposal{words, matrix.Settings{setting: strconv.Itoa(n)}})
	}
	return all
}

// advise proposes what may help a cell against its cause, less what the run has
// already shown not to.
func advise(plan matrix.Plan, records []record.Record, c Cell) []Advice {
	cell := plan.Cell(c.Label)
	now := goodput(records, c.Label, c.Scenario)
	for _, p := range proposals(c.Cause, cell.Settings) {
		a := Advice{Words: p.words, Settings: p.settings}
		if len(p.settings) == 0 {
			return []Advice{a}
		}
		if holds(cell.Settings, p.settings) {
			continue // it is so already
		}
		if tried, ok := like(plan, cell, p.settings); ok {
			then := goodput(records, tried.Label, c.Scenario)
			if !(then > now) {
				continue // it was no better
			}
			a.Tried = fmt.Sprintf("tried here as %s: %s × the goodput", tried.Label, short(then/now))
		}
		a.Spec = spec(plan, cell, c.Scenario, p.settings)
		return []Advice{a}
	}
	return nil
}

// like finds the cell of the plan that has a change, and of these the one that
// differs least from a cell otherwise.
func like(plan matrix.Plan, cell matrix.Cell, change matrix.Settings) (nearest matrix.Cell, found bool) {
	least := 0
	for _, other := range plan.Cells {
		if other.Twin || !holds(other.Settings, change) {
			continue
		}
		n := 0
		for name, value := range other.Settings {
			if _, changed := change[name]; !changed && cell.Settings[name] != value {
				n++
			}
		}
		if !found || n < least {
			nearest, least, found = other, n, true
		}
	}
	return nearest, found
}

// holds says whether settings have all of a change.
func holds(s, change matrix.Settings) bool {
	for name, value := range change {
		if s[name] != value {
			return false
		}
	}
	return true
}

// goodput is the median over a cell's repetitions that went well; 0 without any.
func goodput(records []record.Record, label string, s matrix.Scenario) float64 {
	var values []float64
	for _, r := range records {
		if r.Cell == label && r.Scenario == s.Name && r.Scale == s.Scale && r.Verdict != record.Invalid && r.Load != nil {
			values = append(values, r.Load.GoodputRPS)
		}
	}
	if len(values) == 0 {
		return 0
	}
	return stat.Median(values)
}

// blocksOfAdvice is the fewest that tell two cells apart.
const blocksOfAdvice = 6

// spec writes a spec in which the cell stands beside itself with the change.
func spec(plan matrix.Plan, cell matrix.Cell, s matrix.Scenario, change matrix.Settings) string {
	var b strings.Builder
	fmt.Fprintf(&b, "name: try-%s\nscenarios: [%q]\nfactors:\n  try:\n    now: {}\n    then: {%s}\n", strings.Split(plan.Name, "-")[0], s.String(), flow(change))
	kept := matrix.Settings{}
	defaults := matrix.Defaults()
	for name, value := range cell.Settings {
		if defaults[name] != value {
			kept[name] = value
		}
	}
	if len(kept) > 0 {
		fmt.Fprintf(&b, "settings: {%s}\n", flow(kept))
	}
	fmt.Fprintf(&b, "baseline: {try: now}\nblocks: %d\nslo: {error_ratio: %g, p99: %s}\n", blocksOfAdvice, plan.SLO.ErrorRatio, plan.SLO.P99)
	return b.String()
}

// flow writes settings as the inside of a YAML flow map.
func flow(s matrix.Settings) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(s)) {
		parts = append(parts, fmt.Sprintf("%s: %q", name, s[name]))
	}
	return strings.Join(parts, ", ")
}

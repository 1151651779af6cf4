package diagnose

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"stormwave/lab/internal/analysis"
	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/record"
	"stormwave/lab/internal/service"
)

// amount is how much a setting's value allows: more is more. No limit is the most there is.
func amount(t *testing.T, name, value string) float64 {
	t.Helper()
	switch {
	case value == "unlimited" || value == "none":
		return 1e18
	case strings.HasPrefix(name, "postgres.shared_buffers"):
		var n float64
		var unit string
		if _, err := fmt.Sscanf(value, "%g%s", &n, &unit); err != nil {
			t.Fatalf("%s = %s: %v", name, value, err)
		}
		return n * map[string]float64{"kB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30, "TB": 1 << 40}[unit]
	}
	if n, err := strconv.ParseFloat(value, 64); err == nil {
		return n
	}
	d, err := time.ParseDuration(value)
	if err != nil {
		t.Fatalf("%s = %s is no amount", name, value)
	}
	return float64(d)
}

// changed are settings of a cell, and the way in which the advice against a cause must move the first that it names.
// A setting that only follows another is in neither.
var changed = []struct {
	cause   Cause
	setting string
	more    bool
	values  []string
}{
	{DBCPUBound, "pool_size", false, []string{"2", "3", "8", "16", "500", "unlimited"}},
	{HostCPUSaturated, "pool_size", false, []string{"2", "16", "unlimited"}},
	{MemoryPressure, "pool_size", false, []string{"2", "4", "8", "100", "unlimited"}},
	{DBConnectionsExhausted, "pool_size", false, []string{"2", "8", "97", "unlimited"}},
	{AppPoolStarved, "pool_size", true, []string{"1", "2", "40", "90", "5000"}},
	{NetworkLatency, "pool_size", true, []string{"1", "16", "90"}},
	{SlowQuery, "statement_timeout", false, []string{"none", "2ms", "100ms", "250ms", "10s"}},
	{DBLockContention, "lock_timeout", false, []string{"none", "2ms", "50ms", "200ms", "10s"}},
	{DBIOBound, "postgres.shared_buffers", true, []string{"1MB", "128MB", "1GB", "4GB"}},
	{OverloadShed, "max_inflight", true, []string{"1", "4", "64", "10000"}},
	{AppCPUBound, "max_inflight", false, []string{"2", "16", "64", "1000", "unlimited"}},
	{ReplicaLagging, "replica_max_lag", false, []string{"none", "2ms", "100ms", "500ms", "5s"}},
}

// withSettings is a plan whose baseline has these settings besides the defaults.
func withSettings(t *testing.T, s matrix.Settings) matrix.Plan {
	t.Helper()
	var lines strings.Builder
	for _, name := range slices.Sorted(maps.Keys(s)) {
		fmt.Fprintf(&lines, "  %s: %q\n", name, s[name])
	}
	text := "name: one\nscenarios: [storm@0.5]\nfactors: {scenario.THINK_TIME: [1s]}\nsettings:\n" + lines.String() +
		"baseline: {scenario.THINK_TIME: 1s}\nblocks: 3\nslo: {error_ratio: 0.01, p99: 500ms}\n"
	spec, err := matrix.Parse([]byte(text), service.Inventory("storm"))
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return spec.Plan()
}

func adviceFor(p matrix.Plan, cause Cause) []Advice {
	groups := analysis.Groups(p, nil)[0]
	return advise(p, groups, groups[0], Cell{Cause: cause}, service.Catalog())
}

// The advice moves a setting from the cell's own value in the direction that its words say.
func TestAdviceMovesInItsDirection(t *testing.T) {
	for _, tt := range changed {
		for _, value := range tt.values {
			given := matrix.Settings{tt.setting: value, "topology": "direct"}
			if tt.cause == ReplicaLagging {
				given["topology"] = "replica"
			}
			p := withSettings(t, given)
			all := adviceFor(p, tt.cause)
			if len(all) == 0 {
				t.Errorf("%s at %s=%s: no advice", tt.cause, tt.setting, value)
				continue
			}
			then, ok := all[0].Settings[tt.setting]
			if !ok {
				t.Errorf("%s at %s=%s: advice %v", tt.cause, tt.setting, value, all[0].Settings)
				continue
			}
			was, is := amount(t, tt.setting, value), amount(t, tt.setting, then)
			if tt.more && is <= was || !tt.more && is >= was {
				t.Errorf("%s at %s=%s: %q is %s=%s", tt.cause, tt.setting, value, all[0].Words, tt.setting, then)
			}
		}
	}
}

// The smallest value has nothing below it, and a server takes no more than it may.
func TestAdviceEndsAtTheBounds(t *testing.T) {
	for _, tt := range []struct {
		cause    Cause
		settings string
		want     string
	}{
		{DBCPUBound, "pool_size=1 max_inflight=1", ""},
		{SlowQuery, "statement_timeout=1ms", ""},
		{DBLockContention, "lock_timeout=1ms", ""},
		{AppPoolStarved, "pool_size=90", "pool_size=180 postgres.max_connections=190"},
		{AppPoolStarved, "pool_size=unlimited", ""},
		{AppPoolStarved, "pool_size=20 topology=pgbouncer", "pool_size=40"},
		{DBCPUBound, "pool_size=16 pool_min=16", "pool_size=4 pool_min=4"},
		{
			DBCPUBound,
			"pool_size=64 topology=pgbouncer pgbouncer.default_pool_size=10",
			"pgbouncer.default_pool_size=4",
		},
		{
			DBConnectionsExhausted,
			"topology=pgbouncer pgbouncer.default_pool_size=200",
			"pgbouncer.default_pool_size=8",
		},
		{PgBouncerPoolStarved, "topology=pgbouncer pool_size=30", "pgbouncer.default_pool_size=30"},
		{
			PgBouncerPoolStarved,
			"topology=pgbouncer pool_size=500 pgbouncer.default_pool_size=80",
			"pgbouncer.default_pool_size=160 postgres.max_connections=170",
		},
		{PgBouncerCPUBound, "topology=pgbouncer+replica pool_size=500", "topology=replica pool_size=90"},
		{AppCPUBound, "http_timeout=100ms", "max_inflight=64 max_queue=256 queue_timeout=50ms"},
	} {
		var got matrix.Settings
		if all := adviceFor(withSettings(t, settings(tt.settings)), tt.cause); len(all) > 0 {
			got = all[0].Settings
		}
		if !maps.Equal(got, settings(tt.want)) {
			t.Errorf("%s at %s: advice %v; want %s", tt.cause, tt.settings, got, tt.want)
		}
	}
}

// settings reads name=value, between spaces.
func settings(text string) matrix.Settings {
	s := matrix.Settings{}
	for _, field := range strings.Fields(text) {
		name, value, _ := strings.Cut(field, "=")
		s[name] = value
	}
	return s
}

// A cell that can be run, drawn at random: of the settings that advice may touch, some have a value.
func drawn(t *testing.T, random *rand.Rand) matrix.Plan {
	t.Helper()
	pick := func(values ...string) string { return values[random.IntN(len(values))] }
	number := func() string { return strconv.Itoa(1 + int(random.ExpFloat64()*30)) }
	limit := func() string { return pick("none", strconv.Itoa(1+int(random.ExpFloat64()*500))+"ms") }
	draw := map[string]func() string{
		"pool_size":                   func() string { return pick("unlimited", number()) },
		"pool_min":                    func() string { return pick("0", number()) },
		"lock_timeout":                limit,
		"statement_timeout":           limit,
		"query_timeout":               limit,
		"acquire_timeout":             limit,
		"queue_timeout":               limit,
		"http_timeout":                limit,
		"max_inflight":                func() string { return pick("unlimited", number()) },
		"max_queue":                   func() string { return pick("0", number()) },
		"replica_max_lag":             limit,
		"topology":                    func() string { return pick("direct", "replica", "pgbouncer", "pgbouncer+replica") },
		"postgres.max_connections":    func() string { return strconv.Itoa(10 + random.IntN(500)) },
		"postgres.shared_buffers":     func() string { return pick("1MB", "128MB", "1GB", "3GB", "131072kB") },
		"pgbouncer.default_pool_size": number,
		"scenario.HTTP_TIMEOUT":       func() string { return pick("1s", "10s") },
	}
	for {
		s := matrix.Settings{}
		for _, name := range slices.Sorted(maps.Keys(draw)) {
			if value := draw[name](); random.IntN(2) == 0 {
				s[name] = value
			}
		}
		if len(s) == 0 {
			continue
		}
		lines := "name: one\nscenarios: [storm]\nfactors: {scenario.THINK_TIME: [1s]}\nsettings: {" + flow(s) +
			"}\nbaseline: {scenario.THINK_TIME: 1s}\ncpus: {app: \"0-1\", postgres: \"2-5\"}\n" +
			"slo: {error_ratio: 0.01, p99: 500ms}\n"
		if spec, err := matrix.Parse([]byte(lines), service.Inventory("storm")); err == nil {
			return spec.Plan()
		}
	}
}

// The words of an advice, and the way in which they say that its settings move.
var ways = []struct {
	words string
	more  bool
}{
	{"fewer", false}, {"shorter", false}, {"early", false}, {"leave a late replica alone", false},
	{"more ", true}, {"larger", true},
}

// follows are settings that only make room for what an advice is about, or that are words.
var follows = []string{
	"pool_min", "postgres.max_connections", "max_queue", "queue_timeout", "topology", "exec_mode",
	"pgbouncer.min_pool_size", "pgbouncer.max_client_conn", "postgres.synchronous_commit",
}

func TestAdviceOfAnyCell(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	given := map[Cause]int{}
	for range 120 {
		p := drawn(t, random)
		cell := p.Cells[0]
		for _, s := range slices.Concat(inside(service.Catalog().Poolers()), outside) {
			for _, a := range adviceFor(p, s.cause) {
				given[s.cause]++
				if len(a.Settings) == 0 {
					continue
				}
				spec, err := matrix.Parse([]byte(a.Spec), service.Inventory("storm"))
				if err != nil {
					t.Fatalf("%s: %v\n%s\nof %v", s.cause, err, a.Spec, cell.Settings)
				}
				if !maps.Equal(spec.CPUs, p.CPUs) {
					t.Errorf("%s: cpus %v; want %v", s.cause, spec.CPUs, p.CPUs)
				}
				checkWay(t, s.cause, cell.Settings, a)
				for _, c := range spec.Cells {
					checkRoom(t, s.cause, cell.Settings, a, c.Settings)
				}
			}
		}
	}
	for _, s := range slices.Concat(inside(service.Catalog().Poolers()), outside) {
		if given[s.cause] < 15 {
			t.Errorf("%s: advice in %d of 120 cells", s.cause, given[s.cause])
		}
	}
}

// checkWay fails unless each setting moves as the words say.
func checkWay(t *testing.T, cause Cause, now matrix.Settings, a Advice) {
	t.Helper()
	for name, then := range a.Settings {
		if slices.Contains(follows, name) {
			continue
		}
		value, set := now[name]
		switch {
		case set:
		case name == "pgbouncer.default_pool_size":
			value = "20"
		case name == "postgres.shared_buffers":
			value = "128MB"
		}
		i := slices.IndexFunc(ways, func(w struct {
			words string
			more  bool
		}) bool {
			return strings.Contains(a.Words, w.words)
		})
		if cause == PgBouncerCPUBound && name == "pool_size" { // what its own words do not name: as many as the server takes
			continue
		}
		if i < 0 {
			t.Errorf("%s: %q says no way for %s", cause, a.Words, name)
			continue
		}
		was, is := amount(t, name, value), amount(t, name, then)
		if more := ways[i].more; more && is <= was || !more && is >= was {
			t.Errorf("%s: %q: %s from %s to %s", cause, a.Words, name, value, then)
		}
	}
}

// checkRoom fails where an advice asks the servers for more connections than they take.
func checkRoom(t *testing.T, cause Cause, now matrix.Settings, a Advice, s matrix.Settings) {
	t.Helper()
	if !holds(s, a.Settings) {
		return
	}
	name := "pool_size"
	if strings.Contains(s["topology"], "pgbouncer") {
		name = "pgbouncer.default_pool_size"
	}
	if a.Settings[name] == "" {
		return
	}
	most := 100.0
	if v, ok := s["postgres.max_connections"]; ok {
		most = amount(t, "", v)
	}
	if n := amount(t, name, a.Settings[name]); n > most-3 {
		t.Errorf("%s: %s=%s where the server takes %v; the cell: %v", cause, name, a.Settings[name], most, now)
	}
}

// A trial says of another cell only what was measured under the same load, with the same faults, and not of an attempt
// that was given up.
func TestTriedHere(t *testing.T) {
	const head = "name: pools\nscenarios: [storm]\nbaseline: {x: now}\nblocks: 3\nslo: {error_ratio: 0.01, p99: 500ms}\n"
	starved := map[string]float64{"pool_wait_mean_ms": 180, "pool_acquired_max": 1, "pool_waiting_max": 400}
	shot := func(n, block, attempt int, cell string, goodput float64) record.Record {
		r := observed("direct", 0, 900, starved)
		r.N, r.Block, r.Attempt, r.Cell, r.Load.GoodputRPS = n, block, attempt, cell, goodput
		return r
	}
	three := func(now, then float64) []record.Record {
		var all []record.Record
		for block := 1; block <= 3; block++ {
			all = append(all, shot(2*block, block, 0, "x=now", now), shot(2*block+1, block, 0, "x=then", then))
		}
		return all
	}
	invalid := three(500, 0)
	for i := range invalid {
		if invalid[i].Cell == "x=then" {
			invalid[i].Verdict = record.Invalid
		}
	}
	failed := three(500, 900)
	for i := range failed {
		if r := &failed[i]; r.Cell == "x=then" && r.Block > 1 {
			r.Verdict, r.Load = record.Failed, nil
		}
	}
	const few = " (medians of 3 and 3 trials, too few to tell it from noise)"
	for _, tt := range []struct {
		name      string
		now, then string // the settings of two cells
		records   []record.Record
		pool      string // that is advised
		tried     string
	}{
		{
			name:    "better",
			records: three(500, 900),
			pool:    "2",
			tried:   "tried here as x=then: 1.80 × the goodput" + few,
		},
		{
			name:    "worse",
			records: three(500, 400),
			pool:    "4",
		},
		{
			name:    "none of it can be used",
			records: invalid,
			pool:    "2",
		},
		{
			name:    "better where it lived",
			records: failed,
			pool:    "4",
		},
		{
			name:    "from nothing",
			records: three(0, 400),
			pool:    "2",
			tried:   "tried here as x=then: a goodput of 400 RPS where this cell has none" + few,
		},
		{
			name: "of an attempt that was given up",
			records: []record.Record{
				shot(1, 1, 0, "x=now", 400), shot(2, 1, 0, "x=then", 1000),
				shot(3, 1, 2, "x=now", 500), shot(4, 1, 2, "x=then", 400),
			},
			pool: "4",
		},
		{
			name:    "under another load",
			now:     ", scenario.THINK_TIME: 200ms",
			then:    ", scenario.THINK_TIME: 1s",
			records: three(500, 900),
			pool:    "2",
		},
		{
			name:    "with another fault",
			now:     ", fault.cpu_app: 0.2",
			records: three(500, 900),
			pool:    "2",
		},
		{
			name:    "with a fault that the other lacks",
			then:    ", fault.cpu_hog: 2",
			records: three(500, 400),
			pool:    "2",
		},
		{
			name:    "with more that differs",
			then:    ", lock_timeout: 1s",
			records: three(500, 400),
			pool:    "2",
			tried:   "tried here as x=then, which differs in lock_timeout too: 0.80 × the goodput" + few,
		},
	} {
		text := fmt.Sprintf("%sfactors: {x: {now: {pool_size: 1%s}, then: {pool_size: 2%s}}}\n", head, tt.now, tt.then)
		spec, err := matrix.Parse([]byte(text), service.Inventory("storm"))
		if err != nil {
			t.Fatal(err)
		}
		all := Run(spec.Plan(), tt.records, service.Catalog())[0].Advice
		if len(all) != 1 || all[0].Settings["pool_size"] != tt.pool || all[0].Tried != tt.tried {
			t.Errorf("%s: advice %+v; want a pool of %s, %q", tt.name, all, tt.pool, tt.tried)
		}
	}
}

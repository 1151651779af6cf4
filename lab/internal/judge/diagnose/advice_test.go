package diagnose

import (
	"fmt"
	"maps"
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

// A trial says of another cell only what was measured under the same load, with the same faults, and not of an attempt
// that was given up.
func TestTriedHere(t *testing.T) {
	const head = "name: pools\nscenarios: [storm]\nbaseline: {x: now}\nblocks: 3\nslo: {error_ratio: 0.01, p99: 500ms}\n"
	starved := map[string]float64{"pool_wait_mean_ms": 180, "pool_acquired_max": 1, "pool_waiting_max": 400}
	trial := func(n, block, attempt int, cell string, goodput float64) record.Record {
		r := observed("direct", 0, 900, starved)
		r.N, r.Block, r.Attempt, r.Cell, r.Load.GoodputRPS = n, block, attempt, cell, goodput
		return r
	}
	three := func(now, then float64) []record.Record {
		var all []record.Record
		for block := 1; block <= 3; block++ {
			all = append(all, trial(2*block, block, 0, "x=now", now), trial(2*block+1, block, 0, "x=then", then))
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
				trial(1, 1, 0, "x=now", 400), trial(2, 1, 0, "x=then", 1000),
				trial(3, 1, 2, "x=now", 500), trial(4, 1, 2, "x=then", 400),
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

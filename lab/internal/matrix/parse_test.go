package matrix

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// good is a spec without diagnostics; lines 1 to 9 are known to the tests below.
const good = `name: t
scenarios: [storm, wave@0.25]
factors:
  pool_size: [unlimited, 8]
  timeouts:
    none: {}
    tight: {query_timeout: 1s, http_timeout: 2s}
baseline: {pool_size: unlimited, timeouts: none}
slo: {error_ratio: 0.01, p99: 500ms}
`

func TestParse(t *testing.T) {
	spec, err := Parse([]byte(good+`settings: {postgres.max_connections: 100, acquire_timeout: 0.5s}
exclude: [{pool_size: unlimited, timeouts: tight}]
blocks: 3
seed: 18446744073709551615
cpus: {app: "0-1", postgres: 2}
`), there)
	if err != nil {
		t.Fatal(err)
	}
	base := Defaults().with(Settings{"postgres.max_connections": "100", "acquire_timeout": "500ms"})
	want := &Spec{
		Name:      "t",
		Scenarios: []Scenario{{"storm", 1}, {"wave", 0.25}},
		Factors: []Factor{
			{"pool_size", []Value{
				{"unlimited", Settings{"pool_size": "unlimited"}},
				{"8", Settings{"pool_size": "8"}},
			}},
			{"timeouts", []Value{
				{"none", Settings{}},
				{"tight", Settings{"query_timeout": "1s", "http_timeout": "2s"}},
			}},
		},
		Settings: Settings{"postgres.max_connections": "100", "acquire_timeout": "500ms"},
		Cells: []Cell{
			{
				Label:    "pool_size=unlimited timeouts=none",
				Levels:   map[string]string{"pool_size": "unlimited", "timeouts": "none"},
				Settings: base,
				Baseline: true,
			},
			{
				Label:    "pool_size=8 timeouts=none",
				Levels:   map[string]string{"pool_size": "8", "timeouts": "none"},
				Settings: base.with(Settings{"pool_size": "8"}),
			},
			{
				Label:    "pool_size=8 timeouts=tight",
				Levels:   map[string]string{"pool_size": "8", "timeouts": "tight"},
				Settings: base.with(Settings{"pool_size": "8", "query_timeout": "1s", "http_timeout": "2s"}),
			},
		},
		Blocks: 3,
		Seed:   18446744073709551615,
		SLO:    SLO{ErrorRatio: 0.01, P99: Duration(500e6)},
		Margin: DefaultMargin,
		CPUs:   CPUs{"app": "0-1", "postgres": "2"},
	}
	if diff := cmp.Diff(want, spec); diff != "" {
		t.Errorf("spec (-want +got):\n%s", diff)
	}
}

func TestDefaults(t *testing.T) {
	want := Settings{
		"pool_size": "unlimited", "pool_min": "0", "exec_mode": "cache_statement", "max_inflight": "unlimited",
		"acquire_timeout": "none", "lock_timeout": "none", "statement_timeout": "none", "query_timeout": "none",
		"http_timeout": "none", "cancel": "close", "max_queue": "0", "queue_timeout": "none",
		"replica_max_lag":  "none",
		"replica_wait":     "100ms",
		"replica_fallback": "16",
		"topology":         "direct",
		"sslmode":          "prefer",
	}
	if diff := cmp.Diff(want, Defaults()); diff != "" {
		t.Errorf("defaults (-want +got):\n%s", diff)
	}
}

func TestListedCells(t *testing.T) {
	spec, err := Parse(
		[]byte(good+"cells: [{timeouts: tight, pool_size: 8}, {pool_size: unlimited, timeouts: none}]\n"), there,
	)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"pool_size=8 timeouts=tight", "pool_size=unlimited timeouts=none"}
	var got []string
	for _, c := range spec.Cells {
		got = append(got, c.Label)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("cells (-want +got):\n%s", diff)
	}
}

// Each case changes the good spec, and names every diagnostic that must be found.
func TestDiagnostics(t *testing.T) {
	replace := func(line, by string) string { return strings.Replace(good, line, by, 1) }
	without := func(line string) string { return replace(line+"\n", "") }
	const settingNames = "pool_size, pool_min, exec_mode, acquire_timeout, lock_timeout, statement_timeout, " +
		"query_timeout, " +
		"http_timeout, cancel, max_inflight, max_queue, queue_timeout, replica_max_lag, replica_wait, replica_fallback, " +
		"topology, sslmode, backend, postgres.<guc>, pgbouncer.<key>, app.<ENV>, scenario.<ENV>"
	const timeoutAllowed = "must be none or a duration in whole milliseconds, such as 500ms"

	for _, test := range []struct {
		name, spec, want string
	}{
		// The text as a whole.
		{"empty", "# nothing\n", "1:1: the spec is empty; it needs name, scenarios, factors, baseline, slo"},
		{"not yaml", good + "seed: [1\n", "10:1: not YAML: did not find expected ',' or ']'"},
		{"not a map", "[1]", "1:1: a spec must be a map, not a list"},
		{"too big", "#" + strings.Repeat(" ", MaxBytes), "1:1: the spec has 1048577 bytes; at most 1048576 are read"},
		{"two documents", good + "---\nname: u\n", "10:1: a second YAML document starts here; a spec is one"},
		{"anchor and alias", good + "settings: &a {pool_min: 1}\ncpus: *a\n",
			"10:11: anchor &a: anchors are not allowed; write the value out\n" +
				"11:7: alias *a: aliases are not allowed; write the value out"},
		{"merge key", good + "settings:\n  <<: {pool_min: 1}\n", "11:3: merge keys are not allowed; write the entries out"},
		{"tag", good + "seed: !!binary MQ==\n", `10:7: seed has the YAML tag "!!binary"; only plain values are allowed`},

		// Keys.
		{"unknown key", good + "sead: 1\n", `10:1: unknown key "sead": did you mean seed? (allowed: ` +
			strings.Join(keys, ", ") + ")"},
		{"unknown key, none near", good + "colour: 1\n", `10:1: unknown key "colour": allowed: ` + strings.Join(keys, ", ")},
		{"duplicate key", good + "seed: 1\nseed: 2\n", `11:1: duplicate key "seed", first given in line 10`},
		{"key is no name", good + "? [a]\n: 1\n", "10:3: a key of the spec must be a name, not a list"},
		{"missing keys", "seed: 1\n", `1:1: key "baseline" is missing` + "\n" + `1:1: key "factors" is missing` + "\n" +
			`1:1: key "name" is missing` + "\n" + `1:1: key "scenarios" is missing` + "\n" + `1:1: key "slo" is missing`},
		{"name", replace("name: t", "name: ../T"), `1:7: name must be up to 64 of a-z, 0-9 and -, not "../T"`},
		{"name is empty", replace("name: t", "name:"), "1:6: name is empty"},

		// Scenarios.
		{"unknown scenario", replace("[storm,", "[strom,"),
			`2:13: unknown scenario "strom": did you mean storm? (allowed: storm, wave)`},
		{"duplicate scenario", replace("[storm,", "[wave@.25,"), `2:23: duplicate scenario wave@0.25, first given in line 2`},
		{"scale 0", replace("0.25", "0"),
			`2:20: scenario "wave@0": the scale after @ must be above 0 and at most 10, as in wave@0.25`},
		{"scale too large", replace("0.25", "10.5"),
			`2:20: scenario "wave@10.5": the scale after @ must be above 0 and at most 10, as in wave@0.25`},
		{"scale nan", replace("0.25", "nan"),
			`2:20: scenario "wave@nan": the scale after @ must be above 0 and at most 10, as in wave@0.25`},
		{"no scenarios", replace("[storm, wave@0.25]", "[]"), "2:12: scenarios is an empty list"},
		{"scenarios no list", replace("[storm, wave@0.25]", "storm"), `2:12: scenarios must be a list, not "storm"`},
		{"scenario no text", replace("[storm,", "[{a: 1},"), "2:13: a scenario must be a single value, not a map"},

		// Factors and settings.
		{"factors no map", replace(
			"factors:\n  pool_size: [unlimited, 8]\n  timeouts:\n    none: {}\n    tight: {query_timeout: 1s, http_timeout: "+
				"2s}\n",
			"factors: []\n",
		),
			"3:10: factors must be a map, not a list\n" +
				"4:12: unknown factor \"pool_size\" in baseline: allowed: \n" +
				"4:34: unknown factor \"timeouts\" in baseline: allowed: "},
		{"misspelt factor", replace("  pool_size: [", "  pool_sise: ["),
			`4:3: factor "pool_sise" has a list of values, so it must be a setting: it is not a setting: did you mean pool_size? ` +
				`(allowed: ` + settingNames + ")\n" +
				`8:12: unknown factor "pool_size" in baseline: did you mean pool_sise? (allowed: pool_sise, timeouts)`},
		{"factor no list", replace("[unlimited, 8]", "8"),
			`4:14: factor "pool_size" must be a list of values or a map of bundles, not "8"`},
		{"factor of bundles named like a setting", replace("timeouts:\n", "http_timeout:\n"),
			"5:3: http_timeout is a setting: give it a list of values, or name the bundles differently\n" +
				`8:34: unknown factor "timeouts" in baseline: allowed: pool_size, http_timeout`},
		{"factor without values", replace("[unlimited, 8]", "[]"), `4:14: factor "pool_size" is an empty list`},
		{"duplicate value", replace(
			"unlimited, 8]", "unlimited, 8, 08]",
		), `4:29: duplicate value "8" of pool_size, first given in line 4`},
		{"bundle no map", replace("none: {}", "none: 1s"), `6:11: bundle none must be a map, not "1s"`},
		{"same bundles", replace(
			"none: {}", "none: {}\n    off: {lock_timeout: none}",
		), "7:5: bundle off sets the same as bundle none: their cells would be duplicates"},
		{"bundle name", replace("none: {}", "none: {}\n    a b: {lock_timeout: 1ms}"),
			`7:5: a bundle's name must be up to 64 of a-z, A-Z, 0-9 and _.+-, not "a b"`},
		{"factor name", replace("timeouts:\n", "Time outs:\n"),
			`5:3: a factor's name must be up to 64 of a-z, 0-9, _ and -, and begin with a letter, not "Time outs"` + "\n" +
				`8:34: unknown factor "timeouts" in baseline: did you mean Time outs? (allowed: pool_size, Time outs)`},
		{"setting in two factors", replace(
			"query_timeout: 1s,", "pool_size: 4,",
		), "7:24: pool_size is set by factor pool_size too"},
		{"setting constant and varying", good +
			"settings: {pool_size: 4}\n", "4:3: pool_size is set for every cell in line 10 too; remove one of them"},
		{"unknown setting", good + "settings: {http_timeouts: 1s}\n",
			`10:12: "http_timeouts" is not a setting: did you mean http_timeout? (allowed: ` + settingNames + ")"},
		{"settings no map", good + "settings: 1\n", `10:11: settings must be a map, not "1"`},
		{"guc name", good + "settings: {postgres.work-mem: 1MB}\n",
			`10:12: "postgres.work-mem" must match ^[a-z_]+(\.[a-z_]+)?$ after "postgres."`},
		{"pgbouncer key", good + "settings: {pgbouncer.X: 1}\n",
			`10:12: "pgbouncer.X" must match ^[a-z_]+$ after "pgbouncer."`},
		{"scenario variable", good + "settings: {scenario.think: 1}\n",
			`10:12: "scenario.think" must match ^[A-Z][A-Z0-9_]*$ after "scenario."`},
		{"app variable", good + "settings: {app.1X: 1}\n", `10:12: "app.1X" must match ^[A-Z][A-Z0-9_]*$ after "app."`},
		{"app variable of a setting", good +
			"settings: {app.APP_POOL_SIZE: 1}\n", `10:12: "app.APP_POOL_SIZE" is not for a spec to set: use pool_size`},
		{"target of the load", good + "settings: {scenario.BASE_URL: x}\n",
			`10:12: "scenario.BASE_URL" is not for a spec to set: the lab tells k6 what to load and how`},
		{"two lines", good + "settings: {scenario.A: \"x\\ny\"}\n",
			`10:24: scenario.A must be one line of 1 to 256 bytes, not "x\ny"`},

		// Values.
		{"pool_size", replace("8]", "0]"), `4:26: pool_size must be unlimited or a whole number from 1 to 100000, not "0"`},
		{"pool_min", good + "settings: {pool_min: -1}\n",
			`10:22: pool_min must be a whole number from 0 to 100000, not "-1"`},
		{"exec_mode", good + "settings: {exec_mode: fast}\n",
			`10:23: exec_mode must be one of cache_statement, cache_describe, describe_exec, exec, simple_protocol, auto, ` +
				`not "fast"`},
		{"cancel", good + "settings: {cancel: ignore}\n", `10:20: cancel must be one of close, cancel_request, not "ignore"`},
		{"replica_fallback", good + "settings: {replica_fallback: 0}\n",
			`10:30: replica_fallback must be unlimited or a whole number from 1 to 100000, not "0"`},
		{"queue without a bound", good + "settings: {max_queue: 10}\n",
			"10:23: max_queue 10 must be 0 with max_inflight unlimited (in cell pool_size=unlimited timeouts=none)"},
		{"topology", good + "settings: {topology: ring}\n",
			`10:22: topology must be one of direct, replica, pgbouncer, pgbouncer+replica, not "ring"`},
		{"timeout without unit", good + "settings: {lock_timeout: 500}\n", "10:26: lock_timeout " + timeoutAllowed +
			`, not "500"`},
		{"timeout 0", good + "settings: {lock_timeout: 0s}\n", "10:26: lock_timeout " + timeoutAllowed + `, not "0s"`},
		{"timeout too fine", good + "settings: {lock_timeout: 1500us}\n", "10:26: lock_timeout " + timeoutAllowed +
			`, not "1500us"`},
		{"max_inflight", good + "settings: {max_inflight: many}\n",
			`10:26: max_inflight must be unlimited or a whole number from 1 to 100000, not "many"`},
		{"pool_min above pool_size", good +
			"settings: {pool_min: 9}\n", "10:22: pool_min 9 must be at most pool_size 8 (in cell pool_size=8 timeouts=none)"},
		{"timeouts out of order", replace("query_timeout: 1s", "query_timeout: 2s"),
			"7:28: query_timeout 2s must be shorter than http_timeout 2s (in cell pool_size=unlimited timeouts=tight)"},
		{"timeouts out of order across places", good + "settings: {lock_timeout: 1s}\n",
			"10:26: lock_timeout 1s must be shorter than query_timeout 1s (in cell pool_size=unlimited timeouts=tight)"},
		{"server and client at once", replace("query_timeout: 1s,", "query_timeout: 1s, statement_timeout: 1000ms,"),
			"7:51: statement_timeout 1s must be shorter or longer than query_timeout 1s (in cell pool_size=unlimited " +
				"timeouts=tight)"},
		{"statement_timeout out of order", good + "settings: {statement_timeout: 2s}\n",
			"10:31: statement_timeout 2s must be shorter than http_timeout 2s (in cell pool_size=unlimited timeouts=tight)"},
		{"lock_timeout out of order, told of the closest", good + "settings: {lock_timeout: 4s, statement_timeout: 1500ms}\n",
			"10:26: lock_timeout 4s must be shorter than statement_timeout 1.5s (in cell pool_size=unlimited timeouts=none)"},
		{"waits out of order", good + "settings: {acquire_timeout: 2s, max_inflight: 9, max_queue: 1, queue_timeout: 3s}\n",
			"10:29: acquire_timeout 2s must be shorter than http_timeout 2s (in cell pool_size=unlimited timeouts=tight)\n" +
				"10:79: queue_timeout 3s must be shorter than http_timeout 2s (in cell pool_size=unlimited timeouts=tight)"},
		{"the client gives up first", good + "settings: {scenario.HTTP_TIMEOUT: 2s}\n",
			"7:46: http_timeout 2s must be shorter than scenario.HTTP_TIMEOUT 2s (in cell pool_size=unlimited timeouts=tight)"},

		// Cells.
		{"baseline not in the matrix", replace(
			"pool_size: unlimited,", "pool_size: 16,",
		), `8:23: "16" is not a value of pool_size in this spec: allowed: unlimited, 8`},
		{"baseline misspelt", replace(
			"timeouts: none}", "timeouts: nome}",
		), `8:44: "nome" is not a value of timeouts in this spec: did you mean none? (allowed: none, tight)`},
		{"baseline incomplete", replace(", timeouts: none}", "}"),
			"8:11: baseline does not say which timeouts: allowed: none, tight"},
		{"baseline excluded", good + "exclude: [{pool_size: unlimited}]\n",
			"8:11: the baseline pool_size=unlimited timeouts=none is not a cell of this matrix; do not exclude it, or list it"},
		{"baseline not listed", good + "cells: [{pool_size: 8, timeouts: none}]\n",
			"8:11: the baseline pool_size=unlimited timeouts=none is not a cell of this matrix; do not exclude it, or list it"},
		{"baseline no map", replace(
			"{pool_size: unlimited, timeouts: none}", "none",
		), `8:11: baseline must be a map of factors to values, not "none"`},
		{"exclude unknown factor", good +
			"exclude: [{pool: 8}]\n", `10:12: unknown factor "pool" in an exclusion: allowed: pool_size, timeouts`},
		{"exclude unknown value", good +
			"exclude: [{pool_size: 9}]\n",
			`10:23: "9" is not a value of pool_size in this spec: did you mean 8? (allowed: unlimited, 8)`},
		{"exclude nothing", good + "exclude: [{pool_size: 8}, {pool_size: 8, timeouts: tight}]\n",
			"10:27: this excludes no cell: none matches, or those before have excluded them"},
		{"exclude everything", good + "exclude: [{}]\n", "10:11: an exclusion without a factor would exclude every cell"},
		{"exclude no list", good + "exclude: {pool_size: 8}\n", "10:10: exclude must be a list, not a map"},
		{"exclude and cells", good + "cells: [{pool_size: unlimited, timeouts: none}]\nexclude: [{pool_size: 8}]\n",
			"11:10: exclude goes with the full product of the factors; with cells, leave those out there"},
		{"duplicate cell",
			good + "cells:\n  - {pool_size: unlimited, timeouts: none}\n  - {timeouts: none, pool_size: unlimited}\n",
			"12:5: duplicate cell pool_size=unlimited timeouts=none, first given in line 11"},
		{"cell incomplete", good + "cells: [{pool_size: 8}, {pool_size: unlimited, timeouts: none}]\n",
			"10:9: a cell does not say which timeouts: allowed: none, tight"},
		{"too many cells", replace("[unlimited, 8]", "[unlimited"+numbers(8, 700)+"]"),
			"1:1: the factors give more than 1000 cells; use fewer values, or list the cells"},
		{"too many values", replace(
			"[unlimited, 8]", "[unlimited"+strings.Repeat(", 8", 2000)+"]",
		), `4:14: factor "pool_size" has too many values; at most 1000 are allowed`},

		// The rest.
		{"blocks 0", good + "blocks: 0\n", `10:9: blocks must be a whole number from 1 to 100000, not "0"`},
		{"blocks fraction", good + "blocks: 1.5\n", `10:9: blocks must be a whole number from 1 to 100000, not "1.5"`},
		{"blocks map in part", good + "blocks: {min: 6, max: 20}\n", "10:9: blocks as a map needs min, max and until, " +
			"such as {min: 6, max: 20, until: 5%}"},
		{"blocks map upside down", good +
			"blocks: {min: 8, max: 7, until: 5%}\n", "10:9: blocks min is 8, above max, which is 7"},
		{"blocks min too small", good + "blocks: {min: 5, max: 20, until: 5%}\n",
			`10:15: blocks min must be a whole number from 6 to 100000, not "5"`},
		{"margin without its sign", good +
			"margin: 0.05\n", `10:9: margin must be a percentage above 0, such as 5%, not "0.05"`},
		{"margin of what", good + "margin: {ratio: 5%, p99: 1%}\n",
			`10:21: unknown key "p99" in margin: allowed: failed, ratio`},
		{"blocks until what", good + "blocks: {min: 6, max: 20, until: 0.05}\n",
			`10:34: blocks until must be a percentage above 0, such as 5%, not "0.05"`},
		{"blocks unknown key", good + "blocks: {min: 6, max: 20, until: 5%, p: 0.05}\n",
			"10:38: unknown key \"p\" of blocks beside min, max or until: allowed: min, max, until"},
		{"blocks of both kinds", good + "blocks: {storm: 6, max: 20}\n",
			"10:10: unknown key \"storm\" of blocks beside min, max or until: allowed: min, max, until"},
		{"blocks of an unknown scenario", good + "blocks: {storm: 6, wave: 3}\n",
			`10:20: "wave" in blocks is not a scenario of this spec: allowed: storm, wave@0.25`},
		{"blocks of some scenarios", good + "blocks: {storm: 6}\n", "10:9: blocks does not say how many of wave@0.25"},
		{"blocks of none", good + "blocks: {}\n", "10:9: blocks does not say how many of storm, wave@0.25"},
		{"blocks of a scenario twice", good +
			"blocks: {storm: 6, wave@0.25: 3, wave@.25: 3}\n", "10:34: duplicate scenario wave@0.25 in blocks"},
		{"blocks 0 of a scenario", good + "blocks: {storm: 6, wave@0.25: 0}\n",
			`10:31: blocks of wave@0.25 must be a whole number from 1 to 100000, not "0"`},
		{"too many trials of a scenario", good + "blocks: {storm: 1, wave@0.25: 20000}\n",
			"1:1: 4 cells × (1 × storm + 20000 × wave@0.25) are more than 100000 trials"},
		{"blocks_extra", good + "blocks_extra: -1\n",
			`10:15: blocks_extra must be a whole number from 0 to 100000, not "-1"`},
		{"blocks list", good + "blocks: [1]\n", "10:9: blocks must be a single value, not a list"},
		{"too many trials", good + "blocks: 100000\n",
			"1:1: 4 cells × (100000 × storm + 100000 × wave@0.25) are more than 100000 trials"},
		{"seed", good + "seed: -1\n", `10:7: seed must be a whole number from 0 to 18446744073709551615, not "-1"`},
		{"slo no map", replace("{error_ratio: 0.01, p99: 500ms}", "1"), `9:6: slo must be a map, not "1"`},
		{"slo keys", replace(
			"error_ratio: 0.01,", "errors: 0.01,",
		), `9:6: slo needs error_ratio` + "\n" + `9:7: unknown key "errors" in slo: allowed: error_ratio, p99`},
		{"slo values", replace("error_ratio: 0.01, p99: 500ms", "error_ratio: .nan, p99: 500"),
			`9:20: slo error_ratio must be a share from 0 to 1, or a percentage such as 1%, not ".nan"` + "\n" +
				`9:31: slo p99 must be a duration above 0, such as 500ms, not "500"`},
		{"cpus", good + "cpus: {app: 1-0, ap: 1, k6: '1,1', replica: [1]}\n",
			`10:13: cpus app must be a cpu list such as "0-1" or "2,3", not "1-0"` + "\n" +
				`10:18: unknown service "ap" in cpus: did you mean app? (allowed: ` + strings.Join(services.pinned(), ", ") +
				")\n" +
				"10:29: cpus k6 names processor 1 twice\n" +
				"10:45: cpus replica must be a single value, not a list"},
		{"expect of two factors", good +
			"expect: {none: none}\n", "10:9: expect names the values of a factor, so the spec must have one factor, not 2"},
		{"cpus no map", good + "cpus: all\n", `10:7: cpus must be none or a map of services, not "all"`},
		{"several at once", without("slo: {error_ratio: 0.01, p99: 500ms}") + "sead: 1\nblocks: no\n",
			`1:1: key "slo" is missing` + "\n" +
				`9:1: unknown key "sead": did you mean seed? (allowed: ` + strings.Join(keys, ", ") + ")\n" +
				`10:9: blocks must be a whole number from 1 to 100000, not "no"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			spec, err := Parse([]byte(test.spec), there)
			if err == nil {
				t.Fatalf("no diagnostic; cells: %v", spec.Cells)
			}
			if diff := cmp.Diff(strings.Split(test.want, "\n"), strings.Split(err.Error(), "\n")); diff != "" {
				t.Errorf("diagnostics (-want +got):\n%s", diff)
			}
			var diagnostics Diagnostics
			if !errors.As(err, &diagnostics) || len(diagnostics) != strings.Count(test.want, "\n")+1 {
				t.Errorf("error is %T, want Diagnostics, one per line", err)
			}
		})
	}
}

// The server may give up first, and the backend may.
func TestEitherTimeoutFirst(t *testing.T) {
	for _, bundle := range []string{
		"{lock_timeout: 400ms, acquire_timeout: 500ms, statement_timeout: 800ms, query_timeout: 1s, http_timeout: 2s}",
		"{lock_timeout: 400ms, acquire_timeout: 500ms, query_timeout: 800ms, statement_timeout: 1s, http_timeout: 2s}",
	} {
		text := strings.Replace(
			good, "{query_timeout: 1s, http_timeout: 2s}", bundle, 1,
		) + "settings: {scenario.HTTP_TIMEOUT: 2.5s}\n"
		if _, err := Parse([]byte(text), there); err != nil {
			t.Errorf("%s:\n%v", bundle, err)
		}
	}
}

// numbers lists whole numbers, each after a comma.
func numbers(from, to int) string {
	var b strings.Builder
	for n := from; n <= to; n++ {
		fmt.Fprintf(&b, ", %d", n)
	}
	return b.String()
}

func TestRatioOfTheSLO(t *testing.T) {
	for text, want := range map[string]float64{"0.01": 0.01, "1%": 0.01, "0.5%": 0.005, "0": 0, "100%": 1} {
		spec, err := Parse([]byte("name: t\nscenarios: [storm]\nfactors: {pool_size: [8]}\nbaseline: {pool_size: 8}\n"+
			"slo: {error_ratio: "+text+", p99: 1s}\n"), there)
		if err != nil || spec.SLO.ErrorRatio != want {
			t.Errorf("error_ratio: %s is understood as %g, %v", text, spec.SLO.ErrorRatio, err)
		}
	}
}

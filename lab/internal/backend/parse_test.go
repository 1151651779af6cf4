package backend

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"stormwave/lab/internal/strict"
)

// good is a manifest without mistakes that has every key but sha256.
const good = `name: shop
title: Shop
build: {npm: "@acme/shop", version: 1.2.3, with: [pg@8.1.0], program: shop, requires: node}
ports: [grpc, metrics]
run:
  args: [serve, "--grpc={host}:{port.grpc}"]
  env: {LISTEN: "{addr}", DB: "{primary}", DB2: "{replica}", HOMEPAGE: "off", METRICS: ":{port.metrics}"}
migrate: {args: [migrate, "{primary}"]}
seed: {sql: seed.sql}
ready: {http: /healthz, status: 204, within: 90s}
stop: {signal: INT, within: 20s}
settings:
  pool_size: {env: POOL, default: 30, read: {metric: 'pool_max{db="a"}'}}
  pool_min: {flag: --min, read: {http: /config, pointer: /pool/min}}
  http_timeout: {url: timeout, unit: s, none: "0", default: 3s}
  exec_mode: {env: PREPARE, values: {cache_statement: "100", exec: "0"}, read: {environ: true}}
  query_timeout: {env: QUERY, none: off, read: {config: true}}
cannot: {acquire_timeout: it waits for ever}
sessions: pool_size * (1 + replica)
config: /debug/config
sslmode: disable
metrics: {path: /metrics, port: metrics, preset: pgxpool, names: {pool_waiting: shop_waiting}}
outcome: {success: [200], overload: [429, 503], failed: '"errors"'}
scenarios: scenarios
variables: {DEBUG: any, COLOUR: [red, green]}
load: {rows: 10, authors: 5, slow: {COLOUR: red}}
reset: {proof: SELECT 1, remove: DELETE FROM t, restart: ALTER TABLE t, tidy: [VACUUM t]}
faults: {lock: SELECT 1, table: t}
`

func files(name string) (isDir, found bool) {
	return name == "scenarios", name == "scenarios" || name == "seed.sql"
}

func TestParse(t *testing.T) {
	b, err := Parse([]byte(good), files)
	if err != nil {
		t.Fatal(err)
	}
	setting := func(name string, change func(*Setting)) Setting {
		p := &parser{}
		for _, s := range vocabulary {
			if s.Name == name {
				change(&s)
				return s
			}
		}
		t.Fatalf("%v: no %s", p, name)
		return Setting{}
	}
	want := &Backend{
		Name: "shop", Title: "Shop", Source: []byte(good),
		Build: Build{NPM: "@acme/shop", Version: "1.2.3", With: []string{"pg@8.1.0"}, Program: "shop", Requires: "node"},
		Ports: []string{"grpc", "metrics"},
		Run: Command{
			Args: []string{"serve", "--grpc={host}:{port.grpc}"},
			Env: []Variable{
				{"LISTEN", "{addr}"}, {"DB", "{primary}"}, {"DB2", "{replica}"}, {"HOMEPAGE", "off"},
				{"METRICS", ":{port.metrics}"},
			},
		},
		Migrate: Command{Args: []string{"migrate", "{primary}"}},
		Seed:    Seed{SQL: "seed.sql"},
		Ready:   Ready{HTTP: "/healthz", Status: 204, Within: 90 * time.Second},
		Stop:    Stop{Signal: "INT", Within: 20 * time.Second},
		Settings: []Setting{
			setting("pool_size", func(s *Setting) {
				s.Env, s.Spec, s.Read = "POOL", "30", Read{Metric: `pool_max{db="a"}`}
			}),
			setting("pool_min", func(s *Setting) {
				s.Flag, s.Spec, s.Read = "--min", "0", Read{HTTP: "/config", Pointer: "/pool/min"}
			}),
			setting("http_timeout", func(s *Setting) { s.URL, s.Unit, s.None, s.Spec = "timeout", "s", "0", "3s" }),
			setting("exec_mode", func(s *Setting) {
				s.Env, s.Spec, s.Read = "PREPARE", "cache_statement", Read{Environ: true}
				s.Values = []string{"cache_statement", "exec"}
				s.Spelled = map[string]string{"cache_statement": "100", "exec": "0"}
			}),
			setting("query_timeout", func(s *Setting) {
				s.Env, s.Unit, s.None, s.Spec, s.Read = "QUERY", "go", "off", "none", Read{Config: true}
			}),
			setting("lock_timeout", func(s *Setting) { s.Spec = "none" }),
			setting("statement_timeout", func(s *Setting) { s.Spec = "none" }),
		},
		Cannot:   map[string]string{"acquire_timeout": "it waits for ever"},
		Sessions: "pool_size * (1 + replica)",
		Config:   "/debug/config",
		SSLMode:  "disable",
		Metrics: Metrics{Path: "/metrics", Port: "metrics", Names: map[string]string{
			"app_pool_acquired_conns":     "pgxpool_acquired_conns",
			"app_pool_idle_conns":         "pgxpool_idle_conns",
			"app_pool_constructing_conns": "pgxpool_constructing_conns",
			"app_pool_max_conns":          "pgxpool_max_conns",
			"app_pool_acquires_total":     "pgxpool_acquire_count",
			"app_pool_new_conns_total":    "pgxpool_new_conns_count",
			"app_pool_waiting":            "shop_waiting",
		}},
		Outcome:   Outcome{Success: []int{200}, Overload: []int{429, 503}, Failed: `"errors"`},
		Scenarios: "scenarios",
		Variables: map[string][]string{"DEBUG": nil, "COLOUR": {"red", "green"}},
		Load:      Load{Rows: 10, Authors: 5, Slow: Variable{"COLOUR", "red"}},
		Reset:     Reset{"SELECT 1", "DELETE FROM t", "ALTER TABLE t", []string{"VACUUM t"}},
		Faults:    Faults{"SELECT 1", "t"},
	}
	if diff := cmp.Diff(want, b); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if _, err := Parse([]byte(strings.Replace(good, "seed.sql", "gone.sql", 1)), nil); err != nil {
		t.Errorf("files that are not to be looked for: %v", err)
	}
}

// Every mistake, alone in an else good manifest: what is said, and where.
func TestMistakes(t *testing.T) {
	for _, tt := range []struct{ name, was, is, want string }{
		{"unknown key", "title: Shop", "tilte: Shop", `2:1: unknown key "tilte" in the manifest: did you mean title? (`},
		{"no name", "name: shop\n", "", `1:1: key "name" is missing`},
		{"bad name", "name: shop", "name: ../x", `1:7: the manifest name must be up to 64 of a-z, 0-9 and -, not "../x"`},
		{"two ways", "{npm: \"@acme/shop\", ", "{npm: a, path: b, ",
			`3:8: the manifest build must have one of go, npm, package, path; it has npm and path`},
		{"no way", "{npm: \"@acme/shop\", version: 1.2.3, with: [pg@8.1.0], program: shop, ", "{",
			`3:8: the manifest build must have one of go, npm, package, path; it has none`},
		{"no version", "version: 1.2.3, ", "", `3:8: the manifest build needs version`},
		{"no one version", "version: 1.2.3", "version: latest",
			`3:37: the manifest build version must be one version, as v1.2.3, not "latest"`},
		{"what goes with another", "version: 1.2.3", "version: 1.2.3, sha256: " + strings.Repeat("a", 64),
			`3:52: the manifest build sha256 goes with path only`},
		{"port twice", "[grpc, metrics]", "[grpc, grpc, metrics]", `4:15: the manifest ports names "grpc" twice`},
		{"unknown placeholder", "{primary}\"", "{primry}\"", `unknown placeholder {primry}: did you mean primary? (`},
		{"unknown port", "{port.grpc}", "{port.grcp}",
			`6:17: unknown placeholder {port.grcp}: did you mean port.grpc? (`},
		{"no variable", "LISTEN:", "listen:", `7:9: the manifest run env: "listen" is no name of a variable`},
		{"file elsewhere", "sql: seed.sql", "sql: ../seed.sql",
			`9:13: the manifest seed sql must lie in the directory of the manifest, written from there, not "../seed.sql"`},
		{"file of the system", "sql: seed.sql", "sql: /etc/passwd",
			`9:13: the manifest seed sql must lie in the directory`},
		{"no such file", "sql: seed.sql", "sql: sed.sql",
			`9:13: the manifest seed sql: there is no file "sed.sql" beside the manifest`},
		{"no directory", "scenarios: scenarios", "scenarios: seed.sql",
			`24:12: the manifest scenarios: there is no directory "seed.sql" beside the manifest`},
		{"two seeds", "{sql: seed.sql}", "{sql: seed.sql, prints: [x]}",
			`9:7: the manifest seed must have one of prints, sql, k6; it has prints and sql`},
		{"status of nothing", "{http: /healthz, status: 204", "{tcp: true, status: 204",
			`10:28: the manifest ready status goes with http only`},
		{"no readiness", "{http: /healthz, status: 204, within", "{within",
			`10:8: the manifest ready must have one of http, tcp; it has none`},
		{"too patient", "90s", "90m",
			`10:46: the manifest ready within must be a duration up to 1m40s, such as 20s, not "90m"`},
		{"signal", "signal: INT", "signal: KILL", `11:16: the manifest stop signal must be one of INT, TERM, not "KILL"`},
		{"unknown setting", "  pool_min:", "  pool_mni:",
			`14:3: unknown setting "pool_mni" in the manifest settings: did you mean pool_min? (`},
		{"told twice", "{env: POOL,", "{env: POOL, flag: -p,",
			`13:14: the manifest settings pool_size must have one of env, flag, url; it has env and flag`},
		{"in the same place", "{env: QUERY,", "{env: POOL,",
			`query_timeout and pool_size are told in the same place: env POOL`},
		{"what the command sets", "{env: QUERY,", "{env: DB,",
			`query_timeout and run are told in the same place: env DB`},
		{"no default", "default: 30, ", "",
			`13:14: the manifest settings pool_size needs another default than "unlimited": pool_size: the program cannot be ` +
				`told that there is no limit`},
		{"bad default", "default: 30", "default: some",
			`13:35: the manifest settings pool_size needs a default that it can have`},
		{"default without a word", "default: 3s", "default: 1500ms",
			`15:61: the manifest settings http_timeout needs another default than "1500ms": http_timeout: the program takes ` +
				`whole s, not 1500ms`},
		{"unit of a number", "{env: POOL,", "{env: POOL, unit: s,", `13:32: the manifest settings pool_size has no unit`},
		{"unknown unit", "unit: s,", "unit: hours,",
			`15:38: the manifest settings http_timeout unit must be one of go, min, ms, s`},
		{"unknown value", "exec: \"0\"", "exce: \"0\"",
			`unknown value "exce" in the manifest settings exec_mode values: allowed: cache_`},
		{"pointer alone", "{http: /config, pointer", "{pointer", `14:33: the manifest settings pool_min read`},
		{"what it cannot but can", "acquire_timeout: it", "pool_min: it",
			`18:10: the manifest cannot names pool_min, which settings says how to set`},
		{"no number", "sessions: pool_size", "sessions: http_timeout",
			`19:11: the manifest sessions has "http_timeout", which is no number among the settings of the manifest`},
		{"no expression", "(1 + replica)", "(1 + replica",
			`19:11: the manifest sessions "pool_size * (1 + replica": a parenthesis`},
		{"preset", "preset: pgxpool", "preset: pgx",
			`22:50: the manifest metrics preset must be one of dbsql, lab, none, pgxpool`},
		{"unknown metric", "{pool_waiting:", "{pool_wait:",
			`22:67: unknown metric "pool_wait" in the manifest metrics names`},
		{"metrics elsewhere", "port: metrics, preset", "port: http, preset",
			`22:33: the manifest metrics port "http" is not among`},
		{"status", "success: [200]", "success: [20]",
			`23:21: the manifest outcome success must be a whole number from 100 to 599`},
		{"slow route", "slow: {COLOUR: red}", "slow: {COLOUR: blue}", `COLOUR=blue is not among variables`},
		{"no proof", "proof: SELECT 1, ", "", `27:8: the manifest reset needs proof`},
		{"restart of nothing", "remove: DELETE FROM t, ", "",
			`the manifest reset restart comes after remove, which is not there`},
		{"not YAML", "faults: {lock", "faults: {{lock", "not YAML"},
		{"empty", good, "", "1:1: the manifest is empty; it needs name, build, run, ready, reset"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if !strings.Contains(good, tt.was) {
				t.Fatalf("the manifest has no %q", tt.was)
			}
			_, err := Parse([]byte(strings.Replace(good, tt.was, tt.is, 1)), files)
			var diagnostics strict.Diagnostics
			if !errors.As(err, &diagnostics) {
				t.Fatalf("error is %v, want diagnostics", err)
			}
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got\n%v\nwant\n%s", err, tt.want)
			}
		})
	}
}

// All mistakes are told at once, in the order of the text.
func TestAllMistakesAtOnce(t *testing.T) {
	_, err := Parse([]byte("name: Shop\nbild: 1\nready: {http: healthz}\nstop: {after: 1s}\n"), files)
	want := strings.Join([]string{
		`1:1: key "build" is missing`,
		`1:1: key "reset" is missing`,
		`1:1: key "run" is missing`,
		`1:7: the manifest name must be up to 64 of a-z, 0-9 and -, not "Shop"`,
		`2:1: unknown key "bild" in the manifest: did you mean build? (allowed: build, cannot, config, faults, load, ` +
			`metrics, migrate, name, outcome, ports, ready, reset, ` +
			`run, scenarios, seed, sessions, settings, sslmode, stop, title, variables)`,
		`3:15: the manifest ready http must be a path that begins with /, not "healthz"`,
		`4:8: unknown key "after" in the manifest stop: allowed: signal, within`,
	}, "\n")
	if diff := cmp.Diff(want, err.Error()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Whatever the text: no panic, and either mistakes with a place, or a manifest whose defaults can be told.
func FuzzParse(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte("name: a\nbuild: {path: x}\nrun: {}\nready: {tcp: true}\nreset: {proof: SELECT 1}\n"))
	f.Add([]byte("settings: {pool_size: {env: A, unlimited: x}}\nsessions: ((((pool_size\n"))
	f.Add([]byte("a: &a [*a]\n"))
	f.Fuzz(func(t *testing.T, src []byte) {
		b, err := Parse(src, files)
		if err != nil {
			var diagnostics strict.Diagnostics
			if !errors.As(err, &diagnostics) || len(diagnostics) == 0 {
				t.Fatalf("error is %T, want diagnostics", err)
			}
			for _, d := range diagnostics {
				if d.Line < 1 || d.Col < 1 || d.Msg == "" {
					t.Errorf("a mistake without a place: %+v", d)
				}
			}
			return
		}
		settings := make(map[string]string)
		for _, s := range b.Settings {
			settings[s.Name] = s.Spec
		}
		if _, _, _, err := b.Told(settings); err != nil {
			t.Errorf("the defaults cannot be told: %v", err)
		}
		if b.Name == "" || b.Title == "" || b.Reset.Proof == "" || len(b.Outcome.Success) == 0 {
			t.Errorf("a manifest without what it must have: %+v", b)
		}
	})
}

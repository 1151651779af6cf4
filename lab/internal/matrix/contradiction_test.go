package matrix

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// Settings that contradict each other, or that somebody else overrides.
func TestContradictions(t *testing.T) {
	for _, tt := range []struct{ name, settings, want string }{
		{"a slow share of nothing", `scenario.SLOW_SHARE: "0"`, ""},
		{"a slow share with its route", `scenario.SLOW_SHARE: "0.1", app.APP_SLOW_ROUTE: "on"`, ""},
		{
			"the route is off", `scenario.SLOW_SHARE: "0.1", app.APP_SLOW_ROUTE: "off"`,
			"10:33: scenario.SLOW_SHARE 0.1 must be 0 without app.APP_SLOW_ROUTE on (in cell pool_size=unlimited timeouts=none)",
		},
		{
			"longer than the load waits",
			`scenario.SLOW_SHARE: "0.1", app.APP_SLOW_ROUTE: "on", scenario.HTTP_TIMEOUT: 2500ms, scenario.SLOW_TIME: 3s`,
			"10:117: scenario.SLOW_TIME 3s must be shorter than scenario.HTTP_TIMEOUT 2500ms (in cell pool_size=unlimited " +
				"timeouts=none)",
		},
		{
			"its default is", `scenario.SLOW_SHARE: "0.1", app.APP_SLOW_ROUTE: "on", scenario.HTTP_TIMEOUT: 500ms`,
			"7:46: http_timeout 2s must be shorter than scenario.HTTP_TIMEOUT 500ms (in cell pool_size=unlimited " +
				"timeouts=tight)\n" +
				"10:89: scenario.SLOW_TIME 1s must be shorter than scenario.HTTP_TIMEOUT 500ms (in cell pool_size=unlimited " +
				"timeouts=none)",
		},
		{"no slow query, however long", "scenario.SLOW_TIME: 90s", ""},
		{"as many authors as there are", "scenario.AUTHORS: 1000", ""},
		{
			"no authors", "scenario.AUTHORS: 0",
			`10:30: scenario.AUTHORS must be a whole number from 1 to 1000, which are all that the data set has, not "0"`,
		},
		{
			"more than all", "scenario.SLOW_SHARE: 2",
			`10:33: scenario.SLOW_SHARE must be a number from 0 to 1, not "2"`,
		},
		{
			"a choice of the backend's", `app.APP_SLOW_ROUTE: "yes"`,
			`10:32: app.APP_SLOW_ROUTE must be one of off, on, not "yes"`,
		},
		{"Go's runtime", `app.GOMAXPROCS: 1, app.GOGC: "off", app.GOMEMLIMIT: 24MiB, scenario.GOGC: 200`, ""},
		{
			"what Go takes for its default", "app.GOGC: often",
			`10:22: app.GOGC must be off or a whole number from 0, not "often"`,
		},
		{
			"what Go ignores", "app.GOMAXPROCS: 0",
			`10:28: app.GOMAXPROCS must be a whole number from 1, not "0"`,
		},
		{
			"what Go does not start with", "app.GOMEMLIMIT: 24MB",
			`10:28: app.GOMEMLIMIT must be off or a size such as 24MiB (B, KiB, MiB, GiB, TiB), not "24MB"`,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			text := ""
			if _, err := Parse([]byte(good+"settings: {"+tt.settings+"}\n"), there); err != nil {
				text = err.Error()
			}
			if text != tt.want {
				t.Errorf("diagnostics:\n%s\nwant\n%s", text, tt.want)
			}
		})
	}
}

// benchstat would take two names for one that bench.txt writes in the same way.
func TestNamesStayApartInBenchmarks(t *testing.T) {
	for _, tt := range []struct{ name, old, by, want string }{
		{
			"bundles", "    none: {}\n", "    none: {}\n    a-b: {lock_timeout: 1ms}\n    a_b: {lock_timeout: 2ms}\n",
			`8:5: bundle "a_b" is called a_b in bench.txt, as "a-b" is: name one of them differently`,
		},
		{
			"values", "  pool_size: [unlimited, 8]\n",
			"  pool_size: [unlimited, 8]\n  postgres.application_name: [a b, a-b]\n",
			`5:36: value "a-b" is called a_b in bench.txt, as "a b" is: name one of them differently`,
		},
		{
			"factors", "  pool_size: [unlimited, 8]\n",
			"  pool_size: [unlimited, 8]\n  x-y: {a: {lock_timeout: 1ms}}\n  x_y: {a: {cancel: close}}\n",
			`6:3: factor "x_y" is called x_y in bench.txt, as "x-y" is: name one of them differently`,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Parse([]byte(strings.Replace(good, tt.old, tt.by, 1)), there)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("diagnostics:\n%v\nwant among them\n%s", err, tt.want)
			}
		})
	}
}

// What a spec leaves unsaid is what the scripts have.
func TestUnsaidIsAsTheScriptsHaveIt(t *testing.T) {
	script, err := os.ReadFile("../../../scenarios/lib/env.js")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range unsaid {
		variable := strings.TrimPrefix(name, ScenarioPrefix)
		m := regexp.MustCompile(`\('` + variable + `', '?([^',)]+)`).FindSubmatch(script)
		if m == nil || string(m[1]) != want {
			t.Errorf("env.js reads %s as %q; the lab takes it for %q", variable, m, want)
		}
	}
}

// A backend's variable that makes it serve slow queries is one that a spec can set, to that value.
func TestSlowRouteCanBeSet(t *testing.T) {
	slow := there.Services.Backend().Load.Slow
	s, err := there.Services.Lookup(AppPrefix + slow.Name)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := s.Canonical(slow.Value); err != nil || got != slow.Value {
		t.Errorf("%s cannot be %q: %q, %v", s.Name, slow.Value, got, err)
	}
	if _, err := s.Canonical("anything"); err == nil {
		t.Errorf("%s can be anything", s.Name)
	}
}

package matrix

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stormwave/lab/backends"
)

var scripts = []string{"storm", "wave"}

// services are like the lab's own, with a second pooler.
var services = NewCatalog([]Service{
	{
		Name:     "primary",
		Group:    "postgres",
		Killable: true,
		Settings: Family{
			Prefix:  PostgresPrefix,
			Member:  "<guc>",
			Names:   regexp.MustCompile(`^[a-z_]+(\.[a-z_]+)?$`),
			Refused: []Refusal{{Names: regexp.MustCompile(`_command$`), Why: "it runs a program"}},
		},
	},
	{Name: "replica", Group: "postgres", Killable: true},
	{
		Name:     "pgbouncer",
		Title:    "PgBouncer",
		Pooler:   true,
		Killable: true,
		Quota:    true,
		Settings: Family{Prefix: "pgbouncer.", Member: "<key>", Names: regexp.MustCompile(`^[a-z_]+$`)},
	},
	{
		Name:     "app",
		Title:    "the backend",
		Killable: true,
		Quota:    true,
		Settings: Family{Prefix: AppPrefix, Member: "<ENV>", Names: regexp.MustCompile(`^[A-Z][A-Z0-9_]*$`)},
	},
	{Name: "prometheus", Killable: true},
	{Name: "node-exporter", Killable: true},
	{Name: "postgres-exporter", Killable: true},
	{Name: "replica-exporter", Killable: true},
	{Name: "pgbouncer-exporter", Killable: true},
	{Name: "grafana"},
	{
		Name:  "k6",
		Title: "k6",
		Quota: true,
		Settings: Family{
			Prefix:  ScenarioPrefix,
			Member:  "<ENV>",
			Names:   regexp.MustCompile(`^[A-Z][A-Z0-9_]*$`),
			Refused: []Refusal{{Names: regexp.MustCompile(`^BASE_URL$`), Why: "the lab tells k6 what to load and how"}},
		},
	},
}, backends.Default())

// causes are those that the gallery of faults expects.
var causes = []string{
	"none", "db-connections-exhausted", "app-pool-starved", "pgbouncer-pool-starved", "pgbouncer-cpu-bound",
	"db-cpu-bound", "db-io-bound", "db-lock-contention", "slow-query", "app-cpu-bound", "host-cpu-saturated",
	"network-latency", "replica-lagging", "memory-pressure", "generator-saturated", "noisy-host", "component-failed",
	"mixed",
}

var there = Inventory{Scenarios: scripts, Services: services, Causes: causes}

func scriptsAnd(more ...string) Inventory {
	all := there
	all.Scenarios = append(slices.Clone(scripts), append(more, LevelScenario)...)
	return all
}

// A second pooler brings its topologies, its settings, and what they need to have an effect.
func TestCatalogOfASecondPooler(t *testing.T) {
	two := NewCatalog(append(slices.Clone(services.services), Service{
		Name:     "pgpool",
		Title:    "Pgpool-II",
		Pooler:   true,
		Settings: Family{Prefix: "pgpool.", Member: "<key>", Names: regexp.MustCompile(`^[a-z_]+$`)},
	}), backends.Default())
	want := []string{"direct", "replica", "pgbouncer", "pgbouncer+replica", "pgpool", "pgpool+replica"}
	if diff := cmp.Diff(want, two.Topologies()); diff != "" {
		t.Errorf("topologies (-want +got):\n%s", diff)
	}
	text := good + "settings: {topology: pgbouncer, pgpool.num_init_children: 8}\n"
	spec, err := Parse([]byte(text), Inventory{Scenarios: scripts, Services: two})
	if err != nil {
		t.Fatal(err)
	}
	warnings := []string{"pgpool.num_init_children has no effect: no cell that sets it goes through Pgpool-II"}
	if diff := cmp.Diff(warnings, spec.Plan().WarnOfIdle(two)); diff != "" {
		t.Errorf("warnings (-want +got):\n%s", diff)
	}
	if _, err := services.Lookup("pgpool.num_init_children"); err == nil {
		t.Error("a setting of a pooler that is not there is one")
	}
}

// A value that the program's file has no way to write is refused where it stands, of each family by itself.
func TestValuesThatAFileCannotHold(t *testing.T) {
	bare := NewCatalog(append(slices.Clone(services.services), Service{
		Name:     "pgpool",
		Pooler:   true,
		Settings: Family{Prefix: "pgpool.", Member: "<key>", Names: regexp.MustCompile(`^[a-z_]+$`), Unquoted: `'`},
	}), backends.Default())
	const unquoted = "10:37: pgpool.reset_query_list must be one line of 1 to 256 bytes without any of '"
	for value, want := range map[string]string{
		`pgpool.reset_query_list: "SET a = 'b'"`:  unquoted + `, not "SET a = 'b'"`,
		`pgpool.reset_query_list: "a\nb"`:         unquoted,
		`pgpool.reset_query_list: 'a\b "c" # d;'`: "",
		`pgbouncer.server_check_query: "a 'b'"`:   "",
		`pgbouncer.server_check_query: "a\nb"`:    "10:42: pgbouncer.server_check_query must be one line of 1 to 256 bytes",
		`postgres.search_path: "'a', b"`:          "",
	} {
		_, err := Parse([]byte(good+"settings: {"+value+"}\n"), Inventory{Scenarios: scripts, Services: bare})
		switch {
		case want == "" && err != nil:
			t.Errorf("%s: %v", value, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%s: %v; want %s", value, err, want)
		}
	}
}

// A service without a list of its own has its group's; nobody else has.
func TestCPUsOfServices(t *testing.T) {
	for _, tt := range []struct{ given, want CPUs }{
		{CPUs{"postgres": "2"}, CPUs{"primary": "2", "replica": "2"}},
		{CPUs{"postgres": "2", "replica": "3"}, CPUs{"primary": "2", "replica": "3"}},
		{CPUs{"primary": "1", "k6": "0", "node-exporter": "3"}, CPUs{"primary": "1", "k6": "0", "node-exporter": "3"}},
		{nil, CPUs{}},
	} {
		if got := services.CPUs(tt.given); !maps.Equal(got, tt.want) {
			t.Errorf("%v pins %v; want %v", tt.given, got, tt.want)
		}
	}
}

// What is not on the machine that a spec is to run on is refused where it stands.
func TestCPUsOfTheMachine(t *testing.T) {
	here := there
	here.CPUs = "0-3,6"
	if _, err := Parse([]byte(good+"cpus: {app: '0-1,6', replica: 3}\n"), here); err != nil {
		t.Errorf("CPUs that are there: %v", err)
	}
	_, err := Parse([]byte(good+"cpus: {app: '2-5', grafana: 64, k6: '3,3'}\n"), here)
	want := "10:13: cpus app names processor 4, but this machine has 0-3,6\n" +
		"10:29: cpus grafana names processor 64, but this machine has 0-3,6\n" +
		"10:37: cpus k6 names processor 3 twice"
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
	plan := planOf(t, good)
	plan.CPUs = CPUs{"app": "5"}
	if err := plan.Runnable(here); err == nil || !strings.Contains(err.Error(), `cpus of "app" are "5"`) {
		t.Errorf("a plan for CPUs that are not there: %v", err)
	}
}

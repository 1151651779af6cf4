package service

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/stack/toolchain"
)

// The list is in an order in which it can be started, one after the other; backwards it can be stopped.
func TestServicesComeAfterWhatTheyNeed(t *testing.T) {
	var before []string
	for _, s := range All() {
		for _, need := range s.Needs {
			if need != FaultProxy && !slices.Contains(before, need) {
				t.Errorf("%s comes before %s, which it needs", s.Name, need)
			}
		}
		before = append(before, s.Name)
	}
	want := []string{
		"grafana", "pgbouncer-exporter", "replica-exporter", "postgres-exporter", "node-exporter", "prometheus",
		"app", "pgbouncer", "replica", "primary",
	}
	if diff := cmp.Diff(want, StopOrder()); diff != "" {
		t.Errorf("the order of the stop (-want +got):\n%s", diff)
	}
}

// What follows from the list, for those that read it.
func TestWhatFollowsFromTheList(t *testing.T) {
	for name, tt := range map[string]struct{ got, want []string }{
		"started anew for every cell": {PerCell(), []string{"app", "pgbouncer"}},
		"scrapes of a record":         {RecordJobs(), []string{"app", "lab", "node", "pgbouncer"}},
		"scrapes before the stop":     {LoadJobs(), []string{"app", "pgbouncer"}},
		"psql":                        {PsqlTargets(), []string{"primary", "replica", "pgbouncer", "admin"}},
		"topologies": {
			Catalog().Topologies(), []string{"direct", "replica", "pgbouncer", "pgbouncer+replica"},
		},
	} {
		if diff := cmp.Diff(tt.want, tt.got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	kill, err := Catalog().Lookup(matrix.FaultKill)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(Names(), "k6", "init") {
		want := name != Grafana && slices.Contains(Names(), name)
		if _, err := kill.Canonical(name + "@5s"); (err == nil) != want {
			t.Errorf("%s can be killed: %v; want %t", name, err, want)
		}
	}
}

// A route through a service that is left out where its program is missing needs the program.
func TestInstalledIsWhatARouteWants(t *testing.T) {
	all := All()
	tools := make(toolchain.Set)
	for _, s := range all {
		if !s.Optional() {
			tools[s.Program.Name] = toolchain.Program{Name: s.Program.Name}
		}
	}
	program := toolchain.Requirement{Name: "other-pooler", Role: toolchain.ForTests}
	optional := Service{Name: "other", Title: "Other", Program: program}
	for _, tt := range []struct {
		topology string
		tools    toolchain.Set
		want     string
	}{
		{"pgbouncer", tools, ""},
		{"other", toolchain.Set{"other-pooler": {}}, ""},
		{"other+replica", tools,
			`cell "x" goes through Other, and other-pooler is not installed: install it, then run again`},
	} {
		plan := matrix.Plan{Cells: []matrix.Cell{{Label: "x", Settings: matrix.Settings{matrix.Topology: tt.topology}}}}
		err := installed(append(slices.Clone(all), optional), plan, tt.tools)
		if got := fmt.Sprint(err); (tt.want == "") != (err == nil) || err != nil && got != tt.want {
			t.Errorf("%s: %s; want %q", tt.topology, got, tt.want)
		}
	}
}

// Each service is started on its own CPUs; the servers share a name.
func TestServicesStartOnTheirCPUs(t *testing.T) {
	given := matrix.CPUs{
		"postgres": "2", "replica": "3", "app": "0", "pgbouncer": "1", "prometheus": "4", "node-exporter": "5",
		"replica-exporter": "6", "grafana": "7", "k6": "8",
	}
	e := &Env{Config: NewConfig(), secrets: newSecrets()}
	e.CPUs = given
	got := matrix.CPUs{}
	for _, s := range All() {
		if list := e.Process(s).CPUs; list != "" {
			got[s.Name] = list
		}
	}
	want := maps.Clone(given)
	delete(want, "k6")
	delete(want, "postgres")
	want["primary"] = "2"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A quota is that of the service alone.
func TestQuotaOfAService(t *testing.T) {
	e := &Env{Config: NewConfig(), secrets: newSecrets()}
	e.Settings[matrix.FaultCPU(PgBouncer)] = "0.5"
	for _, s := range All() {
		want := 0.0
		if s.Name == PgBouncer {
			want = 0.5
		}
		if got := e.Process(s).Quota; got != want {
			t.Errorf("%s may use %v CPUs; want %v", s.Name, got, want)
		}
	}
}

// What Prometheus scrapes, and how often; nothing while a cell wants it blind.
func TestScrapeJobs(t *testing.T) {
	e := &Env{Addrs: make(map[string]string)}
	for _, name := range append(Names(), LabExporter) {
		e.Addrs[name] = "of " + name
	}
	var got []string
	for _, job := range e.scrapeJobs() {
		line := job.Name + " every " + job.Every.String() + ":"
		for _, target := range job.Targets {
			line += strings.TrimRight(" "+target.Addr+" "+target.Instance+" "+target.Server, " ")
		}
		got = append(got, line)
	}
	want := []string{
		"lab every 1s: of lab lab",
		"app every 1s: of app app",
		"prometheus every 5s: of prometheus prometheus",
		"node every 1s: of node-exporter node-exporter",
		"postgres every 5s: of postgres-exporter postgres-exporter primary of replica-exporter replica-exporter replica",
		"pgbouncer every 1s: of pgbouncer-exporter pgbouncer-exporter",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	e.Blind = true
	if jobs := e.scrapeJobs(); jobs != nil {
		t.Errorf("blind it scrapes %v", jobs)
	}
}

// The backend connects to the first hop of its route.
func TestAppURLs(t *testing.T) {
	e := &Env{Config: NewConfig(), secrets: secrets{AppRole: "secret"}, Addrs: map[string]string{
		Primary: "p:1", Replica: "r:2", PgBouncer: "b:3", FaultProxy: "f:4",
	}}
	const head, tail = "postgres://app:secret@", "?sslmode=disable"
	for _, tt := range []struct{ topology, delay, primary, replica string }{
		{"direct", "", "p:1/stormwave", ""},
		{"replica", "", "p:1/stormwave", "r:2/stormwave"},
		{"pgbouncer", "", "b:3/stormwave", ""},
		{"pgbouncer+replica", "", "b:3/stormwave", "b:3/stormwave_replica"},
		{"replica", "5ms", "f:4/stormwave", "r:2/stormwave"},
	} {
		e.Settings[matrix.Topology] = tt.topology
		delete(e.Settings, matrix.FaultDelay)
		if tt.delay != "" {
			e.Settings[matrix.FaultDelay] = tt.delay
		}
		primary, replica := e.appURLs(e.Settings.Route(), "disable")
		want := ""
		if tt.replica != "" {
			want = head + tt.replica + tail
		}
		if primary != head+tt.primary+tail || replica != want {
			t.Errorf("%s: %s and %q", tt.topology, primary, replica)
		}
	}
}

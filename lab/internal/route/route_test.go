package route

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRouteOfATopology(t *testing.T) {
	for topology, want := range map[string]Route{
		"direct":  {Writes: []string{"app", "primary"}, Reads: []string{"app", "primary"}},
		"replica": {Writes: []string{"app", "primary"}, Reads: []string{"app", "replica"}},
		"pgbouncer": {
			Writes: []string{"app", "pgbouncer", "primary"},
			Reads:  []string{"app", "pgbouncer", "primary"},
		},
		"pgbouncer+replica": {
			Writes: []string{"app", "pgbouncer", "primary"},
			Reads:  []string{"app", "pgbouncer", "replica"},
		},
		"pgpool+replica": {Writes: []string{"app", "pgpool", "primary"}, Reads: []string{"app", "pgpool", "replica"}},
	} {
		got := Of(topology)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", topology, diff)
		}
		if got.String() != topology {
			t.Errorf("the route of %s is written %s", topology, got)
		}
	}
	for _, text := range []string{
		"", "writes to postgres://app@127.0.0.1:1/x, reads to ", "reads go to a server that is no standby",
	} {
		if got := Of(text).String(); got != Direct {
			t.Errorf("%q is read as %s; want direct", text, got)
		}
	}
}

func TestQuestionsOfARoute(t *testing.T) {
	all := []string{"app", "primary", "replica", "pgbouncer", "prometheus"}
	for topology, want := range map[string][]string{
		"direct":            {"app", "primary"},
		"replica":           {"app", "primary", "replica"},
		"pgbouncer":         {"app", "primary", "pgbouncer"},
		"pgbouncer+replica": {"app", "primary", "replica", "pgbouncer"},
	} {
		r := Of(topology)
		if got := r.Services(); !slices.Equal(got, want) {
			t.Errorf("the services of %s are %v; want %v", topology, got, want)
		}
		for _, service := range all {
			if got := r.Through(service); got != slices.Contains(want, service) {
				t.Errorf("%s goes through %s: %t", topology, service, got)
			}
		}
		replica := slices.Contains(want, Replica)
		if r.ReadsFrom(Replica) != replica || r.ReadsFrom(Primary) == replica {
			t.Errorf("%s reads from the replica: %t, from the primary: %t", topology, r.ReadsFrom(Replica), r.ReadsFrom(Primary))
		}
	}
}

func TestChangesOfARoute(t *testing.T) {
	for _, tt := range []struct{ got, want string }{
		{Of("direct").With("pgbouncer").String(), "pgbouncer"},
		{Of("replica").With("pgbouncer").String(), "pgbouncer+replica"},
		{Of("pgbouncer").With("replica").String(), "pgbouncer+replica"},
		{Of("pgbouncer+replica").Without("pgbouncer").String(), "replica"},
		{Of("pgbouncer+replica").Without("replica").String(), "pgbouncer"},
		{Of("replica").Without("replica").String(), "direct"},
		{Of("direct").Without("pgbouncer").String(), "direct"},
	} {
		if tt.got != tt.want {
			t.Errorf("got %s, want %s", tt.got, tt.want)
		}
	}
}

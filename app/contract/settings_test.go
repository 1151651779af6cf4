package contract

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The first of its kind and the one with the most tags, as they are read.
func TestFieldsSayWhatTheirTagsDo(t *testing.T) {
	of := make(map[string]Field)
	for _, f := range Fields {
		of[f.Name] = f
	}
	for _, want := range []Field{
		{
			Name:     "primary_url",
			Env:      "APP_PRIMARY_URL",
			Help:     "postgres:// URL that takes writes (may lead through a pooler)",
			Kind:     Database,
			Required: true,
		},
		{
			Name:    "pool_size",
			Env:     "APP_POOL_SIZE",
			Help:    "most database connections of the backend, per server",
			Kind:    Limit,
			Default: "unlimited",
			Spec:    "unlimited",
		},
		{
			Name:    "max_queue",
			Env:     "APP_MAX_QUEUE",
			Help:    "most requests that wait to be worked on; what comes beyond is turned away at once",
			Kind:    Count,
			Default: "0",
			Spec:    "0",
			Needs:   "max_inflight",
			Else:    "nobody ever waits",
		},
		{
			Name:    "statement_timeout",
			Env:     "APP_STATEMENT_TIMEOUT",
			Help:    "longest run of a statement, kept by the server",
			Kind:    Milliseconds,
			Default: "none",
			Spec:    "none",
			Under:   []string{"http_timeout"},
			Unlike:  "query_timeout",
		},
		{
			Name:    "replica_wait",
			Env:     "APP_REPLICA_WAIT",
			Help:    "longest wait for the replica to have what the session wrote; none: ask the primary at once",
			Kind:    Duration,
			Default: "none",
			Spec:    "100ms",
			Way:     "replica",
		},
		{
			Name:    "slow_route",
			Env:     "APP_SLOW_ROUTE",
			Help:    "whether /api/slow is served, a query that takes as long as it is asked to",
			Kind:    Choice,
			Values:  []string{Off, On},
			Default: Off,
		},
	} {
		got := of[want.Name]
		if len(got.Values) == 0 {
			got.Values = nil
		}
		if len(got.Under) == 0 {
			got.Under = nil
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", want.Name, diff)
		}
	}
}

// A slip in a tag would make a setting that nobody can set, or a rule that never holds.
func TestFieldsAreWhole(t *testing.T) {
	var names, variables []string
	for _, f := range Fields {
		names, variables = append(names, f.Name), append(variables, f.Env)
	}
	kinds := []Kind{Address, Database, Limit, Count, Duration, Milliseconds, Choice}
	for i, f := range Fields {
		if slices.Index(names, f.Name) != i || f.Name != strings.ToLower(f.Name) || f.Name == "" {
			t.Errorf("field %d is called %q, which is no name of its own", i, f.Name)
		}
		if !slices.Contains(kinds, f.Kind) {
			t.Errorf("%s is of the kind %q, want one of %q", f.Name, f.Kind, kinds)
		}
		if f.Help == "" {
			t.Errorf("%s has no comment", f.Name)
		}
		for _, other := range append([]string{f.Needs, f.AtMost, f.Unlike}, f.Under...) {
			if other != "" && !slices.Contains(names, other) {
				t.Errorf("%s refers to %q, which is no setting", f.Name, other)
			}
		}
	}
	for _, name := range []string{EnvAddr, EnvPrimaryURL, EnvReplicaURL} {
		if !slices.Contains(variables, name) {
			t.Errorf("no field has the variable %s", name)
		}
	}
}

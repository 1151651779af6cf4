package matrix

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// planned is the plan of a spec with these factors, baseline and more.
func planned(t *testing.T, text string) Plan {
	t.Helper()
	spec, err := Parse([]byte("name: t\nscenarios: [storm]\nslo: {error_ratio: 0.01, p99: 500ms}\n"+text), there)
	if err != nil {
		t.Fatal(err)
	}
	return spec.Plan()
}

func TestWarnOfIdle(t *testing.T) {
	for name, c := range map[string]struct {
		spec string
		want []string
	}{
		"none": {`
factors: {pool_size: [4, 8]}
baseline: {pool_size: 4}
settings: {replica_wait: 100ms}`, nil}, // the default: every cell has it
		"nobody goes through the pooler": {`
factors: {pgbouncer.default_pool_size: [10, 20], pool_size: [4, 8]}
baseline: {pgbouncer.default_pool_size: 10, pool_size: 4}`, []string{
			"pgbouncer.default_pool_size has no effect: no cell that sets it goes through PgBouncer",
			"these cells are the same, for pgbouncer.default_pool_size has no effect in them: " +
				"pgbouncer.default_pool_size=10 pool_size=4 | pgbouncer.default_pool_size=20 pool_size=4",
			"these cells are the same, for pgbouncer.default_pool_size has no effect in them: " +
				"pgbouncer.default_pool_size=10 pool_size=8 | pgbouncer.default_pool_size=20 pool_size=8",
		}},
		"some do": {`
factors: {topology: [direct, pgbouncer], pgbouncer.default_pool_size: ["10", "20", "30", "40"]}
baseline: {topology: direct, pgbouncer.default_pool_size: 10}`, []string{
			"these cells are the same, for pgbouncer.default_pool_size has no effect in them: topology=direct " +
				"pgbouncer.default_pool_size=10 | " +
				"topology=direct pgbouncer.default_pool_size=20 | topology=direct pgbouncer.default_pool_size=30 and 1 more",
		}},
		"all do": {`
factors: {pgbouncer.default_pool_size: [10, 20]}
baseline: {pgbouncer.default_pool_size: 10}
settings: {topology: pgbouncer+replica, replica_wait: 1s, fault.cpu_pgbouncer: 0.5}`, nil},
		"no replica": {`
factors: {pool_size: [4, 8]}
baseline: {pool_size: 4}
settings: {topology: pgbouncer, replica_wait: none, replica_max_lag: 1s, fault.pause_replay: "on"}`, []string{
			"fault.pause_replay has no effect: no cell that sets it reads from the replica",
			"replica_max_lag has no effect: no cell that sets it reads from the replica",
			"replica_wait has no effect: no cell that sets it reads from the replica",
		}},
		"one bundle in vain": {`
factors:
  remedy:
    none: {}
    lag: {replica_max_lag: 1s}
    replica: {topology: replica, replica_max_lag: 1s}
baseline: {remedy: none}`, []string{
			"these cells are the same, for replica_max_lag has no effect in them: remedy=none | remedy=lag",
		}},
	} {
		if diff := cmp.Diff(c.want, planned(t, c.spec).WarnOfIdle(services)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestWarnOfUnknown(t *testing.T) {
	known := Known{
		PostgresPrefix: {"max_connections": true, "shared_buffers": true, "fsync": true},
		ScenarioPrefix: {"RATE": true, "THINK_TIME": true},
		"pgbouncer.":   {"default_pool_size": true},
	}
	p := planned(t, `
factors: {postgres.max_connections: [0, 100, 262144]}
baseline: {postgres.max_connections: 100}
settings: {postgres.max_conections: 100, postgres.zzzzzz: 1, postgres.fsync: "off", postgres.pg_stat_statements.max: 1,
  postgres.shared_buffers: 8MB, scenario.RATES: 2, scenario.RATE: 2, pgbouncer.unknown: 1, app.UNKNOWN: 1}
`)
	want := []string{
		"pgbouncer.unknown: the documents of its program list no unknown",
		"postgres.max_conections: postgres --describe-config lists no max_conections; did you mean max_connections?",
		"postgres.zzzzzz: postgres --describe-config lists no zzzzzz",
		"scenario.RATES: no script of this plan reads RATES; did you mean RATE?",
	}
	if diff := cmp.Diff(want, sortedLines(p.WarnOfUnknown(known))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	given := map[string][]string{
		"fsync": {"off"}, "max_conections": {"100"}, "max_connections": {"100", "0", "262144"},
		"pg_stat_statements.max": {"1"}, "shared_buffers": {"8MB"}, "zzzzzz": {"1"},
	}
	if diff := cmp.Diff(given, p.Given(PostgresPrefix)); diff != "" {
		t.Errorf("given (-want +got):\n%s", diff)
	}
	if got := p.WarnOfUnknown(nil); got != nil {
		t.Errorf("with nothing known it warns of %q", got)
	}
}

func sortedLines(lines []string) []string { return slices.Sorted(slices.Values(lines)) }

// The matrices that come with the lab set nothing in vain.
func TestOwnMatricesSetNothingInVain(t *testing.T) {
	files, err := filepath.Glob("../../matrices/*.yaml")
	if err != nil || len(files) < 10 {
		t.Fatal(len(files), err)
	}
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		spec, err := Parse(src, scriptsAnd("mixed", "storm-open", "wave-open"))
		if err != nil {
			t.Fatalf("%s:\n%v", file, err)
		}
		if got := spec.Plan().WarnOfIdle(services); len(got) > 0 {
			t.Errorf("%s:\n%s", file, strings.Join(got, "\n"))
		}
	}
}

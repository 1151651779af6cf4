//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"testing"
)

const pgpoolSpec = `name: pgpool
scenarios: [storm@0.1]
factors: {topology: [direct, pgpool, pgpool+replica]}
settings: {pool_size: 8, pgpool.num_init_children: 24}
baseline: {topology: direct}
blocks: 1
slo: {error_ratio: 0.01, p99: 500ms}
`

// Each cell's queries go the way that its topology says, and the pooler's clients are counted.
func TestMatrixThroughPgpool(t *testing.T) {
	c := newCheckout(t)
	c.measures = true
	spec := filepath.Join(c.root, "pgpool.yaml")
	must(t, os.WriteFile(spec, []byte(pgpoolSpec), 0o600))
	if r := c.run("run", spec); r.status != 0 && r.status != 3 { // 3: a noisy machine made a trial suspect
		t.Fatalf("lab run: exit status %d\n%s%s", r.status, r.stdout, r.stderr)
	}
	all := records(t, c.runs()[0])
	if len(all) != 4 { // with the baseline's control
		t.Fatalf("%d records; want 4", len(all))
	}
	for _, r := range all {
		if r.Verdict == "invalid" || r.Verdict == "failed" {
			t.Errorf("trial %d is %s: %v", r.N, r.Verdict, r.Reasons)
		}
		topology := r.Settings["topology"]
		if got := r.Effective["topology"]; got != topology {
			t.Errorf("trial %d: the queries went %q; want %q", r.N, got, topology)
		}
		if got := r.Effective["pgpool.num_init_children"]; got != "24" {
			t.Errorf("trial %d: %q processes; want 24", r.N, got)
		}
		served, counted := r.Metrics[`pooler_clients_served_max{service="pgpool"}`]
		if pooled := topology != "direct"; pooled != counted || pooled && (served < 1 || served > 24) {
			t.Errorf("trial %d (%s): %v clients were served", r.N, topology, served)
		}
		replica := r.Metrics["replica_statements"] > 100
		if want := topology == "pgpool+replica"; replica != want {
			t.Errorf("trial %d (%s): the replica ran %v statements", r.N, topology, r.Metrics["replica_statements"])
		}
	}
}

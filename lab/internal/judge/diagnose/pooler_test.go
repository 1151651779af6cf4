package diagnose

import (
	"slices"
	"testing"

	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/record"
	"stormwave/lab/internal/service"
)

// The poolers' causes, as records name them.
const (
	PgBouncerCPUBound    Cause = "pgbouncer-cpu-bound"
	PgBouncerPoolStarved Cause = "pgbouncer-pool-starved"
)

// Record diagnoses one repetition of the lab's own services.
func Record(r record.Record, slo matrix.SLO) Diagnosis {
	return diagnose(r, slo, service.Catalog().Poolers())
}

// queueing is a pooler with a process for each client; the others wait at its door.
var queueing = matrix.Service{
	Name:     "other",
	Title:    "Other",
	Pooler:   true,
	Settings: matrix.Family{Prefix: "other.", Defaults: map[string]string{"processes": "32"}},
	Pool: matrix.Pool{
		Queues:  true,
		Size:    "processes",
		Clients: "processes",
		Used:    `pooler_clients_served_max{service="other"}`,
		Waiting: `pooler_clients_waiting_max{service="other"}`,
	},
}

// The backend's wait for a connection is explained by the pooler that does not let it in.
func TestQueueingPoolerIsStarved(t *testing.T) {
	changes := map[string]float64{
		"pool_wait_mean_ms": 400, "pool_waiting_max": 300, "pool_acquired_max": 8,
		`pooler_clients_served_max{service="other"}`:  8,
		`pooler_clients_waiting_max{service="other"}`: 60,
	}
	r := observed("other", 0, 900, changes)
	r.Attested["other.processes"] = "8"
	poolers := append(service.Catalog().Poolers(), queueing)
	if d := diagnose(r, slo, poolers); d.Cause != "other-pool-starved" {
		t.Errorf("clients wait at its door: %s, want other-pool-starved; %+v", d.Cause, d.Claimed)
	}
	r.Metrics[queueing.Pool.Waiting] = 0
	if d := diagnose(r, slo, poolers); d.Cause != AppPoolStarved {
		t.Errorf("no client waits at its door: %s, want %s", d.Cause, AppPoolStarved)
	}
	r.Metrics[`cpu_cores{service="other"}`], r.Metrics[`cpu_limit_cores{service="other"}`] = 1.9, 2
	if d := diagnose(r, slo, poolers); d.Cause != "other-cpu-bound" {
		t.Errorf("its processes use all the CPU they may: %s, want other-cpu-bound", d.Cause)
	}
}

// What waits for a slow pooler is explained by that, and not by what is equally slow behind it.
func TestPoolerExplainsBeforeWhatIsBehindIt(t *testing.T) {
	explains := explanations(service.Catalog().Poolers())
	for _, cause := range []Cause{AppPoolStarved, NetworkLatency, HostCPUSaturated} {
		if want := []Cause{AppCPUBound, PgBouncerCPUBound}; !slices.Equal(explains[cause][:2], want) {
			t.Errorf("%s is explained by %v; want %v first", cause, explains[cause], want)
		}
	}
}

// Of a pooler that did not run there is nothing to rule out.
func TestPoolerThatDidNotRun(t *testing.T) {
	poolers := append(service.Catalog().Poolers(), queueing)
	ruledOut := func(r record.Record) bool {
		return slices.ContainsFunc(diagnose(r, slo, poolers).RuledOut, func(f Finding) bool {
			return f.Cause == "other-pool-starved" && f.Why == "no query goes through Other"
		})
	}
	r := observed("direct", 0, 900, nil)
	if ruledOut(r) {
		t.Error("a pooler of which the record tells nothing is ruled out")
	}
	r.Attested["other.processes"] = "8"
	if !ruledOut(r) {
		t.Error("a pooler that ran idle is not ruled out")
	}
}

// Its advice is in its own settings, and takes along what its connections need.
func TestAdviceOnQueueingPooler(t *testing.T) {
	settings := matrix.Defaults()
	settings[matrix.Topology], settings[matrix.PoolSize], settings["other.processes"] = "other+replica", "64", "80"
	tune := tuning{settings, 2, append([]matrix.Service{queueing}, service.Catalog().Poolers()...)}
	all := tune.proposals("other-pool-starved")
	if len(all) == 0 || all[0].settings["other.processes"] != "128" || all[0].settings[maxConnections] != "138" {
		t.Errorf("proposals %+v; want 128 processes, as many as the two pools have, and 138 connections", all)
	}
	all = tune.proposals("other-cpu-bound")
	if len(all) != 1 || all[0].settings[matrix.Topology] != "replica" || all[0].words != "do without Other" {
		t.Errorf("proposals %+v; want the way without it", all)
	}
	settings[matrix.Topology] = "direct"
	if all := tune.pooler(); len(all) != 1 || all[0].settings[matrix.Topology] != "pgbouncer" {
		t.Errorf("against too many sessions: %+v; want PgBouncer, whose clients share its connections", all)
	}
}

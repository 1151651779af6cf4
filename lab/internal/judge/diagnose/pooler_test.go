package diagnose

import (
	"maps"
	"slices"
	"strings"
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

// Record diagnoses one trial of the lab's own services.
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
	r.Effective["other.processes"] = "8"
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
	r.Effective["other.processes"] = "8"
	if !ruledOut(r) {
		t.Error("a pooler that ran idle is not ruled out")
	}
}

// Its advice is in its own settings, and takes along what its connections need.
func TestAdviceOnQueueingPooler(t *testing.T) {
	settings := matrix.Defaults()
	settings[matrix.Topology], settings[matrix.PoolSize], settings["other.processes"] = "other+replica", "64", "80"
	tune := tuning{
		Settings: settings,
		cpus:     2,
		poolers:  append([]matrix.Service{queueing}, service.Catalog().Poolers()...),
	}
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

// Each limit of PgBouncer's is named where it binds, and it is the one that is advised to be raised.
func TestPoolerLimitsByName(t *testing.T) {
	waiting := map[string]float64{
		"pgbouncer_wait_mean_ms":       90,
		"query_mean_ms":                91,
		"pgbouncer_client_waiting_max": 60,
		"pgbouncer_server_active_max":  1,
		"pool_wait_mean_ms":            5,
	}
	for _, tt := range []struct {
		name    string
		set     map[string]string
		metrics map[string]float64
		words   string // of the evidence
		advised string
	}{
		{"pool", nil, waiting, "1 of 20 server connections in use", "default_pool_size"},
		{
			"database", map[string]string{"max_db_connections": "1"}, waiting,
			"1 of 1 server connections in use, by max_db_connections", "max_db_connections",
		},
		{
			"user", map[string]string{"max_user_connections": "2", "max_db_connections": "5"}, waiting,
			"1 of 2 server connections in use, by max_user_connections", "max_user_connections",
		},
		{"none", map[string]string{"max_db_connections": "0"}, waiting, "1 of 20 server connections in use",
			"default_pool_size"},
		{
			"clients", map[string]string{"max_client_conn": "50"},
			map[string]float64{
				`query_errors{sqlstate="08P01"}`: 900, "pgbouncer_client_active_max": 49, "pgbouncer_client_waiting_max": 0,
			},
			"900 × SQLSTATE 08P01: 49 of 50 clients, by max_client_conn", "max_client_conn",
		},
		{
			"patience", map[string]string{"query_wait_timeout": "1", "max_client_conn": "10000"},
			map[string]float64{
				`query_errors{sqlstate="08P01"}`: 900, "pgbouncer_client_active_max": 49, "pgbouncer_client_waiting_max": 30,
			},
			"900 × SQLSTATE 08P01: they waited longer than query_wait_timeout, 1 s", "default_pool_size",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := observed("pgbouncer", 900, 900, tt.metrics)
			given := matrix.Settings{"topology": "pgbouncer", "exec_mode": "auto", "pool_size": "64"}
			for key, value := range tt.set {
				r.Effective["pgbouncer."+key] = value
				given["pgbouncer."+key] = value
			}
			p := withSettings(t, given)
			r.Cell, r.Scale = p.Cells[0].Label, p.Scenarios[0].Scale
			c := Run(p, []record.Record{r}, service.Catalog())[0]
			if c.Cause != PgBouncerPoolStarved || !strings.Contains(wordsOf(c.Typical), tt.words) {
				t.Errorf("%s by %s; want %s by %q", c.Cause, wordsOf(c.Typical), PgBouncerPoolStarved, tt.words)
			}
			if len(c.Advice) != 1 || c.Advice[0].Settings["pgbouncer."+tt.advised] == "" {
				t.Errorf("advice %+v; want one to raise %s", c.Advice, tt.advised)
			}
			for _, e := range c.Typical.Claimed[0].Evidence {
				CheckEvidence(t, r, e)
			}
		})
	}
}

// wordsOf is the evidence for what is claimed first.
func wordsOf(d Diagnosis) string {
	var words []string
	if len(d.Claimed) > 0 {
		for _, e := range d.Claimed[0].Evidence {
			words = append(words, e.Words)
		}
	}
	return strings.Join(words, "; ")
}

// Statements that are prepared on one connection and executed on another are told by what has to fit.
func TestPreparedStatementLost(t *testing.T) {
	r := observed("pgbouncer", 6300, 40, map[string]float64{
		`query_errors{sqlstate="26000"}`: 5100, `query_errors{sqlstate="42P05"}`: 1200,
	})
	maps.Copy(r.Effective, map[string]string{
		"exec_mode": "cache_statement", "pgbouncer.pool_mode": "transaction", "pgbouncer.max_prepared_statements": "0",
	})
	p := withSettings(t, matrix.Settings{
		"topology": "pgbouncer", "exec_mode": "cache_statement", "pgbouncer.max_prepared_statements": "0",
	})
	r.Cell, r.Scale = p.Cells[0].Label, p.Scenarios[0].Scale
	c := Run(p, []record.Record{r}, service.Catalog())[0]
	const want = "exec_mode is cache_statement, and PgBouncer's pool_mode transaction with max_prepared_statements 0"
	if c.Cause != PreparedStatementLost || !strings.Contains(wordsOf(c.Typical), want) {
		t.Errorf("%s by %s; want %s by %q", c.Cause, wordsOf(c.Typical), PreparedStatementLost, want)
	}
	if len(c.Advice) != 1 || c.Advice[0].Settings["exec_mode"] != "auto" {
		t.Errorf("advice %+v; want exec_mode auto", c.Advice)
	}
	for _, e := range c.Typical.Claimed[0].Evidence {
		CheckEvidence(t, r, e)
	}
	for _, topology := range []string{"direct", "pgpool"} { // Pgpool-II keeps a client on its connection
		r.Effective["topology"] = topology
		if d := Record(r, slo); d.Cause == PreparedStatementLost {
			t.Errorf("it is claimed of %s", topology)
		}
	}
}

// What a commit waits for is a cause of its own: neither the disk that blocks are read from, nor the network.
func TestCommitWait(t *testing.T) {
	for _, tt := range []struct {
		event, setting, value string
		advised               string
	}{
		{"IPC:SyncRep", "postgres.synchronous_standby_names", "replica", "local"},
		{"IO:WALSync", "postgres.synchronous_commit", "on", "local"},
		{"IO:WalSync", "postgres.synchronous_commit", "local", "off"},
		{"LWLock:WALWrite", "postgres.commit_delay", "100000", ""},
	} {
		r := observed("direct", 0, 900, map[string]float64{
			"query_mean_ms": 41, "pool_wait_mean_ms": 120, "primary_rows_written_per_second": 90,
			`primary_wait_events{event="` + tt.event + `"}`: 6,
		})
		r.Effective[tt.setting] = tt.value
		p := withSettings(t, matrix.Settings{tt.setting: tt.value})
		r.Cell, r.Scale = p.Cells[0].Label, p.Scenarios[0].Scale
		c := Run(p, []record.Record{r}, service.Catalog())[0]
		words := tt.event + " (" + tt.setting + " is " + tt.value + ")"
		if c.Cause != DBCommitWait || !strings.Contains(wordsOf(c.Typical), words) {
			t.Errorf("%s by %s; want %s by %q", c.Cause, wordsOf(c.Typical), DBCommitWait, words)
		}
		if len(c.Advice) != 1 || c.Advice[0].Settings[synchronousCommit] != tt.advised || tt.advised == "" &&
			c.Advice[0].Settings[commitDelay] != "0" {
			t.Errorf("%s: advice %+v; want synchronous_commit %s", tt.event, c.Advice, tt.advised)
		}
	}
	// A disk that blocks are read from is none.
	r := observed("direct", 0, 900, map[string]float64{
		"execution_mean_ms": 12, "query_mean_ms": 13, "pool_wait_mean_ms": 30, "primary_cache_hit_ratio": 0.7,
		`primary_wait_events{event="IO:DataFileRead"}`: 6, "host_disk_busy_ratio": 0.9,
	})
	if d := Record(r, slo); d.Cause != DBIOBound {
		t.Errorf("%s where sessions wait for blocks; want %s", d.Cause, DBIOBound)
	}
}

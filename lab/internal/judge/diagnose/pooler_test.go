package diagnose

import (
	"maps"
	"strings"
	"testing"

	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/record"
	"stormwave/lab/internal/service"
)

// Each limit of PgBouncer's is named where it binds, and it is the one that is advised to be raised.
func TestPoolerLimitsByName(t *testing.T) {
	waiting := map[string]float64{
		"pgbouncer_wait_mean_ms": 90, "query_mean_ms": 91, "pgbouncer_client_waiting_max": 60, "pgbouncer_server_active_max": 1,
		"pool_wait_mean_ms": 5,
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
		{"none", map[string]string{"max_db_connections": "0"}, waiting, "1 of 20 server connections in use", "default_pool_size"},
		{
			"clients", map[string]string{"max_client_conn": "50"},
			map[string]float64{`query_errors{sqlstate="08P01"}`: 900, "pgbouncer_client_active_max": 49, "pgbouncer_client_waiting_max": 0},
			"900 × SQLSTATE 08P01: 49 of 50 clients, by max_client_conn", "max_client_conn",
		},
		{
			"patience", map[string]string{"query_wait_timeout": "1", "max_client_conn": "10000"},
			map[string]float64{`query_errors{sqlstate="08P01"}`: 900, "pgbouncer_client_active_max": 49, "pgbouncer_client_waiting_max": 30},
			"900 × SQLSTATE 08P01: they waited longer than query_wait_timeout, 1 s", "default_pool_size",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := observed("pgbouncer", 900, 900, tt.metrics)
			given := matrix.Settings{"topology": "pgbouncer", "exec_mode": "auto", "pool_size": "64"}
			for key, value := range tt.set {
				r.Attested[pgbouncerPrefix+key] = value
				given[pgbouncerPrefix+key] = value
			}
			p := withSettings(t, given)
			r.Cell, r.Scale = p.Cells[0].Label, p.Scenarios[0].Scale
			c := Run(p, []record.Record{r}, service.Catalog())[0]
			if c.Cause != PgBouncerPoolStarved || !strings.Contains(wordsOf(c.Typical), tt.words) {
				t.Errorf("%s by %s; want %s by %q", c.Cause, wordsOf(c.Typical), PgBouncerPoolStarved, tt.words)
			}
			if len(c.Advice) != 1 || c.Advice[0].Settings[pgbouncerPrefix+tt.advised] == "" {
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
	maps.Copy(r.Attested, map[string]string{
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
	r.Attested["topology"] = "direct"
	if d := Record(r, slo); d.Cause == PreparedStatementLost {
		t.Error("it is claimed without a pooler")
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
		r.Attested[tt.setting] = tt.value
		p := withSettings(t, matrix.Settings{tt.setting: tt.value})
		r.Cell, r.Scale = p.Cells[0].Label, p.Scenarios[0].Scale
		c := Run(p, []record.Record{r}, service.Catalog())[0]
		words := tt.event + " (" + tt.setting + " is " + tt.value + ")"
		if c.Cause != DBCommitWait || !strings.Contains(wordsOf(c.Typical), words) {
			t.Errorf("%s by %s; want %s by %q", c.Cause, wordsOf(c.Typical), DBCommitWait, words)
		}
		if len(c.Advice) != 1 || c.Advice[0].Settings[synchronousCommit] != tt.advised || tt.advised == "" && c.Advice[0].Settings[commitDelay] != "0" {
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

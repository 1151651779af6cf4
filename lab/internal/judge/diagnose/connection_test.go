package diagnose

import (
	"maps"
	"strings"
	"testing"

	"stormwave/lab/backends"
	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/record"
	"stormwave/lab/internal/service"
)

// Connections that are ended while they idle, or given up with their query, are told from what refuses new ones.
func TestConnectionsThatEnd(t *testing.T) {
	const state57P05, state08P01 = `query_errors{sqlstate="57P05"}`, `query_errors{sqlstate="08P01"}`
	given := func(more map[string]float64) map[string]float64 {
		all := map[string]float64{
			"query_cancels_per_second":  50,
			"pool_new_conns_per_second": 48,
			"primary_connections_max":   40,
			"query_mean_ms":             20,
			"query_ok_mean_ms":          0.4,
		}
		maps.Copy(all, more)
		return all
	}
	for _, tt := range []struct {
		name     string
		topology string
		set      matrix.Settings
		metrics  map[string]float64
		want     Cause
		words    string // of the evidence
		advised  string // setting and value
	}{
		{
			name: "by the server", topology: "direct",
			set:     matrix.Settings{"postgres.idle_session_timeout": "2s"},
			metrics: map[string]float64{state57P05: 300},
			want:    IdleConnectionsEnded,
			words:   "300 queries met a connection that had been ended while it idled (SQLSTATE 57P05)",
			advised: "postgres.idle_session_timeout=0",
		},
		{
			name: "by the pooler", topology: "pgbouncer",
			set:     matrix.Settings{"pgbouncer.client_idle_timeout": "2", "pgbouncer.max_client_conn": "1000"},
			metrics: map[string]float64{state08P01: 300, "pgbouncer_client_active_max": 20},
			want:    IdleConnectionsEnded,
			words:   "pgbouncer.client_idle_timeout is 2",
			advised: "pgbouncer.client_idle_timeout=0",
		},
		{
			name: "by the pooler, which is full", topology: "pgbouncer",
			set:     matrix.Settings{"pgbouncer.client_idle_timeout": "2", "pgbouncer.max_client_conn": "20"},
			metrics: map[string]float64{state08P01: 300, "pgbouncer_client_active_max": 20},
			want:    PgBouncerPoolStarved,
			words:   "20 of 20 clients, by max_client_conn",
			advised: "pgbouncer.max_client_conn=40",
		},
		{
			name: "by the pooler, in which clients wait for too long", topology: "pgbouncer",
			set:     matrix.Settings{"pgbouncer.client_idle_timeout": "2", "pgbouncer.query_wait_timeout": "1"},
			metrics: map[string]float64{state08P01: 300, "pgbouncer_client_waiting_max": 20},
			want:    PgBouncerPoolStarved,
			words:   "waited longer than query_wait_timeout, 1 s",
			advised: "pgbouncer.default_pool_size=40",
		},
		{
			name: "a limit that ends none", topology: "direct",
			set:     matrix.Settings{"postgres.idle_session_timeout": "0"},
			metrics: map[string]float64{state57P05: 300},
			want:    Undetermined,
		},
		{
			name: "queries given up", topology: "direct",
			metrics: given(nil),
			want:    ConnectionChurn,
			words:   "a server had up to 40 sessions by pool_size 8",
			advised: "cancel=cancel_request",
		},
		{
			name: "until the server is full", topology: "direct",
			set:     matrix.Settings{"postgres.max_connections": "44"},
			metrics: given(map[string]float64{`query_errors{sqlstate="53300"}`: 300}),
			want:    ConnectionChurn,
			words:   "50 queries a second were given up",
			advised: "cancel=cancel_request",
		},
		{
			name: "behind a pooler", topology: "pgbouncer",
			metrics: given(map[string]float64{"primary_connections_max": 60}),
			want:    ConnectionChurn,
			words:   "a server had up to 60 sessions by pgbouncer.default_pool_size 20",
			advised: "cancel=cancel_request",
		},
		{
			name: "given up for a lock", topology: "direct",
			metrics: given(map[string]float64{
				"execution_mean_ms":                               5,
				"primary_lock_waiting_max":                        8,
				`primary_wait_events{event="Lock:transactionid"}`: 5,
			}),
			want:    DBLockContention,
			advised: "lock_timeout=200ms",
		},
		{
			name: "the connection is kept", topology: "direct",
			metrics: given(map[string]float64{"pool_new_conns_per_second": 1}),
			want:    Undetermined,
		},
		{
			name: "no more sessions than the pool has", topology: "direct",
			metrics: given(map[string]float64{"primary_connections_max": 9}),
			want:    Undetermined,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := observed(tt.topology, 300, 900, tt.metrics)
			maps.Copy(r.Effective, tt.set)
			settings := matrix.Settings{"topology": tt.topology, "exec_mode": "auto", "pool_size": "64"}
			maps.Copy(settings, tt.set)
			p := withSettings(t, settings)
			r.Cell, r.Scale = p.Cells[0].Label, p.Scenarios[0].Scale
			c := Run(p, []record.Record{r}, service.Catalog(backends.Default()))[0]
			if c.Cause != tt.want || !strings.Contains(wordsOf(c.Typical), tt.words) {
				t.Errorf("%s by %s; want %s by %q", c.Cause, wordsOf(c.Typical), tt.want, tt.words)
			}
			name, value, _ := strings.Cut(tt.advised, "=")
			if tt.advised != "" && (len(c.Advice) != 1 || c.Advice[0].Settings[name] != value) {
				t.Errorf("advice %+v; want %s", c.Advice, tt.advised)
			}
			if len(c.Typical.Claimed) > 0 {
				for _, e := range c.Typical.Claimed[0].Evidence {
					CheckEvidence(t, r, e)
				}
			}
		})
	}
}

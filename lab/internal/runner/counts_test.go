package runner

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"stormwave/lab/internal/backend"
	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/metric"
	"stormwave/lab/internal/record"
	"stormwave/lab/internal/service"
)

// plain is a backend with a pool that tells nothing of itself but its connections in use.
func plain() *verdict {
	b, err := backend.Parse([]byte(`name: shop
build: {path: /usr/bin/shop}
run: {}
ready: {tcp: true}
settings: {pool_size: {env: POOL, default: 30}}
sessions: pool_size * (1 + replica)
metrics: {path: /metrics, names: {pool_acquired_conns: in_use}}
reset: {proof: SELECT 1}
`), nil)
	if err != nil {
		panic(err)
	}
	return &verdict{services: service.Catalog(b)}
}

// A backend that opens more sessions than its pools allow measures another cell than the label says.
func TestSessionsBeyondThePool(t *testing.T) {
	for _, tt := range []struct {
		name, topology, pool string
		primary, replica     float64
		want                 string
	}{
		{"as many as allowed", "direct", "8", 8, 0, ""},
		{"with one that the server has not ended yet", "direct", "8", 9, 0, ""},
		{"more", "direct", "8", 10, 0, "the servers had 10 sessions, and it may open 8"},
		{"with some that it has not ended", "direct", "20", 22, 0, ""},
		{"two pools", "replica", "8", 8, 8, ""},
		{"two pools, and more", "replica", "8", 9, 9, "the servers had 18 sessions, and it may open 16"},
		{"those of the pooler", "pgbouncer", "8", 20, 0, ""},
		{"no number", "direct", "unlimited", 99, 0, ""},
	} {
		v := plain()
		v.sessions(&record.Record{
			Settings: matrix.Settings{matrix.Topology: tt.topology, matrix.PoolSize: tt.pool},
			Metrics: map[string]float64{
				"primary_backend_sessions_max": tt.primary, "replica_backend_sessions_max": tt.replica,
				"primary_connections_max": tt.primary + 3, "replica_connections_max": tt.replica + 3, // with exporters
			},
		})
		worst, reasons := v.outcome()
		invalid := worst == record.Invalid && len(reasons) == 1 && strings.Contains(reasons[0], tt.want)
		if (tt.want != "") != invalid || tt.want == "" && worst != record.Valid {
			t.Errorf("%s: %s, %q; want %q", tt.name, worst, reasons, tt.want)
		}
	}
}

// What a backend does not tell is neither missing nor 0, and the record says so.
func TestUntoldIsNotMissing(t *testing.T) {
	v := plain()
	got := v.told(map[string]float64{
		"pool_acquired_max": 3, "http_requests": 0, `query_errors{sqlstate="53300"}`: 0, "primary_qps": 5,
	})
	if want := (map[string]float64{"pool_acquired_max": 3, "primary_qps": 5}); !maps.Equal(got, want) {
		t.Errorf("told is %v, want %v", got, want)
	}
	v.missing([]string{"http_requests", "pool_new_conns"})
	worst, reasons := v.outcome()
	note := fmt.Sprintf("not told by the backend: %d metrics", len(metric.Untold(v.services.Backend())))
	if worst != record.Valid || len(reasons) != 1 || reasons[0] != note {
		t.Errorf("%s, %q; want one note, %q", worst, reasons, note)
	}
	v.missing([]string{"primary_qps"})
	if worst, _ := v.outcome(); worst != record.Invalid {
		t.Errorf("what a server does not tell leaves the trial %s", worst)
	}
	// k6 and the servers are still held together.
	v = plain()
	load := &record.Load{Requests: 100, Status: map[string]int64{"200": 100}}
	metrics := map[string]float64{"primary_statements": 1, "replica_statements": 0}
	v.counts(&record.Record{Load: load, Metrics: metrics}, 0, nil)
	if _, reasons := v.outcome(); len(reasons) != 1 || !strings.HasPrefix(reasons[0], "not checked: statements") {
		t.Errorf("counts say %q", reasons)
	}
}

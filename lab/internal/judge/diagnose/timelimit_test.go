package diagnose

import (
	"maps"
	"slices"
	"testing"

	"stormwave/lab/internal/metric"
	"stormwave/lab/internal/record"
)

// cutOff are trials in which a time limit or the client ended queries early. The servers count such a
// statement nowhere, the backend counts its whole time.
var cutOff = []struct {
	name      string
	want      Cause
	topology  string
	effective map[string]string
	changes   map[string]float64
}{
	{
		name:      "sequential scans, cut off by the server",
		want:      SlowQuery,
		topology:  "direct",
		effective: map[string]string{"statement_timeout": "250ms"},
		changes: map[string]float64{
			"query_mean_ms":                    100,
			`query_errors{sqlstate="57014"}`:   3000,
			"primary_statements":               4500,
			"primary_qps":                      48,
			"primary_rows_returned_per_second": 3_000_000,
			`cpu_cores{service="postgres"}`:    1.6,
			"host_cpu_busy_ratio":              0.95,
		},
	},
	{
		name:      "statements that sleep, cut off by the server",
		want:      SlowQuery,
		topology:  "direct",
		effective: map[string]string{"statement_timeout": "250ms"},
		changes: map[string]float64{
			"query_mean_ms":                                100,
			`query_errors{sqlstate="57014"}`:               3000,
			"primary_statements":                           4500,
			"primary_qps":                                  48,
			`primary_wait_events{event="Timeout:PgSleep"}`: 6,
		},
	},
	{
		name:      "row locks, cut off by the server",
		want:      DBLockContention,
		topology:  "direct",
		effective: map[string]string{"lock_timeout": "200ms"},
		changes: map[string]float64{
			"query_mean_ms":                                   100,
			`query_errors{sqlstate="55P03"}`:                  3000,
			"primary_statements":                              4500,
			"primary_qps":                                     120,
			"primary_connections_max":                         24,
			"primary_lock_waiting_max":                        20,
			`primary_wait_events{event="Lock:transactionid"}`: 20,
		},
	},
	{
		name:     "sequential scans, given up by the backend",
		want:     SlowQuery,
		topology: "direct",
		changes: map[string]float64{
			"query_mean_ms":                          100,
			`query_errors{sqlstate="query_timeout"}`: 3000,
			"primary_statements":                     4500,
			"primary_qps":                            48,
			"primary_active_mean":                    7.5,
			"primary_rows_returned_per_second":       3_000_000,
		},
	},
	{
		name:      "statements that compute, cut off by the server",
		want:      DBCPUBound,
		topology:  "direct",
		effective: map[string]string{"statement_timeout": "250ms"},
		changes: map[string]float64{
			"query_mean_ms":                    100,
			`query_errors{sqlstate="57014"}`:   3000,
			"primary_statements":               4500,
			"primary_qps":                      48,
			"primary_rows_returned_per_second": 2000,
			`cpu_cores{service="postgres"}`:    1.7,
			"host_cpu_busy_ratio":              0.95,
		},
	},
	{
		name:      "a pooler's pool of one, clients that give up",
		want:      PgBouncerPoolStarved,
		topology:  "pgbouncer",
		effective: map[string]string{"pgbouncer.default_pool_size": "1"},
		changes: map[string]float64{
			"pgbouncer_wait_mean_ms":                 3,
			"query_mean_ms":                          200,
			"pgbouncer_client_waiting_max":           60,
			"pgbouncer_server_active_max":            1,
			`query_errors{sqlstate="query_timeout"}`: 3000,
			"primary_statements":                     4500,
		},
	},
}

func limited(topology string, effective map[string]string, changes map[string]float64) record.Record {
	r := observed(topology, 3000, 900, changes)
	maps.Copy(r.Effective, effective)
	return r
}

// Records with the time of the successful queries, and those from before it was kept.
func TestTimeLimitsAreNoNetwork(t *testing.T) {
	for _, tt := range cutOff {
		for _, kept := range []bool{false, true} {
			r := limited(tt.topology, tt.effective, tt.changes)
			if kept {
				r.Metrics["query_ok_mean_ms"] = r.Metrics["execution_mean_ms"] + 0.2
				if tt.topology == "pgbouncer" {
					r.Metrics["query_ok_mean_ms"] += r.Metrics["pgbouncer_wait_mean_ms"]
				}
			}
			d := Record(r, slo)
			if d.Cause != tt.want || len(d.Claimed) != 1 {
				t.Errorf("%s (successes kept: %t): %s; claimed: %v; want %s alone", tt.name, kept, d.Cause, claims(d), tt.want)
			}
			if missing := slices.Contains(d.Missing, "query_ok_mean_ms"); missing == kept {
				t.Errorf("%s (successes kept: %t): missing %v", tt.name, kept, d.Missing)
			}
		}
	}
}

// claims are the causes that are claimed, with their scores.
func claims(d Diagnosis) map[Cause]float64 {
	scores := make(map[Cause]float64)
	for _, f := range d.Claimed {
		scores[f.Cause] = f.Score
	}
	return scores
}

// Who gives up, for whatever reason, leaves a long query behind that was not on the network.
func TestImpatientClientsAreNoNetwork(t *testing.T) {
	for _, state := range []string{"query_timeout", "http_timeout", "canceled", "57014", "55P03", "08P01", "other"} {
		r := limited("direct", nil, map[string]float64{
			"query_mean_ms":                       100,
			"primary_statements":                  4500,
			metric.QueryErrors.At(state).Key():    3000,
			metric.QueryErrors.At("a few").Key():  1,
			metric.QueryErrors.At("others").Key(): 1,
		})
		if d := Record(r, slo); d.Cause != Undetermined || !slices.Contains(d.Missing, "query_ok_mean_ms") {
			t.Errorf("%s: %v, missing %v; want undetermined without query_ok_mean_ms", state, claims(d), d.Missing)
		}
		r.Metrics["query_ok_mean_ms"] = 0.4
		if d := Record(r, slo); d.Cause != Undetermined || len(d.Missing) > 0 {
			t.Errorf("%s: %v, missing %v; want undetermined with nothing missing", state, claims(d), d.Missing)
		}
		// The network is still seen where the successful queries spend their time on it.
		r.Metrics["query_ok_mean_ms"] = 50
		if d := Record(r, slo); d.Cause != NetworkLatency {
			t.Errorf("%s: %v; want %s", state, claims(d), NetworkLatency)
		}
	}
}

// A few failures do not keep an old record from being judged; refused connections are no queries at all.
func TestQueryTimeOfOldRecords(t *testing.T) {
	for _, tt := range []struct {
		state string
		n     float64
		want  Cause
	}{
		{"57014", 90, NetworkLatency}, // of 10,000 statements
		{"57014", 150, Undetermined},
		{"53300", 3000, NetworkLatency},
		{"connect", 3000, NetworkLatency},
		{"acquire_timeout", 3000, NetworkLatency},
	} {
		r := limited("direct", nil, map[string]float64{
			"query_mean_ms":                       41,
			"primary_statements":                  10_000,
			metric.QueryErrors.At(tt.state).Key(): tt.n,
		})
		if d := Record(r, slo); d.Cause != tt.want {
			t.Errorf("%.0f × %s: %s, missing %v; want %s", tt.n, tt.state, d.Cause, d.Missing, tt.want)
		}
	}
}

package snapshot

import (
	"context"
	"fmt"
	"math"
	"time"

	promv1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"

	"stormwave/lab/internal/record"
	"stormwave/lab/internal/series"
)

// interval is the time between two values of a curve.
const interval = time.Second

// curve says how a curve is read.
type curve struct {
	name  string
	from  string // selector of the family
	draw  drawing
	weigh weight // which of its series count
	per   weight // which count as the whole of a share
	by    model.LabelName
}

const (
	ofLoad     = `scenario="` + record.LoadScenario + `"`
	k6Requests = `k6_http_reqs_total{` + ofLoad + `}`
	k6Due      = `{__name__=~"k6_http_reqs_total|k6_dropped_iterations_total",` + ofLoad + `}`
	k6VUs      = `k6_vus`
	k6Wait     = `k6_request_wait_seconds{` + ofLoad + `}` // scenarios/lib/request.js: connecting included
)

// curves are drawn for every shot. k6 writes its series itself, each second.
var curves = []curve{
	{name: RPS, from: k6Requests, draw: speed},
	{name: ErrorRatio, from: k6Due, draw: share, weigh: but("expected_response", "true")},
	{name: VUs, from: k6VUs, draw: level},

	{name: "http_rps", from: appHTTP, draw: speed, weigh: apiRoutes},
	{name: "http_errors_5xx_per_second", from: appHTTP, draw: speed, weigh: serverErrors},
	{name: "pool_acquired", from: app.PoolAcquired + `{job="app"}`, draw: level},
	{name: "pool_waiting", from: app.PoolWaiting + `{job="app"}`, draw: level},

	{name: "reads_primary_per_second", from: appReads, draw: speed, weigh: only("target", labels.Primary)},
	{name: "reads_replica_per_second", from: appReads, draw: speed, weigh: only("target", labels.Replica)},

	{name: "primary_connections", from: series.PGConnections + `{job="lab",server="primary"}`, draw: level},
	{name: "primary_active", from: series.PGConnections + `{job="lab",server="primary"}`, draw: level, weigh: only("state", "active")},
	{name: "primary_qps", from: series.PGStatements + `{job="lab",server="primary"}`, draw: speed},
	{name: "primary_rows_returned_per_second", from: series.PGRowsReturned + `{job="lab",server="primary"}`, draw: speed},
	{name: "replica_connections", from: series.PGConnections + `{job="lab",server="replica"}`, draw: level},
	{name: "replica_active", from: series.PGConnections + `{job="lab",server="replica"}`, draw: level, weigh: only("state", "active")},
	{name: "replica_qps", from: series.PGStatements + `{job="lab",server="replica"}`, draw: speed},
	{name: "replica_lag_bytes", from: series.PGReplicaLagBytes + `{job="lab"}`, draw: level},

	{name: "pgbouncer_client_waiting", from: pools("client_waiting_connections"), draw: level, weigh: notConsole},
	{name: "pgbouncer_server_active", from: pools("server_active_connections"), draw: level, weigh: notConsole},

	{name: "host_cpu_busy_ratio", from: nodeCPU, draw: share, weigh: but("mode", "idle", "iowait")},
	{name: "host_load1", from: `node_load1{job="node"}`, draw: level},
	{name: "cpu_cores", from: serviceCPU, draw: speed, by: "service"},
}

// percentiles are k6's own, over the three seconds around each second: its series
// come in bursts, one a second.
var percentiles = map[string]string{P95: "0.95", "p99_ms": "0.99"}

// Names of curves that k6 wrote.
const (
	RPS        = "rps"         // requests that ended in each second
	ErrorRatio = "error_ratio" // share of them, and of dropped iterations, that failed or were dropped
	VUs        = "vus"
	P95        = "p95_ms" // 95th percentile of their waits
)

func (f *fetcher) series(ctx context.Context) (record.Series, error) {
	w := f.window
	s := record.Series{Start: w.Start.UTC(), Step: interval.Seconds(), Curves: make(map[string][]*float64)}
	var grid []time.Time
	for at := w.Start; at.Before(w.End); at = at.Add(interval) {
		grid = append(grid, at.Add(interval))
	}
	for _, c := range curves {
		all, err := f.fetch(ctx, c.from)
		if err != nil {
			return record.Series{}, err
		}
		for suffix, part := range all.by(c.by, w) {
			s.Curves[c.name+suffix] = c.values(part, grid)
		}
	}
	for name, quantile := range percentiles {
		query := `1000 * histogram_quantile(` + quantile + `, sum(rate(` + k6Wait + `[3s] offset -1s)))`
		values, err := f.reader.evaluate(ctx, query, grid)
		if err != nil {
			return record.Series{}, err
		}
		s.Curves[name] = values
	}
	return s, nil
}

func (c curve) values(f family, grid []time.Time) []*float64 {
	values := make([]*float64, len(grid))
	for i, at := range grid {
		if !f.alive(at) {
			continue
		}
		if value, ok := c.draw(f, at, c); ok {
			values[i] = rounded(value)
		}
	}
	return values
}

// rounded keeps the files small.
func rounded(value float64) *float64 { return new(math.Round(value*1e4) / 1e4) }

// alive reports whether the family has a sample near that time.
func (f family) alive(at time.Time) bool {
	for _, t := range f.times {
		if t.After(stamp(at.Add(-2*interval))) && !t.After(stamp(at.Add(interval))) {
			return true
		}
	}
	return false
}

// drawing gives a curve's value for the second that ends at a time.
type drawing func(f family, at time.Time, c curve) (value float64, ok bool)

// level is a gauge's value, its series added up.
func level(f family, at time.Time, c curve) (float64, bool) {
	var sum float64
	for _, t := range f.tracks {
		if recent := t.within(at.Add(-2*interval), at); len(recent) > 0 {
			sum += c.weigh.of(t) * float64(recent[len(recent)-1].Value)
		}
	}
	return sum, true
}

// speed is a counter's growth per second, its series added up.
func speed(f family, at time.Time, c curve) (float64, bool) {
	var sum float64
	for _, t := range f.tracks {
		if weight := c.weigh.of(t); weight != 0 {
			sum += weight * (t.total(at) - t.total(at.Add(-interval)))
		}
	}
	return sum / interval.Seconds(), true
}

// share is the growth of what weigh counts, per growth of what per counts.
func share(f family, at time.Time, c curve) (float64, bool) {
	part, _ := speed(f, at, c)
	whole, _ := speed(f, at, curve{weigh: c.per})
	return part / whole, whole > 0
}

// total is how much the counter has grown until then, in a straight line from
// sample to sample: so a second holds what happened in it, however the samples
// are shifted against the seconds. A series begins at 0, one interval before its
// first sample, but not before the load.
func (t track) total(at time.Time) float64 {
	if len(t.samples) == 0 {
		return 0
	}
	var total float64
	first := t.samples[0].Timestamp
	before := first.Add(-interval)
	if before.Before(t.load) && first.After(t.load) {
		before = t.load
	}
	for _, s := range t.steps(time.Time{}, t.samples[len(t.samples)-1].Timestamp.Time()) {
		if !s.at.After(stamp(at)) {
			total += s.delta
			before = s.at
			continue
		}
		if since := stamp(at).Sub(before); since > 0 {
			total += s.delta * float64(since) / float64(s.at.Sub(before))
		}
		break
	}
	return total
}

// evaluate returns a query's value at each time of the grid.
func (r *Reader) evaluate(ctx context.Context, query string, grid []time.Time) ([]*float64, error) {
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	values := make([]*float64, len(grid))
	answer, _, _, err := r.api.QueryRange(ctx, query, promv1.Range{Start: grid[0], End: grid[len(grid)-1], Step: interval})
	if err != nil {
		return nil, fmt.Errorf("query %s: %w", query, err)
	}
	matrix, ok := answer.(model.Matrix)
	if !ok || len(matrix) > 1 {
		return nil, fmt.Errorf("query %s: Prometheus answers with more than one curve", query)
	}
	for _, stream := range matrix {
		for _, s := range stream.Values {
			i := int(math.Round(s.Timestamp.Time().Sub(grid[0]).Seconds() / interval.Seconds()))
			if i >= 0 && i < len(values) && !math.IsNaN(float64(s.Value)) {
				values[i] = rounded(float64(s.Value))
			}
		}
	}
	return values, nil
}

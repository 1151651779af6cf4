package snapshot

import (
	"context"
	"fmt"
	"math"
	"time"

	promv1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"

	"stormwave/lab/internal/metric"
	"stormwave/lab/internal/record"
)

// interval is the time between two values of a curve.
const interval = time.Second

// drawing gives a curve's value for the second that ends at a time.
type drawing func(f family, at time.Time, m *metric.Metric) (value float64, ok bool)

var drawings = map[metric.Drawing]drawing{
	metric.Level: level,
	metric.Speed: speed,
	metric.Share: share,
}

func (f *fetcher) series(ctx context.Context) (record.Series, error) {
	w := f.window
	s := record.Series{Start: w.Start.UTC(), Step: interval.Seconds(), Curves: make(map[string][]*float64)}
	var grid []time.Time
	for at := w.Start; at.Before(w.End); at = at.Add(interval) {
		grid = append(grid, at.Add(interval))
	}
	for _, m := range metric.All() {
		if !m.Kept {
			continue
		}
		if m.Draw == metric.Spread {
			// Over the three seconds around each second: the series of k6 come in bursts, one a second.
			query := m.Distribution("sum(rate(" + m.Family.String() + "[3s] offset -1s))")
			values, err := f.reader.evaluate(ctx, query, grid)
			if err != nil {
				return record.Series{}, err
			}
			s.Curves[m.Name] = values
			continue
		}
		all, err := f.fetch(ctx, m.Family.String())
		if err != nil {
			return record.Series{}, err
		}
		for suffix, part := range all.by(m.By, w) {
			s.Curves[m.Name+suffix] = values(m, part, grid)
		}
	}
	return s, nil
}

func values(m *metric.Metric, f family, grid []time.Time) []*float64 {
	values := make([]*float64, len(grid))
	for i, at := range grid {
		if !f.alive(at) {
			continue
		}
		if value, ok := drawings[m.Draw](f, at, m); ok {
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

// level is a gauge's value, its series added up.
func level(f family, at time.Time, m *metric.Metric) (float64, bool) {
	var sum float64
	for _, t := range f.tracks {
		if recent := t.within(at.Add(-2*interval), at); len(recent) > 0 {
			sum += weight(m, t) * float64(recent[len(recent)-1].Value)
		}
	}
	return sum, true
}

// speed is a counter's growth per second, its series added up.
func speed(f family, at time.Time, m *metric.Metric) (float64, bool) {
	var sum float64
	for _, t := range f.tracks {
		if n := weight(m, t); n != 0 {
			sum += n * (t.total(at) - t.total(at.Add(-interval)))
		}
	}
	return sum / interval.Seconds(), true
}

// share is the growth of what counts, per growth of the whole.
func share(f family, at time.Time, m *metric.Metric) (float64, bool) {
	part, _ := speed(f, at, m)
	all, _ := speed(f, at, whole(m))
	return part / all, all > 0
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

package page

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/api"
	promv1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"
)

// asker asks one Prometheus.
type asker struct {
	http *http.Client
	api  promv1.API
}

func newAsker(url string) (*asker, error) {
	a := &asker{http: &http.Client{Transport: &http.Transport{MaxConnsPerHost: askAtOnce}}}
	client, err := api.NewClient(api.Config{Address: url, Client: a.http})
	if err != nil {
		return nil, fmt.Errorf("draw from Prometheus at %s: %w", url, err)
	}
	a.api = promv1.NewAPI(client)
	return a, nil
}

func (a *asker) close() { a.http.CloseIdleConnections() }

// sample is a curve's value at a point of the grid.
type sample struct {
	at    int64 // the point
	value float64
}

// samples returns what the query gives at the points of the grid, by the label's value.
func (a *asker) samples(
	ctx context.Context, g grid, from, to int64, query string, label string,
) (map[string][]sample, error) {
	answer, _, err := a.ask(ctx, query, promv1.Range{Start: g.time(from), End: g.time(to), Step: g.step})
	if err != nil {
		return nil, err
	}
	all := make(map[string][]sample, len(answer))
	for _, stream := range answer {
		name := string(stream.Metric[model.LabelName(label)])
		for _, s := range stream.Values {
			if !math.IsNaN(float64(s.Value)) {
				all[name] = append(all[name], sample{g.point(s.Timestamp.Time()), float64(s.Value)})
			}
		}
	}
	return all, nil
}

func (a *asker) ask(ctx context.Context, query string, r promv1.Range) (model.Matrix, promv1.Warnings, error) {
	answer, warnings, _, err := a.api.QueryRange(ctx, query, r)
	if err != nil {
		return nil, nil, err
	}
	matrix, ok := answer.(model.Matrix)
	if !ok {
		return nil, nil, fmt.Errorf("read the answer: it is a %s, not a matrix", answer.Type())
	}
	return matrix, warnings, nil
}

// grid are the points in time that curves have values at, numbered from the epoch on:
// two pages that are drawn a second apart have their points at the same times.
type grid struct {
	step   time.Duration
	points int64 // of a curve
}

func (g grid) time(point int64) time.Time { return time.Unix(0, point*int64(g.step)) }

func (g grid) point(t time.Time) int64 {
	return (t.UnixNano() + int64(g.step)/2) / int64(g.step)
}

// last is the newest point at or before t.
func (g grid) last(t time.Time) int64 { return t.UnixNano() / int64(g.step) }

// window is the text of the time that a rate is over.
func (g grid) window() string { return model.Duration(max(shortestWindow, g.step)).String() }

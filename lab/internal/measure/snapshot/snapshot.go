// Package snapshot reads a trial's metrics back from Prometheus: those of package metric that come from there.
//
// Counters are differenced between raw samples, either until all has been told or between
// the load's edges (reduce.go); nothing is extrapolated. What cannot be read is named as
// missing, and is never 0.
package snapshot

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"slices"
	"time"

	"github.com/prometheus/client_golang/api"
	promv1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"

	"stormwave/lab/internal/metric"
	"stormwave/lab/internal/record"
	"stormwave/lab/internal/series"
)

// Window is the time of one trial. Its times are in order.
type Window struct {
	// before anything is sent: requests are counted from here, to agree with what k6 sends before the load
	Before  time.Time
	Start   time.Time // of the load: all else is counted from here
	End     time.Time // of the load; rates divide by End − Start, and what needs no load to go on counts until here
	Settled time.Time // when every counter was final: what the load has caused counts until here
}

// Reading is what Prometheus holds of a window.
type Reading struct {
	Metrics map[string]float64 // by canonical name; a labelled one is written cpu_cores{service="app"}
	Missing []string           // canonical names that could not be read
	Series  record.Series
}

// queryTimeout bounds one query.
const queryTimeout = 20 * time.Second

// Reader asks one Prometheus.
type Reader struct {
	http *http.Client
	api  promv1.API
}

// New returns a reader of the Prometheus at that URL.
func New(url string) (*Reader, error) {
	r := &Reader{http: &http.Client{Transport: &http.Transport{}}}
	client, err := api.NewClient(api.Config{Address: url, Client: r.http})
	if err != nil {
		return nil, fmt.Errorf("read from Prometheus at %s: %w", url, err)
	}
	r.api = promv1.NewAPI(client)
	return r, nil
}

// Close gives the connections back.
func (r *Reader) Close() { r.http.CloseIdleConnections() }

// Read reads every canonical metric and curve of the window. A metric whose ratio
// has no denominator (no query, no hit ratio) is left out without being missing.
func (r *Reader) Read(ctx context.Context, w Window) (Reading, error) {
	if w.Start.Before(w.Before) || !w.End.After(w.Start) || w.Settled.Before(w.End) {
		return Reading{}, fmt.Errorf("read window: its times are out of order: %+v", w)
	}
	f := fetcher{reader: r, window: w, families: make(map[string]family)}
	reading := Reading{Metrics: make(map[string]float64)}
	for _, m := range metric.All() {
		read := f.read
		switch m.Reduce {
		case metric.Unread:
			continue
		case metric.OverHistogram:
			read = f.readDistribution
		}
		if err := read(ctx, m, &reading); err != nil {
			return Reading{}, fmt.Errorf("read %s: %w", m.Name, err)
		}
	}
	reading.others()
	up, err := f.fetch(ctx, series.ServiceUp+`{job="lab"}`)
	if err != nil {
		return Reading{}, fmt.Errorf("read which services ran: %w", err)
	}
	reading.unseen(up, w)
	if reading.Series, err = f.series(ctx); err != nil {
		return Reading{}, fmt.Errorf("read curves: %w", err)
	}
	return reading, nil
}

// others takes what was stolen, and the CPU of the lab's services, off what is busy. Where
// none of them was seen it cannot be told what is others', and is left out.
func (r *Reading) others() {
	busy, ok := metric.HostBusyCores.Get(r.Metrics)
	stolen, told := metric.HostStealCores.Get(r.Metrics)
	busy -= stolen
	if !ok || !told {
		r.Missing = append(r.Missing, metric.HostOtherCores.Name)
		return
	}
	services := metric.CPUCores.Values(r.Metrics)
	if len(services) == 0 {
		return
	}
	for _, used := range services {
		busy -= used
	}
	r.Metrics[metric.HostOtherCores.Name] = math.Max(0, busy)
}

// ofEach are the metrics that each service has which ran.
var ofEach = []*metric.Metric{metric.CPUCores, metric.MemoryPSS}

// unseen names what could not be read of a service that ran: the process may be of an account into which the lab
// may not look.
func (r *Reading) unseen(up family, w Window) {
	for suffix := range up.by("service", w) {
		for _, m := range ofEach {
			_, read := r.Metrics[m.Name+suffix]
			if !read && !slices.Contains(r.Missing, m.Name) && !slices.Contains(r.Missing, m.Name+suffix) {
				r.Missing = append(r.Missing, m.Name+suffix)
			}
		}
	}
	slices.Sort(r.Missing)
}

func (f *fetcher) read(ctx context.Context, m *metric.Metric, into *Reading) error {
	all, err := f.fetch(ctx, m.Family.String())
	if err != nil {
		return err
	}
	if !all.covers(f.window) {
		into.Missing = append(into.Missing, m.Name)
		return nil
	}
	for suffix, part := range all.by(m.By, f.window) {
		value, ok := reductions[m.Reduce](part, f.window, m)
		switch {
		case !ok:
		case math.IsNaN(value) || math.IsInf(value, 0):
			into.Missing = append(into.Missing, m.Name+suffix)
		case m.Scale != 0:
			into.Metrics[m.Name+suffix] = m.Scale * value
		default:
			into.Metrics[m.Name+suffix] = value
		}
	}
	return nil
}

// fetcher gets the raw samples of one window, each family once.
type fetcher struct {
	reader   *Reader
	window   Window
	families map[string]family
}

func (f *fetcher) fetch(ctx context.Context, selector string) (family, error) {
	if known, ok := f.families[selector]; ok {
		return known, nil
	}
	matrix, err := f.reader.samples(ctx, selector, f.window.Before.Add(-edge), f.window.Settled)
	if err != nil {
		return family{}, err
	}
	f.families[selector] = newFamily(matrix, f.window.Start)
	return f.families[selector], nil
}

// samples returns the raw samples after from, up to and including to. A range
// selector at the end also returns series that have become stale meanwhile.
func (r *Reader) samples(ctx context.Context, selector string, from, to time.Time) (model.Matrix, error) {
	value, err := r.query(ctx, fmt.Sprintf("%s[%dms]", selector, to.Sub(from).Milliseconds()), to)
	if err != nil {
		return nil, err
	}
	matrix, ok := value.(model.Matrix)
	if !ok {
		return nil, fmt.Errorf("query %s: Prometheus answers with a %s", selector, value.Type())
	}
	return matrix, nil
}

func (r *Reader) query(ctx context.Context, query string, at time.Time) (model.Value, error) {
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	value, _, _, err := r.api.Query(ctx, query, at)
	if err != nil {
		return nil, fmt.Errorf("query %s: %w", query, err)
	}
	return value, nil
}

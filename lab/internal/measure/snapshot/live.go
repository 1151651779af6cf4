package snapshot

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/prometheus/common/model"

	"stormwave/lab/internal/metric"
)

// Now is how the load goes at this moment, as k6 sees it.
type Now struct {
	RPS        float64
	ErrorRatio float64 // of these requests, 0…1
	P99        float64 // milliseconds
	VUs        int
}

// ErrNoLoad is returned while k6 has not written anything for some seconds.
var ErrNoLoad = errors.New("k6 has written no series yet")

const (
	liveRange = 2 * time.Minute // that is looked at: k6 writes a series only when it has grown
	liveFresh = 5 * time.Second // after which a load that writes nothing is none
	liveSpan  = 2 * time.Second // that the figures are over
)

// Live reads the last seconds of the load that runs.
func (r *Reader) Live(ctx context.Context) (Now, error) {
	now := time.Now()
	matrix, err := r.samples(ctx, metric.RPS.Family.String(), now.Add(-liveRange), now)
	if err != nil {
		return Now{}, fmt.Errorf("read live figures: %w", err)
	}
	sent := newFamily(matrix, time.Time{})
	if len(sent.times) == 0 || now.Sub(sent.times[len(sent.times)-1].Time()) > liveFresh {
		return Now{}, ErrNoLoad
	}
	var live Now
	// k6 writes once a second, so its newest sample is the end of what is known.
	end := sent.times[len(sent.times)-1].Time()
	var requests, failed float64
	for _, t := range sent.tracks {
		grown := t.total(end) - t.total(end.Add(-liveSpan))
		requests += grown
		failed += grown * weight(metric.ErrorRatio, t)
	}
	live.RPS = requests / liveSpan.Seconds()
	if requests > 0 {
		live.ErrorRatio = failed / requests
	}
	vus, err := r.samples(ctx, metric.VUs.Family.String(), now.Add(-liveFresh), now)
	if err != nil {
		return Now{}, fmt.Errorf("read live figures: %w", err)
	}
	if last, ok := level(newFamily(vus, time.Time{}), end, metric.VUs); ok {
		live.VUs = int(last)
	}
	p99, err := r.query(ctx, metric.P99Curve.Query(model.Duration(2*liveSpan).String()), end)
	if err != nil {
		return Now{}, fmt.Errorf("read live figures: %w", err)
	}
	if vector, ok := p99.(model.Vector); ok && len(vector) == 1 && !math.IsNaN(float64(vector[0].Value)) {
		live.P99 = float64(vector[0].Value)
	}
	return live, nil
}

const (
	scrapeTimeout = 10 * time.Second
	scrapePause   = 50 * time.Millisecond // between two looks
)

// AwaitScrape waits until Prometheus holds a successful scrape of every target of
// the job that began after that moment.
func (r *Reader) AwaitScrape(ctx context.Context, job string, after time.Time) error {
	ctx, cancel := context.WithTimeoutCause(ctx, scrapeTimeout,
		fmt.Errorf("no scrape of job %s in %s: is its target up? see lab status", job, scrapeTimeout))
	defer cancel()
	for {
		up, err := r.samples(ctx, fmt.Sprintf("up{job=%q}", job), after, time.Now().Add(scrapePause))
		if err == nil && scraped(up) {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("await scrape of %s: %w", job, errors.Join(context.Cause(ctx), err))
		case <-time.After(scrapePause):
		}
	}
}

// scraped reports whether each target was reached at least once.
func scraped(up model.Matrix) bool {
	for _, target := range up {
		if !slices.ContainsFunc(target.Values, func(s model.SamplePair) bool { return s.Value == 1 }) {
			return false
		}
	}
	return len(up) > 0
}

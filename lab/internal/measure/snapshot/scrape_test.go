//go:build services

package snapshot

import (
	"context"
	"math"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"stormwave/app/contract"
)

func native(registry *prometheus.Registry, name string, labels ...string) *prometheus.HistogramVec {
	h := prometheus.NewHistogramVec(
		prometheus.HistogramOpts{Name: name, Help: "A test's.", NativeHistogramBucketFactor: 1.1}, labels,
	)
	registry.MustRegister(h)
	return h
}

func TestReadPercentilesOfAnAppThatIsGone(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	requests := native(registry, contract.MetricRequestDuration, "route")
	acquires := native(registry, contract.MetricAcquireDuration, "target", "outcome")
	app := httptest.NewServer(promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	defer app.Close()
	for range 1000 { // of the warm-up, all of it slow
		requests.WithLabelValues(contract.RouteFeed).Observe(5)
		acquires.WithLabelValues(contract.TargetPrimary, contract.OutcomeOK).Observe(1)
	}
	reader, _ := onEmpty(t, map[string]string{"app": app.Listener.Addr().String()})
	if err := reader.AwaitScrape(t.Context(), "app", time.Now()); err != nil {
		t.Fatal(err)
	}

	start := time.Now()
	for i := range 1000 {
		route := contract.RouteFeed
		if i%2 == 0 {
			route = contract.RoutePost // nobody has asked for it before
		}
		requests.WithLabelValues(route).Observe(float64(i+1) / 1000)
		requests.WithLabelValues(contract.RouteOther).Observe(100)
	}
	for range 300 {
		acquires.WithLabelValues(contract.TargetPrimary, contract.OutcomeOK).Observe(0.02)
	}
	for range 100 {
		acquires.WithLabelValues(contract.TargetPrimary, contract.OutcomeTimeout).Observe(0.5)
	}
	end := time.Now()
	if err := reader.AwaitScrape(t.Context(), "app", end); err != nil {
		t.Fatal(err)
	}
	app.Close()
	awaitDown(t, reader, "app")

	got, err := reader.Read(t.Context(), Window{Before: start, Start: start, End: end, Settled: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]struct{ value, tolerance float64 }{
		"http_p95_ms":       {950, 0.05}, // the error of a bucket
		"http_p99_ms":       {990, 0.05},
		"pool_wait_mean_ms": {(300*0.02 + 100*0.5) / 400 * 1000, 1e-6},
	} {
		if v, ok := got.Metrics[name]; !ok || math.Abs(v-want.value) > want.tolerance*want.value {
			t.Errorf("%s = %v, %v; want %v", name, v, ok, want.value)
		}
	}
}

// onEmpty starts a Prometheus with an empty TSDB.
func onEmpty(t *testing.T, targets map[string]string) (*Reader, string) {
	t.Helper()
	return startPrometheus(t, t.TempDir(), targets)
}

func awaitDown(t *testing.T, reader *Reader, job string) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		up, err := reader.samples(t.Context(), `up{job="`+job+`"}`, time.Now().Add(-time.Minute), time.Now())
		if err != nil {
			t.Fatal(err)
		}
		if samples := up[0].Values; samples[len(samples)-1].Value == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s is still up", job)
		}
	}
}

func TestAwaitScrape(t *testing.T) {
	t.Parallel()
	target := httptest.NewServer(promhttp.HandlerFor(prometheus.NewRegistry(), promhttp.HandlerOpts{}))
	defer target.Close()
	reader, _ := onEmpty(t, map[string]string{"here": target.Listener.Addr().String(), "gone": freeAddr(t)})

	// Prometheus may take seconds until it knows its targets.
	if err := reader.AwaitScrape(t.Context(), "here", time.Now()); err != nil {
		t.Fatal(err)
	}
	after := time.Now()
	if err := reader.AwaitScrape(t.Context(), "here", after); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(after); took > 3*time.Second {
		t.Errorf("a scrape each second was awaited for %s", took)
	}
	up, err := reader.samples(t.Context(), `up{job="here"}`, after, time.Now())
	if err != nil || len(up) == 0 {
		t.Errorf("samples after the moment: %v, %v; want one", up, err)
	}
	for _, job := range []string{"gone", "unknown"} {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		err := reader.AwaitScrape(ctx, job, time.Now())
		cancel()
		if err == nil || !strings.Contains(err.Error(), "await scrape of "+job) {
			t.Errorf("AwaitScrape of %s = %v; want an error", job, err)
		}
	}
}

//go:build services

package load

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMixedReadsWhatItWrites(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	b.healthy = true
	cfg := trial(t, "mixed", 0.03, b)
	got, err := Run(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(b.status, got.Load.Status); diff != "" || len(b.faults) > 0 {
		t.Errorf("the backend saw faults %v; counts by status (-backend +k6):\n%s", b.faults, diff)
	}
	// A tenth of the iterations writes, and reads besides: within five standard deviations.
	writes := b.status["201"]
	iterations := float64(got.Load.Requests - writes)
	if math.Abs(float64(writes)-0.1*iterations) > 5*math.Sqrt(iterations*0.1*0.9) {
		t.Errorf("%d of %g iterations wrote; want a tenth", writes, iterations)
	}
	if s := got.Load.StaleReads; s == nil || *s != 0 || got.FailedChecks != 0 || got.Load.Failed != 0 {
		t.Errorf("stale reads %v, failed checks %d, failed requests %d; want 0 of each", s, got.FailedChecks, got.Load.Failed)
	}
	if got.Load.SetupRequests != 42 || b.setup != 42 || len(b.sessions) != 40 {
		t.Errorf(
			"%d requests in setup, %d at the backend, %d sessions; want two users and 20 log-ins of each",
			got.Load.SetupRequests, b.setup, len(b.sessions),
		)
	}
	sent := float64(got.Load.Requests)
	if good := got.Load.GoodputRPS * cfg.Script.Nominal.Seconds(); good < 0.5*sent || good > sent+0.5 {
		t.Errorf("%.1f good requests of %d", good, got.Load.Requests)
	}
	bodies := make(map[string]bool)
	for _, body := range b.posts {
		bodies[body] = true
	}
	if len(bodies) != len(b.posts) {
		t.Errorf("%d bodies in %d posts; want each another", len(bodies), len(b.posts))
	}
}

func TestMixedCountsStaleReads(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	b.healthy, b.late = true, true
	got, err := Run(t.Context(), trial(t, "mixed", 0.03, b))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(b.status, got.Load.Status); diff != "" {
		t.Errorf("counts by status (-backend +k6):\n%s", diff)
	}
	if s := got.Load.StaleReads; b.stale < 10 || s == nil || *s != b.stale || got.FailedChecks != b.stale ||
		got.Load.Failed != b.stale {
		t.Errorf(
			"stale reads %v, failed checks %d, failed requests %d; the backend gave %d", s, got.FailedChecks, got.Load.Failed,
			b.stale,
		)
	}
}

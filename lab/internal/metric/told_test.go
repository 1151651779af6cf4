package metric

import (
	"slices"
	"testing"

	"stormwave/lab/backends"
	"stormwave/lab/internal/backend"
)

func TestUntold(t *testing.T) {
	if names := Untold(backends.Default()); names != nil {
		t.Errorf("the lab's own backend does not tell %q", names)
	}
	pools := &backend.Backend{Metrics: backend.Metrics{Names: map[string]string{
		backend.Series.PoolAcquired: "in_use", backend.Series.PoolAcquires: "acquires",
	}}}
	untold := Untold(pools)
	for _, m := range []*Metric{PoolAcquired, PoolAcquiresRate, OfPrimary.QPS, CPUCores, GCShare} {
		if slices.Contains(untold, m.Name) {
			t.Errorf("%s is not told", m.Name)
		}
	}
	// Failures are made of acquires and of errors: acquires alone would make them 0.
	for _, m := range []*Metric{HTTPRequests, QueryErrors, AcquireTimeouts, PoolWait} {
		if !slices.Contains(untold, m.Name) {
			t.Errorf("%s is told", m.Name)
		}
	}
}

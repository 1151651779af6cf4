//go:build services

package load

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"stormwave/lab/internal/record"
)

func TestStormOpenOffersItsRate(t *testing.T) {
	b := newBackend(t)
	cfg := trialWith(t, "storm-open", 0.06, b, map[string]string{"RATE": "0.25"})
	got, err := Run(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(b.status, got.Load.Status); diff != "" || len(b.faults) > 0 {
		t.Errorf("the backend saw faults %v; counts by status (-backend +k6):\n%s", b.faults, diff)
	}
	// A quarter of 1980 requests/s, held for 40 s, and on average half of it in the
	// 8 s before and the 2 s after, all at 0.06 of the length.
	offered(t, got, 0.25*1980*(8/2.+40+2/2.)*0.06)
	if got.Load.SetupRequests != 4 || got.Load.Interrupted != 0 || got.FailedChecks != 0 {
		t.Errorf(
			"%d requests in setup, interrupted %d, failed checks %d; want 4, 0, 0", got.Load.SetupRequests, got.Load.Interrupted,
			got.FailedChecks,
		)
	}
	if phases := slices.Sorted(maps.Keys(got.Phases)); !slices.Equal(phases, []string{"down", "hold", "ramp"}) {
		t.Errorf("phases = %v", phases)
	}
	if got.Load.StaleReads != nil {
		t.Errorf("%d stale reads; want no number, for nothing is written", *got.Load.StaleReads)
	}
	if len(b.authors) < 100 || len(b.sessions) != 2 {
		t.Errorf("feeds of %d authors were read in %d sessions", len(b.authors), len(b.sessions))
	}
}

// Its steps are rates, and RATE scales them and their names.
func TestWaveOpenClimbsWhereTheWaveDoes(t *testing.T) {
	b := newBackend(t)
	b.healthy = true
	cfg := trialWith(t, "wave-open", 0.03, b, map[string]string{"RATE": "0.5"})
	got, err := Run(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	offered(t, got, 0.5*1000*(90/2.+30)*0.03)
	if len(got.Phases) != 11 {
		t.Errorf("phases = %v; want ten steps and the hold", slices.Sorted(maps.Keys(got.Phases)))
	}
	// The step that leads to n requests per second sends n-25 on average, for 9 s.
	for n := 100; n <= 500; n += 50 {
		step := got.Phases[fmt.Sprintf("rate_%d", n)]
		sent, want := float64(step.Requests), float64(n-25)*9*0.03
		if math.Abs(sent-want) > 0.2*want+5 {
			t.Errorf("%g requests in the step to %d requests per second; want %.0f", sent, n, want)
		}
		offer := record.Offer{Order: n / 50, Seconds: 0.27, From: float64(n - 50), To: float64(n), Unit: record.UnitRate}
		if diff := cmp.Diff(&offer, step.Offer); diff != "" {
			t.Errorf("step to %d (-want +got):\n%s", n, diff)
		}
	}
}

// An open load does not wait for a slow backend: what no VU is free for is dropped.
func TestOpenLoadCountsWhatItDrops(t *testing.T) {
	b := newBackend(t)
	b.healthy, b.delay = true, 5*time.Second
	cfg := trialWith(t, "wave-open", 0.03, b, nil)
	got, err := Run(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	offered(t, got, 1000*(90/2.+30)*0.03)
	// No VU is free for a second request; not all that may be made are in time.
	if n := got.Load.Requests; n < 500 || n > cfg.Script.VUs || n != b.status["200"] || got.Load.Dropped < 1000 {
		t.Errorf(
			"%d requests, %d dropped, the backend counted %d; want 500 to %d requests", n, got.Load.Dropped, b.status["200"],
			cfg.Script.VUs,
		)
	}
	if got.Load.Interrupted != 0 {
		t.Errorf("%d iterations were cut off", got.Load.Interrupted)
	}
}

// offered compares what was sent or dropped with the rate's integral.
func offered(t *testing.T, got Result, want float64) {
	t.Helper()
	if sum := float64(got.Load.Requests + got.Load.Dropped); math.Abs(sum-want) > 0.1*want {
		t.Errorf("%d requests and %d dropped; want %.0f together", got.Load.Requests, got.Load.Dropped, want)
	}
}

func TestShareOfTheFeedsIsSlow(t *testing.T) {
	for _, name := range []string{"storm", "storm-open"} {
		b := newBackend(t)
		b.healthy = true
		cfg := trialWith(t, name, 0.03, b, map[string]string{"RATE": "0.5", "SLOW_SHARE": "0.2", "SLOW_TIME": "1.5s"})
		got, err := Run(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		if got.Load.Requests != b.status["200"] || got.Load.Failed != 0 || got.FailedChecks != 0 || len(b.faults) > 0 {
			t.Errorf("%s: %d requests, %d failed, failed checks %d, faults %v; the backend counted %d",
				name, got.Load.Requests, got.Load.Failed, got.FailedChecks, b.faults, b.status["200"])
		}
		// Within five standard deviations of a fair draw.
		n := float64(got.Load.Requests)
		slow := float64(b.queries["1500ms"])
		if math.Abs(slow-0.2*n) > 5*math.Sqrt(n*0.2*0.8) || len(b.queries) != 1 {
			t.Errorf("%s: slow queries by time = %v of %g requests; want a fifth, of 1500ms", name, b.queries, n)
		}
	}
}

package store

import (
	"errors"
	"math"
	"testing"
	"time"

	"stormwave/app/contract"
	"stormwave/app/internal/telemetry"
)

// How far a replica is behind that does not answer is not known, and not what it was before.
func TestLagOfAReplicaThatIsGoneIsUnknown(t *testing.T) {
	metrics := telemetry.New()
	r := &replica{meter: metrics.Replica(), moved: make(chan struct{})}
	gauge := func(name string) float64 {
		t.Helper()
		families, err := metrics.Registry().Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range families {
			if f.GetName() == name {
				return f.GetMetric()[0].GetGauge().GetValue()
			}
		}
		t.Fatalf("there is no %s", name)
		return 0
	}
	r.learn(sight{lag: 2 * time.Second, bytes: 300, replayed: 70, beats: 3, end: 370}, nil)
	lag, size := gauge(contract.MetricReplicaLag), gauge(contract.MetricReplicaLagSize)
	if lag != 2 || size != 300 {
		t.Errorf("it is %v s and %v bytes behind; want 2 and 300", lag, size)
	}
	r.learn(sight{beats: 4, end: 400}, errors.New("it is gone"))
	lag, size = gauge(contract.MetricReplicaLag), gauge(contract.MetricReplicaLagSize)
	if !math.IsNaN(lag) || !math.IsNaN(size) {
		t.Errorf("gone, it is %v s and %v bytes behind; want no number", lag, size)
	}
	if got, want := r.horizon(), (horizon{beats: 4, end: 400, replayed: 70}); got != want {
		t.Errorf("the probe has seen %+v; want %+v", got, want)
	}
}

// What is asked to find out how the backend is does not go through the limits of its requests.
func TestProbesHaveNoLimits(t *testing.T) {
	p := &pool{target: contract.TargetPrimary, min: 3, acquireTimeout: time.Millisecond, queryTimeout: time.Millisecond}
	unhurried := p.patient()
	if unhurried.acquireTimeout != 0 || unhurried.queryTimeout != 0 || unhurried.min != 3 || p.acquireTimeout == 0 {
		t.Errorf("%+v asks without limits for %+v", unhurried, p)
	}
}

func TestProbeKeepsTheNameOfItsURL(t *testing.T) {
	for url, want := range map[string]string{
		"postgres://app@127.0.0.1/stormwave":                        "app probe",
		"postgres://app@127.0.0.1/stormwave?application_name=reads": "reads",
	} {
		config, err := probeConfig(url)
		if err != nil {
			t.Fatal(err)
		}
		if got := config.RuntimeParams["application_name"]; got != want {
			t.Errorf("the probe of %s calls itself %q, want %q", url, got, want)
		}
	}
}

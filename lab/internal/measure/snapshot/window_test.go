package snapshot

import (
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"

	"stormwave/lab/internal/metric"
	"stormwave/lab/internal/series"
)

// tenSeconds is a load of that length, whose counters are final 2.6 s after it.
var tenSeconds = Window{
	Before: loadStart.Add(-time.Second), Start: loadStart, End: loadStart.Add(10 * time.Second),
	Settled: loadStart.Add(12600 * time.Millisecond),
}

// law is a series whose value follows from the seconds since the start of the load.
type law struct {
	labels model.Metric
	value  func(seconds float64) float64
}

// always grows by so much a second, whether there is a load or not.
func always(perSecond float64) func(float64) float64 {
	return func(s float64) float64 { return 100 + perSecond*s }
}

// within grows by one rate in the load, and by another before and after.
func within(load, rest float64) func(float64) float64 {
	return func(s float64) float64 {
		inLoad := min(max(s, 0), 10)
		return 100 + load*inLoad + rest*(s-inLoad)
	}
}

// late is within the load too, but a part of it is handed in only some time after.
func late(perSecond, part, at float64) func(float64) float64 {
	return func(s float64) float64 {
		v := 100 + perSecond*min(max(s, 0), 10)
		if s >= 0 && s < at {
			v -= min(part, perSecond*s)
		}
		return v
	}
}

// reduced reads a canonical metric of series that have a sample each second, 0.3 s after
// the full one.
func reduced(t *testing.T, m *metric.Metric, w Window, all ...law) map[string]float64 {
	t.Helper()
	var matrix model.Matrix
	for _, s := range all {
		stream := &model.SampleStream{Metric: s.labels}
		for since := -4700 * time.Millisecond; since <= w.Settled.Sub(w.Start); since += time.Second {
			value := model.SampleValue(s.value(since.Seconds()))
			stream.Values = append(stream.Values, model.SamplePair{Timestamp: stamp(w.Start.Add(since)), Value: value})
		}
		matrix = append(matrix, stream)
	}
	values := make(map[string]float64)
	for suffix, part := range newFamily(matrix, w.Start).by(m.By, w) {
		if v, ok := reductions[m.Reduce](part, w, m); ok {
			values[suffix] = v
		}
	}
	return values
}

// What goes on all the time is measured in the load alone; what the load has caused is
// counted until it is handed in.
func TestEachCounterHasItsWindow(t *testing.T) {
	cpu := func(mode model.LabelValue, value func(float64) float64) law {
		return law{model.Metric{"mode": mode}, value}
	}
	of := func(name model.LabelValue, value func(float64) float64) law {
		return law{model.Metric{model.MetricNameLabel: name, "service": "app"}, value}
	}
	one := func(value func(float64) float64) []law { return []law{{nil, value}} }
	busy := []law{cpu("user", always(1.5)), cpu("system", always(0.5)), cpu("idle", always(0))}
	held := []law{
		of(series.ServiceThrottled, always(7)),
		of(series.ServiceQuotaPeriods, always(10)),
		of(series.ServiceCPULimit, always(0)),
	}
	quiet := []law{cpu("user", within(1.84, 0.1)), cpu("steal", within(0.02, 0)), cpu("idle", within(0.14, 1.9))}
	const (
		exact = 1e-9
		// Between two samples a counter is taken to grow evenly, also over the load's edges:
		// at each a fifth of a second of it is taken for the rest here.
		edges = 0.045
	)
	for _, c := range []struct {
		metric *metric.Metric
		series []law
		want   float64
		off    float64 // as a share of want
	}{
		{metric.HostBusyCores, busy, 2, exact},
		{metric.HostBusy, busy, 1, exact},
		{metric.HostCPUs, busy, 2, exact},
		{metric.HostBusyCores, quiet, 1.86, edges},
		{metric.HostBusy, quiet, 0.93, edges},
		{metric.HostSteal, quiet, 0.01, edges},
		{metric.HostStealCores, quiet, 0.02, edges},
		{metric.HostCPUs, quiet, 2, exact},
		{metric.HostCPUPressure, one(always(1)), 1, exact},
		{metric.HostCPUPressure, one(always(1.01)), 1, exact}, // the kernel adds it up every two seconds
		{metric.HostDiskPressure, one(within(0.5, 0)), 0.5, edges},
		{metric.HostMemoryPressure, one(within(0.5, 1)), 0.5, edges},
		{metric.HostDiskBusy, one(always(1)), 1, exact},
		{metric.HostNetwork, one(within(500, 80)), 500, edges},
		{metric.HostDiskRead, one(always(30)), 30, exact},
		{metric.HostDiskWritten, one(always(70)), 70, exact},
		{metric.CPUCores, []law{of("", always(0.4))}, 0.4, exact},
		{metric.Throttled, held, 0.7, exact},
		{metric.ClosedConnsRate, one(within(2, 4)), 2, edges},

		{metric.OfPrimary.Statements, one(late(200, 150, 12)), 2000, exact},
		{metric.OfPrimary.QPS, one(late(200, 150, 12)), 200, exact},
		{metric.OfPrimary.QPSPeak, one(late(200, 900, 12)), 200, exact},
		{metric.NewConns, one(within(3, 0)), 30, exact},
	} {
		t.Run(c.metric.Name, func(t *testing.T) {
			got := slices.Collect(maps.Values(reduced(t, c.metric, tenSeconds, c.series...)))
			if len(got) != 1 || math.Abs(got[0]-c.want) > c.off*c.want {
				t.Errorf("%v; want %v", got, c.want)
			}
		})
	}
}

// What was stolen is busy, but with nothing of this machine's.
func TestStolenCPUIsNoNeighbours(t *testing.T) {
	const app = `cpu_cores{service="app"}`
	none := math.NaN()
	for _, c := range []struct {
		name    string
		metrics map[string]float64
		want    float64
		missing bool
	}{
		{"stolen", map[string]float64{metric.HostBusyCores.Name: 1.4, metric.HostStealCores.Name: 0.3, app: 0.9}, 0.2, false},
		{"services used more than was busy", map[string]float64{
			metric.HostBusyCores.Name:  1.4,
			metric.HostStealCores.Name: 0,
			app:                        1.5,
		}, 0, false},
		{"no host", map[string]float64{app: 0.9}, none, true},
		{"no service", map[string]float64{metric.HostBusyCores.Name: 1.4, metric.HostStealCores.Name: 0.3}, none, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := Reading{Metrics: c.metrics}
			r.others()
			got, ok := r.Metrics[metric.HostOtherCores.Name]
			if ok == math.IsNaN(c.want) || ok && math.Abs(got-c.want) > 1e-9 {
				t.Errorf("%v, %v; want %v", got, ok, c.want)
			}
			if slices.Contains(r.Missing, metric.HostOtherCores.Name) != c.missing {
				t.Errorf("missing = %v; want it there: %v", r.Missing, c.missing)
			}
		})
	}
}

func TestReadRefusesTimesOutOfOrder(t *testing.T) {
	reader, err := New("http://127.0.0.1:1")
	if err != nil {
		t.Fatal(err)
	}
	w := tenSeconds
	w.Settled = w.End.Add(-time.Second)
	if _, err := reader.Read(t.Context(), w); err == nil || !strings.Contains(err.Error(), "out of order") {
		t.Errorf("Read = %v; want times out of order", err)
	}
	if _, err := reader.Read(t.Context(), tenSeconds); err == nil || !strings.Contains(err.Error(), "connection refused") {
		t.Errorf("Read without a Prometheus = %v", err)
	}
}

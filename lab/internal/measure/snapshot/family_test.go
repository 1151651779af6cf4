package snapshot

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/common/model"

	"stormwave/lab/internal/metric"
	"stormwave/lab/internal/series"
)

var loadStart = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// fiveSeconds is the load of the dips below.
var fiveSeconds = Window{
	Before:  loadStart,
	Start:   loadStart,
	End:     loadStart.Add(5 * time.Second),
	Settled: loadStart.Add(6 * time.Second),
}

// Taken for a new beginning the dip was all of the counter's life once more: 23 cores.
func TestADipIsNotALifeOfCPU(t *testing.T) {
	counter := counted(series.ServiceCPU, 112.00, 112.40, 112.80, 112.77, 113.60, 114.00, 114.00)
	counter.labels["service"] = "postgres"
	f := family{tracks: []track{counter}}
	for _, s := range counter.samples {
		f.times = append(f.times, s.Timestamp)
	}
	m := metric.CPUCores
	if got, ok := reductions[m.Reduce](f, fiveSeconds, m); !ok || math.Abs(got-0.4) > 1e-9 {
		t.Errorf("cpu_cores = %.4f, %v; want 0.4", got, ok)
	}
	highest := 0.0
	for second := 1; second <= 6; second++ {
		value, _ := drawings[m.Draw](f, loadStart.Add(time.Duration(second)*time.Second), m)
		highest = max(highest, value)
	}
	if math.Abs(highest-0.8) > 1e-9 {
		t.Errorf("the curve's highest second has %.4f cores; want the 0.8 after the dip", highest)
	}
}

// counted is a counter with a sample each second, the first at the start of the load.
func counted(name model.LabelValue, values ...float64) track {
	t := track{labels: model.Metric{model.MetricNameLabel: name}, load: stamp(loadStart)}
	for i, v := range values {
		at := loadStart.Add(time.Duration(i) * time.Second)
		t.samples = append(t.samples, model.SamplePair{Timestamp: stamp(at), Value: model.SampleValue(v)})
	}
	return t
}

// The CPU of a service is a sum over its processes. A process that ends while they are
// read is in neither its own figure nor its parent's, and the sum falls by a little.
func TestAFallIsAResetOnlyWhereItIsOne(t *testing.T) {
	for _, c := range []struct {
		name    string
		counter track
		want    float64
	}{
		{"grows", counted(series.ServiceCPU, 112, 112.4, 112.8, 113.6, 114), 2},
		{"dips", counted(series.ServiceCPU, 112, 112.4, 112.8, 112.77, 113.6, 114), 2},
		{"dips for a while", counted(series.ServiceCPU, 112, 114, 113, 113.5, 113.8, 115), 3},
		{"dips at the end", counted(series.ServiceCPU, 112, 114, 113.99), 2},
		{"begins anew", counted(series.ServiceCPU, 112, 114, 0.5, 1.25), 3.25},
		{"begins anew twice", counted(series.ServiceCPU, 112, 114, 1.5, 0.5, 0.75), 4.25},
		{"begins anew, and dips", counted(series.ServiceCPU, 112, 114, 4, 3.9, 5), 7},
		{"statements of a server that was restarted", counted(series.PGStatements, 300, 310, 200, 900), 910},
		{"a program's own counter begins anew", counted("app_http_requests_total", 3000, 3100, 2000, 2500), 2600},
		{"PgBouncer's begins anew", counted("pgbouncer_stats_totals_sql_transactions_pooled_total", 10, 20, 15), 25},
	} {
		t.Run(c.name, func(t *testing.T) {
			last := c.counter.samples[len(c.counter.samples)-1].Timestamp.Time()
			if got := c.counter.growth(loadStart, last); math.Abs(got-c.want) > 1e-9 {
				t.Errorf("growth = %.4f; want %.4f", got, c.want)
			}
			if got := c.counter.total(last) - c.counter.total(loadStart); math.Abs(got-c.want) > 1e-9 {
				t.Errorf("growth by total = %.4f; want %.4f", got, c.want)
			}
			var fastest float64
			for at := loadStart; at.Before(last); at = at.Add(time.Second) {
				fastest = max(fastest, c.counter.total(at.Add(time.Second))-c.counter.total(at))
			}
			if fastest > c.want {
				t.Errorf("%.4f in one second; all of it is %.4f", fastest, c.want)
			}
		})
	}
}

// A service that ran and of which a figure could not be read is named; another's figure does not stand for it.
func TestServicesWithoutAFigureAreNamed(t *testing.T) {
	var up family
	for _, service := range []string{"app", "postgres", "pgbouncer"} {
		track := counted(series.ServiceUp, 1, 1, 1, 1, 1, 1)
		track.labels["service"] = model.LabelValue(service)
		up.tracks = append(up.tracks, track)
	}
	r := Reading{
		Metrics: map[string]float64{
			`cpu_cores{service="app"}`: 0.4, `cpu_cores{service="postgres"}`: 0.2,
			`memory_pss_bytes_max{service="app"}`: 1e6,
		},
		Missing: []string{"primary_qps", `cpu_cores{service="pgbouncer"}`},
	}
	r.unseen(up, fiveSeconds)
	want := []string{
		`cpu_cores{service="pgbouncer"}`,
		`memory_pss_bytes_max{service="pgbouncer"}`, `memory_pss_bytes_max{service="postgres"}`,
		"primary_qps",
	}
	if !slices.Equal(r.Missing, want) {
		t.Errorf("missing are %q; want %q", r.Missing, want)
	}
	r.Missing = []string{"cpu_cores", metric.MemoryPSS.Name} // of all
	r.unseen(up, fiveSeconds)
	if len(r.Missing) != 2 {
		t.Errorf("missing are %q, of each service too", r.Missing)
	}
}

package telemetry

import (
	"net/http/httptest"
	"runtime"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"

	"stormwave/app/contract"
)

// Prometheus asks for protobuf, which alone carries native histograms; the
// classic buckets must stay beside them for all other readers.
func TestHistogramsAreNativeAndClassic(t *testing.T) {
	m := New()
	route := m.Route("/x", "GET", 200)
	route.Begin()
	route.End("GET", 200, 123*time.Millisecond)

	r := httptest.NewRequest("GET", "/metrics", nil)
	r.Header.Set("Accept", string(expfmt.NewFormat(expfmt.TypeProtoDelim)))
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, r)
	decoder := expfmt.NewDecoder(w.Body, expfmt.ResponseFormat(w.Header()))
	for {
		var family dto.MetricFamily
		if err := decoder.Decode(&family); err != nil {
			t.Fatalf("%s is not exposed: %v", contract.MetricRequestDuration, err)
		}
		if family.GetName() != contract.MetricRequestDuration {
			continue
		}
		h := family.Metric[0].Histogram
		if h.GetSampleCount() != 1 || h.GetSampleSum() != 0.123 {
			t.Errorf("count %d, sum %v, want 1 and 0.123", h.GetSampleCount(), h.GetSampleSum())
		}
		if len(h.Bucket) != len(buckets) {
			t.Errorf("%d classic buckets, want %d", len(h.Bucket), len(buckets))
		}
		// Schema 3 grows by 2^(1/8) = 1.09 a bucket, the widest that is within the factor of 1.1.
		if h.GetSchema() != 3 || len(h.PositiveSpan) != 1 {
			t.Errorf("native schema %d with %d spans, want 3 with 1", h.GetSchema(), len(h.PositiveSpan))
		}
		return
	}
}

// A query that failed counts as a query, and as none that succeeded.
func TestSuccessfulQueriesAreKeptApart(t *testing.T) {
	m := New()
	pool := m.Pool(contract.TargetPrimary, []string{"select_feed"}, nil)
	pool.Queried("select_feed", 2*time.Millisecond, true)
	pool.Queried("select_feed", 250*time.Millisecond, false)
	families, err := m.Registry().Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]*dto.Histogram{}
	for _, family := range families {
		if len(family.Metric) == 1 {
			got[family.GetName()] = family.Metric[0].Histogram
		}
	}
	all, ok := got[contract.MetricQueryDuration], got[contract.MetricQueryOKDuration]
	if all.GetSampleCount() != 2 || all.GetSampleSum() != 0.252 {
		t.Errorf("%d queries of %v s, want 2 of 0.252", all.GetSampleCount(), all.GetSampleSum())
	}
	if ok.GetSampleCount() != 1 || ok.GetSampleSum() != 0.002 {
		t.Errorf("%d successful queries of %v s, want 1 of 0.002", ok.GetSampleCount(), ok.GetSampleSum())
	}
}

// Who tunes the garbage collector must see what it costs, and of which whole.
func TestGarbageCollectorIsCounted(t *testing.T) {
	m := New()
	seconds := func(name string) float64 {
		families, err := m.Registry().Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, family := range families {
			if family.GetName() == name {
				return family.Metric[0].GetCounter().GetValue()
			}
		}
		t.Fatalf("%s is not exposed", name)
		return 0
	}
	before := seconds("go_cpu_classes_gc_mark_dedicated_cpu_seconds_total") +
		seconds("go_cpu_classes_gc_mark_assist_cpu_seconds_total") + seconds("go_cpu_classes_gc_pause_cpu_seconds_total")
	runtime.GC()
	after := seconds("go_cpu_classes_gc_mark_dedicated_cpu_seconds_total") +
		seconds("go_cpu_classes_gc_mark_assist_cpu_seconds_total") + seconds("go_cpu_classes_gc_pause_cpu_seconds_total")
	if after <= before || seconds("go_cpu_classes_user_cpu_seconds_total") <= 0 {
		t.Errorf("the collector has used %v s before and %v s after it ran", before, after)
	}
}

func TestLabelsOfRequestsAreBounded(t *testing.T) {
	m := New()
	route := m.Route("/x", "GET", 200)
	for _, method := range []string{"GET", "BREW", "PROPFIND", "a\x00b", "HEAD"} {
		route.Begin()
		route.End(method, 405, time.Millisecond)
	}
	families, err := m.Registry().Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, family := range families {
		if family.GetName() != contract.MetricRequests {
			continue
		}
		for _, metric := range family.Metric {
			labels := map[string]string{}
			for _, pair := range metric.Label {
				labels[pair.GetName()] = pair.GetValue()
			}
			got[labels["method"]+" "+labels["code"]] = metric.Counter.GetValue()
		}
	}
	want := map[string]float64{"GET 200": 0, "GET 405": 1, "HEAD 405": 1, "other 405": 3}
	if len(got) != len(want) {
		t.Errorf("series %v, want %v", got, want)
	}
	for series, n := range want {
		if got[series] != n {
			t.Errorf("%s = %v, want %v", series, got[series], n)
		}
	}
}

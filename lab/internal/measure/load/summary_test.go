package load

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// storm is the length of the script behind testdata/storm.json.
const storm = 5 * time.Second

// testdata/storm.json is what k6 2.0.0 wrote after a storm of a tenth of its length, in
// which every tenth answer was a 503. The metrics of lib/request.js are made of k6's own
// there: the script did not have them yet.
func realSummary(t testing.TB) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/storm.json")
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestParseRealSummary(t *testing.T) {
	s, err := Parse(realSummary(t), storm)
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, '\n')
	const golden = "testdata/storm.golden.json"
	if *update {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("(-want +got; -update accepts it)\n%s", diff)
	}
}

func TestParseRefuses(t *testing.T) {
	whole := string(realSummary(t))
	for name, c := range map[string]struct{ old, new, want string }{
		"a status outside the list": {
			`"http_reqs{scenario:load,status:503}"`, `"other"`, "by status: add the missing status",
		},
		"a missing phase": {`"http_reqs{scenario:load,phase:down}"`, `"other"`, "by phase"},
		"a missing metric": {
			`"http_req_failed{scenario:load}"`, `"other"`, "it lacks passes of http_req_failed{scenario:load}",
		},
		"a missing percentile":      {`"p(99)"`, `"p(98)"`, "it lacks p(99) of request_wait{scenario:load}"},
		"no durations":              {`"request_wait{scenario:load}"`, `"other"`, "it lacks count of request_wait{"},
		"no slow requests":          {`"slow_requests{scenario:load}"`, `"other"`, "it lacks count of slow_requests{"},
		"a phase without slow ones": {`"slow_requests{scenario:load,phase:hold}"`, `"other"`, "phase:hold}"},
		"a broken count":            {`"vus":`, `"vus":{"values":{"max":0.5}},"other":`, "not a count"},
		"a failed setup":            {`"start_ms"`, `"other"`, "did setup() fail?"},
		"no duration":               {`"duration_ms": `, `"duration_ms": -`, "out of range"},
		"no JSON":                   {"{", "", "invalid character"},
		"nothing":                   {whole, "{}", "did setup() fail?"},
	} {
		if !strings.Contains(whole, c.old) {
			t.Fatalf("%s: the summary does not hold %q", name, c.old)
		}
		count := -1
		if c.old == "{" {
			count = 1
		}
		_, err := Parse([]byte(strings.Replace(whole, c.old, c.new, count)), storm)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: Parse = %v; want %q", name, err, c.want)
		}
	}
}

// The mean is there where the script asked k6 for it.
func TestParseMean(t *testing.T) {
	const values = `"request_wait{scenario:load}": {
   "contains": "time",
   "type": "trend",
   "values": {`
	whole := string(realSummary(t))
	if strings.Count(whole, values) != 1 {
		t.Fatal("the summary does not hold the values that the test adds to")
	}
	with := func(mean string) []byte { return []byte(strings.Replace(whole, values, values+`"avg": `+mean+`,`, 1)) }
	s, err := Parse(with("31.25"), storm)
	if err != nil {
		t.Fatal(err)
	}
	if got := s.Load.Latency.Mean; got == nil || *got != 31.25 {
		t.Errorf("the mean is %v; want 31.25", got)
	}
	if got := s.Load.OKLatency.Mean; got != nil {
		t.Errorf("the mean of the successful ones, which k6 did not give, is %v", *got)
	}
	const beyond = "the mean of request_wait{scenario:load} is 320"
	if _, err := Parse(with("320"), storm); err == nil || !strings.Contains(err.Error(), beyond) {
		t.Errorf("a mean above the highest: %v", err)
	}
}

func TestParseKnowsNoLatencyWithoutSuccess(t *testing.T) {
	r := reader{metrics: metrics{}}
	if l := r.latency("request_wait{scenario:load}", 0); l != nil || len(r.faults) > 0 {
		t.Errorf("latency of nothing = %+v, faults %v; want neither", l, r.faults)
	}
}

// edited is the real summary with other values: name of the metric → name of the value →
// value.
func edited(t *testing.T, duration float64, values map[string]map[string]float64) []byte {
	t.Helper()
	var in map[string]any
	if err := json.Unmarshal(realSummary(t), &in); err != nil {
		t.Fatal(err)
	}
	if duration != 0 {
		in["duration_ms"] = duration
	}
	for metric, to := range values {
		for name, value := range to {
			in["metrics"].(map[string]any)[metric].(map[string]any)["values"].(map[string]any)[name] = value
		}
	}
	data, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// The last answers come when they come, and a VU thinks before it ends: how long after the
// script's end the load does depends on the cell.
func TestRatesArePerSecondOfTheScript(t *testing.T) {
	for _, tail := range []float64{0, 450, 1260} {
		s, err := Parse(edited(t, 5000+tail, nil), storm)
		if err != nil {
			t.Fatal(err)
		}
		if s.Load.GoodputRPS != 7894./5 || s.Load.RPSMean != 8772./5 {
			t.Errorf("%g ms after the end: goodput %.1f, mean %.1f RPS; want 1578.8 and 1754.4",
				tail, s.Load.GoodputRPS, s.Load.RPSMean)
		}
	}
}

// A slow request may have failed or not.
func TestSlowRequestsAreCounted(t *testing.T) {
	counts := func(slow, good float64) map[string]map[string]float64 {
		return map[string]map[string]float64{
			"slow_requests{scenario:load}":            {"count": slow},
			"slow_requests{scenario:load,phase:hold}": {"count": slow - 3},
			"slow_requests{scenario:load,phase:down}": {"count": 3},
			"good_requests":                           {"count": good},
		}
	}
	for _, c := range []struct {
		slow, good float64
		want       string // "": it is one
	}{
		{100, 7894, ""},      // all of them failed
		{100, 7894 - 40, ""}, // forty did not
		{100, 7894 - 100, ""},
		{100, 7894 - 101, "7793 good requests, but of 8772 there are 878 failed and 100 slow"},
		{900, 7873, "7873 good requests, but of 8772 there are 878 failed and 900 slow"},
		{900, 7872, ""},
	} {
		s, err := Parse(edited(t, 0, counts(c.slow, c.good)), storm)
		if c.want != "" {
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%g slow, %g good: %v; want %q", c.slow, c.good, err, c.want)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		whole, hold, ramp := *s.Load.Slow, *s.Phases["hold"].Slow, *s.Phases["ramp"].Slow
		if float64(whole) != c.slow || float64(hold) != c.slow-3 || ramp != 0 {
			t.Errorf("%d slow requests, %d in the hold, %d in the ramp; want %g, %g, 0",
				whole, hold, ramp, c.slow, c.slow-3)
		}
	}
}

// An iteration that is cut off may have sent a request and not counted it.
func TestUntimedRequestsAreKnown(t *testing.T) {
	s, err := Parse(edited(t, 0, map[string]map[string]float64{
		"request_wait{scenario:load}":    {"count": 8770},
		"failed_requests{scenario:load}": {"count": 877},
		"good_requests":                  {"count": 7893},
	}), storm)
	if err != nil || s.Untimed != 2 {
		t.Errorf("%d requests are untimed, %v; want 2", s.Untimed, err)
	}
	for name, c := range map[string]struct {
		metric string
		count  float64
		want   string
	}{
		"more timed than sent":  {"request_wait{scenario:load}", 8773, "8772 requests, but 1 more were timed"},
		"one failed uncounted":  {"failed_requests{scenario:load}", 877, "878 requests failed, but the script counted"},
		"one good is uncounted": {"good_requests", 7893, "7893 good requests, but of 8772 there are 878 failed"},
	} {
		_, err := Parse(edited(t, 0, map[string]map[string]float64{c.metric: {"count": c.count}}), storm)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v; want %q", name, err, c.want)
		}
	}
}

// Requests of the log-in that had no answer are those that the load's own leave over.
func TestUnansweredLogInsAreKnown(t *testing.T) {
	for _, c := range []struct {
		all, load float64
		setup     int64
		want      string // "": it is one
	}{
		{0, 0, 0, ""},
		{3, 0, 3, ""},
		{9, 5, 4, ""},
		{4, 5, 0, "4 were in setup(), -1 of those without an answer"},
		{10, 5, 0, "4 were in setup(), 5 of those without an answer"},
	} {
		summary := edited(t, 0, map[string]map[string]float64{
			"http_reqs{scenario:load,status:0}":   {"count": c.load},
			"http_reqs{scenario:load,status:200}": {"count": 7894 - c.load},
		})
		more := fmt.Appendf(nil, `"metrics":{"http_reqs{status:0}":{"values":{"count":%g}},`, c.all)
		s, err := Parse(bytes.Replace(summary, []byte(`"metrics":{`), more, 1), storm)
		switch {
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%g unanswered, %g of the load: %v; want %q", c.all, c.load, err, c.want)
		case c.want == "" && (err != nil || s.SetupUnanswered != c.setup):
			t.Errorf("%g unanswered, %g of the load: %d in setup, %v; want %d", c.all, c.load, s.SetupUnanswered, err, c.setup)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(realSummary(f))
	f.Add(bytes.ReplaceAll(realSummary(f), []byte("503"), []byte("200")))
	f.Add([]byte(`{"start_ms":1,"duration_ms":1000,"metrics":{"http_reqs":{"values":{"count":1e300}}}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := Parse(data, storm)
		if err != nil {
			return
		}
		l := s.Load
		var byStatus int64
		for _, n := range l.Status {
			byStatus += n
		}
		if l.Requests < 1 || byStatus != l.Requests || l.Failed < 0 || l.Failed > l.Requests || l.SetupRequests < 0 {
			t.Errorf("counts do not agree: %+v", l)
		}
		if !s.End.After(s.Start) || !(l.RPSMean > 0) || math.IsInf(l.RPSMean, 0) || !(l.ErrorRatio >= 0 &&
			l.ErrorRatio <= 1) {
			t.Errorf("rates make no sense: %+v from %s to %s", l, s.Start, s.End)
		}
		if _, err := json.Marshal(s); err != nil {
			t.Errorf("cannot be written: %v", err)
		}
	})
}

package load

import (
	"bytes"
	"encoding/json"
	"flag"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// testdata/storm.json is what k6 2.0.0 wrote after a storm of a tenth of its
// length, in which every tenth answer was a 503.
func realSummary(t testing.TB) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/storm.json")
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestParseRealSummary(t *testing.T) {
	s, err := Parse(realSummary(t))
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
		"a status outside the list": {`"http_reqs{scenario:load,status:503}"`, `"other"`, "by status: add the missing status"},
		"a missing phase":           {`"http_reqs{scenario:load,phase:down}"`, `"other"`, "by phase"},
		"a missing metric":          {`"http_req_failed{scenario:load}"`, `"other"`, "it lacks passes of http_req_failed{scenario:load}"},
		"a missing percentile":      {`"p(99)"`, `"p(98)"`, "it lacks p(99) of http_req_duration{scenario:load}"},
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
		_, err := Parse([]byte(strings.Replace(whole, c.old, c.new, count)))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: Parse = %v; want %q", name, err, c.want)
		}
	}
}

// The mean is there where the script asked k6 for it.
func TestParseMean(t *testing.T) {
	const values = `"http_req_duration{scenario:load}": {
   "contains": "time",
   "type": "trend",
   "values": {`
	whole := string(realSummary(t))
	if strings.Count(whole, values) != 1 {
		t.Fatal("the summary does not hold the values that the test adds to")
	}
	with := func(mean string) []byte { return []byte(strings.Replace(whole, values, values+`"avg": `+mean+`,`, 1)) }
	s, err := Parse(with("31.25"))
	if err != nil {
		t.Fatal(err)
	}
	if got := s.Load.Latency.Mean; got == nil || *got != 31.25 {
		t.Errorf("the mean is %v; want 31.25", got)
	}
	if got := s.Load.OKLatency.Mean; got != nil {
		t.Errorf("the mean of the successful ones, which k6 did not give, is %v", *got)
	}
	const beyond = "the mean of http_req_duration{scenario:load} is 320"
	if _, err := Parse(with("320")); err == nil || !strings.Contains(err.Error(), beyond) {
		t.Errorf("a mean above the highest: %v", err)
	}
}

func TestParseKnowsNoLatencyWithoutSuccess(t *testing.T) {
	r := reader{metrics: metrics{}}
	if l := r.latency(part{"scenario:load"}, 0); l != nil || len(r.faults) > 0 {
		t.Errorf("latency of nothing = %+v, faults %v; want neither", l, r.faults)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(realSummary(f))
	f.Add(bytes.ReplaceAll(realSummary(f), []byte("503"), []byte("200")))
	f.Add([]byte(`{"start_ms":1,"duration_ms":1000,"metrics":{"http_reqs":{"values":{"count":1e300}}}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := Parse(data)
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
		if !s.End.After(s.Start) || !(l.RPSMean > 0) || math.IsInf(l.RPSMean, 0) || !(l.ErrorRatio >= 0 && l.ErrorRatio <= 1) {
			t.Errorf("rates make no sense: %+v from %s to %s", l, s.Start, s.End)
		}
		if _, err := json.Marshal(s); err != nil {
			t.Errorf("cannot be written: %v", err)
		}
	})
}

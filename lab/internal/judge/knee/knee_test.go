package knee

import (
	"fmt"
	"math"
	"os"
	"regexp"
	"strconv"
	"testing"
	"time"

	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/record"
)

var slo = matrix.SLO{ErrorRatio: 0.01, P99: matrix.Duration(500 * time.Millisecond)}

// phase has so many requests, of which some failed, and that p99.
func phase(requests, failed int64, p99 float64) record.Phase {
	return record.Phase{Requests: requests, Failed: failed, Latency: &record.Latency{P99: p99}}
}

// wave is a repetition that holds to 150 VUs and beyond, at 100 × step requests in each.
func wave() record.Record {
	return record.Record{Scale: 1, Phases: map[string]record.Phase{
		"vus_50": phase(90, 0, 10), "vus_100": phase(180, 1, 20), "vus_150": phase(900, 9, 500), "hold": phase(6_000, 0, 100),
	}}
}

func TestFirstMiss(t *testing.T) {
	nan, none := math.NaN(), math.Inf(1)
	for name, test := range map[string]struct {
		change func(*record.Record)
		want   Miss
	}{
		"none":             {func(*record.Record) {}, Miss{none, 200, 150}},
		"errors":           {func(r *record.Record) { r.Phases["vus_150"] = phase(900, 10, 10) }, Miss{150, 20, 150}},
		"p99":              {func(r *record.Record) { r.Phases["vus_100"] = phase(180, 0, 500.1) }, Miss{100, 10, 150}},
		"the first counts": {func(r *record.Record) { r.Phases["vus_50"] = phase(90, 0, 501) }, Miss{50, nan, 150}},
		"in the hold":      {func(r *record.Record) { r.Phases["hold"] = phase(6_000, 61, 100) }, Miss{150, 100, 150}},
		"no hold":          {func(r *record.Record) { delete(r.Phases, "hold") }, Miss{none, 100, 150}},
		"no request":       {func(r *record.Record) { r.Phases["vus_150"] = record.Phase{} }, Miss{150, 20, 150}},
		"shorter steps":    {func(r *record.Record) { r.Scale = 0.5 }, Miss{none, 400, 150}},
		"other phases":     {func(r *record.Record) { r.Phases["vus_x"] = phase(1, 1, 1) }, Miss{none, 200, 150}},
		"unread after it": {func(r *record.Record) {
			r.Phases["vus_50"] = phase(9, 9, 1)
			r.Phases["hold"] = record.Phase{Requests: 1}
		}, Miss{50, nan, 150}},
	} {
		r := wave()
		test.change(&r)
		got, ok := FirstMiss(&r, slo)
		if !ok || got.VUs != test.want.VUs || got.Top != test.want.Top || !same(got.RPS, test.want.RPS) {
			t.Errorf("%s: %+v, %t; want %+v", name, got, ok, test.want)
		}
	}
}

func TestFirstMissRefuses(t *testing.T) {
	storm := record.Record{Scale: 1, Phases: map[string]record.Phase{"ramp": phase(1, 0, 1), "hold": phase(1, 0, 1)}}
	if m, ok := FirstMiss(&storm, slo); ok {
		t.Errorf("a load without steps has the first miss %+v", m)
	}
	unread := wave()
	unread.Phases["vus_100"] = record.Phase{Requests: 180}
	if m, ok := FirstMiss(&unread, slo); ok {
		t.Errorf("with the latency of a step not read, the first miss is %+v", m)
	}
}

func TestOver(t *testing.T) {
	nan, none := math.NaN(), math.Inf(1)
	for name, test := range map[string]struct {
		misses   []Miss
		vus, rps Range
	}{
		"one":            {[]Miss{{350, 600, 500}}, Range{350, 350, 350}, Range{600, 600, 600}},
		"three":          {[]Miss{{450, 700, 500}, {350, 500, 500}, {400, 600, 500}}, Range{400, 350, 450}, Range{600, 500, 700}},
		"an even number": {[]Miss{{none, 900, 500}, {400, 700, 500}}, Range{400, 400, none}, Range{700, 700, 900}},
		"none":           {[]Miss{{none, 900, 500}, {none, 800, 500}, {450, 850, 500}}, Range{none, 450, none}, Range{850, 800, 900}},
		"no step held":   {[]Miss{{50, nan, 500}}, Range{50, 50, 50}, Range{nan, nan, nan}},
		"one had none":   {[]Miss{{50, nan, 500}, {100, 80, 500}}, Range{50, 50, 100}, Range{80, 80, 80}},
	} {
		got := Over(test.misses)
		if got.N != len(test.misses) || got.Top != 500 || got.VUs != test.vus || fmt.Sprint(got.RPS) != fmt.Sprint(test.rps) {
			t.Errorf("%s: %+v; want VUs %v, RPS %v", name, got, test.vus, test.rps)
		}
	}
}

// The script says how long its steps last; the constants must say the same.
func TestStepsOfTheScript(t *testing.T) {
	script, err := os.ReadFile("../../../../scenarios/wave.js")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile("({ |phase: 'hold', )seconds: ([0-9]+), vus").FindAllSubmatch(script, -1)
	if len(found) != 2 {
		t.Fatalf("found %d lengths of phases in the script; want 2", len(found))
	}
	for i, want := range []time.Duration{Step, Hold} {
		if seconds, err := strconv.Atoi(string(found[i][2])); err != nil || time.Duration(seconds)*time.Second != want {
			t.Errorf("the script has %s s for %s; want %v", found[i][2], found[i][1], want)
		}
	}
}

func same(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) }

package knee

import (
	"fmt"
	"math"
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

// wave is a trial from before scripts declared their phases. It holds to 150 VUs and
// beyond, at 100 × step requests in each.
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
		if !ok || got.Load != test.want.Load || got.Top != test.want.Top || !same(got.RPS, test.want.RPS) {
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
		misses    []Miss
		load, rps Range
	}{
		"one": {[]Miss{{350, 600, 500}}, Range{350, 350, 350}, Range{600, 600, 600}},
		"three": {
			[]Miss{{450, 700, 500}, {350, 500, 500}, {400, 600, 500}}, Range{400, 350, 450}, Range{600, 500, 700},
		},
		"an even number": {[]Miss{{none, 900, 500}, {400, 700, 500}}, Range{400, 400, none}, Range{700, 700, 900}},
		"none": {
			[]Miss{{none, 900, 500}, {none, 800, 500}, {450, 850, 500}}, Range{none, 450, none}, Range{850, 800, 900},
		},
		"no step held": {[]Miss{{50, nan, 500}}, Range{50, 50, 50}, Range{nan, nan, nan}},
		"one had none": {[]Miss{{50, nan, 500}, {100, 80, 500}}, Range{50, 50, 100}, Range{80, 80, 80}},
	} {
		got := Over(test.misses)
		if got.N != len(test.misses) || got.Top != 500 || got.Load != test.load ||
			fmt.Sprint(got.RPS) != fmt.Sprint(test.rps) {
			t.Errorf("%s: %+v; want a load of %v, RPS %v", name, got, test.load, test.rps)
		}
	}
}

// declared is a trial of a load of so many seconds, from, to, … in some unit, whose phases
// have the same names whatever they are.
func declared(unit string, stages ...[3]float64) record.Record {
	r := record.Record{Schema: record.Schema, Scale: 0.5, Load: new(record.Load), Phases: map[string]record.Phase{}}
	for i, s := range stages {
		p := phase(int64(100*s[0]), 0, 10)
		p.Offer = &record.Offer{Order: i + 1, Seconds: s[0], From: s[1], To: s[2], Unit: unit}
		r.Phases[fmt.Sprintf("part %c", 'z'-i)] = p
	}
	return r
}

// Declared steps are as long as the script says, and lead where it says; names are no matter.
func TestDeclaredSteps(t *testing.T) {
	const vus, rate = record.UnitVUs, record.UnitRate
	nan, none := math.NaN(), math.Inf(1)
	for name, test := range map[string]struct {
		record record.Record
		change func(*record.Record)
		unit   string
		want   Miss
	}{
		"a rise of rates": {
			record: declared(rate, [3]float64{9, 0, 200}, [3]float64{9, 200, 400}, [3]float64{30, 400, 400}),
			unit:   rate,
			want:   Miss{none, 100, 400},
		},
		"its hold misses": {
			record: declared(rate, [3]float64{9, 0, 200}, [3]float64{9, 200, 400}, [3]float64{30, 400, 400}),
			change: func(r *record.Record) { r.Phases["part x"].Latency.P99 = 501 },
			unit:   rate,
			want:   Miss{400, 100, 400},
		},
		"stairs": {
			record: declared(vus, [3]float64{0, 0, 10}, [3]float64{60, 10, 10}, [3]float64{0, 10, 20}, [3]float64{60, 20, 20}),
			unit:   vus,
			want:   Miss{none, 100, 20},
		},
		"what comes after the fall is no step": {
			record: declared(vus, [3]float64{5, 0, 10}, [3]float64{5, 10, 20}, [3]float64{5, 20, 0}, [3]float64{5, 0, 90}),
			change: func(r *record.Record) { r.Phases["part w"].Latency.P99 = 501 },
			unit:   vus,
			want:   Miss{none, 100, 20},
		},
		"the first step misses": {
			record: declared(vus, [3]float64{5, 0, 10}, [3]float64{5, 10, 20}),
			change: func(r *record.Record) { r.Phases["part z"].Latency.P99 = 501 },
			unit:   vus,
			want:   Miss{10, nan, 20},
		},
		"one rise is no steps": {
			record: declared(vus, [3]float64{8, 0, 1000}, [3]float64{40, 1000, 1000}, [3]float64{2, 1000, 0}),
		},
		"steps that are not declared": {
			record: record.Record{Schema: record.Schema, Scale: 1, Phases: wave().Phases},
		},
	} {
		if test.change != nil {
			test.change(&test.record)
		}
		got, ok := FirstMiss(&test.record, slo)
		if unit := Unit(&test.record); unit != test.unit || Rises(&test.record) != (unit != "") || ok != (unit != "") {
			t.Errorf("%s: unit %q, %t; want %q", name, unit, ok, test.unit)
		}
		if test.unit != "" && (got.Load != test.want.Load || got.Top != test.want.Top || !same(got.RPS, test.want.RPS)) {
			t.Errorf("%s: %+v; want %+v", name, got, test.want)
		}
	}
}

// What an open load has dropped is in no phase.
func TestFirstMissOfWhatWasDropped(t *testing.T) {
	r := declared(record.UnitRate, [3]float64{9, 0, 200}, [3]float64{9, 200, 400})
	r.Load.Dropped = 1
	if m, ok := FirstMiss(&r, slo); ok {
		t.Errorf("all steps held, and an iteration was dropped: %+v", m)
	}
	r.Phases["part y"].Latency.P99 = 501
	if m, ok := FirstMiss(&r, slo); !ok || m.Load != 400 {
		t.Errorf("%+v, %t; want a miss at 400", m, ok)
	}
}

func same(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) }

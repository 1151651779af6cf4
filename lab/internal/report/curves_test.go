package report

import (
	"math"
	"slices"
	"testing"

	"stormwave/lab/internal/judge/knee"
	"stormwave/lab/internal/record"
)

// withCurves gives a run the curves that a report reads, made up from its records: the
// users of a storm or of a wave, and what comes of them.
func withCurves(run Run) Run {
	run.Curves = map[int]record.Series{}
	drawn := Drawn(run.Plan, run.Records)
	for i := range run.Records {
		if r := &run.Records[i]; knee.Rises(r) || slices.Contains(drawn, r.N) {
			run.Curves[r.N] = curvesOf(r)
		}
	}
	return run
}

func curvesOf(r *record.Record) record.Series {
	s := record.Series{Start: r.Start, Step: 1, Curves: map[string][]*float64{}}
	add := func(name string, v float64) { s.Curves[name] = append(s.Curves[name], new(math.Round(v*1e4)/1e4)) }
	length, top, rise := 50, 1000.0, 8.0
	if r.Scenario == "wave" {
		length, top, rise = 120, 500.0, 90.0
	}
	for i := range length {
		at := float64(i + 1)
		vus := math.Min(top, at/rise*top)
		jitter := 1 + 0.07*math.Sin(at*1.7+float64(r.N))
		add("vus", vus)
		add("rps", vus*1.9*jitter)
		add("error_ratio", r.Load.ErrorRatio*jitter)
		slow := 12.0
		if vus > 0.6*top {
			slow = r.Load.Latency.P99
		}
		add("p95_ms", slow/2*jitter)
		add("p99_ms", slow*jitter)
		add("primary_connections", math.Min(97, vus/3))
		add("pool_acquired", math.Min(80, vus/4)*jitter)
		add("pool_waiting", math.Max(0, vus-300)*jitter)
		add("replica_connections", 3)
		add("primary_qps", vus*3.1*jitter)
		add("host_cpu_busy_ratio", math.Min(0.97, vus/600)*jitter)
	}
	s.Curves["p99_ms"][20] = nil // nothing could be read
	return s
}

// The curves of the saturation are among those that are drawn: they are read once.
func TestCurvesHoldThoseOfTheSaturation(t *testing.T) {
	for _, name := range knee.Curves {
		if !slices.Contains(Curves, name) {
			t.Errorf("%s is not among the curves that reports draw", name)
		}
	}
}

// Of each cell under each scenario one trial is drawn, that with the middle goodput.
func TestDrawn(t *testing.T) {
	run := synthetic(t, 3)
	drawn := Drawn(run.Plan, run.Records)
	if want := len(run.Plan.Cells) * len(run.Plan.Scenarios); len(drawn) != want {
		t.Fatalf("%d trials are drawn; want %d", len(drawn), want)
	}
	for _, s := range run.Plan.Scenarios {
		for _, g := range groups(run, s) {
			middle := g.Typical()
			below, above := 0, 0
			for _, r := range g.Used {
				switch {
				case r.Load.GoodputRPS < middle.Load.GoodputRPS:
					below++
				case r.Load.GoodputRPS > middle.Load.GoodputRPS:
					above++
				}
			}
			if below != 1 || above != 1 || !slices.Contains(drawn, middle.N) {
				t.Errorf("%s under %s: record %d has %d below and %d above it", g.Cell.Label, s, middle.N, below, above)
			}
		}
	}
	for i := range run.Records {
		run.Records[i].Verdict, run.Records[i].Load = record.Invalid, nil
		run.Records[i].Reasons = []string{"k6 did not start"}
	}
	if drawn := Drawn(run.Plan, run.Records); len(drawn) != 0 {
		t.Errorf("of a run without valid trials %v are drawn", drawn)
	}
}

// The curve over users is the median of all seconds with so many, and misses nothing of the
// rise; what was not read is not there.
func TestOverLoad(t *testing.T) {
	run := withCurves(synthetic(t, 3))
	wave := run.Plan.Scenarios[1]
	g := groups(run, wave)[0]
	line, ok := overLoad(run, g, "vus")
	if !ok || len(line.X) < saturationBins-1 {
		t.Fatalf("%d points, %t", len(line.X), ok)
	}
	for i, x := range line.X {
		if math.Abs(line.Y[i]-x) > 500.0/saturationBins {
			t.Errorf("at about %.0f users the median of users is %.0f", x, line.Y[i])
		}
	}
	delete(run.Curves, g.Used[0].N)
	delete(run.Curves, g.Used[1].N)
	delete(run.Curves, g.Used[2].N)
	if line, ok := overLoad(run, g, "vus"); ok {
		t.Errorf("without curves there is a line of %d points", len(line.X))
	}
}

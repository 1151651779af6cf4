package analysis

import (
	"math"
	"slices"
	"testing"

	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/record"
)

func TestGroups(t *testing.T) {
	plan := planOf(1, 5)
	plan.Scenarios = append(plan.Scenarios, matrix.Scenario{Name: "storm", Scale: 0.5})
	records := trials(plan, wobble) // three a block: the third is of b
	records[2].Verdict, records[2].Load = record.Invalid, nil
	records[5].Verdict, records[5].Load = record.Failed, nil
	records[8].Verdict = record.Suspect
	records[11].Attempt = 2 // so that numbers 10 and 11 are superseded
	other := records[14]
	other.N, other.Scale = 16, 0.5
	stranger := records[14]
	stranger.N, stranger.Cell = 17, "z"
	records = append(records, other, stranger)

	groups := Groups(plan, records)
	if len(groups) != 2 || len(groups[0]) != 3 || groups[1][2].Scenario != plan.Scenarios[1] {
		t.Fatalf("%d scenarios; want 2 of 3 cells each", len(groups))
	}
	b := groups[0][2]
	for what, test := range map[string]struct {
		got  []*record.Record
		want string
	}{
		"all":     {b.All, "[3 6 9 12 15]"},
		"used":    {b.Used, "[12 15]"},
		"failed":  {b.Failed, "[6]"},
		"results": {b.Results(), "[12 15 6]"},
		"a":       {groups[0][0].Latest, "[1 4 7 13]"},
		"another": {groups[1][2].All, "[16]"},
	} {
		if got := numbers(test.got); got != test.want {
			t.Errorf("%s: %s, want %s", what, got, test.want)
		}
	}
	if b.N() != 3 || b.Excluded() != 2 || !b.Valid() || b.Suspect {
		t.Errorf("%d shown, %d excluded, valid %t, suspect %t; want 3, 2, true, false",
			b.N(), b.Excluded(), b.Valid(), b.Suspect)
	}
	values := b.ByBlock(P99, []int{1, 2, 3, 4, 5})
	missing := math.IsNaN(values[0]) && math.IsNaN(values[2])
	if !missing || !math.IsInf(values[1], 1) || values[3] != 100 || values[4] != 100 {
		t.Errorf("p99 by block: %v; want none, +Inf, none, 100, 100", values)
	}
	if median, n := b.Median(Goodput); n != 3 || median != b.Used[0].Load.GoodputRPS {
		t.Errorf("median goodput %v of %d: the failed trial counts as 0", median, n)
	}
	if median, n := b.Median(Measure{Value: Goodput.Value}); n != 2 || median < 990 {
		t.Errorf("median %v of %d of what a failed trial has not; want that of two", median, n)
	}
}

// Suspect trials are shown where there is nothing better, and never compared.
func TestSuspectGroups(t *testing.T) {
	plan := planOf(1, 3)
	records := trials(plan, wobble)
	for i := range records {
		if records[i].Cell == "b" {
			records[i].Verdict = record.Suspect
		}
	}
	p := Parts(plan, records)[0]
	b := p.Groups[2]
	if !b.Suspect || b.Valid() || b.N() != 3 || b.Results() != nil || b.Meets(plan.SLO) {
		t.Errorf("suspect %t, valid %t, %d shown, %d results; want true, false, 3, 0",
			b.Suspect, b.Valid(), b.N(), len(b.Results()))
	}
	if ratios := p.LogRatios(0, 2); len(ratios) != 0 {
		t.Errorf("log-ratios of suspect trials: %v", ratios)
	}
	if c := p.Contrasts(Goodput)[2]; !c.Suspect || c.N != 3 {
		t.Errorf("contrast of %d blocks, suspect %t; want the estimate of 3, marked", c.N, c.Suspect)
	}
}

func TestMet(t *testing.T) {
	plan := planOf(0, 4)
	records := trials(plan, wobble)
	groups := func() Group { return Groups(plan, records)[0][0] }
	check := func(what string, met int, errors, p99, meets bool) {
		t.Helper()
		g := groups()
		if m, e, p := g.Met(plan.SLO); m != met || e != errors || p != p99 || g.Meets(plan.SLO) != meets {
			t.Errorf("%s: %d met, errors %t, p99 %t, meets %t", what, m, e, p, g.Meets(plan.SLO))
		}
	}
	check("all", 4, false, false, true)
	records[0].Load.Latency.P99, records[2].Load.ErrorRatio = 500, 0.01
	check("at the bounds", 4, false, false, true)
	records[0].Load.Latency.P99 = 500.1
	check("one is slow", 3, false, true, false)
	records[2].Load.ErrorRatio = 0.0101
	check("and one fails", 2, true, true, false)
	records[0].Verdict, records[2].Verdict = record.Failed, record.Invalid
	check("of three one failed", 2, false, false, false)
}

func TestMiddle(t *testing.T) {
	for name, test := range map[string]struct {
		goodputs []float64
		want     int
	}{
		"of three":      {[]float64{900, 400, 500}, 3},
		"of four lower": {[]float64{900, 100, 600, 500}, 4},
		"of equals":     {[]float64{5, 5, 5}, 2},
		"alone":         {[]float64{7}, 1},
	} {
		var records []*record.Record
		for i, v := range test.goodputs {
			records = append(records, &record.Record{N: i + 1, Load: &record.Load{GoodputRPS: v}})
		}
		before := slices.Clone(records)
		if got := Middle(records); got.N != test.want || !slices.Equal(before, records) {
			t.Errorf("%s: record %d, want %d, and the order kept", name, got.N, test.want)
		}
	}
	if got := Middle(nil); got != nil {
		t.Errorf("of none: %v", got)
	}
}

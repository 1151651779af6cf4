package compare

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/record"
)

func TestParseGates(t *testing.T) {
	got, err := ParseGates([]string{"p99<=1.10", "error_ratio<=0.01", " goodput >= 0.95", "goodput<=2"})
	if err != nil {
		t.Fatal(err)
	}
	want := []Gate{{"p99", true, 1.1}, {"error_ratio", true, 0.01}, {"goodput", false, 0.95}, {"goodput", true, 2}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("gates (-want +got):\n%s", diff)
	}
}

func TestParseGatesListsEveryFault(t *testing.T) {
	const form = "must be a measure, <= or >=, and a number, such as p99<=1.10"
	for _, test := range []struct{ text, want string }{
		{"", form},
		{"p99", form},
		{"p99<1.1", form},
		{"p99==1.1", form},
		{"p99=<1.1", form},
		{"p99<=", form},
		{"p99<=1,1", form},
		{"p99<=-1", form},
		{"p99<=NaN", form},
		{"p99<=inf", form},
		{"p99<=0x1", form},
		{"p99<=1e3", form},
		{"p99<=10%", form},
		{"p99<=1.1 ms", form},
		{"<=1.1", form},
		{"p99<=" + strings.Repeat("9", 400), "is too large"},
		{"P99<=1.1", form},
		{"p999<=1.1", "p999 is no measure; choose from: goodput, successes, p99, error_ratio"},
		{"error_ratio<=1.01", "error_ratio is a share, from 0 to 1"},
		{"p99<=0", "a ratio is always above 0"},
	} {
		if got, err := ParseGates([]string{test.text}); err == nil || !strings.Contains(err.Error(), test.want) ||
			len(got) != 0 {
			t.Errorf("%q: %v, %v; want %q", test.text, got, err, test.want)
		}
	}
	_, err := ParseGates([]string{"p99<1", "p99<=1.1", "colour>=1", "p99<=1.2", "p99>=0.9"})
	for _, want := range []string{
		`gate "p99<1": must`, `gate "colour>=1": colour is no measure`, `gate "p99<=1.2": p99 is bound on that side already`,
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("errors lack %q:\n%v", want, err)
		}
	}
	if err != nil && strings.Count(err.Error(), "\n") != 2 {
		t.Errorf("errors = %v; want 3 lines", err)
	}
}

// What is accepted is written as it is read.
func FuzzParseGates(f *testing.F) {
	for _, seed := range []string{
		"p99<=1.10", "error_ratio<=0.01", "goodput >= 0.95", "p99<=1e3", "p99<=0.0000001", "p99<", "",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		gates, err := ParseGates([]string{text})
		if (err == nil) != (len(gates) == 1) {
			t.Fatalf("%q: %v, %v; want a gate or an error", text, gates, err)
		}
		if err != nil {
			return
		}
		again, err := ParseGates([]string{gates[0].String()})
		if err != nil || again[0] != gates[0] {
			t.Errorf("%q is written %q, which reads %v, %v", text, gates[0], again, err)
		}
	})
}

func TestJudge(t *testing.T) {
	between := func(low, high float64) Change {
		return Change{Measure: "p99", Interval: &[2]float64{low, high}}
	}
	errors := func(low, high float64) Change { return Change{Measure: errorRatio, bounds: &[2]float64{low, high}} }
	for _, test := range []struct {
		gate   string
		change Change
		want   Outcome
	}{
		{"p99<=1.1", between(0.9, 1.1), Passed},
		{"p99<=1.1", between(0.9, 1.1001), Inconclusive},
		{"p99<=1.1", between(1.1, 1.2), Inconclusive},
		{"p99<=1.1", between(1.1001, 1.2), Missed},
		{"p99>=0.9", between(0.9, 1.2), Passed},
		{"p99>=0.9", between(0.8, 1.2), Inconclusive},
		{"p99>=0.9", between(0.7, 0.8), Missed},
		{"p99<=1.1", Change{Measure: "p99", Why: "n too small"}, Inconclusive},
		{"error_ratio<=0.01", errors(0, 0.01), Passed},
		{"error_ratio<=0.01", errors(0, 0.011), Missed},
		{"error_ratio>=0.01", errors(0, 0.5), Missed},
		{"error_ratio<=0.01", Change{Measure: errorRatio}, Inconclusive},
	} {
		gates, err := ParseGates([]string{test.gate})
		if err != nil {
			t.Fatal(err)
		}
		c := Comparison{Pairs: []Pair{{Scenario: "storm", Cell: "x", Changes: []Change{test.change}}}}
		got := c.Judge(gates)
		if len(got) != 1 || got[0].Outcome != test.want || got[0].Gate != test.gate || got[0].Cell != "x" ||
			got[0].Why == "" {
			t.Errorf("%s of %+v: %+v; want %s, and why", test.gate, test.change, got, test.want)
		}
	}
}

// A gate binds every cell, and the error ratio of each of B's trials.
func TestJudgeRuns(t *testing.T) {
	base := synthetic{
		name:      "one",
		pools:     []string{"8", "16"},
		scenarios: []matrix.Scenario{storm},
		blocks:    8,
		speed:     steady,
	}
	slow := base
	slow.speed = func(pool string, _ int) float64 { return map[string]float64{"8": 1, "16": 0.8}[pool] }
	b := slow.run()
	for i := range b.Records {
		if r := &b.Records[i]; r.Cell == "pool_size=8" && r.Block == 3 {
			r.Load.ErrorRatio = 0.02
		}
	}
	gates, err := ParseGates([]string{"p99<=1.10", "error_ratio<=0.01", "goodput>=0.75"})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range Runs(base.run(), b).Judge(gates) {
		got = append(got, r.Gate+" "+r.Cell+" "+string(r.Outcome))
	}
	want := []string{
		"p99<=1.1 pool_size=16 missed",
		"error_ratio<=0.01 pool_size=8 missed", "error_ratio<=0.01 pool_size=16 passed",
		"goodput>=0.75 pool_size=16 passed",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rulings (-want +got):\n%s", diff)
	}
	other := synthetic{
		name:      "other",
		pools:     []string{"32", "64"},
		scenarios: []matrix.Scenario{storm},
		blocks:    8,
		speed:     steady,
	}
	rulings := Runs(base.run(), other.run()).Judge(gates)
	if len(rulings) != 3 || rulings[0].Outcome != Inconclusive ||
		!strings.Contains(rulings[0].Why, "no cell of A is like") {
		t.Errorf("runs without a like cell: %+v; want each gate inconclusive", rulings)
	}
	for i := range b.Records {
		b.Records[i].Verdict = record.Invalid
	}
	for _, r := range Runs(base.run(), b).Judge(gates) {
		if r.Outcome != Inconclusive {
			t.Errorf("%s of nothing valid: %s; want inconclusive", r.Gate, r.Outcome)
		}
	}
}

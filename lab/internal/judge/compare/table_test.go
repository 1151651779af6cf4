package compare

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/record"
)

var update = flag.Bool("update", false, "write the golden files")

// example has something of everything: words, a cell without an interval, one
// without a partner, an unlike host, gates of each outcome.
func example(t *testing.T) (Comparison, []Ruling) {
	t.Helper()
	base := synthetic{
		name:      "2026-11-23T0915Z-quick",
		pools:     []string{"unlimited", "8", "16", "a|b"},
		scenarios: []matrix.Scenario{storm, wave},
		blocks:    8,
		speed:     steady,
	}
	other := base
	other.name, other.pools = "2026-11-24T0915Z-quick", []string{"unlimited", "8", "16", "32"}
	other.speed = func(pool string, _ int) float64 {
		return map[string]float64{"unlimited": 1, "8": 1.25, "16": 0.8, "32": 1}[pool]
	}
	b := other.run()
	b.Host.Kernel = "Linux 6.2"
	for i := range b.Records {
		if r := &b.Records[i]; r.Cell == "pool_size=16" && r.Scenario == "wave" && r.Block > 3 {
			r.Verdict = record.Invalid
		}
	}
	gates, err := ParseGates([]string{"p99<=1.10", "error_ratio<=0.01"})
	if err != nil {
		t.Fatal(err)
	}
	c := Runs(base.run(), b)
	return c, c.Judge(gates)
}

func TestText(t *testing.T) {
	c, rulings := example(t)
	golden(t, map[string]string{
		"compare.golden.txt": c.Text(rulings, false),
		"compare.golden.md":  c.Text(rulings, true),
	})
}

// golden compares texts with the files of their names, or writes these.
func golden(t *testing.T, texts map[string]string) {
	t.Helper()
	for name, got := range texts {
		path := filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// Programs read this: its names stay.
func TestJSON(t *testing.T) {
	c, rulings := example(t)
	text, err := json.Marshal(map[string]any{"comparison": c, "gates": rulings})
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Comparison struct {
			A, B        string
			Interleaved *bool
			Unlike      []string
			Pairs       []struct {
				Scenario, Cell string
				B              struct {
					Valid    int
					Excluded int `json:"left_out"`
				} `json:"repetitions_b"`
				Changes []struct {
					Measure, Word, Why string
					A, B, Estimate, P  *float64
					Interval, Range    []float64
				}
			}
			Alone []struct{ Side, Scenario, Cell string }
		}
		Gates []struct{ Gate, Scenario, Cell, Outcome, Why string }
	}
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	first, last := got.Comparison.Pairs[1], got.Comparison.Pairs[5]
	if got.Comparison.A != c.A || got.Comparison.Interleaved == nil || len(got.Comparison.Unlike) != 1 ||
		got.Comparison.Alone[0].Side != "A" || len(got.Gates) != 10 {
		t.Errorf("comparison = %+v", got)
	}
	if p99 := first.Changes[2]; p99.Measure != "p99" || p99.Word != "better" || *p99.Estimate > 0.81 ||
		*p99.Estimate < 0.79 || len(p99.Interval) != 2 || p99.P == nil || p99.Range != nil {
		t.Errorf("first change of p99 = %+v", p99)
	}
	if p99 := last.Changes[2]; last.B.Valid != 3 || last.B.Excluded != 5 || p99.Interval != nil || len(p99.Range) != 2 ||
		p99.P != nil || p99.Why == "" {
		t.Errorf("last pair = %+v", last)
	}
}

func TestTextOfRunsWithNothingInCommon(t *testing.T) {
	one := synthetic{
		name:      "one",
		pools:     []string{"8", "16"},
		scenarios: []matrix.Scenario{storm},
		blocks:    4,
		speed:     steady,
	}
	other := synthetic{
		name:      "other",
		pools:     []string{"32", "64"},
		scenarios: []matrix.Scenario{storm},
		blocks:    4,
		speed:     steady,
	}
	want := `A = one, B = other
No cell of A is like one of B: there is nothing to compare.

Without a like cell on the other side
  A only: storm, pool_size=8
  A only: storm, pool_size=16
  B only: storm, pool_size=32
  B only: storm, pool_size=64
`
	if diff := cmp.Diff(want, Runs(one.run(), other.run()).Text(nil, false)); diff != "" {
		t.Errorf("text (-want +got):\n%s", diff)
	}
}

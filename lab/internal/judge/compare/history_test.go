package compare

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stormwave/lab/internal/judge/stat"
	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/record"
)

// days are runs of one spec, a day apart; speed is that of a cell on a day, from 1 on.
func days(n, blocks int, speed func(day int, pool string) float64) []Run {
	var runs []Run
	for day := 1; day <= n; day++ {
		runs = append(runs, synthetic{
			name:      fmt.Sprintf("2026-11-0%dT0915Z-synthetic", day),
			pools:     []string{"unlimited", "8", "16"},
			scenarios: []matrix.Scenario{storm},
			blocks:    blocks,
			speed:     func(pool string, _ int) float64 { return speed(day, pool) },
		}.run())
	}
	return runs
}

// brief writes changes as "before-began cell measure word", by the days of the runs.
func brief(t []Turn) []string {
	all := []string{}
	for _, turn := range t {
		text := fmt.Sprintf("%s-%s %s %s %s", turn.Before[9:10], turn.Began[9:10], turn.Cell, turn.Change.Measure,
			turn.Change.Word)
		if turn.Drift {
			text += " (drift)"
		}
		all = append(all, text)
	}
	return all
}

func TestHistoryNamesTheRunInWhichAChangeBegan(t *testing.T) {
	for _, test := range []struct {
		name   string
		days   int
		blocks int
		speed  func(day int, pool string) float64
		want   []string
		blind  int
	}{
		{
			name:   "nothing changes",
			days:   4,
			blocks: 8,
			speed:  func(int, string) float64 { return 1 },
			want:   []string{},
		},
		{
			name:   "slower from the third run on",
			days:   4,
			blocks: 8,
			speed: func(day int, pool string) float64 {
				if day >= 3 && pool == "8" {
					return 0.8
				}
				return 1
			},
			want: []string{
				"2-3 pool_size=8 goodput worse", "2-3 pool_size=8 successes worse", "2-3 pool_size=8 p99 worse",
			},
		},
		{
			name:   "slower in the second run, and mended in the third",
			days:   3,
			blocks: 8,
			speed: func(day int, pool string) float64 {
				if day == 2 && pool == "16" {
					return 0.8
				}
				return 1
			},
			want: []string{
				"1-2 pool_size=16 goodput worse", "1-2 pool_size=16 successes worse", "1-2 pool_size=16 p99 worse",
				"2-3 pool_size=16 goodput better", "2-3 pool_size=16 successes better", "2-3 pool_size=16 p99 better",
			},
		},
		{
			name:   "steps within the margin add up",
			days:   5,
			blocks: 8,
			speed: func(day int, pool string) float64 {
				if pool == "8" {
					return 1 - 0.02*float64(day)
				}
				return 1
			},
			want: []string{
				"1-5 pool_size=8 goodput worse (drift)", "1-5 pool_size=8 successes worse (drift)",
				"1-5 pool_size=8 p99 worse (drift)",
			},
		},
		{
			name:   "a day on which every cell is slower",
			days:   3,
			blocks: 8,
			speed: func(day int, _ string) float64 {
				if day == 3 {
					return 0.6
				}
				return 1
			},
			want: []string{},
		},
		{
			name:   "two runs of four blocks, whose p-value of 0.029 does not pass Holm over two cells",
			days:   2,
			blocks: 4,
			speed: func(day int, pool string) float64 {
				if day == 2 && pool == "8" {
					return 0.5
				}
				return 1
			},
			want:  []string{},
			blind: 1,
		},
		{
			name:   "two of five, whose p-value of 0.008 does",
			days:   2,
			blocks: 5,
			speed: func(day int, pool string) float64 {
				if day == 2 && pool == "8" {
					return 0.5
				}
				return 1
			},
			want: []string{
				"1-2 pool_size=8 goodput worse", "1-2 pool_size=8 successes worse", "1-2 pool_size=8 p99 worse",
			},
		},
		{
			name:   "four of five, of eight comparisons, do not",
			days:   4,
			blocks: 5,
			speed: func(day int, pool string) float64 {
				if day > 1 && pool == "8" {
					return 0.5
				}
				return 1
			},
			want:  []string{},
			blind: 1,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			lines := History(days(test.days, test.blocks, test.speed), 0)
			if len(lines) != 1 {
				t.Fatalf("%d lines; want 1", len(lines))
			}
			if diff := cmp.Diff(test.want, brief(lines[0].Turns)); diff != "" {
				t.Errorf("changes (-want +got):\n%s", diff)
			}
			if len(lines[0].Blind) != test.blind {
				t.Errorf("cannot tell: %q; want %d", lines[0].Blind, test.blind)
			}
		})
	}
}

// Two runs by themselves give the words that a comparison of both gives, and of more the p-values grow.
func TestHistoryOfTwoRunsIsTheirComparison(t *testing.T) {
	slower := func(day int, pool string) float64 {
		if day >= 2 && pool == "8" {
			return 0.8
		}
		return 1
	}
	runs := days(4, 8, slower)
	want := Runs(runs[0], runs[1])
	if diff := cmp.Diff(want.Text(nil, false), History(runs[:2], 0)[0].Steps[0].Text(nil, false)); diff != "" {
		t.Errorf("step (-want +got):\n%s", diff)
	}
	line := History(runs, 0)[0]
	alone, among := *of(t, want, "storm", "pool_size=8", "p99").P, *of(t, line.Steps[0], "storm", "pool_size=8", "p99").P
	if len(line.Steps) != 4 || alone >= among || among >= 0.05 {
		t.Errorf("p of the step = %v of 2 comparisons, %v of 8 in %d steps; want it larger, below 0.05", alone, among,
			len(line.Steps))
	}
}

func TestHistoryKeepsTheNewestRuns(t *testing.T) {
	runs := days(4, 8, func(int, string) float64 { return 1 })
	line := History(runs, 2)[0]
	if len(line.Past) != 2 || line.Past[0].Run != runs[2].Name || len(line.Steps) != 1 || line.Steps[0].B != runs[3].Name {
		t.Errorf("runs %+v, %d steps; want the last two, one step", line.Past, len(line.Steps))
	}
	if line := History(runs, 9)[0]; len(line.Past) != 4 {
		t.Errorf("%d runs of at most 9; want all 4", len(line.Past))
	}
}

// What cannot be compared does not stand between those that can.
func TestHistoryPassesOverRunsThatTellNothing(t *testing.T) {
	runs := days(4, 8, func(day int, pool string) float64 {
		if day == 4 && pool == "8" {
			return 0.8
		}
		return 1
	})
	for i := range runs[1].Records {
		if r := &runs[1].Records[i]; r.Block > 3 {
			r.Verdict, r.Load = record.Invalid, nil
		}
	}
	runs[2].Plan.Factors = append(runs[2].Plan.Factors, matrix.Commit)
	line := History(runs, 0)[0]
	var why []string
	for _, p := range line.Past {
		why = append(why, p.Why)
	}
	want := []string{
		"", "no cell besides the baseline has 4 results, the fewest that give an interval",
		"it compares backends within itself", "",
	}
	if diff := cmp.Diff(want, why); diff != "" {
		t.Errorf("why (-want +got):\n%s", diff)
	}
	if len(line.Steps) != 1 || len(line.Turns) != 3 || line.Turns[0].Before != runs[0].Name ||
		line.Turns[0].Began != runs[3].Name {
		t.Errorf("%d steps, %v; want one, from the first run to the fourth, and three changes", len(line.Steps),
			brief(line.Turns))
	}
	if got := line.Past[1].Baselines[0].Trials; got != (Count{Valid: 3, Excluded: 5}) {
		t.Errorf("baseline of the second run = %+v; want 3, 5 excluded", got)
	}
}

func TestHistoryKeepsSpecsAndMachinesApart(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*Run)
		lines  int
	}{
		{"nothing", func(*Run) {}, 1},
		{"a newer kernel of the same major version", func(r *Run) { r.Host.Kernel = "Linux 6.18.4" }, 1},
		{"another commit", func(r *Run) { r.Host.Commit = "abc" }, 1},
		{"a little less memory", func(r *Run) { r.Host.MemoryBytes = 6 << 30 }, 1},
		{"half the memory", func(r *Run) { r.Host.MemoryBytes = 4 << 30 }, 2},
		{"another model of the maker", func(r *Run) { r.Host.CPUModel = "Some other CPU" }, 1},
		{"another maker", func(r *Run) { r.Host.CPUModel = "Other CPU" }, 2},
		{"more CPUs", func(r *Run) { r.Host.Cores = 4 }, 2},
		{"a kernel of another major version", func(r *Run) { r.Host.Kernel = "Linux 7.0" }, 2},
		{"another architecture", func(r *Run) { r.Host.Kernel = "Linux 6.1 aarch64" }, 2},
		{"another backend", func(r *Run) { r.Plan.Backend = "shop" }, 2},
		{"another spec", func(r *Run) { r.Plan.Name = "other" }, 2},
	} {
		runs := days(2, 8, func(int, string) float64 { return 1 })
		test.change(&runs[1])
		if lines := History(runs, 0); len(lines) != test.lines {
			t.Errorf("%s: %d lines; want %d", test.name, len(lines), test.lines)
		}
	}
	if lines := History(nil, 0); len(lines) != 0 || lines == nil {
		t.Errorf("lines of no runs = %#v; want none, not nil", lines)
	}
}

func TestKindOfAMachine(t *testing.T) {
	for _, test := range []struct {
		host record.Host
		want string
	}{
		{
			record.Host{Kernel: "Linux 6.18.44-fc-v657 x86_64", CPUModel: "AMD EPYC", Cores: 2, MemoryBytes: 25276510208},
			"2 CPUs by AMD, about 32 GiB, Linux 6 x86_64",
		},
		{
			record.Host{Kernel: "Linux 5.10 x86_64", CPUModel: "Intel(R) Xeon(R)", Cores: 16, MemoryBytes: 66_000_000_000},
			"16 CPUs by Intel, about 64 GiB, Linux 5 x86_64",
		},
		{record.Host{Cores: 2, MemoryBytes: 1 << 29}, "2 CPUs, about 0.5 GiB"},
		{record.Host{Cores: 4}, "4 CPUs"},
	} {
		if got := kind(test.host); got != test.want {
			t.Errorf("kind(%+v) = %q; want %q", test.host, got, test.want)
		}
	}
}

// historyExample has a change, a drift, a run that is not compared, one that is unlike, and a spec of one run.
func historyExample() []Line {
	runs := days(4, 8, func(day int, pool string) float64 {
		switch {
		case pool == "8" && day == 4:
			return 0.8
		case pool == "16":
			return 1 - 0.012*float64(day)
		}
		return 1
	})
	runs[1].Plan.Factors = append(runs[1].Plan.Factors, matrix.Commit)
	runs[2].Host.Commit, runs[2].Host.Dirty = "0123456789abcdef", true
	runs[3].Host.Kernel = "Linux 6.2"
	single := runs[0]
	single.Plan.Name = "tiny"
	return History(append(runs, single), 0)
}

func TestHistoryText(t *testing.T) {
	golden(t, map[string]string{
		"history.golden.txt": HistoryText(historyExample(), false),
		"history.golden.md":  HistoryText(historyExample(), true),
	})
	if got := HistoryText(nil, false); got != "What changed over time\nThere is no run to tell of.\n" {
		t.Errorf("text of no lines = %q", got)
	}
}

// Programs read this: its names stay.
func TestHistoryAsJSON(t *testing.T) {
	text, err := json.Marshal(historyExample())
	if err != nil {
		t.Fatal(err)
	}
	var got []struct {
		Spec, Machine string
		Runs          []struct {
			Run, Commit, Why string
			Dirty            bool
			Baselines        []struct {
				Scenario    string
				Repetitions struct{ Valid int }
				Medians     []*float64
			}
		}
		Steps   []struct{ A, B string }
		Changes []struct {
			Before, Began, Scenario, Cell string
			Drift                         bool
			Change                        struct {
				Measure  string
				Word     stat.Word
				Estimate float64
			}
		}
		CannotTell []string `json:"cannot_tell"`
	}
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 || got[1].Spec != "tiny" || len(got[0].Runs) != 4 || got[0].Runs[2].Commit != "0123456789abcdef" ||
		!got[0].Runs[2].Dirty || got[0].Runs[1].Why == "" || len(got[0].Steps) != 3 || got[0].CannotTell == nil {
		t.Fatalf("lines = %s", text)
	}
	if b := got[0].Runs[0].Baselines[0]; b.Scenario != "storm" || b.Repetitions.Valid != 8 || *b.Medians[3] != 0.002 {
		t.Errorf("baseline = %+v", b)
	}
	if c := got[0].Changes[0]; !strings.HasPrefix(c.Before, "2026-11-03") || !strings.HasPrefix(c.Began, "2026-11-04") ||
		c.Cell != "pool_size=8" || c.Change.Measure != "goodput" || c.Change.Word != stat.Worse ||
		c.Change.Estimate < 0.79 || c.Change.Estimate > 0.81 {
		t.Errorf("first change = %+v", c)
	}
}

package compare

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"stormwave/lab/internal/judge/stat"
	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/record"
)

// Line is what the runs of one spec and one backend on one kind of machine tell over time.
type Line struct {
	Spec    string `json:"spec"`
	Backend string `json:"backend,omitempty"` // by its name or manifest; empty: the lab's own
	Machine string `json:"machine"`
	Past    []Past `json:"runs"` // the oldest first
	// Steps compare each run that can be compared with the one before it; of three or more the last
	// one compares the newest with the oldest, for a drift that no step shows.
	Steps []Comparison `json:"steps"`
	Turns []Turn       `json:"changes"`     // what changed beyond noise, by the run in which it began
	Blind []string     `json:"cannot_tell"` // why nothing could be told under a scenario, whatever had changed
}

// Past is one of the runs of a line.
type Past struct {
	Run       string     `json:"run"`
	Commit    string     `json:"commit"`        // of the lab, and of the backend where the cells name no other
	Dirty     bool       `json:"dirty"`         // the checkout differed from it
	Why       string     `json:"why,omitempty"` // it is compared with no other
	Baselines []Baseline `json:"baselines"`     // by which the days of the runs differ
}

// Baseline is the median of each measure over the results of a baseline, in the order of metric.Judging;
// nil where it has none.
type Baseline struct {
	Scenario string     `json:"scenario"`
	Trials   Count      `json:"repetitions"`
	Medians  []*float64 `json:"medians"`
}

// Turn is a change beyond noise, after Holm over all the comparisons of its measure and scenario.
type Turn struct {
	Before string `json:"before"` // the run it is compared with
	Began  string `json:"began"`  // the run in which it began
	// Drift says that the newest run differs from the oldest, and no step between two runs does:
	// in which it began is not known.
	Drift    bool   `json:"drift,omitempty"`
	Scenario string `json:"scenario"`
	Cell     string `json:"cell"`
	Change   Change `json:"change"`
}

// History compares runs, the oldest first, with those before them: of the same spec, by its name, and the same backend,
// on the same kind of machine. Of more than last such runs the oldest are left out; 0 keeps all. Lines come by their
// specs, backends and machines.
func History(runs []Run, last int) []Line {
	lines := make(map[string][]Run)
	for _, run := range runs {
		key := run.Plan.Name + "\n" + run.Plan.Backend + "\n" + kind(run.Host)
		lines[key] = append(lines[key], run)
	}
	all := []Line{}
	for _, key := range slices.Sorted(maps.Keys(lines)) {
		line := lines[key]
		if last > 0 {
			line = line[max(0, len(line)-last):]
		}
		all = append(all, newLine(line))
	}
	return all
}

func newLine(runs []Run) Line {
	l := Line{
		Spec:    runs[0].Plan.Name,
		Backend: runs[0].Plan.Backend,
		Machine: kind(runs[0].Host),
		Steps:   []Comparison{},
		Turns:   []Turn{},
		Blind:   []string{},
	}
	var told []Run
	for _, run := range runs {
		past := pastOf(run)
		if l.Past = append(l.Past, past); past.Why == "" {
			told = append(told, run)
		}
	}
	for i := 1; i < len(told); i++ {
		l.Steps = append(l.Steps, atTwoTimes(told[i-1], told[i]))
	}
	if len(told) > 2 {
		l.Steps = append(l.Steps, atTwoTimes(told[0], told[len(told)-1]))
	}
	adjust(l.Steps)
	l.find(len(told) > 2)
	l.seeBlind()
	return l
}

// pastOf tells of a run by itself.
func pastOf(run Run) Past {
	p := Past{Run: run.Name, Commit: run.Host.Commit, Dirty: run.Host.Dirty, Baselines: []Baseline{}}
	enough := false
	for _, g := range newSide(run).groups {
		if !g.Cell.Baseline {
			enough = enough || len(g.Results()) >= MinEach
			continue
		}
		b := Baseline{Scenario: g.Scenario.String(), Trials: counted(g)}
		for _, m := range measures {
			b.Medians = append(b.Medians, finite(stat.Median(m.Values(g.Results()))))
		}
		p.Baselines = append(p.Baselines, b)
	}
	switch {
	case slices.Contains(run.Plan.Factors, matrix.Commit):
		p.Why = "it compares backends within itself"
	case !enough:
		p.Why = fmt.Sprintf("no cell besides the baseline has %d results, the fewest that give an interval", MinEach)
	}
	return p
}

// find collects the changes beyond noise. The last step may be that from the oldest run to the newest.
func (l *Line) find(whole bool) {
	stepwise := make(map[string]bool)
	for i, c := range l.Steps {
		drift := whole && i == len(l.Steps)-1
		for _, p := range c.Pairs {
			for _, change := range p.Changes {
				what := fmt.Sprint(p.Scenario, "\n", cmp.Or(p.CellB, p.Cell), "\n", change.Measure)
				if change.Word != stat.Better && change.Word != stat.Worse || drift && stepwise[what] {
					continue
				}
				stepwise[what] = true
				l.Turns = append(l.Turns, Turn{c.A, c.B, drift, p.Scenario, cmp.Or(p.CellB, p.Cell), change})
			}
		}
	}
}

// seeBlind names the scenarios with so many comparisons, and so few results in each, that not even the
// smallest p-value there can be, with all results of one side beyond those of the other, passes Holm.
func (l *Line) seeBlind() {
	n, least := make(map[string]int), make(map[string]float64)
	for _, c := range l.Steps {
		for _, p := range c.Pairs {
			if p.Changes[0].Interval == nil { // of the goodput, which stands for the others
				continue
			}
			ways := 0.0
			for _, w := range arrangements(p.A.results(), p.B.results()) {
				ways += w
			}
			if n[p.Scenario]++; n[p.Scenario] == 1 || 2/ways < least[p.Scenario] {
				least[p.Scenario] = 2 / ways
			}
		}
	}
	for _, scenario := range slices.Sorted(maps.Keys(n)) {
		if p := float64(n[scenario]) * least[scenario]; p >= alpha {
			l.Blind = append(l.Blind, fmt.Sprintf("%s: with %d comparisons of each measure no p-value can be below %.2g "+
				"after Holm, however much has changed; compare fewer runs (--last), or run more blocks",
				scenario, n[scenario], min(p, 1)))
		}
	}
}

// kind is the kind of a machine: coarse enough that like ones are the same, and names none.
func kind(h record.Host) string {
	parts := []string{fmt.Sprintf("%d CPUs", h.Cores)}
	if maker := strings.Fields(h.CPUModel); len(maker) > 0 {
		parts[0] += " by " + strings.TrimSuffix(maker[0], "(R)")
	}
	if h.MemoryBytes > 0 {
		exponent := math.Round(math.Log2(float64(h.MemoryBytes) / (1 << 30)))
		parts = append(parts, fmt.Sprintf("about %g GiB", math.Exp2(exponent)))
	}
	if kernel := strings.Fields(h.Kernel); len(kernel) > 1 {
		major, _, _ := strings.Cut(kernel[1], ".")
		parts = append(parts, strings.Join(append([]string{kernel[0], major}, kernel[2:]...), " "))
	}
	return strings.Join(parts, ", ")
}

// results is how many trials are compared.
func (n Count) results() int { return n.Valid + n.Failed }

package stop

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"stormwave/lab/internal/analysis"
	"stormwave/lab/internal/judge/stat"
	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/record"
)

// Noise is how far the goodput of the A/A control and of the baseline, which are the same
// thing, were apart in the blocks of earlier runs.
type Noise struct {
	Blocks, Runs int
	squares      float64 // of the log-ratios about the mean of their run, added up
}

// SD is the standard deviation of the log-ratio from block to block, each run about its
// own mean; NaN with fewer than MinBlocks degrees of freedom less one, which tell nothing.
func (n Noise) SD() float64 {
	free := n.Blocks - n.Runs
	if free < stat.MinBlocks-1 {
		return math.NaN()
	}
	return math.Sqrt(n.squares / float64(free))
}

// History is the noise of earlier runs, by load.
type History map[load]Noise

// load is what the baseline is asked: the scenario, and what its script is told.
type load struct {
	scenario matrix.Scenario
	told     string
}

func loadOf(plan matrix.Plan, scenario matrix.Scenario) load {
	var told []string
	baseline := plan.Cells[0].Settings
	for _, name := range slices.Sorted(maps.Keys(baseline)) {
		if strings.HasPrefix(name, matrix.ScenarioPrefix) {
			told = append(told, name+"="+baseline[name])
		}
	}
	return load{scenario, strings.Join(told, "\n")}
}

// Of is the noise of a scenario of the plan.
func (h History) Of(plan matrix.Plan, s matrix.Scenario) Noise { return h[loadOf(plan, s)] }

// Add takes a run into account: its results of the baseline and the A/A control.
func (h History) Add(plan matrix.Plan, records []record.Record) {
	control := plan.Control()
	if control < 1 {
		return
	}
	for _, p := range analysis.Parts(plan, records) {
		ratios := p.LogRatios(0, control)
		if len(ratios) < 2 {
			continue
		}
		mean := 0.0
		for _, v := range ratios {
			mean += v / float64(len(ratios))
		}
		n := h[loadOf(plan, p.Scenario)]
		n.Blocks, n.Runs = n.Blocks+len(ratios), n.Runs+1
		for _, v := range ratios {
			n.squares += (v - mean) * (v - mean)
		}
		h[loadOf(plan, p.Scenario)] = n
	}
}

// Warn names the scenarios that have too few blocks for any of the plan's comparisons to
// be told after Holm, however large. A race has no number of blocks.
func Warn(plan matrix.Plan) []string {
	n := len(plan.Compared())
	if n == 0 || plan.Budget > 0 {
		return nil
	}
	least := stat.MinBlocksFor(n)
	takes := fmt.Sprintf("%d comparisons take %d blocks", n, least)
	if n == 1 {
		takes = fmt.Sprintf("1 comparison takes %d blocks", least)
	}
	var warnings []string
	for _, s := range plan.Scenarios {
		switch blocks := plan.BlocksFor(s); {
		case blocks < least:
			warnings = append(warnings, fmt.Sprintf("%s: %s; with %d none can be told", s, takes, blocks))
		case plan.Stop != nil && plan.Stop.Min < least:
			text := fmt.Sprintf("%s: %s; the run may end after %d, with which none can be told", s, takes, plan.Stop.Min)
			warnings = append(warnings, text)
		}
	}
	return warnings
}

// Reach says of each scenario what difference its blocks can tell, by the noise of earlier runs on
// this machine, or where these are too few by that of all others, and says so; of a scenario with too
// few blocks for any difference it says nothing, for Warn does.
func Reach(plan matrix.Plan, here, elsewhere History) []string {
	n := len(plan.Compared())
	if plan.Budget > 0 {
		return nil // a race has as many blocks as it takes
	}
	var lines []string
	for _, s := range plan.Scenarios {
		blocks := plan.BlocksFor(s)
		if n == 0 || blocks < stat.MinBlocksFor(n) {
			continue
		}
		noise, where := here.Of(plan, s), "on this machine"
		if other := elsewhere.Of(plan, s); math.IsNaN(noise.SD()) && !math.IsNaN(other.SD()) {
			noise, where = other, "on other machines, for there are too few of this one"
		}
		sd := noise.SD()
		if math.IsNaN(sd) {
			lines = append(lines, fmt.Sprintf("%s: what difference %d blocks can tell is not known: too few blocks of "+
				"earlier runs had the baseline and its A/A control under this load (%d)",
				s, blocks, here[loadOf(plan, s)].Blocks+elsewhere[loadOf(plan, s)].Blocks))
			continue
		}
		ratio := Detectable(sd, blocks, n, plan.Margins().Ratio)
		runs := "1 earlier run"
		if noise.Runs > 1 {
			runs = fmt.Sprintf("%d earlier runs", noise.Runs)
		}
		lines = append(lines, fmt.Sprintf("%s: %d blocks tell %.0f%% in goodput with 80%%: %.2f × the baseline's or more, "+
			"or %.2f × or less, if it is as noisy as before (sd of the log-ratio %.3f, A/A in %d blocks of %s %s)",
			s, blocks, 100*(ratio-1), ratio, 1/ratio, sd, noise.Blocks, runs, where))
	}
	return lines
}

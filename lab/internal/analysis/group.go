package analysis

import (
	"cmp"
	"math"
	"slices"

	"stormwave/lab/internal/judge/stat"
	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/record"
)

// Group is the trials of one cell under one scenario.
type Group struct {
	Cell     matrix.Cell
	Scenario matrix.Scenario
	All      []*record.Record // in the order of the file
	Latest   []*record.Record // of All, those of the last attempt at their block
	Used     []*record.Record // of Latest, those that its numbers come from: the valid ones
	Failed   []*record.Record // of Latest, those in which the system failed: they missed the objective, and that is all
	Suspect  bool             // there is none of either, and Used are suspect ones instead
}

// Groups sorts the trials of a run: by the scenarios of the plan, and then by its cells, the
// baseline first. Records of another plan are in none.
func Groups(plan matrix.Plan, records []record.Record) [][]Group {
	type key struct {
		scenario matrix.Scenario
		cell     string
	}
	groups := make([][]Group, len(plan.Scenarios))
	at := make(map[key]*Group, len(plan.Scenarios)*len(plan.Cells))
	for i, scenario := range plan.Scenarios {
		groups[i] = make([]Group, len(plan.Cells))
		for k, cell := range plan.Cells {
			groups[i][k] = Group{Cell: cell, Scenario: scenario}
			at[key{scenario, cell.Label}] = &groups[i][k]
		}
	}
	last := LastAttempts(records)
	for i := range records {
		r := &records[i]
		if g := at[key{ScenarioOf(r), r.Cell}]; g != nil {
			g.All = append(g.All, r)
			if !last.Superseded(r.Block, r.Attempt) {
				g.Latest = append(g.Latest, r)
			}
		}
	}
	for _, g := range at {
		g.choose()
	}
	return groups
}

// ScenarioOf is the scenario of a trial.
func ScenarioOf(r *record.Record) matrix.Scenario {
	return matrix.Scenario{Name: r.Scenario, Scale: r.Scale}
}

// choose picks the trials that the group's numbers come from.
func (g *Group) choose() {
	var suspect []*record.Record
	for _, r := range g.Latest {
		switch {
		case r.HasFailed():
			g.Failed = append(g.Failed, r)
		case r.Verdict == record.Valid:
			g.Used = append(g.Used, r)
		case r.Verdict == record.Suspect && r.Load != nil:
			suspect = append(suspect, r)
		}
	}
	if len(g.Used)+len(g.Failed) == 0 {
		g.Used, g.Suspect = suspect, len(suspect) > 0
	}
}

// N is how many trials the group's numbers come from: those shown.
func (g Group) N() int { return len(g.Used) + len(g.Failed) }

// Excluded is how many trials its numbers do not come from.
func (g Group) Excluded() int { return len(g.All) - g.N() }

// Valid says whether results stand behind the numbers: trials that are valid, or in which the
// system failed.
func (g Group) Valid() bool { return g.N() > 0 && !g.Suspect }

// Shown are the trials that its numbers come from, those included in which the system failed.
func (g Group) Shown() []*record.Record { return slices.Concat(g.Used, g.Failed) }

// Results are the trials that are compared: those shown, but of a suspect group none.
func (g Group) Results() []*record.Record {
	if g.Suspect {
		return nil
	}
	return g.Shown()
}

// Median is the median of a measure over the trials that have it, and how many those are; with
// none the number means nothing.
func (g Group) Median(m Measure) (float64, int) {
	values := m.Values(g.Shown())
	if len(values) == 0 {
		return 0, 0
	}
	return stat.Median(values), len(values)
}

// ByBlock gives a measure in each of the blocks, NaN where there is none.
func (g Group) ByBlock(m Measure, blocks []int) []float64 {
	values, there := make([]float64, len(blocks)), m.byBlock(g.Shown())
	for i, block := range blocks {
		v, ok := there[block]
		if !ok {
			v = math.NaN()
		}
		values[i] = v
	}
	return values
}

// misses says which bounds of the objective a trial broke.
func misses(r *record.Record, slo matrix.SLO) (errors, p99 bool) {
	return r.Load.ErrorRatio > slo.ErrorRatio, r.Load.Latency.P99 > slo.P99.Milliseconds()
}

// Met counts the trials that met the objective, and says which bounds others broke. One in
// which the system failed broke all.
func (g Group) Met(slo matrix.SLO) (met int, errors, p99 bool) {
	for _, r := range g.Used {
		tooMany, tooSlow := misses(r, slo)
		if !tooMany && !tooSlow {
			met++
		}
		errors, p99 = errors || tooMany, p99 || tooSlow
	}
	return met, errors, p99
}

// Meets says whether there are results, and all met the objective.
func (g Group) Meets(slo matrix.SLO) bool {
	met, _, _ := g.Met(slo)
	return g.Valid() && met == g.N()
}

// Typical is the trial that stands for the others: of those that the numbers come from the one
// with the middle goodput; nil if there is none.
func (g Group) Typical() *record.Record { return Middle(g.Used) }

// Middle is the record with the middle goodput, of two the lower, of equals the first; nil
// without any. All must have a load.
func Middle(records []*record.Record) *record.Record {
	if len(records) == 0 {
		return nil
	}
	sorted := slices.SortedFunc(slices.Values(records), func(a, b *record.Record) int {
		return cmp.Or(cmp.Compare(a.Load.GoodputRPS, b.Load.GoodputRPS), cmp.Compare(a.N, b.N))
	})
	return sorted[(len(sorted)-1)/2]
}

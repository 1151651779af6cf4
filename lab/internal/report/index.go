package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"stormwave/lab/internal/analysis"
	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/record"
	"stormwave/lab/internal/report/numeral"
)

// Summary is a run as the index of runs shows it.
type Summary struct {
	Run       string
	Spec      string
	Cells     int // the A/A control aside
	Scenarios []matrix.Scenario
	Blocks    int // that ran
	Trials    int
	Valid     int    // of them
	Set       string // what to set, in few words; Markdown
	Machine   string
}

// Summarize makes the index' entry of a run.
func Summarize(run Run) (Summary, error) {
	a, err := Analyze(run)
	if err != nil {
		return Summary{}, err
	}
	return Summary{
		Run:       run.Name,
		Spec:      run.Plan.Name,
		Cells:     distinct(run.Plan),
		Scenarios: run.Plan.Scenarios,
		Blocks:    blocksOf(run.Records),
		Trials:    len(run.Records),
		Valid:     analysis.Tally(run.Records)[record.Valid],
		Set:       a.few(),
		Machine:   fmt.Sprintf("%s × %s", plural(run.Host.Cores, "core"), run.Host.CPUModel),
	}, nil
}

// few is what to set in few words.
func (a *Analysis) few() string {
	if a.card == nil {
		return a.fewOfRace()
	}
	c := a.card
	switch outcome(c.Outcome) {
	case cured, improved:
		text, g := code(c.Set.Cell), c.Set.Goodput
		if g.Ratio != nil {
			text += ": goodput × " + ratio(*g.Ratio)
		}
		if g.Low != nil && g.High != nil {
			text += fmt.Sprintf(" [%s, %s]", ratio(*g.Low), ratio(*g.High))
		}
		return text
	case kept:
		return "nothing: the baseline meets the SLO"
	case promising:
		return "nothing yet: cells meet the SLO, but none is told better"
	case uncured:
		return "nothing: no cell meets the SLO"
	case disagreeing:
		return "nothing for every load"
	case known:
		return "nothing: what limits each cell is known"
	}
	return "nothing can be said"
}

// Index is results/README.md: the runs, the newest first.
func Index(runs []Summary) []byte {
	var b strings.Builder
	b.WriteString(
		"# Results\n\nEvery run has a report, made from its records alone; the records lie in the directory of the same " +
			"name, and with them\nthe report as one page for a browser, `report.html`.\n\n",
	)
	if len(runs) == 0 {
		b.WriteString("There is no run yet.\n")
		return []byte(b.String())
	}
	t := table{
		head: []string{"Run", "Spec", "Cells", "Scenarios", "Blocks", "Valid", "What to set", "Machine"},
		left: map[int]bool{1: true, 3: true, 6: true, 7: true},
	}
	// Names begin with the time of the run.
	newest := slices.SortedFunc(slices.Values(runs), func(a, b Summary) int { return cmp.Compare(b.Run, a.Run) })
	for _, r := range newest {
		var scenarios []string
		for _, s := range r.Scenarios {
			scenarios = append(scenarios, s.String())
		}
		t.rows = append(t.rows, []string{
			fmt.Sprintf("[%s](%s.md)", r.Run, r.Run), r.Spec, numeral.Count(float64(r.Cells)), strings.Join(scenarios, ", "),
			numeral.Count(float64(r.Blocks)), fmt.Sprintf("%d of %d", r.Valid, r.Trials), r.Set,
			prose(r.Machine),
		})
	}
	b.WriteString(t.markdown())
	return []byte(b.String())
}

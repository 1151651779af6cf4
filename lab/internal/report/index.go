package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"stormwave/lab/internal/analysis"
	"stormwave/lab/internal/judge/stat"
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
	Valid     int      // of them
	Best      []string // the cell with the best goodput under each scenario's SLO, Markdown
	Machine   string
}

// Summarize makes the index' entry of a run. It needs no intervals, and so is much
// cheaper than Analyze.
func Summarize(run Run) Summary {
	s := Summary{
		Run:       run.Name,
		Spec:      run.Plan.Name,
		Cells:     distinct(run.Plan),
		Scenarios: run.Plan.Scenarios,
		Blocks:    blocksOf(run.Records),
		Trials:    len(run.Records),
		Valid:     analysis.Tally(run.Records)[record.Valid],
		Machine:   fmt.Sprintf("%s × %s", plural(run.Host.Cores, "core"), run.Host.CPUModel),
	}
	for _, p := range analysis.Parts(run.Plan, run.Records) {
		s.Best = append(s.Best, fmt.Sprintf("%s: %s", p.Scenario, leaderText(p)))
	}
	return s
}

// leaderText is the cell with the best goodput, in few words.
func leaderText(p analysis.Part) string {
	b := p.Leader()
	if b.Row < 0 {
		return numeral.Missing
	}
	text := code(p.Groups[b.Row].Cell.Label)
	if logs := p.LogRatios(0, b.Row); b.Row > 0 && len(logs) > 0 {
		text += fmt.Sprintf(" (%s ×)", ratio(math.Exp(stat.HodgesLehmann(logs))))
	}
	if !b.Met {
		text += ", SLO missed"
	}
	return text
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
		head: []string{"Run", "Spec", "Cells", "Scenarios", "Blocks", "Valid", "Best goodput (× baseline)", "Machine"},
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
			numeral.Count(float64(r.Blocks)), fmt.Sprintf("%d of %d", r.Valid, r.Trials), strings.Join(r.Best, "<br>"),
			prose(r.Machine),
		})
	}
	b.WriteString(t.markdown())
	return []byte(b.String())
}

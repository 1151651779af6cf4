package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/record"
)

// Summary is a run as the index of runs shows it.
type Summary struct {
	Run       string
	Spec      string
	Cells     int
	Scenarios []matrix.Scenario
	Blocks    int
	Planned   int // repetitions
	Valid     int
	Best      []string // the cell with the best goodput under each scenario, Markdown
	Machine   string
}

// Summarize makes the index' entry of a run.
func Summarize(run Run) Summary {
	s := Summary{
		Run: run.Name, Spec: run.Plan.Name, Cells: len(run.Plan.Cells), Scenarios: run.Plan.Scenarios,
		Blocks: run.Plan.Blocks, Planned: len(run.Plan.Shots),
		Machine: fmt.Sprintf("%s × %s", plural(run.Host.Cores, "core"), run.Host.CPUModel),
	}
	for _, r := range run.Records {
		if r.Verdict == record.Valid {
			s.Valid++
		}
	}
	for _, scenario := range run.Plan.Scenarios {
		s.Best = append(s.Best, fmt.Sprintf("%s: %s", scenario, champion(groups(run, scenario))))
	}
	return s
}

// champion is best in few words.
func champion(rows []group) string {
	i, ok := winner(rows)
	if !ok {
		return missing
	}
	if ratio, ok := ratioOf(rows[0], rows[i], goodputColumn); ok {
		return fmt.Sprintf("%s (%s ×)", code(rows[i].cell.Label), figure(ratio))
	}
	return code(rows[i].cell.Label)
}

// Index is results/README.md: the runs, the newest first.
func Index(runs []Summary) []byte {
	var b strings.Builder
	b.WriteString("# Results\n\nEvery run has a report, made from its records alone; the records lie in the directory of the same name.\n\n")
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
			fmt.Sprintf("[%s](%s.md)", r.Run, r.Run), r.Spec, count(float64(r.Cells)), strings.Join(scenarios, ", "),
			count(float64(r.Blocks)), fmt.Sprintf("%d of %d", r.Valid, r.Planned), strings.Join(r.Best, "<br>"), prose(r.Machine),
		})
	}
	b.WriteString(t.markdown())
	return []byte(b.String())
}

package report

import (
	"fmt"
	"strings"

	"stormwave/lab/internal/record"
)

// leastBlocks is the fewest blocks that can give an interval: a two-sided signed
// rank test cannot go below p = 0.0625 with 5, and reaches 0.031 with 6.
const leastBlocks = 6

// opening says in plain words what the run found.
func opening(run Run) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s × %s × %s. %s\n",
		plural(len(run.Plan.Cells), "cell"), plural(len(run.Plan.Scenarios), "scenario"),
		plural(run.Plan.Blocks, "block"), tally(run))
	for _, s := range run.Plan.Scenarios {
		fmt.Fprintf(&b, "**%s**: %s\n", s, finding(run, groups(run, s)))
	}
	if run.Plan.Blocks < leastBlocks {
		fmt.Fprintf(&b, "With %s n is too small for an interval (it takes %d): believe large differences, not small ones.",
			plural(run.Plan.Blocks, "block"), leastBlocks)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// tally counts the repetitions by what became of them.
func tally(run Run) string {
	verdicts := map[record.Verdict]int{}
	for _, r := range run.Records {
		verdicts[r.Verdict]++
	}
	text := fmt.Sprintf("Of %s %d are valid", plural(len(run.Plan.Shots), "repetition"), verdicts[record.Valid])
	for _, v := range []record.Verdict{record.Suspect, record.Invalid} {
		if verdicts[v] > 0 {
			text += fmt.Sprintf(", %d %s", verdicts[v], v)
		}
	}
	if left := len(run.Plan.Shots) - len(run.Records); left > 0 {
		text += fmt.Sprintf(", %d not shot", left)
	}
	return text + "."
}

// finding says which cells met the objective, how the baseline did, and which
// cell had the best goodput.
func finding(run Run, rows []group) string {
	var met []string
	for _, g := range rows {
		if g.meets(run.Plan.SLO) {
			met = append(met, g.cell.Label)
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d of %s met the SLO", len(met), plural(len(rows), "cell"))
	if len(met) > 0 && len(met) <= 5 {
		fmt.Fprintf(&b, " (%s)", codes(met))
	}
	b.WriteString(". ")
	if base := rows[0]; len(base.valid) == 0 {
		b.WriteString("The baseline has no valid repetition, so there is nothing to compare with. ")
	} else {
		failed, _ := base.median(load("", "", nil, errorRatio).value)
		slow, _ := base.median(load("", "", nil, p99).value)
		fmt.Fprintf(&b, "The baseline had %s%% of its requests fail and a p99 of %s ms. ", percent(failed), figure(slow))
	}
	b.WriteString(best(rows))
	return b.String()
}

// best names the cell with the highest median goodput.
func best(rows []group) string {
	i, ok := winner(rows)
	if !ok {
		return "No cell has a goodput."
	}
	top, _ := rows[i].median(goodputColumn.value)
	if rows[i].cell.Baseline {
		return fmt.Sprintf("The best goodput is the baseline's own: %s RPS.", figure(top))
	}
	text := fmt.Sprintf("The best goodput is that of %s: %s RPS", code(rows[i].cell.Label), figure(top))
	if ratio, ok := ratioOf(rows[0], rows[i], goodputColumn); ok {
		text += fmt.Sprintf(", %s × the baseline's", figure(ratio))
	}
	return text + "."
}

// winner is the row with the highest goodput above 0; the first of equals.
func winner(rows []group) (int, bool) {
	best, most := 0, 0.0
	for i, g := range rows {
		if v, n := g.median(goodputColumn.value); n > 0 && v > most {
			best, most = i, v
		}
	}
	return best, most > 0
}

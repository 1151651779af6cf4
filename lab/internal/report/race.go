package report

import (
	"fmt"
	"strings"

	"stormwave/lab/internal/report/numeral"
	"stormwave/lab/internal/search/race"
	"stormwave/lab/internal/search/tune"
)

// race is what a race over the cells came to: the recommended cell, and the answer of every one.
func (a *Analysis) race() blocks {
	t, s, err := a.standing()
	if err != nil {
		return blocks{say("The race cannot be told from the records: %s.", prose(err.Error()))}
	}
	return blocks{words(a.recommended(t, s)), say(`
Each block after the first ran the likeliest cells alone, the leader twice. *In the set*: with 97.5%% the best cell
under the SLO is one of these. *Few trials, cannot be excluded*: in the set because it was measured fewer than three
times. *Best*, *within δ*, *SLO met*: how likely the cell is the best, is no more than δ behind the best, meets the
SLO. ×: its goodput over the recommended cell's, with 95%%, shrunk towards the mean of all. Connections: to the
servers, at most; parts: services on a query's way. Chances are a model's: log goodput is the sum of the cell's, the
block's and noise.
`), a.raceTable(t, s)}
}

func (a *Analysis) standing() (tune.Tuning, race.Standing, error) {
	t := tune.New(a.run.Plan, a.run.Services, a.run.Plan.Budget)
	s, err := t.Standing(a.run.Records)
	return t, s, err
}

// recommended says in words how the race ended, and which cell it recommends.
func (a *Analysis) recommended(t tune.Tuning, s race.Standing) string {
	end := string(s.Stop)
	if s.Stop == race.Goes {
		end = "it is not over"
	}
	text := fmt.Sprintf("The race ran %s of at most %d: %s.", plural(s.Trials, "trial"), t.Race.Budget, end)
	if s.Recommended < 0 {
		return text + " No cell has been measured.\n"
	}
	cell, cost := code(a.run.Plan.Cells[t.Rows[s.Recommended]].Label), t.Race.Cells[s.Recommended]
	margin := fmt.Sprintf("%.4g", 100*t.Race.Margin)
	switch {
	case s.LeastBad:
		return text + fmt.Sprintf(" No cell is likely to meet the SLO; the least bad is %s.\n", cell)
	case s.Sure:
		const cheapest = " **Recommended: %s**, the cheapest of those that are within %s%% of the best with 95%%"
		text += fmt.Sprintf(cheapest, cell, margin)
	default:
		const likeliest = " **Recommended: %s**, which is within %s%% of the best with %s%%, more likely than any other"
		text += fmt.Sprintf(likeliest, cell, margin, numeral.Percent(s.Cells[s.Recommended].Near))
	}
	return text + fmt.Sprintf(" (%s, %s).\n", plural(cost.Connections, "connection"), plural(cost.Parts, "part"))
}

// fewOfRace is what the race recommends in few words.
func (a *Analysis) fewOfRace() string {
	t, s, err := a.standing()
	if err != nil || s.Recommended < 0 {
		return "nothing can be said"
	}
	cell := code(a.run.Plan.Cells[t.Rows[s.Recommended]].Label)
	if s.LeastBad {
		return "nothing: no cell is likely to meet the SLO; the least bad is " + cell
	}
	return cell + ", recommended by a race"
}

// raceTable has a row for each cell: those of the set first, the likeliest first, then the others as
// the plan has them.
func (a *Analysis) raceTable(t tune.Tuning, s race.Standing) table {
	out := table{
		head: []string{
			"Cell", "Answer", "n", "Best, %", "Within δ, %", "SLO met, %", "×", "95%", "Connections", "Parts",
		},
		left: map[int]bool{1: true},
	}
	rows := s.Set
	for i := range s.Cells {
		if s.Cells[i].Answer != race.InSet && s.Cells[i].Answer != race.FewTrials {
			rows = append(rows[:len(rows):len(rows)], i)
		}
	}
	for _, i := range rows {
		c, cost := s.Cells[i], t.Race.Cells[i]
		line := []string{cellName(a.run.Plan.Cells[t.Rows[i]]), string(c.Answer), fmt.Sprint(c.Trials)}
		if c.Answer == race.NotMeasured {
			line = append(line, numeral.Missing, numeral.Missing, numeral.Missing)
		} else {
			line = append(line, numeral.Percent(c.Best), numeral.Percent(c.Near), numeral.Percent(c.Meets))
		}
		if c.Ratio == nil {
			line = append(line, numeral.Missing, numeral.Missing)
		} else {
			line = append(line, ratio(c.Ratio.Median), ratio(c.Ratio.Low)+" to "+ratio(c.Ratio.High))
		}
		out.rows = append(out.rows, append(line, numeral.Count(float64(cost.Connections)), fmt.Sprint(cost.Parts)))
	}
	return out
}

// raceTerminal is the race for a terminal.
func (a *Analysis) raceTerminal() string {
	t, s, err := a.standing()
	if err != nil {
		return err.Error() + "\n"
	}
	plain := strings.NewReplacer("`", "", "**", "")
	table := a.raceTable(t, s)
	for _, line := range table.rows {
		line[0] = plain.Replace(line[0])
	}
	return plain.Replace(a.recommended(t, s)) + table.terminal()
}

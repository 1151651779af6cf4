package report

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"

	"stormwave/lab/internal/analysis"
	"stormwave/lab/internal/judge/stat"
	"stormwave/lab/internal/metric"
)

// Terminal is the card, or the race, and of each scenario the cells beside the baseline, cut to what fits a terminal.
func (a *Analysis) Terminal() string {
	factors := a.run.Plan.Factors
	b := strings.Builder{}
	if a.card != nil {
		b.WriteString(a.card.terminal())
	} else {
		b.WriteString(a.raceTerminal())
	}
	for _, p := range a.parts {
		c := compare(p.rows, strings.Join(factors, " "), shortName(factors), []column{failedColumn, p99Column})
		c.addText("SLO met", "", func(row int) string { return p.rows[row].slo(p.Plan.SLO) })
		c.addText(measures[byGoodput].head, "", func(row int) string { return p.contrastText(byGoodput, row) })
		scale, low, high := p.scale()
		c.addText(fmt.Sprintf("%s … %s", ratio(low), ratio(high)), "", scale)
		fmt.Fprintf(&b, "\n%s (● SLO met, ○ missed, ─ interval, ░ noise band, ┊ no difference)\n%s",
			title(p.Plan, p.Scenario), c.terminal())
	}
	return b.String()
}

// scaleWidth is how many columns the plot for a terminal has.
const scaleWidth = 25

// scale draws a row's ratio to the baseline on a line of characters, logarithmic from low to high.
func (p part) scale() (line func(row int) string, low, high float64) {
	reach := math.Log(1.5)
	far := func(v float64) {
		if x := math.Abs(math.Log(v)); !math.IsInf(x, 0) && !math.IsNaN(x) {
			reach = max(reach, x)
		}
	}
	contrasts := p.contrasts[byGoodput]
	for row, c := range contrasts {
		if row > 0 && c.N > 0 {
			low, high := ends(c)
			far(low)
			far(high)
		}
	}
	column := func(v float64) int {
		x := (math.Log(v)/reach + 1) / 2 * (scaleWidth - 1)
		return int(math.Round(max(0, min(x, scaleWidth-1))))
	}
	return func(row int) string {
		cells := []rune(strings.Repeat(" ", scaleWidth))
		fill := func(low, high float64, with rune) {
			for i := column(low); low <= high && i <= column(high); i++ {
				cells[i] = with
			}
		}
		if band, ok := p.band(); ok {
			fill(band.Low, band.High, '░')
		}
		cells[scaleWidth/2] = '┊'
		if c := contrasts[row]; row > 0 && c.N > 0 {
			low, high := ends(c)
			fill(low, high, '─')
			cells[column(c.Ratio)] = map[bool]rune{true: '●', false: '○'}[p.rows[row].Meets(p.Plan.SLO)]
		}
		return strings.TrimRight(string(cells), " ")
	}, math.Exp(-reach), math.Exp(reach)
}

// ends are those of a contrast's interval, or of its range where n is too small for one.
func ends(c analysis.Contrast) (low, high float64) {
	if c.Interval != nil {
		return c.Interval.Low, c.Interval.High
	}
	return c.Low, c.High
}

// band is the noise band of the goodput.
func (p part) band() (band stat.Interval, ok bool) {
	row := p.Plan.Control()
	if row < 0 || p.contrasts[byGoodput][row].N == 0 {
		return band, false
	}
	band.Low, band.High = ends(p.contrasts[byGoodput][row])
	return band, true
}

// told is a cell for programs.
type toldCell struct {
	Cell    string              `json:"cell"`
	N       int                 `json:"n"`
	SLOMet  int                 `json:"slo_met"` // of N trials
	Medians map[string]*float64 `json:"medians"` // by the metric's name
	Against map[string]Effect   `json:"against"` // the baseline, by the measure's name
}

// JSON is the card and the cells of each scenario, for programs.
func (a *Analysis) JSON() ([]byte, error) {
	type toldPart struct {
		Scenario string     `json:"scenario"`
		Cells    []toldCell `json:"cells"`
	}
	told := struct {
		Card  *Card      `json:"card"`
		Parts []toldPart `json:"scenarios"`
	}{Card: a.card}
	for _, p := range a.parts {
		part := toldPart{Scenario: p.Scenario.String(), Cells: []toldCell{}}
		for row, g := range p.rows {
			met, _, _ := g.Met(p.Plan.SLO)
			cell := toldCell{g.Cell.Label, g.N(), met, map[string]*float64{}, map[string]Effect{}}
			for _, m := range metric.Judging {
				if v, n := g.median(of(m)); n > 0 {
					cell.Medians[m.Gate] = finite(v)
				}
			}
			for m, of := range metric.Judging {
				if row > 0 {
					cell.Against[of.Gate] = effect(p.contrasts[m][row])
				}
			}
			part.Cells = append(part.Cells, cell)
		}
		told.Parts = append(told.Parts, part)
	}
	text, err := json.MarshalIndent(told, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write report as JSON: %w", err)
	}
	return append(text, '\n'), nil
}

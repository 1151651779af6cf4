package report

import (
	"fmt"
	"math"
	"slices"

	"stormwave/lab/internal/analysis"
	"stormwave/lab/internal/judge/knee"
	"stormwave/lab/internal/judge/usl"
	"stormwave/lab/internal/record"
	"stormwave/lab/internal/report/numeral"
)

// unit is that of this part's load if it rises in steps, so that its saturation can be looked for:
// record.UnitVUs or record.UnitRate. Of another it is "".
func (p part) unit() string {
	for _, g := range p.rows {
		for _, r := range g.Used {
			if unit := knee.Unit(r); unit != "" {
				return unit
			}
		}
	}
	return ""
}

func (p part) rises() bool { return p.unit() != "" }

// saturation shows where each cell saturates under the rising load: by its curves, and by the
// law of scalability.
func (p part) saturation(a *Analysis) blocks {
	load, users := "users (VUs) and the requests per second", " N is not the users, who mostly think."
	if p.unit() == record.UnitRate {
		load, users = "requests per second that are due (req/s) and those that are sent (RPS)", ""
	}
	return blocks{say(readingSaturation, load), p.saturationTable(a), say(readingUSL, users), p.uslTable()}
}

const readingSaturation = `Saturation: the %s at the moment when p99 leaves the plateau that it has under the
light third of the load, and throughput stops following the load, both for five seconds on end. It knows no SLO; a
service that is slow but follows has none. Medians over trials; in brackets the 95%% interval, or below six
trials the range.

`

const readingUSL = `
Throughput over the requests in flight, as the Universal Scalability Law has it, X(N) = λN / (1 + σ(N−1) + κN(N−1)). X
is the successful requests per second of a step of the load, N the requests that the system had in hand meanwhile:
requests per second × their mean latency (Little's law).%s
λ is the throughput with one request in flight, σ contention, κ coherence (what each adds to all others); the peak may
lie between the steps or beyond them. A fit that the data cannot carry is refused, with the reason; so is one whose peak
lies beyond twice the highest N or X that was measured, and one that falls off from a straight line by no more than it
is off from the data.

`

func (p part) saturationTable(a *Analysis) comparison {
	c := comparison{cells: len(p.rows), table: table{
		head: []string{"Cell", "n", "Saturation, " + p.unit(), "Saturation, RPS"},
		left: map[int]bool{2: true, 3: true},
	}}
	for _, g := range p.rows {
		c.note(g)
		var loads, rps []float64
		lost := 0
		top := 0.0
		for _, r := range g.Used {
			curves, ok := a.run.Curves[r.N]
			b, told := knee.FindSaturation(r, curves)
			if !ok || !told {
				lost++
				continue
			}
			top = max(top, b.Top)
			loads = append(loads, b.Load)
			if !math.IsNaN(b.RPS) {
				rps = append(rps, b.RPS)
			}
		}
		if lost > 0 {
			c.missing.add("Saturation", fmt.Sprintf("%s without curves that tell", plural(lost, "trial")), g.Cell.Label)
		}
		seed := a.run.Plan.Seed
		c.add(g, []string{cellName(g.Cell), g.n(), g.mark(saturationText(loads, top, seed)), g.mark(spread(rps, seed))})
	}
	return c
}

// saturationText writes the loads of saturation, of which some may not be there: none up to 500, 3 of 3.
func saturationText(loads []float64, top float64, seed uint64) string {
	found := slices.DeleteFunc(slices.Clone(loads), func(v float64) bool { return math.IsInf(v, 1) })
	switch {
	case len(loads) == 0:
		return numeral.Missing
	case len(found) == 0:
		return "none up to " + numeral.Count(top)
	case len(found) < len(loads):
		return fmt.Sprintf(
			"%s in %d of %d, else none up to %s", spread(found, seed), len(found), len(loads), numeral.Count(top),
		)
	}
	return spread(found, seed)
}

// spread writes the median and how far the values reach: their interval, or where
// there are too few for one, their range.
func spread(values []float64, seed uint64) string {
	if len(values) == 0 {
		return numeral.Missing
	}
	reach := analysis.ReachOf(values, seed)
	median, low, high := numeral.Figure(reach.Median), numeral.Figure(reach.Low), numeral.Figure(reach.High)
	switch {
	case len(values) == 1:
		return median
	case reach.Covers:
		return fmt.Sprintf("%s [%s, %s]", median, low, high)
	}
	return fmt.Sprintf("%s (%s to %s)", median, low, high)
}

func (p part) uslTable() comparison {
	c := comparison{cells: len(p.rows), table: table{
		head: []string{"Cell", "n", "λ, RPS with one in flight", "σ", "κ", "Peak, RPS", "with N in flight", "Off by %"},
	}}
	for _, g := range p.rows {
		c.note(g)
		var points []usl.Point
		lost := 0
		for _, r := range g.Used {
			of, ok := knee.Points(r)
			if !ok {
				lost++
			}
			points = append(points, of...)
		}
		row := []string{
			cellName(g.Cell), g.n(), numeral.Missing, numeral.Missing, numeral.Missing, numeral.Missing, numeral.Missing,
			numeral.Missing,
		}
		fit, err := usl.Of(points)
		switch {
		case len(g.Used) == 0:
		case lost > 0:
			without := fmt.Sprintf("%s without the mean latency of every step", plural(lost, "trial"))
			c.missing.add("The law", without, g.Cell.Label)
		case err != nil:
			c.missing.add("The law", err.Error(), g.Cell.Label)
		default:
			n, x := fit.Peak()
			for i, text := range []string{
				numeral.Figure(fit.Lambda), small(fit.Sigma), small(fit.Kappa), peakText(n, x), peakAt(n),
				numeral.Percent(fit.Residual),
			} {
				row[2+i] = g.mark(text)
			}
		}
		c.add(g, row)
	}
	return c
}

// small writes a coefficient, which may be far below 0.001.
func small(v float64) string {
	if v == 0 {
		return "0"
	}
	return fmt.Sprintf("%.2g", v)
}

// peakText writes the highest throughput. Without coherence there is none, but what
// it comes close to.
func peakText(n, x float64) string {
	switch {
	case math.IsInf(x, 1):
		return "no limit seen"
	case math.IsInf(n, 1):
		return "towards " + numeral.Count(x)
	}
	return numeral.Count(x)
}

func peakAt(n float64) string {
	if math.IsInf(n, 1) {
		return "none"
	}
	return numeral.Count(n)
}

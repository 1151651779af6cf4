package report

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"stormwave/lab/internal/metric"
	"stormwave/lab/internal/record"
	"stormwave/lab/internal/report/numeral"
)

// phases lists the phases that a part's trials have, as they follow each other in the
// load. One that does not lead to the same load in all of them has no unit.
func phases(rows []group) []record.NamedPhase {
	found := map[string]record.NamedPhase{}
	for _, g := range rows {
		for _, r := range g.Used {
			for _, p := range r.Timeline() {
				known, ok := found[p.Name]
				switch {
				case !ok:
					found[p.Name] = p
				case known.To != p.To || known.Unit != p.Unit:
					known.Offer = &record.Offer{Order: known.Order, To: known.To}
					found[p.Name] = known
				}
			}
		}
	}
	return slices.SortedFunc(maps.Values(found), record.NamedPhase.Compare)
}

// phaseHead writes a phase in a table's head: by where it leads the load, if that rises.
func phaseHead(p record.NamedPhase) string {
	if p.Unit != "" && p.To > p.From {
		return "to " + numeral.Count(p.To) + " " + p.Unit
	}
	return p.Name
}

// phaseNumber is a number of which each phase has its own.
type phaseNumber struct {
	title string
	show  func(float64) string
	value func(record.Phase) (float64, bool)
}

func ofPhase(title string, of func(record.Phase) *record.Latency, value func(*record.Latency) float64) phaseNumber {
	return phaseNumber{title, metric.Milliseconds.Show, func(p record.Phase) (float64, bool) {
		l := of(p)
		if l == nil {
			return 0, false
		}
		return value(l), true
	}}
}

func everyRequest(p record.Phase) *record.Latency { return p.Latency }

func successful(p record.Phase) *record.Latency { return p.OKLatency }

// phaseNumbers are those of the load that each phase has by itself.
var phaseNumbers = []phaseNumber{
	{metric.Requests.Head, metric.Requests.Unit.Show, func(p record.Phase) (float64, bool) {
		return float64(p.Requests), true
	}},
	{metric.ErrorRatio.Head, metric.ErrorRatio.Unit.Show, func(p record.Phase) (float64, bool) {
		return float64(p.Failed) / float64(p.Requests), p.Requests > 0
	}},
	ofPhase(metric.P95.Head+" of all requests", everyRequest, metric.Percentiles[1].Of),
	ofPhase(metric.P99.Head+" of all requests", everyRequest, metric.Percentiles[2].Of),
	ofPhase(metric.P99.Head+" of successes", successful, metric.Percentiles[2].Of),
}

// columns has one column for each phase.
func (n phaseNumber) columns(phases []record.NamedPhase) []column {
	var columns []column
	for _, phase := range phases {
		columns = append(columns, column{
			head: phaseHead(phase),
			name: "phases." + phase.Name,
			show: n.show,
			value: func(r *record.Record) (float64, bool) {
				p, ok := r.Phases[phase.Name]
				if !ok {
					return 0, false
				}
				return n.value(p)
			},
			why: func(r *record.Record) string {
				switch p, ok := r.Phases[phase.Name]; {
				case ok && p.Requests == 0:
					return "no request began in it"
				case ok && p.Failed == p.Requests:
					return "no request succeeded"
				}
				return ""
			},
		})
	}
	return columns
}

// recoveryColumn is the time that the service took to come back.
var recoveryColumn = column{
	head:  "Recovery s",
	name:  "recovery_s",
	show:  recoverySeconds,
	value: recovery,
	worst: metric.P99.Worst,
}

// recovery is infinite where the service was not back when the load ended: longer than all
// that are known.
func recovery(r *record.Record) (float64, bool) {
	if r.Recovery == nil {
		return math.Inf(1), true
	}
	return *r.Recovery, true
}

func recoverySeconds(s float64) string {
	if math.IsInf(s, 1) {
		return "not back"
	}
	return numeral.Figure(s)
}

// recoveryText is the median recovery of each row, and how many trials of it did not
// come back.
func recoveryText(rows []group) textColumn {
	return textColumn{recoveryColumn.head, func(row int) string {
		g := rows[row]
		median, n := g.median(recoveryColumn)
		never := 0
		for _, v := range recoveryColumn.measure().Values(g.Shown()) {
			if math.IsInf(v, 1) {
				never++
			}
		}
		lost := fmt.Sprintf("not in %d of %d", never, n)
		switch {
		case n == 0:
			return numeral.Missing
		case math.IsInf(median, 1):
			return g.mark(lost)
		case never > 0:
			return g.mark(recoverySeconds(median)) + " (" + lost + ")"
		}
		return g.mark(recoverySeconds(median))
	}}
}

// recoveryWords say what the rows' recoveries go by.
func recoveryWords(rows []group) words {
	back := "p95 is back under the SLO's bound, and no more requests fail than it allows, for good"
	for _, g := range rows {
		for _, r := range g.Used {
			if r.Load.Slow == nil { // as long as the lab did not count these, failures were no matter
				back = "p95 is back under the SLO's bound for good, however many requests failed"
			}
		}
	}
	return say("Recovery: from the end of the rise until %s; 0 where it never left it. The median is over all "+
		"trials: one that was not back when the load ended is the longest.", back)
}

// phaseTables shows the load phase by phase: a table for each number.
func phaseTables(rows []group) blocks {
	all := phases(rows)
	if len(all) == 0 {
		return blocks{words("No trial that can be used has phases.")}
	}
	list := blocks{
		recoveryWords(rows),
		compare(rows, "Cell", cellName, nil, recoveryText(rows)),
	}
	notes := comparison{cells: len(rows)}
	for _, n := range phaseNumbers {
		c := compare(rows, "Cell", cellName, n.columns(all))
		list = append(list, say("**%s**", n.title), c.table)
		notes.missing.join(c.missing)
		notes.suspect = c.suspect
	}
	return append(list, notes.notes())
}

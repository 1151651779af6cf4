package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"stormwave/lab/internal/backend"
	"stormwave/lab/internal/metric"
	"stormwave/lab/internal/record"
	"stormwave/lab/internal/report/numeral"
)

const readingFailures = `Of each cell the trial with the middle goodput: the first second in which a request failed, and
what most of its failures were. The message is what the backend was told most often, by SQLSTATE or, for want of one, in
a word of its own. “–”: not recorded.
`

// conditions are PostgreSQL's names of the states that failures have most often (its manual, appendix A).
var conditions = map[string]string{
	"08P01": "protocol_violation",
	"23505": "unique_violation",
	"40001": "serialization_failure",
	"53300": "too_many_connections",
	"55P03": "lock_not_available",
	"57014": "query_canceled",
	"57P01": "admin_shutdown",
	"57P03": "cannot_connect_now",
}

// firstFailures shows how the typical trial of each cell began to fail; nil if none did.
func (p part) firstFailures(a *Analysis) blocks {
	t := table{
		head: []string{"Cell", "Trial", "Second", "Phase", "Status", "Message", "Where"},
		left: map[int]bool{3: true, 4: true, 5: true, 6: true},
	}
	var refs []ref
	for _, g := range p.rows {
		r := g.Typical()
		if r == nil || r.Load.Failed == 0 {
			continue
		}
		second, phase := firstFailure(r, a.run.Curves[r.N])
		message, where := told(r)
		t.rows = append(t.rows, []string{
			cellName(g.Cell), fmt.Sprint(r.N), second, prose(phase), status(r.Load), message, where,
		})
		refs = append(refs, g.ref)
	}
	if len(t.rows) == 0 {
		return nil
	}
	t.link = rowLinks(refs)
	return blocks{words(readingFailures), t}
}

// firstFailure is the first second of a trial's load in which a request failed, and the phase that it is in.
func firstFailure(r *record.Record, s record.Series) (second, phase string) {
	for i, v := range s.Curves[metric.ErrorRatio.Name] {
		if v == nil || *v == 0 {
			continue
		}
		at := float64(i+1) * s.Step
		end, phase := 0.0, numeral.Missing
		for _, p := range r.Timeline() {
			if end += p.Seconds; p.Seconds > 0 && at <= end {
				phase = p.Name
				break
			}
		}
		return numeral.Figure(at), phase
	}
	return numeral.Missing, numeral.Missing
}

// status is the status that most failures had, and how many did.
func status(l *record.Load) string {
	worst, most := numeral.Missing, int64(0)
	for _, code := range slices.Sorted(maps.Keys(l.Status)) {
		if n := l.Status[code]; n > most && !strings.HasPrefix(code, "2") {
			worst, most = code, n
		}
	}
	if most == 0 {
		return numeral.Missing
	}
	if worst == "0" {
		worst = "no answer"
	}
	return fmt.Sprintf("%s × %s", numeral.Count(float64(most)), worst)
}

// told is what the backend was told most often when it failed, and by whom.
func told(r *record.Record) (message, where string) {
	state, most := "", 0.0
	errors := metric.QueryErrors.Values(r.Metrics)
	for _, s := range slices.Sorted(maps.Keys(errors)) {
		if errors[s] > most {
			state, most = s, errors[s]
		}
	}
	const sqlstate = 5 // characters
	switch {
	case most == 0:
		return numeral.Missing, numeral.Missing
	case slices.Contains(backend.Unsent, state):
		where = "backend, for want of a connection"
	case len(state) == sqlstate && strings.ToUpper(state) == state:
		where = "server or pooler"
	default:
		where = "backend"
	}
	message = state
	if name, ok := conditions[state]; ok {
		message += " " + name
	}
	return fmt.Sprintf("%s × %s", numeral.Count(most), prose(message)), where
}

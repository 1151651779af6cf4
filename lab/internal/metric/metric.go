// Package metric says what is measured: one table, a row for each metric. What is read of Prometheus, which columns a
// report has, what cells are compared by and what charts and dashboards show are loops over it, or ask for a row by
// its handle. It is pure.
package metric

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"stormwave/lab/internal/judge/stat"
	"stormwave/lab/internal/record"
)

// Metric is a row of the table. One without a Reduce has no number in records, and one that is not Kept no curve:
// then only charts and dashboards show it.
type Metric struct {
	Name string // in records: a key of Metrics, a curve, or a field of Load
	Unit Unit
	Help string // what it is, without a full stop
	Source

	Kept     bool // its curve is kept with each trial
	Optional bool // the backend of an older commit does not have it: it is then absent, and not missing

	Table Table  // of the report that it is a column of
	Head  string // of that column
	Later bool   // it was not always measured: a report without a single number of it has no such column

	Judged // how it is compared

	read func(*record.Record) (float64, bool) // nil: Metrics has it by its name
	why  func(*record.Record) string          // why a record that does not say so lacks it; "": not recorded
	key  string                               // of one value of the label By; "": of all
}

// Judged says how trials are compared by a metric. The zero value is of one that they are not compared by.
type Judged struct {
	Better stat.Direction
	Noun   string   // in a sentence
	Gate   string   // its name in gates and in comparisons of runs
	Points bool     // it may well be 0, so that the difference is told, in points, and not the ratio
	Worst  *float64 // what a trial counts as in which the system failed; nil: it has no such number
	Bench  string   // its unit in the Go benchmark format; "": it is not in there
}

// Table is a table of the report.
type Table int

// The tables that have a row for each cell and a column for each metric.
const (
	None    Table = iota
	Users         // what the users saw
	Primary       // what the primary did
	Pools         // and what the pools did
	Replica       // what the replica did
	Machine       // what the machine paid
)

// all is the table, in the order of the reports' columns.
var all []*Metric

// All returns every row.
func All() []*Metric { return slices.Clone(all) }

// In returns the columns of a table, from left to right.
func In(t Table) []*Metric {
	return slices.DeleteFunc(All(), func(m *Metric) bool { return m.Table != t })
}

// add adds a row.
func add(name string, unit Unit, help string) *Metric {
	m := unlisted(name, unit, help)
	all = append(all, m)
	return m
}

// unlisted makes a metric that is not in the table.
func unlisted(name string, unit Unit, help string) *Metric {
	return &Metric{Name: name, Unit: unit, Help: help}
}

// live is of charts and dashboards alone.
func live(unit Unit, help string, family Selector, draw Drawing) *Metric {
	return unlisted("", unit, help).from(family, Unread).drawn(draw)
}

func (m *Metric) from(family Selector, reduce Reduction) *Metric {
	m.Family, m.Reduce, m.Draw = family, reduce, reduce.drawing()
	return m
}

func (m *Metric) drawn(as Drawing) *Metric          { m.Draw = as; return m }
func (m *Metric) counting(which ...Matcher) *Metric { m.Of = which; return m }
func (m *Metric) less(which ...Matcher) *Metric     { m.Less = which; return m }
func (m *Metric) per(which ...Matcher) *Metric      { m.Per = which; return m }
func (m *Metric) by(label string) *Metric           { m.By = label; return m }
func (m *Metric) times(scale float64) *Metric       { m.Scale = scale; return m }
func (m *Metric) kept() *Metric                     { m.Kept = true; return m }
func (m *Metric) optional() *Metric                 { m.Optional = true; return m }
func (m *Metric) later() *Metric                    { m.Later = true; return m }
func (m *Metric) in(t Table, head string) *Metric   { m.Table, m.Head = t, head; return m }
func (m *Metric) judged(j Judged) *Metric           { m.Judged = j; return m }
func (m *Metric) because(why reason) *Metric        { m.why = why; return m }
func (m *Metric) made(read reader) *Metric          { m.read = read; return m }
func (m *Metric) ofHistogram(reduce string) *Metric { m.Histogram, m.Scale = reduce, milli; return m }

// addedUp makes the number of a column that of all values of the label together.
func (m *Metric) addedUp() *Metric {
	return m.made(func(r *record.Record) (sum float64, ok bool) {
		values := m.Values(r.Metrics)
		for _, v := range values {
			sum += v
		}
		return sum, len(values) > 0
	})
}

type (
	reader = func(*record.Record) (float64, bool)
	reason = func(*record.Record) string
)

// Value is the metric's number of a trial; ok is false where the record has none.
func (m *Metric) Value(r *record.Record) (v float64, ok bool) {
	if m.read != nil {
		return m.read(r)
	}
	return m.Get(r.Metrics)
}

// Get reads a metric that comes from Prometheus.
func (m *Metric) Get(metrics map[string]float64) (v float64, ok bool) {
	v, ok = metrics[m.Key()]
	return v, ok
}

// Why says why a record may lack the number, "" where nothing but the record itself can tell.
func (m *Metric) Why(r *record.Record) string {
	if m.why == nil {
		return ""
	}
	return m.why(r)
}

// At is the metric of one value of its label: cpu_cores{service="app"}.
func (m *Metric) At(value string) *Metric {
	one := *m
	one.read = nil
	one.key = m.Name + Suffix(m.By, value)
	one.Of = append(slices.Clone(m.Of), Is(m.By, value))
	return &one
}

// Key is how records name it.
func (m *Metric) Key() string { return cmp.Or(m.key, m.Name) }

// ByKey is the metric that records know by a key.
func ByKey(key string) *Metric { return unlisted(key, Things, "") }

// Suffix follows the name of a metric that is of one value of a label.
func Suffix(label, value string) string {
	if value == "" {
		return ""
	}
	return fmt.Sprintf("{%s=%q}", label, value)
}

// Values are the metric's numbers by the value of its label.
func (m *Metric) Values(metrics map[string]float64) map[string]float64 {
	found := make(map[string]float64)
	for key, v := range metrics {
		rest, ok := strings.CutPrefix(key, m.Name+"{"+m.By+"=")
		if !ok {
			continue
		}
		if value, err := strconv.Unquote(strings.TrimSuffix(rest, "}")); err == nil {
			found[value] = v
		}
	}
	return found
}

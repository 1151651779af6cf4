package report

import (
	"cmp"
	"maps"
	"slices"

	"stormwave/lab/internal/analysis"
	"stormwave/lab/internal/metric"
	"stormwave/lab/internal/record"
)

// column is one number of every row.
type column struct {
	head  string // with the unit
	help  string // of what, over what
	name  string // as in the records: reasons call a missing number by it
	value func(*record.Record) (float64, bool)
	show  func(float64) string
	why   func(*record.Record) string // for want of a reason in the record; "": not recorded
	worst *float64                    // what a trial counts as in which the system failed; nil: it has no such number
	later bool                        // not always measured: without a single number the column is not in the table at all
}

// measure is the column as a number that a group has.
func (c column) measure() analysis.Measure { return analysis.Measure{Value: c.value, Worst: c.worst} }

// of is the column of a metric.
func of(m *metric.Metric) column {
	return column{
		head:  m.Head,
		help:  m.Help,
		name:  m.Key(),
		value: m.Value,
		show:  m.Unit.Show,
		why:   m.Why,
		worst: m.Worst,
		later: m.Later,
	}
}

// headed is the column under another head than the metric's own.
func (c column) headed(head string) column { c.head = head; return c }

// helped is the column with other words than the metric's own.
func (c column) helped(words string) column { c.help = words; return c }

// columnsOf are the columns of metrics.
func columnsOf(all []*metric.Metric) []column {
	columns := make([]column, len(all))
	for i, m := range all {
		columns[i] = of(m)
	}
	return columns
}

// table has the columns of one of the report's tables that there are numbers of.
func (p part) table(t metric.Table) []column { return p.present(columnsOf(metric.In(t))) }

// present leaves out the later columns of which no trial has a number.
func (p part) present(columns []column) []column {
	return slices.DeleteFunc(slices.Clone(columns), func(c column) bool {
		return c.later && !slices.ContainsFunc(p.rows, func(g group) bool {
			_, n := g.median(c)
			return n > 0
		})
	})
}

// What is compared.
var (
	goodputColumn = of(metric.Goodput)
	failedColumn  = of(metric.ErrorRatio)
	slowColumn    = of(metric.SlowRatio)
	p99Column     = of(metric.P99)
)

// fallbackColumns are the reads that the primary took for the replica, by reason.
func (p part) fallbackColumns() []column {
	var columns []column
	for _, reason := range p.labels(metric.FallbackReasons) {
		columns = append(columns, of(metric.FallbackReasons.At(reason)).headed("Fall-backs: "+reason))
	}
	return columns
}

// byService makes a column of each service for which a metric was recorded, and says what it is of it.
func (p part) byService(m *metric.Metric, what string) []column {
	var columns []column
	for _, service := range p.labels(m) {
		columns = append(columns, of(m.At(service)).headed(service+" "+what))
	}
	return columns
}

// byPooler makes columns of each pooler that lets its clients wait in its socket's queue.
func (p part) byPooler() []column {
	return slices.Concat(
		p.byService(metric.PoolerServed, "clients served max"),
		p.byService(metric.PoolerWaiting, "clients waiting max"),
	)
}

// metricsOf holds all metrics of the rows, each with a number of one of them.
func metricsOf(rows []group) map[string]float64 {
	found := map[string]float64{}
	for _, g := range rows {
		for _, r := range g.Used {
			maps.Copy(found, r.Metrics)
		}
	}
	return found
}

// labels lists the values that a metric's label has, the services on a request's way first.
func (p part) labels(m *metric.Metric) []string {
	onTheWay := []string{"k6", "app", "pgbouncer", "postgres", "primary", "replica", "prometheus"}
	rank := func(s string) int {
		if i := slices.Index(onTheWay, s); i >= 0 {
			return i
		}
		return len(onTheWay)
	}
	return slices.SortedFunc(maps.Keys(m.Values(p.metrics)), func(a, b string) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a, b))
	})
}

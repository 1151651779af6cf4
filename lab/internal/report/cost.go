package report

import (
	"strings"

	"stormwave/lab/internal/analysis"
	"stormwave/lab/internal/judge/stat"
	"stormwave/lab/internal/metric"
	"stormwave/lab/internal/record"
	"stormwave/lab/internal/report/numeral"
	"stormwave/lab/internal/series"
)

const readingCosts = `“Connections” are the most sessions on the servers that queries go to; “attempts” are the
backend's own to open one during the load, refused ones too, through a pooler those to the pooler; a pool that is filled
before the load may need none. CPU and memory are what the services on the way of the queries take (“Parts”): those
that run idle in a cell are not counted. CPU is the time per 1,000 successful requests; memory the highest PSS of the
database servers and of PgBouncer.
`

// costs are what a cell is paid with.
var costs = []measure{
	{
		Measure: analysis.Measure{Better: stat.LowerIsBetter, Value: cpuPerSuccess},
		head:    "CPU ×",
		noun:    "CPU per success",
	},
	{
		Measure: analysis.Measure{Better: stat.LowerIsBetter, Value: serversMemory},
		head:    "Memory ×",
		noun:    "memory",
	},
}

var (
	connectionsColumn = overServers(metric.OfPrimary.Connections, metric.OfReplica.Connections).headed("Connections").
				helped("the most sessions on the servers that queries go to")
	attemptsColumn = of(metric.NewConns)
	cpuColumn      = column{
		head:  "CPU s per 1,000",
		help:  "CPU time of the services on the way, per 1,000 successful requests",
		name:  metric.CPUCores.Name,
		show:  numeral.Figure,
		value: cpuPerSuccess,
		why:   noSuccess,
	}
	memoryColumn = column{
		head:  "Memory MiB",
		help:  "highest PSS of the database servers and poolers on the way",
		name:  metric.MemoryPSS.Name,
		show:  metric.MemoryPSS.Unit.Show,
		value: serversMemory,
	}
)

// onTheWay lists the services that a trial's queries go through, the backend first.
func onTheWay(r *record.Record) []string {
	services := r.Route().Services()
	for i, name := range services {
		services[i] = series.Service(name)
	}
	return services
}

// overServices adds a metric up over services.
func overServices(r *record.Record, m *metric.Metric, services []string) (float64, bool) {
	sum := 0.0
	for _, s := range services {
		v, ok := m.At(s).Value(r)
		if !ok {
			return 0, false
		}
		sum += v
	}
	return sum, true
}

// serversMemory is in bytes, of all on the way but the backend, which is no server of the data.
func serversMemory(r *record.Record) (float64, bool) {
	return overServices(r, metric.MemoryPSS, onTheWay(r)[1:])
}

// cpuPerSuccess is in seconds per 1,000 successful requests.
func cpuPerSuccess(r *record.Record) (float64, bool) {
	cores, ok := overServices(r, metric.CPUCores, onTheWay(r))
	successes, _ := metric.Successes.Value(r)
	return 1_000 * cores * seconds(r) / successes, ok && successes > 0
}

func noSuccess(r *record.Record) string {
	if r.Load.Failed == r.Load.Requests {
		return "no request succeeded"
	}
	return ""
}

// costTable has a row for each cell, with what it is paid with.
func (p part) costTable() comparison {
	c := compare(p.rows, "Cell", cellName, []column{connectionsColumn, attemptsColumn, cpuColumn, memoryColumn})
	for i, m := range costs {
		c.addText(m.head, "", func(row int) string { return c.judged(p, m, p.costs[i], row) })
	}
	c.addText("Parts", "", func(row int) string { return strings.Join(parts(p.rows[row]), ", ") })
	return c
}

// parts are the services that the queries of a cell go through.
func parts(g group) []string { return g.Cell.Settings.Route().Services() }

package report

import (
	"stormwave/lab/internal/analysis"
	"stormwave/lab/internal/judge/stat"
	"stormwave/lab/internal/metric"
	"stormwave/lab/internal/record"
	"stormwave/lab/internal/report/numeral"
	"stormwave/lab/internal/series"
)

const readingRemedies = `Compared with the baseline as everywhere in this report. “Connections max” are sessions on the
servers that queries go to; “attempts” are the backend's own to open one during the load, refused ones too, through a
pooler those to the pooler; a pool that is filled before the load may need none. CPU and memory are what the services on
the way of the queries take: backend, primary, and the replica and PgBouncer where they are used. In the other cells
these two run idle, and are not counted. CPU is the time per 1,000 successful requests; memory the highest PSS of the
database servers and of PgBouncer. p99 is of all requests, so failures that come fast flatter it.
`

const reservation = `
**Reservation.** Everything ran on one machine: load generator, backend, pooler, primary and replica share its CPUs, so
a replica brings none of its own, and no read scaling can be seen. Unless a scenario says otherwise the load is a closed
model: users who wait send fewer requests, so a slow cell was offered less load than a fast one. What holds for this
workload, two short reads a request, need not hold for long queries or for writes.
`

// costs are what a remedy is paid with.
var costs = []measure{
	{
		Measure: analysis.Measure{Better: stat.LowerIsBetter, Value: cpuPerSuccess},
		head:    "CPU ×",
	},
	{
		Measure: analysis.Measure{Better: stat.LowerIsBetter, Value: serversMemory},
		head:    "Memory ×",
	},
}

var (
	cpuColumn = column{
		head:  "CPU s per 1,000",
		name:  metric.CPUCores.Name,
		show:  numeral.Figure,
		value: cpuPerSuccess,
		why:   noSuccess,
	}
	memoryColumn = column{
		head:  "Memory MiB",
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

// remedies is a part whose cells are remedies.
type remedies struct {
	part
	run   Run
	costs [][]analysis.Contrast // by cost and row
}

func newRemedies(run Run, p part) remedies {
	r := remedies{part: p, run: run}
	for _, m := range costs {
		r.costs = append(r.costs, p.Contrasts(m.Measure))
	}
	return r
}

// shown are the rows of the tables: the baseline and the remedies, without the A/A control.
func (r remedies) shown() []int { return append([]int{0}, r.Plan.Compared()...) }

// table has a row for each remedy: what it does, and what it costs.
func (r remedies) table() comparison {
	c := comparison{cells: len(r.shown()), table: table{head: []string{"Remedy", "n"}, left: map[int]bool{}}}
	words := func(heads ...string) {
		for _, h := range heads {
			c.left[len(c.head)] = true
			c.head = append(c.head, h)
		}
	}
	for _, m := range measures {
		words(m.head)
	}
	c.head = append(c.head, "Connections max", "Connection attempts")
	words("SLO met")
	c.head = append(c.head, cpuColumn.head)
	words(costs[0].head)
	c.head = append(c.head, memoryColumn.head)
	words(costs[1].head)
	for _, row := range r.shown() {
		g := r.rows[row]
		c.note(g)
		name := remedyName(r.run, g)
		if row == 0 {
			name = "**baseline** " + name
		}
		line := []string{name, g.n()}
		for m := range measures {
			line = append(line, c.contrast(r.part, m, row))
		}
		line = append(line, c.number(g, connectionsColumn), c.number(g, attemptsColumn), g.slo(r.Plan.SLO))
		for i, column := range []column{cpuColumn, memoryColumn} {
			line = append(line, c.number(g, column), c.judged(r.part, costs[i], r.costs[i], row))
		}
		c.add(g, line)
	}
	return c
}

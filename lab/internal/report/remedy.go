package report

import (
	"slices"

	"stormwave/lab/internal/judge/stat"
	"stormwave/lab/internal/record"
	"stormwave/lab/internal/report/numeral"
	metrics "stormwave/lab/internal/series"
)

const readingRemedies = `Compared with the baseline as everywhere in this report. “Connections max” are sessions on the servers that queries go
to; “attempts” are the backend's own to open one during the load, refused ones too, through a pooler those to the pooler; a
pool that is filled before the load may need none. CPU and memory are what the services on the way of the queries take: backend, primary, and the replica
and PgBouncer where they are used. In the other cells these two run idle, and are not counted. CPU is the time per 1,000
successful requests; memory the highest PSS of the database servers and of PgBouncer. p99 is of all requests, so failures that come fast flatter it.
`

// costs are what a remedy is paid with.
var costs = []measure{
	{head: "CPU ×", noun: "the CPU time per success", dir: stat.LowerIsBetter, value: cpuPerSuccess},
	{head: "Memory ×", noun: "the servers' memory", dir: stat.LowerIsBetter, value: func(r *record.Record) (float64, bool) {
		return overServices(r, "memory_pss_bytes_max", onTheWay(r)[1:]) // the backend is no database
	}},
}

var (
	cpuColumn    = column{head: "CPU s per 1,000", name: "cpu_cores", show: numeral.Figure, value: cpuPerSuccess, why: noSuccess}
	memoryColumn = column{head: "Memory MiB", name: "memory_pss_bytes_max", show: mebibytes, value: costs[1].value}
)

// onTheWay lists the services that a repetition's queries go through, the backend first.
func onTheWay(r *record.Record) []string {
	services := r.Route().Services()
	for i, name := range services {
		services[i] = metrics.Service(name)
	}
	return services
}

// overServices adds a metric up over services.
func overServices(r *record.Record, name string, services []string) (float64, bool) {
	sum := 0.0
	for _, s := range services {
		v, ok := r.Metrics[series(name, "service", s)]
		if !ok {
			return 0, false
		}
		sum += v
	}
	return sum, true
}

// cpuPerSuccess is in seconds per 1,000 successful requests.
func cpuPerSuccess(r *record.Record) (float64, bool) {
	cores, ok := overServices(r, "cpu_cores", onTheWay(r))
	return 1_000 * cores * seconds(r) / successes(r.Load), ok && successes(r.Load) > 0
}

func noSuccess(r *record.Record) string {
	if successes(r.Load) == 0 {
		return "no request succeeded"
	}
	return ""
}

// connections is compared to see whether a remedy keeps them down.
var connections = measure{head: "Connections ×", noun: "connections", dir: stat.LowerIsBetter, value: connectionsColumn.value}

// remedies is a part whose cells are remedies.
type remedies struct {
	part
	run         Run
	costs       [][]contrast // by cost and row
	connections []contrast   // by row
}

func newRemedies(run Run, p part) remedies {
	r := remedies{part: p, run: run, connections: p.judge(connections, run.Plan.Seed)}
	for _, m := range costs {
		r.costs = append(r.costs, p.judge(m, run.Plan.Seed))
	}
	return r
}

// shown are the rows of the tables: the baseline and the remedies, without the twin.
func (r remedies) shown() []int { return append([]int{0}, r.declared()...) }

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
		line = append(line, c.number(g, connectionsColumn), c.number(g, attemptsColumn), g.slo(r.slo))
		for i, column := range []column{cpuColumn, memoryColumn} {
			line = append(line, c.number(g, column), c.judged(r.part, costs[i], r.costs[i], row))
		}
		c.add(g, line)
	}
	return c
}

// singles are the rows of one remedy alone, and together that of all of them, or 0.
func (r remedies) singles() (singles []int, together int) {
	for _, row := range r.declared() {
		if remedyOf(r.run, r.rows[row]) == allTogether {
			together = row
		} else {
			singles = append(singles, row)
		}
	}
	return singles, together
}

// tiedWith lists the rows that cannot be told from the best of them in goodput;
// unknown says that there are too few blocks to tell.
func (r remedies) tiedWith(best int, rows []int) (tied []int, unknown bool) {
	if len(r.blocks) < stat.LeastBlocks(len(rows)-1) {
		return nil, true
	}
	var values [][]float64
	for _, row := range rows {
		values = append(values, r.values[byGoodput][row])
	}
	m := measures[byGoodput]
	for _, i := range stat.Tied(values, m.dir, m.margin(r.margin), r.run.Plan.Seed) {
		if rows[i] != best {
			tied = append(tied, rows[i])
		}
	}
	return tied, false
}

// against compares a row with another one that is not the baseline.
func (r remedies) against(m, base, row int) stat.Contrast {
	of := measures[m]
	return of.compare(r.values[m][base], r.values[m][row], of.margin(r.margin), r.run.Plan.Seed)
}

// valid are the rows among others whose repetitions can be used.
func (r remedies) valid(rows []int) []int {
	return slices.DeleteFunc(slices.Clone(rows), func(row int) bool { return !r.rows[row].valid() })
}

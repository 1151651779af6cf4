package report

import (
	"stormwave/lab/internal/record"
	"stormwave/lab/internal/route"

	"stormwave/lab/internal/report/numeral"
)

// beside is a number of the study next to the run's own.
type beside struct {
	head string
	// As the study and its prototype give them; "": not given. Source: the study's
	// account of its second stage, and the table of the throw-away prototype in it.
	study, unlimited, capped string
	ours                     column
}

// stormFacts are of the study's storm: 1000 VUs within 8 s. Of the rows per second
// the study gives the peak of both kinds together.
var stormFacts = []beside{
	{"Requests", "78,029", "51,578", "85,358", load("Requests", "requests", numeral.Count, func(l *record.Load) float64 { return float64(l.Requests) })},
	{"Failed %", "12.7", "12.60", "0", load("Failed %", "error_ratio", numeral.Percent, errorRatio)},
	{"RPS peak", "1,980", "", "", column{head: "RPS peak", name: "rps_peak", show: numeral.Figure, value: func(r *record.Record) (float64, bool) {
		return optional(r.Load.RPSPeak)
	}}},
	{"p99 ms", "1,020", "3,720", "197", load("p99 ms", "latency_ms", numeral.Figure, p99)},
	{"QPS", "321", "", "", overServers("QPS", "qps", numeral.Figure)},
	{"Rows fetched/s", "150,000 to 160,000", "", "", overServers("Rows fetched/s", "rows_fetched_per_second", numeral.Figure)},
	{"Rows returned/s", "150,000 to 160,000", "", "", overServers("Rows returned/s", "rows_returned_per_second", numeral.Figure)},
	{"Connections max", "55 to 60", "", "", connectionsColumn},
	{"Connection attempts", "", "6,601", "8", attemptsColumn},
}

// The wave of the study: 500 VUs within 1.5 minutes. Where it broke stands with the first
// misses of the run.
const (
	studyMissVUs = "300 to 350"
	studyHeldRPS = "600"
)

// waveFacts are of the study's wave, and follow the first miss.
var waveFacts = []beside{
	{"Failed %", "11", "1.61", "", load("Failed %", "error_ratio", numeral.Percent, errorRatio)},
	{"p99 ms", "above 1,000", "756", "", load("p99 ms", "latency_ms", numeral.Figure, p99)},
	{"QPS", "1,300", "", "", overServers("QPS", "qps", numeral.Figure)},
	{"CPU busy %", "below 50", "", "", metric("CPU busy %", "host_cpu_busy_ratio", numeral.Percent)},
}

// studyLoad is the study's load average, as a share of the processors.
const studyLoad = "above 100"

var (
	connectionsColumn = overServers("Connections max", "connections_max", numeral.Count)
	attemptsColumn    = metric("Connection attempts", "pool_new_conns", numeral.Count)
)

// overServers adds a metric up over the servers that queries go to. For the highest
// of two servers it is an upper bound: they need not have been highest together.
func overServers(head, metric string, show func(float64) string) column {
	return column{head: head, name: "primary_" + metric, show: show, value: func(r *record.Record) (float64, bool) {
		sum, ok := r.Metrics["primary_"+metric]
		if r.Route().ReadsFrom(route.Replica) {
			v, read := r.Metrics["replica_"+metric]
			sum, ok = sum+v, ok && read
		}
		return sum, ok
	}}
}

package page

import (
	"stormwave/lab/internal/metric"
	"stormwave/lab/internal/service"
)

// chart says what is drawn, and by which queries.
type chart struct {
	id, title, unit string
	curves          []curve
}

// curve is one line of a chart, or one for each value of a label. In its query $w
// stands for the time that a rate is over: as long as the step from point to point, so
// that nothing between two points is missed.
type curve struct {
	name  string // in the legend; empty: the label's value
	query string
	label string
	order []string // values of the label that are drawn, in the order of their colours
	rest  string   // in the legend: the sum of all other values; empty: they are not drawn
}

const window = "$w"

// share is a curve of hundredths.
func share(name string, m *metric.Metric) curve {
	return curve{name: name, query: "100 * " + m.Query(window)}
}

func byServer(query string) []curve {
	return []curve{{query: query, label: "server", order: service.Servers}}
}

var servers = metric.OfServers()

// drawn are the charts of the page, in their order: the metrics of the study.
var drawn = []chart{
	{"rps", "Requests", "per second", []curve{
		{name: "sent", query: metric.RPS.Query(window)},
		{name: "failed", query: metric.FailedRPS.OrZero(window)},
	}},
	{"errors", "Errors", "% of the requests", []curve{
		share("failed (k6)", metric.FailedShare),
		share("5xx (backend)", metric.ErrorPart),
	}},
	{"latency", "Latency", "ms", []curve{
		{name: "p95", query: metric.P95Curve.Query(window)},
		{name: "p99", query: metric.P99Curve.Query(window)},
	}},
	// Of two trials that follow each other, both may have a sample in the window.
	{"vus", "Virtual users", "VUs", []curve{
		{name: "VUs", query: "max(max_over_time(" + metric.VUs.Family.String() + "[" + window + "]))"},
	}},
	{"connections", "Connections", "sessions", byServer(servers.Sessions.Peak(window, "server"))},
	{"qps", "Statements", "per second", byServer(servers.QPS.Query(window, "server"))},
	{"cpu", "CPU by service", "cores", []curve{
		{query: metric.CPUCores.Query(window, "service"), label: "service", order: ofQueries(), rest: "others"},
	}},
}

// ofQueries are the services that send, pass and answer queries, and that which watches them.
func ofQueries() []string {
	all := []string{"app", "postgres", "replica"}
	for _, s := range service.All() {
		if s.Pooler {
			all = append(all, s.Name)
		}
	}
	return append(all, "k6", "prometheus")
}

package page

import (
	"stormwave/lab/internal/backend"
	"stormwave/lab/internal/record"
	"stormwave/lab/internal/series"
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

const (
	ofLoad     = `scenario="` + record.LoadScenario + `"`
	k6Requests = `k6_http_reqs_total{` + ofLoad + `}`
	k6Failed   = `k6_http_reqs_total{` + ofLoad + `,expected_response="false"}`
	k6Wait     = `k6_request_wait_seconds{` + ofLoad + `}`
)

var (
	appHTTP   = appRequests(``)
	appErrors = appRequests(`,code=~"5.."`)
)

// appRequests selects the requests of the workload that the backend under test has counted.
func appRequests(more string) string {
	return backend.Bundled.Metrics.Requests + `{job="app",route!="` + backend.Bundled.Unrouted + `"` + more + `}`
}

// drawn are the charts of the page, in their order: the metrics of the study.
var drawn = []chart{
	{"rps", "Requests", "per second", []curve{
		{name: "sent", query: `sum(rate(` + k6Requests + `[$w]))`},
		{name: "failed", query: `sum(rate(` + k6Failed + `[$w])) or 0 * sum(rate(` + k6Requests + `[$w]))`},
	}},
	{"errors", "Errors", "% of the requests", []curve{
		{name: "failed (k6)", query: `100 * (sum(rate(` + k6Failed + `[$w])) or 0 * sum(rate(` + k6Requests + `[$w]))) / (sum(rate(` + k6Requests + `[$w])) > 0)`},
		{name: "5xx (backend)", query: `100 * (sum(rate(` + appErrors + `[$w])) or 0 * sum(rate(` + appHTTP + `[$w]))) / (sum(rate(` + appHTTP + `[$w])) > 0)`},
	}},
	{"latency", "Latency", "ms", []curve{
		{name: "p95", query: `1000 * histogram_quantile(0.95, sum(rate(` + k6Wait + `[$w])))`},
		{name: "p99", query: `1000 * histogram_quantile(0.99, sum(rate(` + k6Wait + `[$w])))`},
	}},
	{"vus", "Virtual users", "VUs", []curve{
		{name: "VUs", query: `max(max_over_time(k6_vus[$w]))`},
	}},
	{"connections", "Connections", "sessions", []curve{
		{query: `sum by (server) (max_over_time(` + series.PGConnections + `{job="lab"}[$w]))`, label: "server", order: service.Servers},
	}},
	{"qps", "Statements", "per second", []curve{
		{query: `sum by (server) (rate(` + series.PGStatements + `{job="lab"}[$w]))`, label: "server", order: service.Servers},
	}},
	{"cpu", "CPU by service", "cores", []curve{
		{query: `sum by (service) (rate(` + series.ServiceCPU + `{job="lab"}[$w]))`, label: "service",
			order: []string{"app", "postgres", "replica", "pgbouncer", "k6", "prometheus"}, rest: "others"},
	}},
}

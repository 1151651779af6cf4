//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"math"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"stormwave/lab/internal/dashboardtest"
)

// One cell on every server, with reads and writes, and rows that are locked for a
// while: then something waits for a lock, and for a connection.
const everyServer = `name: dashboards
scenarios: [mixed@0.1]
factors: {topology: [pgbouncer+replica]}
baseline: {topology: pgbouncer+replica}
settings: {pool_size: 4, pool_min: 4, fault.lock_users: 200ms}
blocks: 1
seed: 1
slo: {error_ratio: 0.01, p99: 500ms}
`

// What Grafana asks for each panel, variable and annotation of a trial, Prometheus
// answers with data, and each curve has its legend and a colour of its own.
func TestEveryDashboardQueryReturnsData(t *testing.T) {
	t.Parallel()
	c := newCheckout(t)
	spec := filepath.Join(c.root, "dashboards.yaml")
	must(t, os.WriteFile(spec, []byte(everyServer), 0o600))
	c.lab("up")
	if r := c.run("run", spec); r.status != 0 && r.status != 3 { // 3: a noisy machine made a trial suspect
		t.Fatalf("lab run: exit status %d\n%s%s", r.status, r.stdout, r.stderr)
	}
	all := records(t, c.runs()[0])
	if len(all) == 0 || isSpoilt(all[0].Verdict) {
		t.Fatalf("records = %+v; want a trial to look at", all)
	}
	g := grafana{t: t, prometheus: *c.status().URLs["prometheus"], from: all[0].Start, to: all[0].End}

	files, err := filepath.Glob(filepath.Join(source, "dashboards", "*.json"))
	must(t, err)
	asked := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		must(t, err)
		d, err := dashboardtest.Parse(text)
		must(t, err)
		values := g.choose(d)
		for q := range d.Queries() {
			asked++
			g.look(q, values)
		}
	}
	if asked < 100 {
		t.Errorf("%d queries were asked; want those of four dashboards", asked)
	}

	// How far the run is, is told to its end.
	for query, want := range map[string]int{
		"lab_run_shots_planned":   len(all),
		"lab_run_shots_done":      len(all),
		"sum(lab_run_verdicts)":   len(all),
		"count(lab_run_verdicts)": 4,
	} {
		eventually(
			t, query+" is what the records hold", 5*time.Second,
			func() bool { return ask(t, g.prometheus, query) == float64(want) },
		)
	}
	// The replica replays what the primary writes, byte for byte.
	g.to = time.Now()
	written, replayed := g.growth(
		`lab_pg_wal_bytes_total{server="primary"}`,
	), g.growth(`lab_pg_wal_bytes_total{server="replica"}`)
	if written < 100_000 || math.Abs(replayed-written) > 0.1*written {
		t.Errorf(
			"the primary wrote %.0f bytes of WAL, the replica replayed %.0f; want a trial's writes, and as much", written,
			replayed,
		)
	}
}

// grafana asks as Grafana does that shows the time from one moment to another.
type grafana struct {
	t          *testing.T
	prometheus string
	from, to   time.Time
}

// choose returns all values of every variable, as they are put into queries.
func (g grafana) choose(d dashboardtest.Dashboard) map[string]string {
	g.t.Helper()
	values := map[string]string{"__rate_interval": "4s", "__range": fmt.Sprintf("%.0fs", g.to.Sub(g.from).Seconds())}
	for _, v := range d.Variables.List {
		if v.Type == "datasource" {
			continue
		}
		selector, label, err := v.Values()
		must(g.t, err)
		var answer struct{ Data []string }
		g.get("/api/v1/label/"+label+"/values", url.Values{"match[]": {selector}}, &answer)
		if len(answer.Data) < 2 {
			g.t.Errorf("%s: variable %s has the values %v; want several", d.Title, v.Name, answer.Data)
		}
		values[v.Name] = dashboardtest.AnyOf(answer.Data)
	}
	return values
}

// curve is what Prometheus answers for one series.
type curve struct {
	Metric map[string]string
	Values [][2]any
}

// look asks a query over the trial, and checks what would be drawn.
func (g grafana) look(q dashboardtest.Query, values map[string]string) {
	g.t.Helper()
	expr, err := dashboardtest.Fill(q.Target.Expr, values)
	must(g.t, err)
	curves := g.curves(expr, q.Target.Instant)
	if !slices.ContainsFunc(curves, curve.hasNumber) {
		g.t.Errorf("%s: no data\n  %s", q.Where, expr)
	}
	legends := make(map[string]bool)
	for _, c := range curves {
		for _, label := range dashboardtest.LegendLabels(q.Target.Legend) {
			if c.Metric[label] == "" {
				g.t.Errorf("%s: the legend %q has no %s in %v", q.Where, q.Target.Legend, label, c.Metric)
			}
		}
		legend := dashboardtest.Legend(q.Target.Legend, c.Metric)
		if legends[legend] && q.Panel.Type != "" && !q.Target.Instant {
			g.t.Errorf("%s: two curves are called %q", q.Where, legend)
		}
		legends[legend] = true
		if colour, err := q.Panel.Colour(legend); q.Panel.Type == "timeseries" && (colour == "" || err != nil) {
			g.t.Errorf("%s: %q has no colour of its own: %v", q.Where, legend, err)
		}
	}
}

// hasNumber says whether anything would be drawn: 0/0 would not.
func (c curve) hasNumber() bool {
	return slices.ContainsFunc(c.Values, func(point [2]any) bool {
		value, err := strconv.ParseFloat(point[1].(string), 64)
		return err == nil && !math.IsNaN(value) && !math.IsInf(value, 0)
	})
}

// curves asks each second, or, where the present alone is shown, in the middle.
func (g grafana) curves(expr string, instant bool) []curve {
	g.t.Helper()
	from, to := g.from, g.to
	if instant {
		from = from.Add(to.Sub(from) / 2)
		to = from
	}
	var answer struct {
		Status, Error string
		Data          struct{ Result []curve }
	}
	g.get(
		"/api/v1/query_range", url.Values{"query": {expr}, "start": {stamp(from)}, "end": {stamp(to)}, "step": {"1"}},
		&answer,
	)
	if answer.Status != "success" {
		g.t.Errorf("%s: %s", expr, answer.Error)
	}
	return answer.Data.Result
}

// growth is by how much a counter has grown.
func (g grafana) growth(expr string) float64 {
	g.t.Helper()
	curves := g.curves(expr, false)
	if len(curves) != 1 {
		g.t.Fatalf("%s: %d curves; want one", expr, len(curves))
	}
	points := curves[0].Values
	first, err := strconv.ParseFloat(points[0][1].(string), 64)
	must(g.t, err)
	last, err := strconv.ParseFloat(points[len(points)-1][1].(string), 64)
	must(g.t, err)
	return last - first
}

func (g grafana) get(path string, query url.Values, into any) {
	g.t.Helper()
	must(g.t, json.NewDecoder(strings.NewReader(fetch(g.t, g.prometheus+path+"?"+query.Encode()))).Decode(into))
}

func stamp(at time.Time) string { return strconv.FormatFloat(float64(at.UnixMilli())/1000, 'f', 3, 64) }

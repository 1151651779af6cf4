package dashboard

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"stormwave/app/contract"
	"stormwave/lab/internal/dashboardtest"
	"stormwave/lab/internal/series"
)

// standIn takes the place of each variable.
var standIn = map[string]string{
	"__rate_interval": "4s",
	"__range":         "60s",
	"server":          dashboardtest.AnyOf([]string{"primary", "replica"}),
	"service":         dashboardtest.AnyOf([]string{"app", "node-exporter"}),
}

// expressions returns every query, the selectors of variables included, by where it is.
func expressions(t *testing.T) map[string]string {
	t.Helper()
	all := make(map[string]string)
	for _, d := range dashboards(t) {
		for q := range d.Queries() {
			expr, err := dashboardtest.Fill(q.Target.Expr, standIn)
			if err != nil {
				t.Fatalf("%s: %v", q.Where, err)
			}
			all[q.Where] = expr
		}
		for _, v := range d.Variables.List[1:] {
			selector, _, err := v.Values()
			if err != nil {
				t.Fatalf("%s: %v", d.Title, err)
			}
			all[d.Title+": variable "+v.Name] = selector
		}
	}
	if len(all) < 100 {
		t.Fatalf("%d queries; want those of four dashboards", len(all))
	}
	return all
}

var ours = regexp.MustCompile(`\b(?:app|lab)_[a-zA-Z0-9_]+|\b[a-z]+:[a-zA-Z0-9_:]+`)

// Of the metrics that the backend and the lab export, none is asked for that there is
// not; and none by a rule, which other Prometheus servers do not have.
func TestEveryMetricOfOursExists(t *testing.T) {
	known := slices.Concat(contract.Metrics, series.Metrics)
	asked := make(map[string]bool)
	for where, expr := range expressions(t) {
		for _, name := range ours.FindAllString(withoutTexts(expr), -1) {
			asked[name] = true
			if !slices.Contains(known, name) {
				t.Errorf("%s asks for %s, which nothing exports", where, name)
			}
		}
	}
	// What a viewer must be able to see.
	for _, name := range []string{
		contract.MetricInFlight, contract.MetricQueued, contract.MetricShed, contract.MetricPoolAcquired,
		contract.MetricPoolIdle, contract.MetricPoolWaiting,
		contract.MetricAcquireDuration, contract.MetricPoolNewConns, contract.MetricPoolClosed, contract.MetricQueryCancels,
		contract.MetricQueryErrors,
		contract.MetricReads, contract.MetricReadFallbacks, contract.MetricStaleReads, contract.MetricReplicaUsable,
		contract.MetricReplicaLag, contract.MetricReplicaLagSize,
		series.PGConnections, series.PGMaxConnections, series.PGWaiting, series.PGLockWaiting, series.PGReplicaLagBytes,
		series.PGReplicaLagSeconds, series.PGWAL,
		series.TrialInfo, series.RunPlanned, series.RunDone, series.RunVerdicts, series.ServiceUp, series.ServiceCPU,
		series.ServicePSS,
	} {
		if !asked[name] {
			t.Errorf("no panel shows %s", name)
		}
	}
}

var quoted = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)

// withoutTexts leaves the values of labels out.
func withoutTexts(expr string) string { return quoted.ReplaceAllString(expr, `""`) }

func TestFillAndLegend(t *testing.T) {
	got, err := dashboardtest.Fill(
		`rate(x{server=~"$server",a="${b}"}[$__rate_interval])`,
		map[string]string{"server": dashboardtest.AnyOf([]string{"one", "two"}), "b": "c", "__rate_interval": "4s"},
	)
	if want := `rate(x{server=~"(one|two)",a="c"}[4s])`; err != nil || got != want {
		t.Errorf("filled in: %q, %v; want %q", got, err, want)
	}
	if _, err := dashboardtest.Fill("rate(x[$interval])", nil); err == nil ||
		!strings.Contains(err.Error(), "no variable interval") {
		t.Errorf("an unknown variable: %v; want it named", err)
	}
	if got := dashboardtest.LegendLabels("opened, {{target}} {{ job }}"); !slices.Equal(got, []string{"target", "job"}) {
		t.Errorf("labels of the legend = %v", got)
	}
	if got := dashboardtest.Legend(
		"opened, {{target}}", map[string]string{"target": "replica"},
	); got != "opened, replica" {
		t.Errorf("legend = %q", got)
	}
}

package metric

import (
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/common/model"

	"stormwave/lab/internal/record"
)

// Records, curves and columns hold numbers by name: two rows of one name would overwrite each other.
func TestRowsAreTold(t *testing.T) {
	read, kept, heads := map[string]bool{}, map[string]bool{}, map[string]bool{}
	once := func(seen map[string]bool, what, name string) {
		if seen[name] {
			t.Errorf("two rows are the %s %s", what, name)
		}
		seen[name] = true
	}
	for _, m := range All() {
		if m.Name == "" || m.Help == "" || m.Unit.Grafana() == "" {
			t.Errorf("%q: want a name, a help and a unit", m.Name)
		}
		if (m.Table == None) != (m.Head == "") && m != Longest {
			t.Errorf("%s: a column has a table and a head", m.Name)
		}
		if m.Reduce != Unread {
			once(read, "metric", m.Name+" by "+m.By)
		}
		if m.Kept {
			once(kept, "curve", m.Name)
		}
		if m.Head != "" {
			once(heads, "column", string(rune('0'+m.Table))+m.Head)
		}
		if (m.Reduce != Unread || m.Kept) && len(m.Family.Names) == 0 {
			t.Errorf("%s is read from nowhere", m.Name)
		}
		if (m.Histogram != "") != (m.Draw == Spread) {
			t.Errorf("%s: what is made of histograms is a spread", m.Name)
		}
	}
	if len(read) < 80 || len(kept) < 20 {
		t.Errorf("%d numbers and %d curves; want those of all exporters", len(read), len(kept))
	}
}

func TestQueries(t *testing.T) {
	some := OfServers(Like("server", "$server"))
	for _, c := range []struct{ name, got, want string }{
		{"a gauge", VUs.Query("4s"), `sum(k6_vus)`},
		{"its peak", VUs.Peak("4s"), `sum(max_over_time(k6_vus[4s]))`},
		{"a counter", RPS.Query("4s"), `sum(rate(k6_http_reqs_total{scenario="load"}[4s]))`},
		{"some of it", HTTPErrorRate.Query("4s"),
			`sum(rate(app_http_requests_total{job="app",route!="other",code=~"5.."}[4s]))`},
		{"its growth", HTTPRequests.Increase("1m"), `sum(increase(app_http_requests_total{job="app",route!="other"}[1m]))`},
		{"by a label", CPUCores.Query("4s", "service"),
			`sum by (service) (rate(lab_service_cpu_seconds_total{job="lab"}[4s]))`},
		{"0 before there is any", FailedRPS.OrZero("4s"),
			`sum(rate(k6_http_reqs_total{scenario="load",expected_response="false"}[4s]))` +
				` or 0 * sum(rate(k6_http_reqs_total{scenario="load"}[4s]))`},
		{"of one value", CPUCores.At("k6").Query("4s"),
			`sum(rate(lab_service_cpu_seconds_total{job="lab",service="k6"}[4s]))`},
		{"one less another", HostMemory.Query("4s"),
			`sum(node_memory_MemTotal_bytes{job="node"}) - sum(node_memory_MemAvailable_bytes{job="node"})`},
		{"two together", HostNetwork.Query("4s"), `(sum(rate(node_network_receive_bytes_total{job="node"}[4s]))` +
			` + sum(rate(node_network_transmit_bytes_total{job="node"}[4s])))`},
		{"a share, 0 before there is any", FailedShare.Query("4s"),
			`(sum(rate(k6_http_reqs_total{scenario="load",expected_response="false"}[4s]))` +
				` or 0 * sum(rate(k6_http_reqs_total{scenario="load"}[4s])))` +
				` / (sum(rate(k6_http_reqs_total{scenario="load"}[4s])) > 0)`},
		{"a quotient in its unit", some.QueryMean.Query("4s", "server"),
			`1000 * (sum by (server) (rate(lab_pg_statement_seconds_total{job="lab",server=~"$server"}[4s]))` +
				` or 0 * sum by (server) (rate(lab_pg_statements_total{job="lab",server=~"$server"}[4s])))` +
				` / (sum by (server) (rate(lab_pg_statements_total{job="lab",server=~"$server"}[4s])) > 0)`},
		{"the largest", HostDiskBusy.Query("4s"), `max(rate(node_disk_io_time_seconds_total{job="node",` +
			`device!~"(dm-|md|loop|ram|zram|sr|nbd|fd).*"}[4s]))`},
		{"a histogram", P99Curve.Query("4s"),
			`1000 * histogram_quantile(0.99, sum(rate(k6_request_wait_seconds{scenario="load"}[4s])))`},
		{"a family of two", OfPrimary.WaitEvents.Family.String(),
			`{__name__=~"lab_pg_waiting|lab_pg_lock_waiting",job="lab",server="primary"}`},
	} {
		if diff := cmp.Diff(c.want, c.got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", c.name, diff)
		}
	}
}

func TestMatchers(t *testing.T) {
	series := model.Metric{"mode": "iowait", "code": "503"}
	for _, c := range []struct {
		matcher Matcher
		want    bool
	}{
		{Is("mode", "iowait"), true},
		{Is("mode", "io"), false},
		{Not("mode", "iowait"), false},
		{Not("absent", "anything"), true},
		{Like("code", "5.."), true},
		{Like("code", "5"), false},
		{Unlike("mode", "idle|iowait"), false},
		{Unlike("mode", "idle|user"), true},
	} {
		if got := c.matcher.Matches(series); got != c.want {
			t.Errorf("%s matches %v: %v; want %v", c.matcher, series, got, c.want)
		}
	}
}

// A label's value may hold what ends a name.
func TestLabelledNumbers(t *testing.T) {
	odd := `Lock:"tuple"}`
	metrics := map[string]float64{
		OfPrimary.WaitEvents.At(odd).Key():       2,
		OfPrimary.WaitEvents.At("IO:read").Key(): 0.5,
		OfReplica.WaitEvents.At("IO:read").Key(): 9,
		"primary_wait_events":                    7,
	}
	want := map[string]float64{odd: 2, "IO:read": 0.5}
	if got := OfPrimary.WaitEvents.Values(metrics); !maps.Equal(got, want) {
		t.Errorf("values = %v; want %v", got, want)
	}
	if got := CPUCores.At("app").Key(); got != `cpu_cores{service="app"}` {
		t.Errorf("key = %s", got)
	}
	if v, ok := CPUCores.At("app").Get(map[string]float64{`cpu_cores{service="app"}`: 0.4}); v != 0.4 || !ok {
		t.Errorf("CPU of the backend = %v, %v; want 0.4", v, ok)
	}
}

// A column has one number, whichever pooler it is of.
func TestColumnsOfAnyPooler(t *testing.T) {
	pooled := &record.Record{Metrics: map[string]float64{
		PoolerServed.At("pgpool").Key(): 32, PoolerWaiting.At("pgpool").Key(): 7, PoolerWaiting.At("odyssey").Key(): 1,
	}}
	for _, tt := range []struct {
		of   *Metric
		r    *record.Record
		want float64
		ok   bool
	}{
		{PoolerServed, pooled, 32, true},
		{PoolerWaiting, pooled, 8, true},
		{PoolerWaiting.At("pgpool"), pooled, 7, true},
		{PoolerWaiting, &record.Record{}, 0, false},
	} {
		if got, ok := tt.of.Value(tt.r); got != tt.want || ok != tt.ok {
			t.Errorf("%s = %v, %v; want %v, %v", tt.of.Key(), got, ok, tt.want, tt.ok)
		}
	}
}

func TestNumbersOfTheLoad(t *testing.T) {
	refused := &record.Record{
		Settings: map[string]string{"topology": "direct"},
		Load:     &record.Load{Requests: 8, Failed: 8, ErrorRatio: 1},
		Metrics:  map[string]float64{"requests_shed": 2},
	}
	for _, c := range []struct {
		metric *Metric
		want   float64
		ok     bool
		why    string
	}{
		{Successes, 0, true, ""},
		{ErrorRatio, 1, true, ""},
		{ShedPart, 0.25, true, "not counted apart from other answers 503"},
		{FailedPart, 0.75, true, "not counted apart from other answers 503"},
		{OKP99, 0, false, "no request succeeded"},
		{RequestPeak, 0, false, ""},
		{HeartbeatLag, 0, false, "no reads go to the replica"},
	} {
		if got, ok := c.metric.Value(refused); got != c.want || ok != c.ok {
			t.Errorf("%s = %v, %v; want %v, %v", c.metric.Head, got, ok, c.want, c.ok)
		}
		if got := c.metric.Why(refused); got != c.why {
			t.Errorf("%s is absent: %q; want %q", c.metric.Head, got, c.why)
		}
	}
}

// The columns of a report are the rows' in their order.
func TestColumns(t *testing.T) {
	server := []string{
		"QPS", "QPS peak", "Connections max", "Active max", "Query mean ms", "Cache hit %", "Rows returned/s",
		"Rows fetched/s", "Rows written/s", "Lock waits max",
	}
	for table, want := range map[Table][]string{
		Users: {
			"VUs max", "Requests", "Successes", "Failed %", "Slow %", "Shed %", "Errors %", "Stale reads", "RPS mean",
			"RPS peak", "Goodput RPS", "p50 ms", "p95 ms", "p99 ms", "p50 ms (successes)", "p95 ms (successes)",
			"p99 ms (successes)",
		},
		Primary: server,
		Pools: {
			"Pool in use max", "Pool waiting max", "Pool wait mean ms", "Acquire timeouts", "Connection attempts",
			"Connection attempts/s", "Closed connections/s", "Cancels/s", "PgBouncer clients waiting max",
			"PgBouncer servers active max", "PgBouncer wait mean ms", "Pooler clients served max", "Pooler clients waiting max",
		},
		Replica: append(slices.Clone(server), "Lag max s", "Lag max MB", "Heartbeat lag max s", "Reads of the replica",
			"Reads of the primary", "Stale reads (backend)", "Fall-backs"),
		Machine: {
			"CPU busy %", "CPU steal %", "CPU pressure %", "Load max", "Memory max MiB", "Network MB/s", "Disk read MB/s",
			"Disk written MB/s", "Disk busy %", "Backend GC %",
		},
	} {
		var got []string
		for _, m := range In(table) {
			got = append(got, m.Head)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("table %d (-want +got)\n%s", table, diff)
		}
	}
}

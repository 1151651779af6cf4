package runner

import (
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/measure/host"
	"stormwave/lab/internal/measure/load"
	"stormwave/lab/internal/record"
	"stormwave/lab/internal/setting"
)

func TestVerdict(t *testing.T) {
	healthy := record.Load{
		Requests:      5000,
		VUsMax:        100,
		Status:        map[string]int64{"200": 5000},
		SetupRequests: 4,
		CPUCores:      new(0.4),
	}
	with := func(change func(*record.Load)) load.Result {
		l := healthy
		l.Status = map[string]int64{"200": 5000}
		change(&l)
		return load.Result{Summary: load.Summary{Load: l}}
	}
	script := load.Script{VUs: 100}
	full := new(0.81 * float64(runtime.NumCPU()))
	generator := func(change func(*record.Load)) func(*verdict) {
		return func(v *verdict) { v.generator(with(change), script, "", 0) }
	}
	open := func(change func(*record.Load)) func(*verdict) {
		return func(v *verdict) { v.generator(with(change), load.Script{VUs: 200, Open: true}, "", 0) }
	}
	dropped := func(n int64, cores *float64) func(*verdict) {
		return open(func(l *record.Load) { l.Dropped, l.CPUCores = n, cores })
	}
	stale := func(reads, checks int64) func(*verdict) {
		return func(v *verdict) {
			result := with(func(l *record.Load) { l.StaleReads = &reads })
			result.FailedChecks = checks
			v.generator(result, script, "", 0)
		}
	}
	counts := func(backend float64, change func(*record.Load)) func(*verdict) {
		return func(v *verdict) {
			result := with(change)
			v.counts(&record.Record{Load: &result.Load, Metrics: map[string]float64{"http_requests": backend}}, 0, nil)
		}
	}
	logIn := func(unanswered int64, backend float64) func(*verdict) {
		return func(v *verdict) {
			l := healthy
			l.SetupRequests += unanswered
			v.counts(&record.Record{Load: &l, Metrics: map[string]float64{"http_requests": backend}}, unanswered, nil)
		}
	}
	ran := func(each *load.Statements, topology string, primary, replica float64) func(*verdict) {
		return func(v *verdict) {
			v.counts(&record.Record{
				Load:     &healthy,
				Settings: matrix.Settings{"topology": topology},
				Metrics: map[string]float64{
					"http_requests":      5004,
					"primary_statements": primary,
					"replica_statements": replica,
				},
			}, 0, each)
		}
	}
	statements := func(topology string, primary, replica float64) func(*verdict) {
		return ran(&load.Statements{Least: 2, Most: 2, MostWithReplica: 3}, topology, primary, replica)
	}
	// probed is 60 s in which the replica's probe asked 600 statements, some of them between the scrapes.
	probed := func(primary float64) func(*verdict) {
		return func(v *verdict) {
			v.counts(&record.Record{
				Load:     &healthy,
				Start:    time.Unix(0, 0),
				End:      time.Unix(60, 0),
				Settings: matrix.Settings{"topology": "replica"},
				Metrics: map[string]float64{
					"http_requests":      5004,
					"primary_statements": primary,
					"replica_statements": 600,
					"probe_statements":   600,
				},
			}, 0, &load.Statements{Least: 2, Most: 2, MostWithReplica: 3})
		}
	}
	none := func(*record.Load) {}
	others := func(used, cpus float64) func(*verdict) {
		return func(v *verdict) {
			v.quiet(map[string]float64{"host_cpu_other_cores": used, "host_cpus": cpus, "host_cpu_busy_ratio": 0.5})
		}
	}
	used := func(app, postgres, busy, cpus float64) func(*verdict) {
		return func(v *verdict) {
			v.cpu(map[string]float64{
				`cpu_cores{service="app"}`:       app,
				`cpu_cores{service="postgres"}`:  postgres,
				`cpu_limit_cores{service="app"}`: 64,
				"host_cpu_busy_cores":            busy,
				"host_cpus":                      cpus,
			})
		}
	}
	// reached is a load of which k6 says that it got no answer.
	reached := func(backend float64) func(*verdict) {
		return func(v *verdict) {
			v.counts(&record.Record{
				Load:    &record.Load{Requests: 5_000, SetupRequests: 4, Failed: 5_000, Status: map[string]int64{"0": 5_000}},
				Metrics: map[string]float64{"http_requests": backend},
			}, 0, nil)
		}
	}
	idled := func(setting, sqlstate string) func(*verdict) {
		return func(v *verdict) {
			v.endedIdle(&record.Record{
				Settings: matrix.Settings{setting: "2s"},
				Metrics:  map[string]float64{`query_errors{sqlstate="` + sqlstate + `"}`: 9},
			})
		}
	}
	few := func(failed, slow int64) func(*verdict) {
		slo := matrix.SLO{ErrorRatio: 0.01, P99: matrix.Duration(500 * time.Millisecond)}
		return func(v *verdict) { v.enough(&record.Load{Requests: 999, Failed: failed, Slow: &slow}, slo) }
	}
	for _, c := range []struct {
		name   string
		judge  func(*verdict)
		want   record.Verdict
		reason string
	}{
		{"healthy", generator(none), record.Valid, ""},
		{"k6 takes the CPU", generator(
			func(l *record.Load) { l.CPUCores = new(0.81 * float64(runtime.NumCPU())) },
		), record.Suspect, "k6 used"},
		{"a clock that is slewed", func(v *verdict) { v.clock(30 * time.Millisecond) }, record.Valid, ""},
		{"a clock that is set forward", func(v *verdict) { v.clock(time.Hour) }, record.Invalid, "set by 1h0m0s"},
		{"a clock that is set back", func(v *verdict) { v.clock(-2 * time.Second) }, record.Invalid, "set by -2s"},
		{"too few VUs", generator(func(l *record.Load) { l.VUsMax = 99 }), record.Suspect, "99 of 100 VUs"},
		{"an open load that needs few VUs", open(func(l *record.Load) { l.VUsMax = 7 }), record.Valid, ""},
		{"no dropped iterations", open(none), record.Valid, ""},
		{"dropped iterations", dropped(9000, new(0.5)), record.Valid,
			"9000 iterations dropped while k6 had CPU to spare, for all VUs were busy, 100 of at most 200: they count"},
		{"most are dropped", open(func(l *record.Load) { l.Requests, l.Dropped = 600, 6000 }), record.Valid, "6000 it"},
		{"few dropped iterations, k6 is full", dropped(50, full), record.Suspect, "cores"},
		{"dropped iterations, k6 is full", dropped(60, full), record.Suspect,
			"cores; generator saturated: 60 iterations dropped, for all VUs were busy, 100 of at most 200"},
		{"dropped iterations, k6's CPU is unknown", dropped(60, nil), record.Suspect, "60 iterations dropped, for all"},
		{"few requests", few(0, 0), record.Suspect, "999 requests are too few for a p99"},
		{"few requests, most of which failed", few(500, 0), record.Valid, ""},
		{"few requests, many of which were slow", few(0, 20), record.Valid, ""},
		{"cut off", generator(func(l *record.Load) { l.Interrupted = 3 }), record.Suspect, "3 iterations were cut off"},
		{"wrong answers", func(v *verdict) {
			v.generator(load.Result{Summary: load.Summary{Load: healthy, FailedChecks: 2}}, script, "", 0)
		}, record.Invalid, "2 answers were wrong"},
		{"no stale reads", generator(func(l *record.Load) { l.StaleReads = new(int64(0)) }), record.Valid, ""},
		{"stale reads", stale(3, 3), record.Invalid, "3 reads did not find what their session had written"},
		{"stale reads and wrong answers", stale(3, 5), record.Invalid, "had written; 2 answers were wrong although"},
		{"pinned k6 may use one core", func(v *verdict) {
			v.generator(with(func(l *record.Load) { l.CPUCores = new(0.9) }), script, "0", 0)
		}, record.Suspect, "k6 used 0.90 of 1 cores"},
		{"k6 has a quota", func(v *verdict) {
			v.generator(with(func(l *record.Load) { l.CPUCores = new(0.19) }), script, "", 0.2)
		}, record.Suspect, "k6 used 0.19 of 0.2 cores"},
		{"a neighbour on 2 CPUs", others(0.31, 2), record.Suspect, "outside of the lab used 0.31 of 2 cores"},
		{"no neighbour on 2 CPUs", others(0.29, 2), record.Valid, ""},
		{"a neighbour on 16 CPUs", others(2.5, 16.001), record.Suspect, "outside of the lab used 2.50 of 16 cores"},
		{"no neighbour on 16 CPUs", others(2.3, 16), record.Valid, ""},
		{"a neighbour on 64 CPUs", others(9.7, 64), record.Suspect, "outside of the lab used 9.70 of 64 cores"},
		{"no neighbour on 64 CPUs", others(9.5, 64), record.Valid, ""},
		{"a neighbour on nobody knows how many", func(v *verdict) {
			v.quiet(map[string]float64{"host_cpu_other_cores": 0.6})
		}, record.Valid, ""},

		// A trial of the lab's own, of which a counter was read wrongly: the median of its cell is 0.39.
		{"more CPU than there is", used(1.02, 7.83, 1.41, 2), record.Invalid,
			"the services used 8.85 cores, and the host has 2"},
		{"more CPU than was busy", used(0.40, 1.50, 1.41, 2), record.Invalid,
			"the services used 1.90 cores, and the host was busy with 1.41"},
		{"what ticks and run times differ by", used(0.36, 1.20, 1.46, 2), record.Valid, ""},
		{"a full host", used(0.60, 1.45, 2, 2), record.Valid, ""},
		{"a host that was not read", func(v *verdict) {
			v.cpu(map[string]float64{`cpu_cores{service="app"}`: 0.4})
		}, record.Valid, ""},

		{"counts agree", counts(5004, none), record.Valid, ""},
		{"one is lost", counts(5003, none), record.Invalid, "k6 sent 5004 requests, the backend counted 5003"},
		{"unanswered ones may be lost", counts(5000, func(l *record.Load) { l.Status["0"] = 4 }), record.Valid, ""},
		{"those of the log-in may be lost", logIn(2, 5004), record.Valid, ""},
		{"or arrive", logIn(2, 5006), record.Valid, ""},
		{"but not others", logIn(2, 5003), record.Invalid, "k6 sent 5006 requests, the backend counted 5003; at most 2"},
		{"but not more", counts(4999, func(l *record.Load) { l.Status["0"] = 4 }), record.Invalid, "at most 4 may differ"},

		{"statements agree", statements("direct", 10_108, 0), record.Valid, ""},
		{"the probe asks between two scrapes", probed(9_980), record.Valid, ""},
		{"but no more than that", probed(9_979), record.Invalid, "ran 9979 statements for 5004 requests, want 9980"},
		{"too few statements", statements("direct", 9_999, 0), record.Invalid,
			"ran 9999 statements for 5004 requests, want 10000 to 10108"},
		{"too many statements", statements("pgbouncer", 10_109, 0), record.Invalid, "ran 10109 statements"},
		{"sessions looked up twice", statements("replica", 5_000, 10_112), record.Valid, ""},
		{"more than twice", statements("pgbouncer+replica", 5_000, 10_113), record.Invalid, "ran 15113 statements"},
		{"as many as the script says", ran(&load.Statements{Least: 1, Most: 7, MostWithReplica: 8}, "direct", 35_128, 0),
			record.Valid, ""},
		{"fewer than the script says", ran(&load.Statements{Least: 4, Most: 7, MostWithReplica: 8}, "direct", 19_999, 0),
			record.Invalid, "ran 19999 statements for 5004 requests, want 20000 to 35128"},
		{"a script that does not say", ran(nil, "direct", 1, 0), record.Valid, "not checked: statements of the databases"},
		{"stolen CPU", func(v *verdict) {
			v.quiet(
				map[string]float64{"host_cpu_steal_ratio": 0.021},
			)
		}, record.Suspect, "2.1% of its CPU was stolen"},
		{"another data set", func(v *verdict) { v.sameDataset("5 posts", "6 posts") }, record.Invalid,
			"it was 5 posts, is 6 posts"},
		{"a missing number", func(v *verdict) { v.missing([]string{"primary_qps"}) }, record.Invalid, "missing: primary_qps"},
		{
			"no memory of others' processes",
			func(v *verdict) { v.missing([]string{`memory_pss_bytes_max{service="postgres"}`}) }, record.Valid,
			`missing: memory_pss_bytes_max{service="postgres"}`,
		},
		{
			"no CPU of a service", func(v *verdict) { v.missing([]string{`cpu_cores{service="postgres"}`}) },
			record.Invalid, `missing: cpu_cores{service="postgres"}`,
		},
		{"nothing reached the backend", reached(4), record.Invalid, "no request of the load reached the backend, of 5000"},
		{"one request did", reached(5), record.Valid, ""},
		{"connections that idled", idled(
			"postgres.idle_session_timeout", "57P05",
		), record.Valid, "9 queries met a connection " +
			"that had been ended while it idled (SQLSTATE 57P05): postgres.idle_session_timeout is 2s"},
		{"the pooler's", idled("pgbouncer.client_idle_timeout", "08P01"), record.Valid, "9 queries met a connection " +
			"that had been ended while it idled (SQLSTATE 08P01): pgbouncer.client_idle_timeout is 2s"},
		{"no such limit", idled("postgres.work_mem", "57P05"), record.Valid, ""},
		{"no pressure on this kernel", func(v *verdict) {
			v.missing(
				[]string{"host_psi_cpu_ratio"},
			)
		}, record.Valid, "missing: host_psi_cpu_ratio"},
		{"idle", func(v *verdict) { v.idle(host.Idleness{Idle: true, CPU: 0.1}) }, record.Valid, ""},
		{"not idle", func(v *verdict) {
			v.idle(
				host.Idleness{CPU: 0.9, Waited: 31 * time.Second},
			)
		}, record.Suspect, "CPU 90% busy, disk 0%, 0.0 runnable processes per CPU, after 31s"},
		{"the worst counts", func(v *verdict) { v.invalid("broken"); v.suspect("noisy") }, record.Invalid, "broken"},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := &verdict{}
			c.judge(v)
			got, reasons := v.outcome()
			if got != c.want || !strings.Contains(strings.Join(reasons, "; "), c.reason) {
				t.Errorf("verdict = %s %q; want %s with %q", got, reasons, c.want, c.reason)
			}
			if reasons == nil {
				t.Error("reasons are nil; want a list, for the record shows one")
			}
		})
	}
}

func TestReadBackComparesAsTheSettingIsMeant(t *testing.T) {
	type values = map[string]string
	for _, c := range []struct {
		name     string
		settings matrix.Settings
		read     setting.Reading
		want     string // "": all as it was asked for
		verdict  record.Verdict
	}{
		{"the same", matrix.Settings{"pool_size": "8"}, setting.Reading{Values: values{"pool_size": "8"}}, "", record.Valid},
		{
			"another unit", matrix.Settings{"query_timeout": "1s"},
			setting.Reading{Values: values{"query_timeout": "1000ms"}}, "", record.Valid,
		},
		{
			"another value", matrix.Settings{"pool_size": "8"}, setting.Reading{Values: values{"pool_size": "9"}},
			"pool_size is 9, not 8", record.Invalid,
		},
		{
			"nothing", matrix.Settings{"postgres.work_mem": "4MB"}, setting.Reading{},
			"not read back: postgres.work_mem", record.Invalid,
		},
		{
			"another spelling", matrix.Settings{"postgres.work_mem": "8192"},
			setting.Reading{Values: values{"postgres.work_mem": "8MB"}, Same: []string{"postgres.work_mem"}}, "", record.Valid,
		},
		{
			"another value in another spelling", matrix.Settings{"postgres.work_mem": "8192"},
			setting.Reading{Values: values{"postgres.work_mem": "9MB"}}, "postgres.work_mem is 9MB, not 8192", record.Invalid,
		},
		{
			"what nobody tells", matrix.Settings{"app.COLOUR": "red"}, setting.Reading{Unconfirmed: []string{"app.COLOUR"}},
			"asked, not confirmed: app.COLOUR is red", record.Valid,
		},
		{"of the script", matrix.Settings{"scenario.AUTHORS": "10"}, setting.Reading{}, "", record.Valid},
	} {
		v := &verdict{}
		v.readBack(c.settings, c.read)
		got, reasons := v.outcome()
		if text := strings.Join(reasons, "; "); text != c.want || got != c.verdict {
			t.Errorf("%s: %s, reasons = %q; want %s, %q", c.name, got, text, c.verdict, c.want)
		}
	}
}

func TestReasonsDoNotTellWhereTheCheckoutIs(t *testing.T) {
	got := within("/home/someone/lab", []string{"command: /home/someone/lab/.lab/tools/bin/k6 run", "noisy host"})
	if got[0] != "command: .lab/tools/bin/k6 run" || got[1] != "noisy host" {
		t.Errorf("reasons = %q; want paths within the checkout", got)
	}
}

// A service that runs elsewhere than it was to, or of which that is not known, spoils the trial.
func TestPinned(t *testing.T) {
	for _, tt := range []struct {
		name      string
		asked     matrix.CPUs
		effective matrix.Settings
		want      []string
	}{
		{name: "nothing is pinned", effective: matrix.Settings{"cpus.app": "0"}},
		{
			name:      "all as asked",
			asked:     matrix.CPUs{"postgres": "0-1", "app": "1", "k6": "0", "grafana": "0"},
			effective: matrix.Settings{"cpus.primary": "0,1", "cpus.replica": "0-1", "cpus.app": "1"},
		},
		{
			name:      "elsewhere",
			asked:     matrix.CPUs{"postgres": "0-1", "replica": "1", "node-exporter": "0"},
			effective: matrix.Settings{"cpus.primary": "0-7", "cpus.replica": "1"},
			want:      []string{"primary runs on CPUs 0-7, not 0-1", "not read back: cpus of node-exporter"},
		},
	} {
		v := &verdict{}
		v.pinned(tt.asked, tt.effective)
		verdict, reasons := v.outcome()
		if diff := cmp.Diff(tt.want, reasons, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
		if (verdict == record.Invalid) != (len(tt.want) > 0) {
			t.Errorf("%s: the trial is %s", tt.name, verdict)
		}
	}
}

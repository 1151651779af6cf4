package runner

import (
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/measure/host"
	"stormwave/lab/internal/measure/load"
	"stormwave/lab/internal/record"
	"stormwave/lab/internal/stack"
)

// Whatever goes wrong in a trial is in its record, and in no other: the next is run.
func TestWhatGoesWrongCostsItsOwnTrialAlone(t *testing.T) {
	fails := func(call string) func(*answers) {
		return func(a *answers) { a.fails[call] = errBroken }
	}
	died := func(service string) stack.Death {
		return stack.Death{Service: service, How: "signal SIGKILL", Log: "its end"}
	}
	for _, c := range []struct {
		name    string
		spoil   func(*answers)
		verdict record.Verdict
		reasons []string
	}{
		{"nothing", func(*answers) {}, record.Valid, nil},

		{
			"cell is not applied, nor one before",
			fails("apply"),
			record.Invalid,
			[]string{"apply the cell: it is broken"},
		},
		{
			"cell is not applied, but one before",
			func(a *answers) { a.fails["apply"], a.others = errBroken, true },
			record.Failed,
			[]string{
				"the system does not start with the cell's settings; it does with those of a cell before, which differ in pool_size",
				"apply the cell: it is broken",
			},
		},
		{
			"backend does not serve",
			func(a *answers) { a.fails["warm"] = fmt.Errorf("POST: %w", load.ErrUnserved) },
			record.Failed,
			[]string{
				"the load could not begin; it could with the settings of a cell before, which differ in pool_size",
				"warm up: POST: the system does not serve",
			},
		},
		{
			"warm-up is turned away",
			func(a *answers) { a.note = "the warm-up was turned away" },
			record.Valid,
			[]string{"the warm-up was turned away"},
		},
		{
			"backend does not serve the setup of the load",
			func(a *answers) { a.fails["load"] = fmt.Errorf("k6 ended: %w", load.ErrUnserved) },
			record.Failed,
			[]string{
				"the load could not begin; it could with the settings of a cell before, which differ in pool_size",
				"k6 ended: the system does not serve",
			},
		},
		{"servers are not reset", fails("reset"), record.Invalid, []string{"warm up: it is broken"}},
		{"backend is not warm", fails("warm"), record.Invalid, []string{"warm up: it is broken"}},
		{"host is not read", fails("idle"), record.Invalid, []string{"warm up: it is broken"}},
		{"no scrape before", fails("warm up: scrape node"), record.Invalid, []string{"warm up: it is broken"}},
		{"k6 fails", fails("load"), record.Invalid, []string{"it is broken"}},
		{"trial is not marked", fails("mark"), record.Invalid, []string{"it is broken"}},
		{"mark is not ended", fails("unmark"), record.Invalid, []string{"it is broken"}},
		{"no scrape after", fails("read: scrape app"), record.Invalid, []string{"it is broken"}},
		{"sessions are left", fails("quiesce"), record.Invalid, []string{"it is broken"}},
		{"no scrape at the end", fails("read: scrape lab"), record.Invalid, []string{"it is broken"}},
		{"metrics are not read", fails("read"), record.Invalid, []string{"read the metrics: it is broken"}},
		{
			"two things fail",
			func(a *answers) { a.fails["load"], a.fails["unmark"] = errBroken, errors.New("so is this") },
			record.Invalid, []string{"it is broken\nso is this"},
		},

		{
			"another setting",
			func(a *answers) { a.effective["acquire_timeout"] = "2s" },
			record.Invalid, []string{"acquire_timeout is 2s, not 1s"},
		},
		{
			"setting in another unit",
			func(a *answers) { a.effective["acquire_timeout"], a.effective["more"] = "1000ms", "than was asked for" },
			record.Valid, nil,
		},
		{
			"no setting",
			func(a *answers) { a.effective["acquire_timeout"] = "" },
			record.Invalid, []string{"not read back: acquire_timeout"},
		},
		{
			"another data set",
			func(a *answers) { a.dataset = "6 posts" },
			record.Invalid, []string{"the data set has changed: it was 5 posts, is 6 posts"},
		},
		{
			"busy host",
			func(a *answers) { a.idle = host.Idleness{CPU: 0.9, Waited: 31 * time.Second} },
			record.Suspect,
			[]string{"the host was not idle before the trial: CPU 90% busy, disk 0%, 0.0 runnable processes per CPU, after 31s"},
		},

		{
			"k6 takes its CPU",
			func(a *answers) { a.result.Load.CPUCores = new(0.9) },
			record.Suspect, []string{"generator saturated: k6 used 0.90 of 1 cores"},
		},
		{
			"few VUs",
			func(a *answers) { a.result.Load.VUsMax = 99 },
			record.Suspect, []string{"generator saturated: 99 of 100 VUs"},
		},
		{
			"few requests",
			func(a *answers) {
				a.result.Load.Requests = 900
				a.reading.Metrics["http_requests"], a.reading.Metrics["primary_statements"] = 904, 1810
			},
			record.Suspect, []string{"900 requests are too few for a p99"},
		},
		{
			"wrong answers",
			func(a *answers) { a.result.FailedChecks = 2 },
			record.Invalid, []string{"2 answers were wrong although their status was right"},
		},

		{
			"missing metric",
			func(a *answers) { a.reading.Missing = []string{"primary_qps", "host_psi_io_ratio"} },
			record.Invalid, []string{"missing: primary_qps", "missing: host_psi_io_ratio"},
		},
		{
			"no pressure on this kernel",
			func(a *answers) { a.reading.Missing = []string{"host_psi_io_ratio"} },
			record.Valid, []string{"missing: host_psi_io_ratio"},
		},
		{
			"no curve",
			func(a *answers) { delete(a.reading.Series.Curves, "rps") },
			record.Invalid, []string{"missing: rps_peak"},
		},
		{
			"lost request",
			func(a *answers) { a.reading.Metrics["http_requests"]-- },
			record.Invalid,
			[]string{"counts disagree: k6 sent 5004 requests, the backend counted 5003; at most 0 may differ"},
		},
		{
			"neighbour",
			func(a *answers) {
				a.reading.Metrics["host_cpu_other_cores"], a.reading.Metrics["host_cpus"] = 0.9, 2
			},
			record.Suspect, []string{"noisy host: processes outside of the lab used 0.90 of 2 cores"},
		},
		{
			"CPU that nobody had",
			func(a *answers) {
				a.reading.Metrics[`cpu_cores{service="postgres"}`], a.reading.Metrics["host_cpus"] = 7.83, 2
				a.reading.Metrics["host_cpu_busy_cores"] = 1.41
			},
			record.Invalid,
			[]string{
				"CPU disagrees: the services used 7.83 cores, and the host has 2",
				"CPU disagrees: the services used 7.83 cores, and the host was busy with 1.41",
			},
		},

		{
			"clock is set back",
			func(a *answers) { a.set = -time.Hour },
			record.Invalid, []string{"the clock was set by -1h0m0s during the trial, or the machine was suspended"},
		},
		{
			"clock is slewed",
			func(a *answers) { a.set = 20 * time.Millisecond },
			record.Valid, nil,
		},
		{
			"deaths in the system under test",
			func(a *answers) {
				a.deaths = []stack.Death{died("app"), died("primary"), died("app")}
				a.reading.Missing = []string{"primary_qps"} // a consequence
			},
			record.Failed,
			[]string{
				"missing: primary_qps", "app ended with signal SIGKILL: its end",
				"primary ended with signal SIGKILL: its end", "app ended with signal SIGKILL: its end",
			},
		},
		{
			"death of what measures",
			func(a *answers) { a.deaths = []stack.Death{died("prometheus")} },
			record.Invalid, []string{"prometheus ended with signal SIGKILL: its end"},
		},
		{
			"death of a server that no query goes to",
			func(a *answers) { a.deaths = []stack.Death{died("replica")} },
			record.Invalid, []string{"replica ended with signal SIGKILL: its end"},
		},
		{
			"deaths of both",
			func(a *answers) { a.deaths = []stack.Death{died("app"), died("prometheus")} },
			record.Invalid,
			[]string{"app ended with signal SIGKILL: its end", "prometheus ended with signal SIGKILL: its end"},
		},
		{
			"the worst counts, and all is told",
			func(a *answers) {
				a.idle = host.Idleness{CPU: 0.9, Waited: time.Second}
				a.deaths = []stack.Death{died("app")}
				a.fails["load"] = errBroken
			},
			record.Failed,
			[]string{
				"the host was not idle before the trial: CPU 90% busy, disk 0%, 0.0 runnable processes per CPU, after 1s",
				"it is broken", "app ended with signal SIGKILL: its end",
			},
		},
	} {
		lines := []string{"blocks: 1", "scenarios: [storm]", "settings: {acquire_timeout: 1s}"}
		ring(t, c.name, lines, func(t *testing.T, f *fake) {
			f.change = spoil(2, c.spoil)
			records, err := f.execute()
			if err != nil {
				t.Fatal(err)
			}
			if n := f.count("quiesce"); n != 3 {
				t.Errorf("the stack is brought to rest %d times; want once in each of the three trials", n)
			}
			wantLines(t, records, judged, "1: valid", fmt.Sprintf("2: %s", c.verdict), "3: valid")
			if diff := cmp.Diff(c.reasons, records[1].Reasons, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("reasons (-want +got):\n%s", diff)
			}
		})
	}
}

// An iteration that the system's answers left no VU for was due, and counts as failed; where
// k6 was the limit nobody knows what the system would have done.
func TestDroppedIterationsAreFailedRequests(t *testing.T) {
	for _, c := range []struct {
		name             string
		cores            float64 // of k6, of the one that it may use
		verdict          record.Verdict
		requests, failed int64
		errorRatio       float64
	}{
		{"k6 has CPU to spare", 0.3, record.Valid, 6250, 1250, 0.2},
		{"k6 is full", 0.9, record.Suspect, 5000, 0, 0},
	} {
		ring(t, c.name, []string{"blocks: 1", "scenarios: [storm]"}, func(t *testing.T, f *fake) {
			f.change = spoil(2, func(a *answers) {
				a.result.Load.Dropped, a.result.Load.CPUCores = 1250, &c.cores
			})
			records, err := f.execute()
			if err != nil {
				t.Fatal(err)
			}
			rec, l := records[1], records[1].Load
			if l.Requests != c.requests || l.Failed != c.failed || l.ErrorRatio != c.errorRatio || l.Dropped != 1250 {
				t.Errorf("%d requests, %d failed (%g), %d dropped; want %d, %d (%g), 1250",
					l.Requests, l.Failed, l.ErrorRatio, l.Dropped, c.requests, c.failed, c.errorRatio)
			}
			if rec.Verdict != c.verdict || len(rec.Reasons) == 0 {
				t.Errorf("verdict %s %q; want %s, and the drops", rec.Verdict, rec.Reasons, c.verdict)
			}
		})
	}
}

// A script is read once for all its trials; one that could not be read is asked for again.
func TestScriptsAreReadOnce(t *testing.T) {
	ring(t, "after a failure", nil, func(t *testing.T, f *fake) {
		f.change = spoil(1, func(a *answers) { a.fails["inspect"] = errBroken })
		records, err := f.execute()
		if err != nil {
			t.Fatal(err)
		}
		if rec := records[0]; rec.Verdict != record.Invalid || rec.Reasons[0] != "it is broken" {
			t.Errorf("the first trial is %s, %q; want it invalid, and why", rec.Verdict, rec.Reasons)
		}
		if n := f.count("inspect"); n != 3 {
			t.Errorf("k6 is asked for a script %d times; want once for each of the two, and once more", n)
		}
		if n := f.count("quiesce"); n != len(records) {
			t.Errorf("the stack is brought to rest %d times; want once in each of %d trials", n, len(records))
		}
	})
}

// A record of a trial that went wrong holds what was known until then, and no more.
func TestRecordsHoldWhatWasKnown(t *testing.T) {
	for _, c := range []struct {
		fails string
		want  string
	}{
		{"apply", "settings"},
		{"reset", "settings effective"},
		{"warm", "settings effective dataset"},
		{"load", "settings effective dataset"},
		{"read: scrape app", "settings effective dataset load"},
		{"read", "settings effective dataset load"},
		{"", "settings effective dataset load metrics series"},
	} {
		ring(t, "without "+c.fails, []string{"blocks: 1", "scenarios: [storm]"}, func(t *testing.T, f *fake) {
			f.change = spoil(2, func(a *answers) { a.fails[c.fails] = errBroken })
			records, err := f.execute()
			if err != nil {
				t.Fatal(err)
			}
			rec, known := records[1], ""
			_, curves := record.ReadSeries(f.dir.Series(rec.N))
			for _, part := range []struct {
				name  string
				known bool
			}{
				{"settings", rec.Settings != nil},
				{" effective", rec.Effective != nil},
				{" dataset", rec.Dataset != ""},
				{" load", rec.Load != nil},
				{" metrics", rec.Metrics != nil},
				{" series", curves == nil},
			} {
				if part.known {
					known += part.name
				}
			}
			if known != c.want {
				t.Errorf("the record holds %q; want %q", known, c.want)
			}
		})
	}
}

// Deaths are counted in the record's metrics, and a death is of one trial alone, although
// the stack forgets the oldest.
func TestDeathsAreCountedByService(t *testing.T) {
	ring(t, "kills in two trials", []string{"blocks: 1", "scenarios: [storm]"}, func(t *testing.T, f *fake) {
		app, replica := stack.Death{Service: "app"}, stack.Death{Service: "replica"}
		died := map[int][]stack.Death{1: {app, replica, app}, 2: {app}}
		f.die(replica, replica, replica) // before the run
		f.change = func(trial matrix.Trial, a *answers) { a.deaths = died[trial.N] }
		records, err := f.execute()
		if err != nil {
			t.Fatal(err)
		}
		wantLines(t, records, func(r record.Record) string {
			app, replica := r.Metrics[`service_deaths{service="app"}`], r.Metrics[`service_deaths{service="replica"}`]
			return fmt.Sprintf("app %v, replica %v", app, replica)
		}, "app 2, replica 1", "app 1, replica 0", "app 0, replica 0")
	})
}

// Where the checkout lies concerns nobody who reads a record.
func TestRecordsDoNotTellWhereTheCheckoutIs(t *testing.T) {
	ring(t, "k6's log", []string{"blocks: 1"}, func(t *testing.T, f *fake) {
		checkout := filepath.Dir(filepath.Dir(f.dir.Path()))
		f.change = spoil(1, func(a *answers) { a.fails["load"] = fmt.Errorf("log (%s/.lab/log/k6): nothing", checkout) })
		records, err := f.execute()
		if err != nil {
			t.Fatal(err)
		}
		if got, want := records[0].Reasons[0], "log (.lab/log/k6): nothing"; got != want {
			t.Errorf("reason = %q; want %q", got, want)
		}
	})
}

package runner

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"stormwave/lab/backends"
	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/measure/load"
	"stormwave/lab/internal/record"
	"stormwave/lab/internal/service"
)

// Three cells (the baseline, its A/A control, another) × two scenarios × two blocks.
const spec = `name: ring
scenarios: [storm, wave@0.5]
factors: {pool_size: [unlimited, 8]}
baseline: {pool_size: unlimited}
cpus: {k6: "0"}
slo: {error_ratio: 0.01, p99: 500ms}
blocks: 2
seed: 7
`

// ring runs a test in a bubble of its own time, with a fake lab and a spec, to which
// lines may be added or which they replace.
func ring(t *testing.T, name string, lines []string, test func(*testing.T, *fake)) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) { test(t, newFake(t, lines...)) })
	})
}

func newFake(t *testing.T, lines ...string) *fake {
	t.Helper()
	text := spec
	for _, line := range lines {
		key, _, _ := strings.Cut(line, ":")
		replaced := func(l string) bool { return l == "" || strings.HasPrefix(l, key+":") }
		text = strings.Join(append(slices.DeleteFunc(strings.Split(text, "\n"), replaced), line), "\n")
	}
	parsed, err := matrix.Parse([]byte(text), service.Inventory(backends.Default(), "level", "storm", "wave"))
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	f := &fake{
		t:       t,
		plan:    parsed.Plan(),
		enough:  func([]record.Record) bool { return false },
		scraped: make(map[string]time.Time),
	}
	if f.dir, err = record.NewDir(t.TempDir(), record.NewName(time.Now(), "ring")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(f.dir.Path(), 0o755); err != nil {
		t.Fatal(err)
	}
	return f
}

// execute carries the plan out, from the records that are on the disk. What it returns
// must be what is on the disk then.
func (f *fake) execute() ([]record.Record, error) {
	f.t.Helper()
	earlier := f.records()
	log, err := record.Open(f.dir.Records())
	if err != nil {
		f.t.Fatal(err)
	}
	defer func() { _ = log.Close() }()
	f.log = log
	records, err := f.runner(log).Execute(f.context(), earlier)
	if diff := cmp.Diff(f.records(), records, cmpopts.EquateEmpty()); diff != "" {
		f.t.Errorf("the records on the disk are not those that are returned (-disk +returned):\n%s", diff)
	}
	return records, err
}

func (f *fake) context() context.Context {
	ctx, cancel := context.WithCancelCause(f.t.Context())
	f.cancel = cancel
	return ctx
}

func (f *fake) runner(log *record.Log) *Runner {
	return &Runner{
		Plan:     f.plan,
		Services: service.Catalog(backends.Default()),
		Dir:      f.dir,
		Log:      log,
		Stack:    f,
		Scripts:  &Scripts{inspect: f.inspect, known: make(map[string]load.Script)},
		Load:     load.Config{BaseURL: fakeURL, K6: "k6"},
		Metrics:  f,
		Watcher:  watcher{f},
		RunK6:    f.runK6,
		Warm:     f.warm,
		Idle:     f.idle,
		ClockSet: f.clockSet,
		Affinity: func(int) (string, bool) { return f.plan.CPUs["k6"], true },
		Enough:   f.enough,
		Next:     f.next,
	}
}

// records are on the disk.
func (f *fake) records() []record.Record {
	f.t.Helper()
	if _, err := os.Stat(f.dir.Records()); err != nil {
		return nil
	}
	records, err := record.Read(f.dir.Records())
	if err != nil {
		f.t.Fatal(err)
	}
	return records
}

// wantCalls compares the calls since the last time.
func (f *fake) wantCalls(want ...string) {
	f.t.Helper()
	if diff := cmp.Diff(want, f.calls); diff != "" {
		f.t.Errorf("calls (-want +got):\n%s", diff)
	}
	f.calls = nil
}

// count tells how often a call was made.
func (f *fake) count(call string) int {
	n := 0
	for _, c := range f.calls {
		if c == call {
			n++
		}
	}
	return n
}

// wantLines compares a line for each record.
func wantLines(t *testing.T, records []record.Record, line func(record.Record) string, want ...string) {
	t.Helper()
	var got []string
	for _, rec := range records {
		got = append(got, line(rec))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
}

// numbered tells which trial a record is of.
func numbered(r record.Record) string {
	scenario := matrix.Scenario{Name: r.Scenario, Scale: r.Scale}
	return fmt.Sprintf("%d: block %d.%d, %s, %s", r.N, r.Block, max(1, r.Attempt), r.Cell, scenario)
}

// judged tells its number and its verdict.
func judged(r record.Record) string { return fmt.Sprintf("%d: %s", r.N, r.Verdict) }

// spoil changes the answers of the trials with a number, and of no other.
func spoil(n int, change func(*answers)) func(matrix.Trial, *answers) {
	return func(trial matrix.Trial, a *answers) {
		if trial.N == n {
			change(a)
		}
	}
}

// attempt is one at a block, and how many of its trials are finished.
type attempt struct{ block, n, trials int }

// lines are those of numbered for the attempts of a run, one after the other.
func (f *fake) lines(attempts ...attempt) []string {
	var lines []string
	for _, a := range attempts {
		for _, trial := range f.plan.Block(a.block)[:a.trials] {
			lines = append(lines, numbered(record.Record{
				N:        len(lines) + 1,
				Block:    a.block,
				Attempt:  a.n,
				Cell:     trial.Cell,
				Scenario: trial.Scenario.Name,
				Scale:    trial.Scenario.Scale,
			}))
		}
	}
	return lines
}

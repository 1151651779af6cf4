package runner

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"testing"
	"time"

	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/measure/host"
	"stormwave/lab/internal/measure/load"
	"stormwave/lab/internal/measure/snapshot"
	"stormwave/lab/internal/metric"
	"stormwave/lab/internal/record"
	"stormwave/lab/internal/setting"
	"stormwave/lab/internal/stack"
	"stormwave/lab/internal/stack/exporter"
)

// fake is all that a runner works with: stack, generator, metrics, machine, watcher. It
// notes each call, takes the time that a lab takes (of testing/synctest: none of ours) and
// answers as a healthy lab does, unless a test changes the answers.
type fake struct {
	t      *testing.T
	plan   matrix.Plan
	dir    record.Dir
	log    *record.Log                                // of the run that goes on
	cancel context.CancelCauseFunc                    // ends the run
	change func(trial matrix.Trial, answers *answers) // spoils the answers of a trial; nil: all are healthy
	enough func([]record.Record) bool
	next   func(int, []record.Record) ([]matrix.Trial, error) // of a race; nil: it is none

	carries float64 // requests per second, above which the steps of a calibration fail; 0: all
	full    float64 // requests per second, above which k6 has no CPU to spare; 0: none

	calls  []string
	stage  matrix.Stage
	trial  matrix.Trial // that runs, or ran last
	now    answers      // of that trial
	deaths []stack.Death
	set    time.Duration // of the wall clock

	config  load.Config          // of the last load
	scripts []load.Script        // of every load, calibration aside
	warmed  load.Config          // of the last warm-up
	window  snapshot.Window      // that was read last
	scraped map[string]time.Time // after when a scrape was awaited last
	lives   int
	told    []exporter.Progress
}

// answers is what the fake says during one trial.
type answers struct {
	fails    map[string]error // by the name of the call
	others   bool             // settings of other cells are applied all the same
	cancelAt string           // the name of the call in which the run is cancelled

	effective matrix.Settings // that differ from the cell's; "": not read back
	dataset   string
	idle      host.Idleness
	note      string      // of the warm-up
	result    load.Result // but for its times
	reading   snapshot.Reading
	deaths    []stack.Death // under load
	set       time.Duration // of the wall clock, under load
}

func healthy() answers {
	return answers{
		fails:     make(map[string]error),
		effective: make(matrix.Settings),
		dataset:   "5 posts",
		idle:      host.Idleness{Idle: true, CPU: 0.1, Disk: 0.05, Queue: 0.5, Waited: time.Second},
		result: load.Result{Summary: load.Summary{Load: record.Load{
			Requests:      5000,
			SetupRequests: 4,
			Status:        map[string]int64{"200": 5000},
			VUsMax:        100,
			CPUCores:      new(0.3),
		}}},
		reading: snapshot.Reading{
			Metrics: map[string]float64{"http_requests": 5004, "primary_statements": 10_010, "replica_statements": 0},
			Series: record.Series{
				Start:  time.Now(),
				Step:   1,
				Curves: map[string][]*float64{"rps": curve(100, 210, 190), metric.P95Curve.Name: curve(9, 9, 900, 9)},
			},
		},
	}
}

func curve(values ...float64) []*float64 {
	var points []*float64
	for _, v := range values {
		points = append(points, &v)
	}
	return points
}

var (
	errBroken  = errors.New("it is broken")
	errStopped = errors.New("the run was stopped")
)

const (
	fakeURL = "http://127.0.0.1:1"
	fakePID = 4242
)

// afterEnd marks the call of somebody whose context has ended before.
const afterEnd = ", with a context that has ended"

// call notes a call, and lasts that long or until its context ends.
func (f *fake) call(ctx context.Context, name string, takes time.Duration) error {
	if ctx.Err() != nil {
		f.calls = append(f.calls, name+afterEnd)
		return ctx.Err()
	}
	f.calls = append(f.calls, name)
	if f.now.cancelAt == name {
		f.cancel(errStopped)
	}
	if takes > 0 {
		select {
		case <-ctx.Done():
		case <-time.After(takes):
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return f.now.fails[name]
}

// Apply implements Stack.
func (f *fake) Apply(ctx context.Context, s matrix.Settings, cpus matrix.CPUs) (setting.Reading, error) {
	if f.trial.N == 0 { // a calibration
		f.trial.Cell = f.plan.Baseline().Label
	}
	again := f.now.fails["apply"] != nil && !maps.Equal(s, f.plan.Cell(f.trial.Cell).Settings)
	if !again && !maps.Equal(s, f.plan.Cell(f.trial.Cell).Settings) || !maps.Equal(cpus, f.plan.CPUs) {
		f.t.Errorf("trial %d: applied %v on %v; want the settings of %q", f.trial.N, s, cpus, f.trial.Cell)
	}
	if err := f.call(ctx, "apply", 3*time.Second); err != nil && !(again && f.now.others) {
		return setting.Reading{}, err
	}
	effective := maps.Clone(s)
	maps.Copy(effective, f.now.effective)
	maps.DeleteFunc(effective, func(_, value string) bool { return value == "" })
	return setting.Reading{Values: effective}, nil
}

// Reset implements Stack.
func (f *fake) Reset(ctx context.Context) (string, error) {
	err := f.call(ctx, "reset", 2*time.Second)
	return f.now.dataset, err
}

// Quiesce implements Stack.
func (f *fake) Quiesce(ctx context.Context) error { return f.call(ctx, "quiesce", time.Second) }

// Mark implements Stack.
func (f *fake) Mark(ctx context.Context, trial exporter.Trial, k6 int) error {
	want := exporter.Trial{Run: f.dir.Name(), N: f.trial.N, Cell: f.trial.Cell, Scenario: f.trial.Scenario.String()}
	if trial != want || k6 != fakePID {
		f.t.Errorf("marked %+v with process %d; want %+v with %d", trial, k6, want, fakePID)
	}
	return f.call(ctx, "mark", 0)
}

// Unmark implements Stack.
func (f *fake) Unmark(ctx context.Context) error { return f.call(ctx, "unmark", 0) }

// Tell implements Stack.
func (f *fake) Tell(ctx context.Context, p exporter.Progress) error {
	f.told = append(f.told, p)
	return f.call(ctx, "tell", 0)
}

// Deaths implements Stack.
func (f *fake) Deaths(ctx context.Context) ([]stack.Death, error) {
	err := f.call(ctx, "deaths", 0)
	return slices.Clone(f.deaths), err
}

// AwaitScrape implements Metrics.
func (f *fake) AwaitScrape(ctx context.Context, job string, after time.Time) error {
	name := string(f.stage) + ": scrape " + job
	f.scraped[name] = after
	return f.call(ctx, name, 100*time.Millisecond)
}

// Read implements Metrics.
func (f *fake) Read(ctx context.Context, w snapshot.Window) (snapshot.Reading, error) {
	f.window = w
	err := f.call(ctx, "read", time.Second)
	return f.now.reading, err
}

// Live implements Metrics.
func (f *fake) Live(context.Context) (snapshot.Now, error) { return snapshot.Now{VUs: 100}, nil }

func (f *fake) inspect(ctx context.Context, name string, scale float64, env map[string]string) (load.Script, error) {
	err := f.call(ctx, "inspect", 0)
	return load.Script{
		Path:       name,
		Scale:      scale,
		Env:        env,
		Nominal:    30 * time.Second,
		VUs:        100,
		Ramp:       2 * time.Second,
		Pause:      0.5,
		Statements: &load.Statements{Least: 2, Most: 2, MostWithReplica: 3},
	}, err
}

func (f *fake) warm(ctx context.Context, c load.Config) (string, error) {
	f.warmed = c
	return f.now.note, f.call(ctx, "warm", 500*time.Millisecond)
}

func (f *fake) idle(ctx context.Context) (host.Idleness, error) {
	err := f.call(ctx, "idle", f.now.idle.Waited)
	return f.now.idle, err
}

func (f *fake) runK6(ctx context.Context, c load.Config) (load.Result, error) {
	f.config = c
	if c.Script.Path == matrix.LevelScenario && c.Started == nil {
		return f.step(ctx, c)
	}
	f.scripts = append(f.scripts, c.Script)
	c.Started(fakePID)
	result := f.now.result
	result.Start = time.Now().UTC()
	f.die(f.now.deaths...)
	f.set += f.now.set
	if err := f.call(ctx, "load", c.Script.Nominal); err != nil {
		return load.Result{}, err
	}
	result.End = time.Now().UTC()
	return result, nil
}

// step is one of a calibration.
func (f *fake) step(ctx context.Context, c load.Config) (load.Result, error) {
	factor, err := strconv.ParseFloat(c.Script.Env["RATE"], 64)
	if c.Script.Env["RATE"] == "" {
		factor, err = 1, nil
	}
	if err != nil {
		f.t.Error(err)
	}
	rate := factor * matrix.LevelRate
	result := load.Result{}
	result.Load.Requests = int64(rate * c.Script.Nominal.Seconds())
	result.Load.Slow, result.Load.CPUCores = new(int64(0)), new(0.3)
	if f.carries > 0 && rate > f.carries {
		result.Load.Failed = result.Load.Requests / 10
	}
	if f.full > 0 && rate > f.full {
		result.Load.CPUCores = new(0.9)
	}
	return result, f.call(ctx, fmt.Sprintf("step %.0f", rate), 6*time.Second)
}

// die numbers deaths and forgets the oldest, as the stack does.
func (f *fake) die(deaths ...stack.Death) {
	for _, d := range deaths {
		d.N = stack.LastDeath(f.deaths) + 1
		f.deaths = append(f.deaths, d)
	}
	const kept = 4
	f.deaths = f.deaths[max(0, len(f.deaths)-kept):]
}

func (f *fake) clockSet() time.Duration { return f.set }

// Stage implements Watcher. A trial begins with healthy answers.
func (f *fake) Stage(trial matrix.Trial, stage matrix.Stage) {
	if f.stage = stage; stage == matrix.StageApply {
		f.trial, f.now = trial, healthy()
		if f.change != nil {
			f.change(trial, &f.now)
		}
		f.calls = append(f.calls, fmt.Sprintf("trial %d: %s, %s", trial.N, trial.Cell, trial.Scenario))
	}
}

// Done implements Watcher.
func (f *fake) Done(rec record.Record) {
	on, err := record.Read(f.dir.Records())
	if err != nil || len(on) == 0 || on[len(on)-1].N != rec.N {
		f.t.Errorf("record %d is told before it is on the disk: %d are, %v", rec.N, len(on), err)
	}
	f.calls = append(f.calls, fmt.Sprintf("done %d", rec.N))
}

// watcher is the fake as a Watcher, whose Live is another than that of Metrics.
type watcher struct{ *fake }

// Live implements Watcher.
func (w watcher) Live(matrix.Trial, snapshot.Now) { w.lives++ }

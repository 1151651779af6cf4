// Package runner carries out a plan: trial by trial it applies the cell, warms up,
// runs the load, reads what was measured and appends one record, whatever the outcome.
package runner

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/measure/host"
	"stormwave/lab/internal/measure/load"
	"stormwave/lab/internal/measure/snapshot"
	"stormwave/lab/internal/record"
	"stormwave/lab/internal/service"
	"stormwave/lab/internal/setting"
	"stormwave/lab/internal/stack"
	"stormwave/lab/internal/stack/exporter"
)

// Stack is the stack as a run uses it.
type Stack interface {
	// Apply brings the stack to the settings and returns what is really set.
	Apply(context.Context, matrix.Settings, matrix.CPUs) (setting.Reading, error)
	// Reset brings the servers to the same state before each trial, and returns what
	// the data set holds.
	Reset(context.Context) (dataset string, err error)
	// Quiesce ends the load's traces, so that every counter is final.
	Quiesce(context.Context) error
	// Mark tells which trial runs, and the generator's process; Unmark ends it.
	Mark(ctx context.Context, trial exporter.Trial, k6 int) error
	Unmark(context.Context) error
	// Tell says how far the run is.
	Tell(context.Context, exporter.Progress) error
	// Deaths returns the newest services that ended unasked since the stack is up.
	Deaths(context.Context) ([]stack.Death, error)
}

// Metrics is where the curves are.
type Metrics interface {
	AwaitScrape(ctx context.Context, job string, after time.Time) error
	Read(context.Context, snapshot.Window) (snapshot.Reading, error)
	Live(context.Context) (snapshot.Now, error)
}

// Watcher is told how the run goes. Its methods return at once.
type Watcher interface {
	Stage(matrix.Trial, matrix.Stage)
	Live(trial matrix.Trial, now snapshot.Now)
	Done(record.Record)
}

// Runner carries out one plan.
type Runner struct {
	Plan     matrix.Plan
	Services *matrix.Catalog
	Dir      record.Dir
	Log      *record.Log
	Stack    Stack
	Scripts  *Scripts
	Load     load.Config // what is the same in every trial
	Metrics  Metrics
	Watcher  Watcher

	// The generator and the machine.
	RunK6    func(context.Context, load.Config) (load.Result, error)     // load.Run
	Warm     func(context.Context, load.Config) (note string, err error) // load.Warm
	Idle     func(context.Context) (host.Idleness, error)                // host.Idle
	ClockSet func() time.Duration                                        // host.ClockSet
	Affinity func(pid int) (cpus string, ok bool)                        // proc.Affinity

	// Enough says whether the intervals of what was measured are narrow enough to end
	// the run. It is asked at the looks that the plan has set.
	Enough func([]record.Record) bool
	// Next returns the trials of a block of a race, given the records of the blocks before it; none
	// where the race is over. Nil: the blocks are the plan's.
	Next func(block int, before []record.Record) ([]matrix.Trial, error)

	// Calibrated is told the plan with the factors of its loads, as soon as they are found; nil: nobody asked.
	Calibrated func(matrix.Plan)

	lastEnd       time.Time       // of the load of the trial before; zero: it had none
	dataset       string          // before the first trial
	good          matrix.Settings // that the stack was last brought to
	served        matrix.Settings // with which a load could last begin
	applyFailures []string        // cells of the last trials, as long as the stack could not be brought to them
}

// Execute runs the plan block by block and appends one record per trial. To resume a run, pass
// its records as earlier: complete blocks are kept, an incomplete block is rerun from its start.
//
// A trial that goes wrong is recorded as invalid and the next one goes on; the run
// ends early only when ctx does, when nothing can be recorded any more, or when the
// stack does not come back. The records are returned all the same, the earlier ones
// first.
func (r *Runner) Execute(ctx context.Context, earlier []record.Record) ([]record.Record, error) {
	records := slices.Clone(earlier)
	for _, rec := range earlier {
		r.dataset = cmp.Or(r.dataset, rec.Dataset)
	}
	if err := r.tell(ctx, records); err != nil {
		return records, err
	}
	if err := r.calibrate(ctx); err != nil {
		return records, err
	}
	for block := 1; ; block++ {
		trials, err := r.block(block, records)
		if err != nil || len(trials) == 0 {
			return records, err
		}
		attempt, whole := progress(records, block, len(trials))
		if whole {
			continue
		}
		for _, trial := range trials {
			trial.N = nextN(records)
			rec, err := r.trial(ctx, trial)
			if ctx.Err() != nil {
				return records, context.Cause(ctx) // half a trial is not recorded
			}
			if err != nil {
				return records, err
			}
			if attempt > 1 {
				rec.Attempt = attempt
			}
			if err := r.Log.Append(rec); err != nil {
				return records, fmt.Errorf("record trial %d: %w; make room", trial.N, err)
			}
			records = append(records, rec)
			r.Watcher.Done(rec)
			if err := r.tell(ctx, records); err != nil {
				return records, err
			}
			if isLost(r.applyFailures) {
				return records, fmt.Errorf("the stack has not come back for %d trials in a row: %s; "+
					"mend that, and begin with a new stack: lab down", len(r.applyFailures), rec.Reasons[0])
			}
		}
	}
}

// trial runs one trial of the plan. What goes wrong is in the record; an error means
// that the run cannot go on.
func (r *Runner) trial(ctx context.Context, trial matrix.Trial) (record.Record, error) {
	cell := r.Plan.Cell(trial.Cell)
	rec := record.Record{
		Schema: record.Schema, Run: r.Dir.Name(), N: trial.N, Block: trial.Block, Cell: cell.Label, Baseline: cell.Baseline,
		Scenario: trial.Scenario.Name, Scale: trial.Scenario.Scale, Settings: cell.Settings, Lab: make(map[string]float64),
	}
	if factor := r.Plan.LoadFactor(trial.Scenario); factor != 1 {
		rec.LoadFactor = factor
	}
	rec.Start = time.Now().UTC()
	rec.End = rec.Start
	before, err := r.Stack.Deaths(ctx)
	if err != nil {
		return rec, err
	}
	v := &verdict{services: r.Services}
	set := r.ClockSet()
	if err := r.measure(ctx, trial, cell, &rec, v); err != nil {
		v.invalid("%s", err)
	}
	v.clock(r.ClockSet() - set)
	after, err := r.Stack.Deaths(ctx)
	if err != nil {
		return rec, err
	}
	for _, death := range stack.DeathsAfter(stack.LastDeath(before), after) {
		v.death(death, rec)
		if rec.Metrics == nil {
			rec.Metrics = make(map[string]float64)
		}
		rec.Metrics[record.Deaths(death.Service)]++
	}
	r.suspects(cell, v)
	rec.Verdict, rec.Reasons = v.outcome()
	rec.Reasons = within(filepath.Dir(filepath.Dir(r.Dir.Path())), rec.Reasons)
	return rec, nil
}

// measure goes through the stages of a trial and fills in the record.
func (r *Runner) measure(
	ctx context.Context, trial matrix.Trial, cell matrix.Cell, rec *record.Record, v *verdict,
) error {
	applied := time.Now()
	lastEnd := r.lastEnd
	r.lastEnd = time.Time{} // until this trial has had its load
	r.Watcher.Stage(trial, matrix.StageApply)
	read, err := r.Stack.Apply(ctx, cell.Settings, r.Plan.CPUs)
	if err != nil {
		return r.unapplied(ctx, cell, v, fmt.Errorf("apply the cell: %w", err))
	}
	r.applyFailures, r.good = nil, cell.Settings
	rec.Effective = read.Values
	v.readBack(cell.Settings, read)
	v.pinned(r.Plan.CPUs, read.Values)

	script, err := r.Scripts.Of(ctx, r.Plan, trial)
	if err != nil {
		return r.abandon(ctx, err)
	}
	rec.Model = record.ClosedModel
	if script.Open {
		rec.Model = record.OpenModel
	}
	r.Watcher.Stage(trial, matrix.StageWarm)
	warming := time.Now()
	if err := r.warmUp(ctx, script, rec, v); err != nil {
		r.unserved(ctx, cell, v, err)
		return r.abandon(ctx, fmt.Errorf("warm up: %w", err))
	}
	rec.Lab["warmup_s"] = time.Since(warming).Seconds()

	r.Watcher.Stage(trial, matrix.StageLoad)
	fired := time.Now()
	result, err := r.runLoad(ctx, trial, script, v)
	if err != nil {
		r.unserved(ctx, cell, v, err)
		return r.abandon(ctx, err)
	}
	r.served = cell.Settings
	rec.Start, rec.End, rec.Load, rec.Phases = result.Start, result.End, &result.Load, result.Phases
	rec.Lab["apply_s"] = warming.Sub(applied).Seconds()
	if !lastEnd.IsZero() {
		rec.Lab["turnaround_s"] = result.Start.Sub(lastEnd).Seconds() - rec.Lab["warmup_s"]
	}
	r.lastEnd = result.End
	dropsFailed := v.generator(result, script, r.Plan.CPUs["k6"], k6Quota(cell.Settings))

	r.Watcher.Stage(trial, matrix.StageRead)
	curves, err := r.read(ctx, fired, result, script, rec, v)
	if dropsFailed {
		failDropped(rec.Load)
	}
	v.enough(rec.Load, r.Plan.SLO)
	if err != nil {
		return err
	}
	rec.Recovery = recovery(curves, script, r.Plan.SLO)
	return nil
}

// warmUp brings servers, caches, backend and host to the state that every trial
// begins in.
func (r *Runner) warmUp(ctx context.Context, script load.Script, rec *record.Record, v *verdict) error {
	dataset, err := r.Stack.Reset(ctx)
	if err != nil {
		return err
	}
	rec.Dataset = dataset
	r.dataset = cmp.Or(r.dataset, dataset)
	v.sameDataset(r.dataset, dataset)
	note, err := r.Warm(ctx, r.config(script))
	if err != nil {
		return err
	}
	if note != "" {
		v.say("%s", note)
	}
	idleness, err := r.Idle(ctx)
	if err != nil {
		return err
	}
	v.idle(idleness)
	rec.Lab["idle_busy_ratio"] = idleness.CPU
	rec.Lab["idle_disk_ratio"] = idleness.Disk
	rec.Lab["idle_queue_per_cpu"] = idleness.Queue
	rec.Lab["idle_wait_s"] = idleness.Waited.Seconds()
	return r.awaitScrapes(ctx, time.Now().Add(-idleness.Waited), service.RecordJobs(r.Services.Backend())...)
}

func (r *Runner) awaitScrapes(ctx context.Context, after time.Time, jobs ...string) error {
	for _, job := range jobs {
		if err := r.Metrics.AwaitScrape(ctx, job, after); err != nil {
			return err
		}
	}
	return nil
}

// liveEvery is the pause between two looks at a running trial.
const liveEvery = time.Second

// config is what k6 is told of a script, whatever it is run for.
func (r *Runner) config(script load.Script) load.Config {
	c := r.Load
	c.Script, c.Seed, c.SLO, c.CPUs = script, r.Plan.Seed, time.Duration(r.Plan.SLO.P99), r.Plan.CPUs["k6"]
	return c
}

// runLoad runs the load, with the trial marked and watched.
func (r *Runner) runLoad(ctx context.Context, trial matrix.Trial, script load.Script, v *verdict) (load.Result, error) {
	mark := exporter.Trial{Run: r.Dir.Name(), N: trial.N, Cell: trial.Cell, Scenario: trial.Scenario.String()}
	watching, stop := context.WithCancel(ctx)
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		r.watch(watching, trial)
	}()
	var markErr error
	config := r.config(script)
	config.Quota = k6Quota(r.Plan.Cell(trial.Cell).Settings)
	config.Tags = map[string]string{"shot": strconv.Itoa(trial.N)}
	config.Started = func(pid int) {
		list, _ := r.Affinity(pid)
		v.runsOn("k6", config.CPUs, list)
		markErr = r.Stack.Mark(ctx, mark, pid)
	}
	result, err := r.RunK6(ctx, config)
	stop()
	<-watched
	return result, errors.Join(err, markErr, r.unmark(ctx))
}

// k6Quota is the CPUs that a cell's fault leaves to k6; 0: no limit.
func k6Quota(s matrix.Settings) float64 {
	v, err := strconv.ParseFloat(s[matrix.FaultCPU("k6")], 64)
	if err != nil {
		return 0
	}
	return v
}

func (r *Runner) watch(ctx context.Context, trial matrix.Trial) {
	tick := time.NewTicker(liveEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if now, err := r.Metrics.Live(ctx); err == nil {
				r.Watcher.Live(trial, now)
			}
		}
	}
}

// read waits until every counter is final and reads the window of the trial.
func (r *Runner) read(
	ctx context.Context, fired time.Time, result load.Result, script load.Script, rec *record.Record, v *verdict,
) (record.Series, error) {
	// The backend and the pooler tell their last before they are stopped …
	if err := r.awaitScrapes(ctx, rec.End, service.LoadJobs(r.Services.Backend())...); err != nil {
		v.silent(ctx, rec.Load)
		return record.Series{}, r.abandon(ctx, err)
	}
	if err := r.quiesce(ctx); err != nil {
		v.silent(ctx, rec.Load)
		return record.Series{}, err
	}
	// … and the servers when the last session has ended.
	if err := r.awaitScrapes(ctx, time.Now(), service.LabExporter); err != nil {
		return record.Series{}, err
	}
	reading, err := r.Metrics.Read(
		ctx, snapshot.Window{Before: fired, Start: rec.Start, End: rec.End, Settled: time.Now()},
	)
	if err != nil {
		return record.Series{}, fmt.Errorf("read the metrics: %w", err)
	}
	rec.Metrics = v.told(reading.Metrics)
	v.missing(reading.Missing)
	if peak, ok := reading.Series.Peak("rps"); ok {
		rec.Load.RPSPeak = &peak
	} else {
		v.missing([]string{"rps_peak"})
	}
	v.counts(rec, result.SetupUnanswered, script.Statements)
	v.sessions(rec)
	v.quiet(rec.Metrics)
	v.cpu(rec.Metrics)
	if err := record.WriteSeries(r.Dir.Series(rec.N), reading.Series); err != nil {
		return record.Series{}, fmt.Errorf("keep the curves: %w", err)
	}
	return reading.Series, nil
}

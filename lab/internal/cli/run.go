package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"stormwave/lab/backends"
	"stormwave/lab/internal/backend"
	"stormwave/lab/internal/judge/stop"
	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/measure/host"
	"stormwave/lab/internal/measure/load"
	"stormwave/lab/internal/measure/snapshot"
	"stormwave/lab/internal/measure/tsdb"
	"stormwave/lab/internal/record"
	"stormwave/lab/internal/runner"
	"stormwave/lab/internal/search/tune"
	"stormwave/lab/internal/service"
	"stormwave/lab/internal/stack/daemon"
	"stormwave/lab/internal/stack/proc"
	"stormwave/lab/internal/stack/toolchain"
)

// job is a run on its way from its plan to its report.
type job struct {
	layout  service.Layout
	backend *backend.Backend
	spec    []byte
	plan    matrix.Plan
	earlier []record.Record                   // of a run that is resumed
	eta     time.Duration                     // of what is left to run
	out     io.Writer                         // for people
	events  *events                           // for programs; nil: nobody asked
	begin   func(context.Context, *job) error // claims the stack; fills in dir and host

	tools   toolchain.Set
	client  *daemon.Client
	status  daemon.Status
	metrics string // URL of Prometheus, with its password
	dir     record.Dir
	host    record.Host
}

// run carries a job out: set-up, stack, trials, report.
func (l *lab) run(ctx context.Context, j job) (err error) {
	defer outliveReaders()()
	if j.backend, err = backends.Find(j.layout.Root, j.plan.Backend); err != nil {
		return err
	}
	if j.tools, err = l.tools(ctx, j.layout, j.out); err != nil {
		return err
	}
	if err := service.Installed(j.plan, j.tools); err != nil {
		return err
	}
	if err := j.buildCommits(ctx); err != nil {
		return err
	}
	scripts := runner.NewScripts(j.tools.Path("k6"), scenarioDir(j.layout, j.backend))
	m := means{layout: j.layout, backend: j.backend, tools: j.tools, scripts: scripts}
	if j.eta, err = foretell(ctx, j.out, j.plan, len(j.earlier), m); err != nil {
		return err
	}

	j.client = daemon.NewClient(j.layout)
	started, err := l.start(ctx, j.client, j.layout, j.plan.Backend, true, j.out)
	if started {
		defer func() { err = closing(err, j.client.Down(context.WithoutCancel(ctx))) }()
	}
	if err != nil {
		return err
	}
	if j.status, err = j.client.Status(ctx); err != nil {
		return err
	}
	if j.metrics, err = j.client.Prometheus(ctx); err != nil {
		return err
	}
	tellFewFiles(j.out, j.status, j.poolerSettings()...)
	target, err := load.Aim(*j.status.URLs["app"])
	if err != nil {
		return err
	}
	fmt.Fprintf(j.out, "running the load against %s\n", target)
	if err := j.begin(ctx, &j); err != nil {
		return err
	}
	defer func() { err = closing(err, j.client.End(context.WithoutCancel(ctx))) }()
	j.events.begin(j.dir.Name(), j.plan.Size(), j.eta)
	records, err := l.runTrials(ctx, j, scripts)
	if err != nil {
		err = fmt.Errorf("%w; what is finished is kept, go on with it: lab resume %s", err, j.dir.Name())
	}
	j.host.Lab = withTurnaround(j.host.Lab, records)
	// Without it the run is whole all the same: nothing is lost but to look at it again.
	if kept := j.keepSeries(context.WithoutCancel(ctx), records); kept != nil {
		fmt.Fprintf(j.out, "%v; the records are whole, but `lab open %s` has nothing to show\n", kept, j.dir.Name())
	}
	err = errors.Join(err, record.WriteJSON(j.dir.Host(), j.host), writeReport(j.layout, j.dir.Name(), false, j.out))
	noResult := func(r record.Record) bool { return !r.IsResult() }
	if err == nil && slices.ContainsFunc(records, noResult) {
		err = errIncomplete
	}
	j.events.end(j.dir, records, err)
	return err
}

// outliveReaders lets the program go on when nobody reads its output any more (`| head`): to write there fails, and
// is no error. It is not ignored, for the programs that it starts would ignore it too. What it returns ends that.
func outliveReaders() (end func()) {
	unread := make(chan os.Signal, 1)
	signal.Notify(unread, syscall.SIGPIPE)
	return func() { signal.Stop(unread) }
}

// poolerSettings are those of the cells that have a pooler on their way.
func (j job) poolerSettings() []matrix.Settings {
	var all []matrix.Settings
	for _, cell := range j.plan.Cells {
		if len(cell.Settings.Route().Poolers()) > 0 {
			all = append(all, cell.Settings)
		}
	}
	return all
}

// closing adds what went wrong at the end of a run. That the stack is down is said once.
func closing(err, last error) error {
	if errors.Is(err, daemon.ErrDown) && errors.Is(last, daemon.ErrDown) {
		return err
	}
	return errors.Join(err, last)
}

// keepSeries keeps what Prometheus has recorded during the run, for `lab open`.
func (j job) keepSeries(ctx context.Context, records []record.Record) error {
	if len(records) == len(j.earlier) {
		return nil
	}
	begin, end := span(records)
	return tsdb.Keep(ctx, j.metrics, j.layout.TSDB(), j.dir.TSDB(), begin.Add(-tsdbMargin), end.Add(tsdbMargin))
}

// tsdbMargin is kept before the first trial and after the last.
const tsdbMargin = time.Minute

// span is the time that the trials took.
func span(records []record.Record) (begin, end time.Time) {
	for _, rec := range records {
		if begin.IsZero() || rec.Start.Before(begin) {
			begin = rec.Start
		}
		if rec.End.After(end) {
			end = rec.End
		}
	}
	return begin, end
}

// runTrials runs the trials and returns all records, those of earlier included.
func (l *lab) runTrials(ctx context.Context, j job, scripts *runner.Scripts) ([]record.Record, error) {
	log, err := record.Open(j.dir.Records())
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }()
	metrics, err := snapshot.New(j.metrics)
	if err != nil {
		return nil, err
	}
	v := j.watcher(j.eta)
	defer v.close()
	r := &runner.Runner{
		Plan:     j.plan,
		Services: service.Catalog(j.backend),
		Dir:      j.dir,
		Log:      log,
		Stack:    j.client,
		Scripts:  scripts,
		Metrics:  metrics,
		Watcher:  v,
		Load: load.Config{
			K6:          j.tools.Path("k6"),
			BaseURL:     *j.status.URLs["app"],
			Outcome:     j.backend.Outcome,
			RemoteWrite: j.metrics + "/api/v1/write",
			Log:         j.layout.Log("k6"),
		},
		RunK6:    load.Run,
		Warm:     load.Warm,
		Idle:     func(ctx context.Context) (host.Idleness, error) { return host.Idle(ctx, l.idleWait) },
		ClockSet: host.ClockSet,
		Affinity: proc.Affinity,
		Enough:   func(records []record.Record) bool { return stop.Enough(j.plan, records) },

		Calibrated: func(plan matrix.Plan) { tellLoads(j.out, plan) },
	}
	if j.plan.Budget > 0 {
		r.Next = tune.New(j.plan, r.Services, j.plan.Budget).Block
	}
	return r.Execute(ctx, j.earlier)
}

// watcher shows the run to a person, or tells it to a program.
func (j job) watcher(eta time.Duration) watcher {
	if j.events != nil {
		return j.events
	}
	return newView(j.out, j.plan.Size(), eta)
}

type watcher interface {
	runner.Watcher
	close()
}

// describe tells the size of a plan.
func describe(p matrix.Plan) string {
	if p.Budget > 0 {
		grid := (len(p.Compared()) + 1) * len(p.Scenarios) * p.Blocks
		return fmt.Sprintf("a race of %d cells × %d scenarios, %d trials at most (every cell in every block: %d)",
			len(p.Compared())+1, len(p.Scenarios), p.Budget, grid)
	}
	text := fmt.Sprintf("%d cells × %s = %d trials", len(p.Cells), p.Repeats(), len(p.Trials))
	if p.Stop != nil {
		text += fmt.Sprintf(" at most, %d blocks at least", p.Stop.Min)
	}
	return text
}

// figuresOf are the lab's own costs so far.
func figuresOf(st daemon.Status) record.Figures {
	return record.Figures{
		Up:       new(st.Figures.UpSeconds),
		UpCached: !st.Figures.TemplateMade,
		FirstUp:  st.Figures.FirstUpSeconds,
	}
}

// withTurnaround adds what the records tell of the time between trials.
func withTurnaround(f record.Figures, records []record.Record) record.Figures {
	var sum, longest float64
	n := 0
	for _, rec := range records {
		if t, ok := rec.Lab["turnaround_s"]; ok {
			sum, longest, n = sum+t, max(longest, t), n+1
		}
	}
	if n > 0 {
		f.TurnaroundMean, f.TurnaroundMax = new(sum/float64(n)), new(longest)
	}
	return f
}

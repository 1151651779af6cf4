package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/measure/host"
	"stormwave/lab/internal/measure/load"
	"stormwave/lab/internal/measure/snapshot"
	"stormwave/lab/internal/record"
	"stormwave/lab/internal/report"
	"stormwave/lab/internal/runner"
	"stormwave/lab/internal/stack"
	"stormwave/lab/internal/stack/daemon"
	"stormwave/lab/internal/stack/toolchain"
)

func (l *lab) matrix() *cobra.Command {
	return &cobra.Command{
		Use: "matrix SPEC", Short: "Measure every cell of a matrix, and write the report", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			layout, err := l.layout()
			if err != nil {
				return err
			}
			spec, plan, err := readSpec(layout, args[0])
			if err != nil {
				return err
			}
			return l.run(cmd.Context(), layout, spec, plan, cmd.OutOrStdout())
		},
	}
}

func scenarioDir(layout stack.Layout) string { return filepath.Join(layout.Root, "scenarios") }

func resultsDir(layout stack.Layout) string { return filepath.Join(layout.Root, "results") }

// readSpec reads and checks a spec. Its faults are wrong usage: nothing was started.
func readSpec(layout stack.Layout, path string) ([]byte, matrix.Plan, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, matrix.Plan{}, usageError{fmt.Errorf("read spec: %w", err)}
	}
	scenarios, err := load.List(scenarioDir(layout))
	if err != nil {
		return nil, matrix.Plan{}, err
	}
	spec, err := matrix.Parse(text, scenarios)
	var faults matrix.Faults
	if errors.As(err, &faults) {
		return nil, matrix.Plan{}, usageError{fmt.Errorf("%s cannot be run; nothing was started:\n%w", path, faults)}
	}
	if err != nil {
		return nil, matrix.Plan{}, usageError{fmt.Errorf("read spec %s: %w", path, err)}
	}
	return text, spec.Plan(), nil
}

// perShot is what a shot takes besides its load: apply, warm up, read.
const perShot = 8 * time.Second

// run carries a plan out, from set-up to report.
func (l *lab) run(ctx context.Context, layout stack.Layout, spec []byte, plan matrix.Plan, out io.Writer) (err error) {
	tools, err := l.tools(ctx, layout, out)
	if err != nil {
		return err
	}
	scripts := runner.NewScripts(tools.Path("k6"), scenarioDir(layout))
	eta, err := scripts.Estimate(ctx, plan, perShot)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s: %d cells × %d scenarios × %d blocks = %d shots, about %s\n",
		plan.Name, len(plan.Cells), len(plan.Scenarios), plan.Blocks, len(plan.Shots), eta.Round(time.Second))

	client := daemon.NewClient(layout)
	started, err := l.start(ctx, client, layout, true, out)
	if started {
		defer func() { err = errors.Join(err, client.Down(context.WithoutCancel(ctx))) }()
	}
	if err != nil {
		return err
	}
	st, err := client.Status(ctx)
	if err != nil {
		return err
	}
	dir, err := newRun(layout, plan)
	if err != nil {
		return err
	}
	if err := client.Begin(ctx, dir.Name()); err != nil {
		return errors.Join(err, os.Remove(dir.Path())) // nothing is in it yet
	}
	defer func() { err = errors.Join(err, client.End(context.WithoutCancel(ctx))) }()
	return l.measure(ctx, job{layout: layout, tools: tools, client: client, status: st, scripts: scripts, dir: dir, spec: spec, plan: plan, eta: eta, out: out})
}

// job is a run that is ready to begin.
type job struct {
	layout  stack.Layout
	tools   toolchain.Set
	client  *daemon.Client
	status  daemon.Status
	scripts *runner.Scripts
	dir     record.Dir
	spec    []byte
	plan    matrix.Plan
	eta     time.Duration
	out     io.Writer
}

// newRun makes the directory of a run that has not been before.
func newRun(layout stack.Layout, plan matrix.Plan) (record.Dir, error) {
	now := time.Now()
	for n := 1; n < 100; n++ {
		name := record.NewName(now, plan.Name)
		if n > 1 {
			name = fmt.Sprintf("%s-%d", name, n) // a second one in this minute
		}
		dir, err := record.NewDir(resultsDir(layout), name)
		if err != nil {
			return record.Dir{}, err
		}
		if err := os.MkdirAll(filepath.Dir(dir.Path()), 0o755); err != nil {
			return record.Dir{}, fmt.Errorf("make results directory: %w", err)
		}
		err = os.Mkdir(dir.Path(), 0o755)
		if err == nil {
			return dir, nil
		}
		if !errors.Is(err, os.ErrExist) {
			return record.Dir{}, fmt.Errorf("make directory of the run: %w", err)
		}
	}
	return record.Dir{}, errors.New("make directory of the run: too many in this minute")
}

// measure writes down what will be done and by what, does it, and reports.
func (l *lab) measure(ctx context.Context, j job) error {
	info, err := host.Read(ctx, j.layout.Root, j.tools)
	if err != nil {
		return err
	}
	info.Lab = figuresOf(j.status)
	if err := errors.Join(
		record.WriteFile(j.dir.Spec(), j.spec),
		record.WriteJSON(j.dir.Plan(), j.plan),
		record.WriteJSON(j.dir.Host(), info),
	); err != nil {
		return err
	}
	log, err := record.Open(j.dir.Records())
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	metrics, err := snapshot.New(*j.status.URLs["prometheus"])
	if err != nil {
		return err
	}
	v := newView(j.out, len(j.plan.Shots), j.eta)
	r := &runner.Runner{
		Plan: j.plan, Stack: j.client, Metrics: metrics, Scripts: j.scripts, Log: log, Dir: j.dir, Watcher: v,
		Load: load.Config{
			K6: j.tools.Path("k6"), BaseURL: *j.status.URLs["app"],
			RemoteWrite: *j.status.URLs["prometheus"] + "/api/v1/write", Log: j.layout.Log("k6"),
		},
	}
	records, runErr := r.Execute(ctx)
	v.close()
	info.Lab = withTurnaround(info.Lab, records)
	if err := errors.Join(runErr, record.WriteJSON(j.dir.Host(), info), writeReport(j, info, records)); err != nil {
		return err
	}
	for _, rec := range records {
		if rec.Verdict != record.Valid {
			return errIncomplete
		}
	}
	return nil
}

// figuresOf are the lab's own costs so far.
func figuresOf(st daemon.Status) record.Figures {
	return record.Figures{Up: new(st.Figures.UpSeconds), UpCached: !st.Figures.TemplateMade, FirstUp: st.Figures.FirstUpSeconds}
}

// withTurnaround adds what the records tell of the time between shots.
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

// writeReport writes the report of a run, the index of all runs, and a summary for
// the terminal.
func writeReport(j job, info record.Host, records []record.Record) error {
	run := report.Run{Name: j.dir.Name(), Plan: j.plan, Host: info, Records: records, Spec: j.spec}
	files, err := report.Build(run)
	if err != nil {
		return err
	}
	for name, content := range files {
		if err := record.WriteFile(filepath.Join(resultsDir(j.layout), name), content); err != nil {
			return err
		}
	}
	if err := writeIndex(resultsDir(j.layout)); err != nil {
		return err
	}
	fmt.Fprint(j.out, report.Terminal(run))
	path, err := filepath.Rel(j.layout.Root, j.dir.Report())
	if err != nil {
		path = j.dir.Report()
	}
	fmt.Fprintf(j.out, "report: %s\n", path)
	return nil
}

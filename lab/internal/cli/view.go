package cli

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"stormwave/lab/internal/analysis"
	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/measure/snapshot"
	"stormwave/lab/internal/record"
)

// view shows how a run goes: a bar where there is a terminal, and a line for each
// finished trial everywhere. It is a runner.Watcher.
type view struct {
	out   io.Writer
	bars  *mpb.Progress // nil without a terminal
	bar   *mpb.Bar
	total int

	mu    sync.Mutex
	state string
	stop  chan struct{}
	done  chan struct{}
}

// newView returns a view of a run of so many trials that will take about eta.
func newView(out io.Writer, trials int, eta time.Duration) *view {
	v := &view{out: out, total: trials, stop: make(chan struct{}), done: make(chan struct{})}
	if f, ok := out.(*os.File); !ok || !isatty.IsTerminal(f.Fd()) {
		close(v.done)
		return v
	}
	v.bars = mpb.New(mpb.WithOutput(out), mpb.WithWidth(24), mpb.WithRefreshRate(250*time.Millisecond))
	v.out = v.bars
	v.bar = v.bars.New(int64(eta), mpb.BarStyle(), mpb.BarRemoveOnComplete(),
		mpb.PrependDecorators(decor.Any(func(decor.Statistics) string { return v.text() })),
		mpb.AppendDecorators(decor.Any(func(s decor.Statistics) string { return remaining(s) })))
	go v.tick()
	return v
}

// tick moves the bar with the clock.
func (v *view) tick() {
	defer close(v.done)
	began := time.Now()
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-v.stop:
			v.bar.Abort(true)
			return
		case <-tick.C:
			// Never full before the last trial is: the time was an estimate.
			v.bar.SetCurrent(min(int64(time.Since(began)), v.bar.Current()+int64(time.Minute)))
		}
	}
}

func remaining(s decor.Statistics) string {
	elapsed, eta := time.Duration(s.Current).Round(time.Second), time.Duration(s.Total-s.Current).Round(time.Second)
	if eta <= 0 {
		return fmt.Sprintf(" %s, longer than estimated", elapsed)
	}
	return fmt.Sprintf(" %s, about %s left", elapsed, eta)
}

// count is a trial's place among those that are planned.
func (v *view) count(n int) string {
	if n > v.total {
		return fmt.Sprintf("%d (not planned)", n) // of an extra block, or of one that is rerun
	}
	return fmt.Sprintf("%d/%d", n, v.total)
}

func (v *view) text() string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.state
}

// Stage implements runner.Watcher.
func (v *view) Stage(trial matrix.Trial, stage matrix.Stage) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.state = fmt.Sprintf("%s %s %s: %s ", v.count(trial.N), trial.Cell, trial.Scenario, stage)
}

// Live implements runner.Watcher.
func (v *view) Live(trial matrix.Trial, now snapshot.Now) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.state = fmt.Sprintf("%s %s %s: %d VUs, %.0f RPS, %.1f%% failed, p99 %.0f ms ",
		v.count(trial.N), trial.Cell, trial.Scenario, now.VUs, now.RPS, 100*now.ErrorRatio, now.P99)
}

// Done implements runner.Watcher.
func (v *view) Done(r record.Record) {
	line := fmt.Sprintf("%s %-7s %s %s", v.count(r.N), r.Verdict, r.Cell, analysis.ScenarioOf(&r))
	if r.LoadFactor != 0 {
		line += fmt.Sprintf(" × %g", r.LoadFactor)
	}
	if l := r.Load; l != nil {
		line += fmt.Sprintf(
			": %d requests, %.2f%% failed, goodput %.0f/s, p99 %.0f ms", l.Requests, 100*l.ErrorRatio, l.GoodputRPS,
			l.Latency.P99,
		)
	}
	fmt.Fprintln(v.out, line)
	for _, reason := range r.Reasons {
		fmt.Fprintf(v.out, "      %s\n", reason)
	}
}

// close takes the bar away.
func (v *view) close() {
	close(v.stop)
	<-v.done
	if v.bars != nil {
		v.bars.Wait()
	}
}

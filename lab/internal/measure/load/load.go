// Package load runs a k6 script against the backend and reads what k6 has
// measured.
package load

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/record"
	"stormwave/lab/internal/stack/proc"
)

const (
	// startSlack is what k6 may take besides setup() and the load: it makes all its VUs
	// before the first request, and sends its last series after the last.
	startSlack = 30 * time.Second
	// stopTimeout is how long an interrupted k6 may take to end.
	stopTimeout = 10 * time.Second
)

// Config says which script runs, and against what.
type Config struct {
	K6      string // path of the program
	Script  Script // from Inspect
	BaseURL string // of the backend, on this machine
	Seed    uint64
	SLO     time.Duration // slower answers are no goodput

	RemoteWrite string            // URL of Prometheus' receiver, with its password; empty: none
	Tags        map[string]string // on every series, to tell the trials apart

	Log     string        // file that k6's messages are appended to
	CPUs    string        // list of CPUs that k6 may use; empty: all
	Quota   float64       // CPUs that k6 may use at most; 0: no limit
	Started func(pid int) // called once k6 runs; may be nil
}

// Result is what one trial gave.
type Result struct {
	Summary
	CPU time.Duration // of k6, its start included
}

// ErrInterrupted is returned when the context ended before the load did.
var ErrInterrupted = errors.New("load was interrupted")

// Run runs the script once, and returns when k6 has ended and its last series is sent. An
// end that was not planned is an error that tells the reason and the log's end:
// there is no result in part.
//
// Nothing is started for a target that is not this machine.
func Run(ctx context.Context, cfg Config) (Result, error) {
	done, err := cfg.runK6(ctx, cfg.Script.Setup+cfg.Script.Longest+startSlack)
	if err != nil {
		return Result{}, fmt.Errorf("run load: %w", err)
	}
	result := Result{CPU: done.exit.CPU}
	if result.Summary, err = Parse(done.summary, cfg.Script.Nominal); err != nil {
		return Result{}, fmt.Errorf("run load: %w", err)
	}
	if err := cfg.Script.declare(result.Phases); err != nil {
		return Result{}, fmt.Errorf("run load: %w", err)
	}
	if result.Load.Interrupted, err = interrupted(done.log); err != nil {
		return Result{}, fmt.Errorf("run load: %w", err)
	}
	if result.Untimed > result.Load.Interrupted {
		return Result{}, fmt.Errorf("run load: %d requests were not timed, but %d iterations cut off: "+
			"a script must send its requests by lib/request.js", result.Untimed, result.Load.Interrupted)
	}
	cores := done.exit.CPU.Seconds() / done.exit.Elapsed.Seconds()
	result.Load.CPUCores = &cores
	return result, nil
}

// outcome is what k6 leaves of one run of it.
type outcome struct {
	exit    proc.Exit
	log     string // its end
	summary []byte
}

// runK6 runs k6 to its end, which must come within the limit. env is what the script is told
// besides.
func (c Config) runK6(ctx context.Context, limit time.Duration, env ...string) (outcome, error) {
	target, err := Aim(c.BaseURL)
	if err != nil {
		return outcome{}, err
	}
	dir, err := os.MkdirTemp(proc.TempDir, "load-*")
	if err != nil {
		return outcome{}, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	summary := filepath.Join(dir, "summary.json")
	spec := c.spec(target, summary)
	spec.Env = append(spec.Env, env...)
	k6, err := proc.Start(spec)
	if err != nil {
		return outcome{}, err
	}
	if c.Started != nil {
		c.Started(k6.PID())
	}
	deadline := time.NewTimer(limit)
	defer deadline.Stop()
	var cause error
	select {
	case <-k6.Done():
	case <-ctx.Done():
		cause = fmt.Errorf("%w: %w", ErrInterrupted, context.Cause(ctx))
	case <-deadline.C:
		cause = fmt.Errorf("k6 has not ended after %s, and was stopped", limit)
	}
	if cause != nil {
		cause = errors.Join(cause, k6.Stop(context.WithoutCancel(ctx)))
	} else if exit := k6.Exit(); exit.Err != nil {
		cause = reason(exit)
	}
	log := k6.Tail(logLines)
	if cause != nil {
		return outcome{}, fmt.Errorf("%w\n  command: %s\n  log (%s):\n%s", cause, k6.Command(), c.Log, log)
	}
	data, err := os.ReadFile(summary)
	if err != nil {
		return outcome{}, fmt.Errorf("k6 wrote no summary: %w\n%s", err, log)
	}
	return outcome{exit: k6.Exit(), log: log, summary: data}, nil
}

func (c Config) spec(target Target, summary string) proc.Spec {
	args := []string{"run", "--no-color", "--no-usage-report"}
	env := append(c.Script.environ(),
		matrix.VariableBaseURL+"="+c.BaseURL,
		// JavaScript's integers have 32 bits.
		matrix.VariableSeed+"="+strconv.FormatUint(c.Seed>>32^c.Seed&math.MaxUint32, 10),
		matrix.VariableSLO+"="+strconv.FormatFloat(milliseconds(c.SLO), 'f', -1, 64)+"ms",
		matrix.VariableSummary+"="+summary,
		envFence+"="+target.fence(),
	)
	if to, err := url.Parse(c.RemoteWrite); err == nil && c.RemoteWrite != "" {
		if password, isSet := to.User.Password(); isSet {
			// Apart from the URL, which k6 prints.
			env = append(env, "K6_PROMETHEUS_RW_USERNAME="+to.User.Username(), "K6_PROMETHEUS_RW_PASSWORD="+password)
			to.User = nil
		}
		args = append(args, "--out", "experimental-prometheus-rw")
		env = append(env,
			"K6_PROMETHEUS_RW_SERVER_URL="+to.String(),
			"K6_PROMETHEUS_RW_PUSH_INTERVAL=1s",
			"K6_PROMETHEUS_RW_TREND_AS_NATIVE_HISTOGRAM=true",
			"K6_PROMETHEUS_RW_STALE_MARKERS=true",
		)
	}
	for name, value := range c.Tags {
		args = append(args, "--tag", name+"="+value)
	}
	return proc.Spec{
		Name: "k6", Path: c.K6, Args: append(args, c.Script.Path), Env: env, Log: c.Log, CPUs: c.CPUs, Quota: c.Quota,
		StopSignal: syscall.SIGINT, StopTimeout: stopTimeout,
	}
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// Summary is the part of a result that k6 itself reports.
type Summary struct {
	Load         record.Load
	Phases       map[string]record.Phase
	Start, End   time.Time // of the load proper, from the first VU to the last; UTC
	FailedChecks int64     // answers that were wrong although their status was right, and stale reads
	Untimed      int64     // requests whose iteration was cut off before it counted them
	// SetupUnanswered are those of Load.SetupRequests that had no answer: the backend may not
	// have seen them.
	SetupUnanswered int64
}

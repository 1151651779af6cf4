package cli

import (
	"encoding/json"
	"io"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"stormwave/lab/internal/analysis"
	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/measure/snapshot"
	"stormwave/lab/internal/record"
)

// events tells a run to a program: a line of JSON for each thing that happens. It is
// a runner.Watcher.
type events struct {
	mu  sync.Mutex
	out *json.Encoder
}

// event is one line. Which of its fields there are depends on what happened.
// Programs read these lines, so a trial is still a "shot" in them, and its load the stage "shoot".
type event struct {
	Time  time.Time `json:"time"`
	Event string    `json:"event"` // "run", "stage", "live", "shot", "end"

	Run    string  `json:"run,omitempty"`
	Trials int     `json:"shots,omitempty"` // planned
	ETA    float64 `json:"eta_s,omitempty"` // of the whole run, when it begins

	N        int          `json:"n,omitempty"`
	Block    int          `json:"block,omitempty"`
	Cell     string       `json:"cell,omitempty"`
	Scenario string       `json:"scenario,omitempty"`
	Stage    matrix.Stage `json:"stage,omitempty"`

	Live *liveEvent `json:"live,omitempty"`

	Verdict record.Verdict `json:"verdict,omitempty"`
	Reasons []string       `json:"reasons,omitempty"`
	Load    *record.Load   `json:"load,omitempty"`

	Report   string         `json:"report,omitempty"`   // its path in the checkout
	Verdicts map[string]int `json:"verdicts,omitempty"` // of all trials
	Error    string         `json:"error,omitempty"`
}

// liveEvent is how the load goes at this moment, as k6 sees it.
type liveEvent struct {
	VUs        int     `json:"vus"`
	RPS        float64 `json:"rps"`
	ErrorRatio float64 `json:"error_ratio"`
	P99        float64 `json:"p99_ms"`
}

func newEvents(out io.Writer) *events { return &events{out: json.NewEncoder(out)} }

func (e *events) tell(event event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	event.Time = time.Now().UTC()
	_ = e.out.Encode(event) // a reader that is gone does not end the run
}

func of(trial matrix.Trial, what string) event {
	return event{Event: what, N: trial.N, Block: trial.Block, Cell: trial.Cell, Scenario: trial.Scenario.String()}
}

// Stage implements runner.Watcher.
func (e *events) Stage(trial matrix.Trial, stage matrix.Stage) {
	line := of(trial, "stage")
	line.Stage = stage
	e.tell(line)
}

// Live implements runner.Watcher.
func (e *events) Live(trial matrix.Trial, now snapshot.Now) {
	line := of(trial, "live")
	line.Live = &liveEvent{VUs: now.VUs, RPS: now.RPS, ErrorRatio: now.ErrorRatio, P99: now.P99}
	e.tell(line)
}

// Done implements runner.Watcher.
func (e *events) Done(r record.Record) {
	e.tell(event{
		Event: "shot", N: r.N, Block: r.Block, Cell: r.Cell, Scenario: analysis.ScenarioOf(&r).String(),
		Verdict: r.Verdict, Reasons: r.Reasons, Load: r.Load,
	})
}

// begin tells which run it is, and how much of it is planned.
func (e *events) begin(run string, trials int, eta time.Duration) {
	if e != nil {
		e.tell(event{Event: "run", Run: run, Trials: trials, ETA: eta.Seconds()})
	}
}

// end tells what came of it. It is the last line, and comes after an interruption too.
func (e *events) end(dir record.Dir, records []record.Record, err error) {
	if e == nil {
		return
	}
	line := event{Event: "end", Run: dir.Name(), Report: "results/" + dir.Name() + ".md", Verdicts: make(map[string]int)}
	for _, rec := range records {
		line.Verdicts[string(rec.Verdict)]++
	}
	if err != nil {
		line.Error = err.Error()
	}
	e.tell(line)
}

func (e *events) close() {}

// eventsFlag lets a command tell its events.
func eventsFlag(cmd *cobra.Command, asJSON *bool) {
	cmd.Flags().BoolVar(
		asJSON, "json", false,
		"a line of JSON on standard output for each thing that happens; what is for people goes to standard error",
	)
}

// tellTo says where the run is shown.
func (j *job) tellTo(cmd *cobra.Command, asJSON bool) {
	j.out = cmd.OutOrStdout()
	if asJSON {
		j.events, j.out = newEvents(cmd.OutOrStdout()), cmd.ErrOrStderr()
	}
}

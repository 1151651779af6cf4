package load

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"stormwave/lab/internal/matrix"
)

// warmLimit bounds a warm-up besides its setup(). The script ends it far sooner.
const warmLimit = 30 * time.Second

// refusals are the statuses that a limit of a cell's gives: no answer, no room, no time. A
// system that gives them may serve all the same.
var refusals = []string{"0", "429", "503", "504"}

// Warm runs the script in the phase matrix.PhaseWarmup: the log-in and the requests of the
// load, by few VUs and for a short time, so that connections are open, plans made and pages
// read before the first request that counts. Prometheus is told nothing of it, and faults of
// the load are not in it.
//
// A script that does not declare that it warms up is not run: in another shape than its own
// it might do what it must do once, such as to insert rows with keys of its own.
//
// The note is what a reader of the record must know, "" for nothing: that there was no
// warm-up, or that a limit turned all of it away, which is for the load to measure. The error
// is ErrUnserved where the system does not let the script log in, or answers every request
// with a failure of its own.
func Warm(ctx context.Context, cfg Config) (note string, err error) {
	if !cfg.Script.Warmup {
		return "not warmed up: the script does not declare options.ext.lab.warmup", nil
	}
	cfg.RemoteWrite, cfg.Tags, cfg.Quota, cfg.Started = "", nil, 0, nil
	done, err := cfg.runK6(ctx, cfg.Script.Setup+warmLimit, matrix.VariablePhase+"="+matrix.PhaseWarmup)
	if err != nil {
		return "", err
	}
	return served(done.summary)
}

// served asks the summary of a warm-up whether any request was served. The note and the error
// are those of Warm.
func served(summary []byte) (note string, err error) {
	var r reader
	if err := json.Unmarshal(summary, &struct {
		Metrics *metrics `json:"metrics"`
	}{&r.metrics}); err != nil {
		return "", fmt.Errorf("parse summary of k6: %w", err)
	}
	sent, failed := r.optional(whole.of(requests), "count"), r.optional(whole.of(failures), "passes")
	statuses := r.statuses()
	if len(r.faults) > 0 {
		return "", fmt.Errorf("parse summary of k6: %w", r.faults[0])
	}
	var answers []string
	for _, status := range slices.Sorted(maps.Keys(statuses)) {
		answers = append(answers, fmt.Sprintf("%d × %s", statuses[status], status))
	}
	text := fmt.Sprintf("none of %d requests was served, by status: %s", sent, strings.Join(answers, ", "))
	has := func(is func(status string) bool) bool {
		return slices.ContainsFunc(slices.Collect(maps.Keys(statuses)), is)
	}
	switch {
	case sent > failed:
		return "", nil
	case sent == 0:
		return "the warm-up had no answer to any request", nil
	case has(func(status string) bool { return slices.Contains(refusals, status) }):
		return "the warm-up was turned away: " + text, nil
	case has(func(status string) bool { return strings.HasPrefix(status, "5") }):
		return "", fmt.Errorf("%s: %w", text, ErrUnserved)
	}
	return "", fmt.Errorf("%s: the script asks for what the backend does not have", text)
}

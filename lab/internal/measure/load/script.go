package load

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"stormwave/lab/internal/stack/proc"
)

// Names of a script's environment, as scenarios/lib/env.js reads them.
const (
	envBaseURL = "BASE_URL"
	envScale   = "SCALE"
	envSeed    = "SEED"
	envSLO     = "SLO_P99"
	envSummary = "SUMMARY_FILE"
)

// scenario is the name of the one k6 scenario in every script.
const scenario = "load"

// inspectTimeout bounds `k6 inspect`, which only evaluates the script.
const inspectTimeout = 30 * time.Second

// extension of a script.
const extension = ".js"

// List returns the names of the scenarios in dir, sorted: its scripts, without
// their extension.
func List(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("list scenarios: %w", err)
	}
	var names []string
	for _, entry := range entries {
		if name, ok := strings.CutSuffix(entry.Name(), extension); ok && !entry.IsDir() {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, nil
}

// Script is a scenario at a certain scale. Its durations come from the script
// itself, as k6 understands it.
type Script struct {
	Path  string
	Scale float64 // factor of its durations
	Env   map[string]string

	Nominal time.Duration // from the first VU to the end of the last stage
	Longest time.Duration // with the last iterations, which may still end by themselves
	VUs     int64         // most at any time
	Open    bool          // requests come at given times; VUs are only as many as answers are outstanding
	Rate    float64       // most iterations per second that an open load begins; 0: it is closed
	Ramp    time.Duration // until the highest target, of VUs or rate, is reached for the first time; 0 without stages
}

// Inspect asks k6 for the durations of scenarios/<name>.js. env is what the
// script will be told besides, for that may change them.
func Inspect(ctx context.Context, k6, dir, name string, scale float64, env map[string]string) (Script, error) {
	s := Script{Path: filepath.Join(dir, name+extension), Scale: scale, Env: env}
	ctx, cancel := context.WithTimeout(ctx, inspectTimeout)
	defer cancel()
	out, err := proc.Run(ctx, proc.Spec{
		Name: "k6 inspect", Path: k6, Env: s.environ(),
		Args: []string{"inspect", "--include-system-env-vars", "--execution-requirements", s.Path},
	})
	if err != nil {
		return Script{}, fmt.Errorf("inspect scenario %s: %w", name, err)
	}
	if err := s.decode(out); err != nil {
		return Script{}, fmt.Errorf("inspect scenario %s: %w", name, err)
	}
	return s, nil
}

func (s *Script) decode(inspection []byte) error {
	var answer struct {
		Scenarios map[string]struct {
			Executor     string    `json:"executor"`
			GracefulStop *duration `json:"gracefulStop"`
			Stages       []stage   `json:"stages"`
			TimeUnit     *duration `json:"timeUnit"` // of the targets of an open load
		} `json:"scenarios"`
		TotalDuration duration `json:"totalDuration"`
		MaxVUs        int64    `json:"maxVUs"`
	}
	if err := json.Unmarshal(inspection, &answer); err != nil {
		return fmt.Errorf("decode answer of k6: %w", err)
	}
	load, ok := answer.Scenarios[scenario]
	if !ok || len(answer.Scenarios) != 1 || load.GracefulStop == nil {
		return fmt.Errorf("the script must have one k6 scenario, named %q, with a gracefulStop", scenario)
	}
	s.Longest = time.Duration(answer.TotalDuration)
	s.Nominal = s.Longest - time.Duration(*load.GracefulStop)
	s.VUs = answer.MaxVUs
	s.Open = strings.HasSuffix(load.Executor, "-arrival-rate")
	ramp, highest := rise(load.Stages)
	s.Ramp = ramp
	if s.Open && load.TimeUnit != nil {
		s.Rate = float64(highest) / time.Duration(*load.TimeUnit).Seconds()
	}
	if s.Nominal <= 0 {
		return fmt.Errorf("k6 gives it a duration of %s", s.Nominal)
	}
	return nil
}

// stage leads linearly to its target: a number of VUs, or of iterations per unit of
// time.
type stage struct {
	Duration duration `json:"duration"`
	Target   int64    `json:"target"`
}

// rise returns the time until the highest target is reached for the first time, and that.
func rise(stages []stage) (rise time.Duration, highest int64) {
	var end time.Duration
	for _, s := range stages {
		end += time.Duration(s.Duration)
		if s.Target > highest {
			highest, rise = s.Target, end
		}
	}
	return rise, highest
}

// environ is the environment of k6. It holds nothing of the caller's: what a
// script is told stands in the plan. Without a home k6 finds no settings of the
// user's either.
//
// k6 keeps hundreds of MB for its VUs. To mark them over and over costs it CPU that
// the backend should have, in bursts that show as latency: so it does that more rarely.
func (s *Script) environ() []string {
	env := []string{"HOME=/nonexistent", "GOGC=400"}
	for name, value := range s.Env {
		env = append(env, name+"="+value)
	}
	return append(env, envScale+"="+strconv.FormatFloat(s.Scale, 'f', -1, 64))
}

// duration is a time.Duration as k6 writes it.
type duration time.Duration

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *duration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	*d = duration(parsed)
	return err
}

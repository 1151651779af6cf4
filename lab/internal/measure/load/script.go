package load

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/record"
	"stormwave/lab/internal/stack/proc"
)

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

// Script is a scenario at a certain scale. All that is known of it comes from the script
// itself, as k6 understands it.
type Script struct {
	Path  string
	Scale float64 // factor of its durations
	Env   map[string]string

	Nominal time.Duration // from the first VU to the end of the last stage
	Longest time.Duration // with the last iterations, which may still end by themselves
	Setup   time.Duration // that setup() may take at most, before the first VU
	VUs     int64         // most at any time
	Open    bool          // requests come at given times; VUs are only as many as answers are outstanding
	Rate    float64       // most iterations per second that an open load begins; 0: it is closed
	Ramp    time.Duration // until the highest load, of VUs or rate, is reached for the first time; 0: not known

	Phases     []Phase     // in their order; none: not declared
	Statements *Statements // nil: not declared
	Pause      float64     // seconds; 0: not declared, or it has none
	Warmup     bool        // it can warm the system up; see Warm
}

// usualSetup is k6's bound of setup() where the script sets none.
const usualSetup = time.Minute

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
		Ext struct {
			Lab declaration `json:"lab"`
		} `json:"ext"`
		SetupTimeout  *duration `json:"setupTimeout"`
		TotalDuration duration  `json:"totalDuration"`
		MaxVUs        int64     `json:"maxVUs"`
	}
	if err := json.Unmarshal(inspection, &answer); err != nil {
		return fmt.Errorf("decode answer of k6: %w", err)
	}
	load, ok := answer.Scenarios[record.LoadScenario]
	if !ok || len(answer.Scenarios) != 1 || load.GracefulStop == nil {
		return fmt.Errorf("the script must have one k6 scenario, named %q, with a gracefulStop", record.LoadScenario)
	}
	s.Longest = time.Duration(answer.TotalDuration)
	s.Nominal = s.Longest - time.Duration(*load.GracefulStop)
	s.Setup = usualSetup
	if answer.SetupTimeout != nil {
		s.Setup = time.Duration(*answer.SetupTimeout)
	}
	s.VUs = answer.MaxVUs
	s.Open = strings.HasSuffix(load.Executor, "-arrival-rate")
	if s.Nominal <= 0 {
		return fmt.Errorf("k6 gives it a duration of %s", s.Nominal)
	}
	declared := answer.Ext.Lab
	if err := declared.check(s.Open, s.Nominal); err != nil {
		return err
	}
	s.Phases, s.Statements, s.Warmup = declared.Phases, declared.Statements, declared.Warmup
	s.Pause = declared.Pause
	phases := s.Phases
	if len(phases) == 0 { // k6's own stages have no names, but a shape
		unit := time.Second // VUs have none
		if load.TimeUnit != nil {
			unit = time.Duration(*load.TimeUnit)
		}
		phases = shape(load.Stages, unit)
	}
	ramp, highest := rise(phases)
	s.Ramp = ramp
	if s.Open {
		s.Rate = highest
	}
	return nil
}

// Top is the highest rate that the load asks for, in requests per second: a closed one where every user is answered at
// once. 0: it cannot be told.
func (s *Script) Top() float64 {
	if s.Open {
		return s.Rate
	}
	if s.Pause == 0 {
		return 0
	}
	return float64(s.VUs) / s.Pause
}

// stage leads linearly to its target.
type stage struct {
	Duration duration `json:"duration"`
	Target   int64    `json:"target"`
}

// shape makes phases of stages whose targets are VUs, or iterations per unit of time.
func shape(stages []stage, unit time.Duration) []Phase {
	var phases []Phase
	for _, s := range stages {
		phases = append(phases, Phase{Offer: record.Offer{
			Seconds: time.Duration(s.Duration).Seconds(),
			To:      float64(s.Target) / unit.Seconds(),
		}})
	}
	return phases
}

// rise returns the time until the highest load is reached for the first time, and that.
func rise(phases []Phase) (rise time.Duration, highest float64) {
	end := 0.0
	reach := func(load float64) {
		if load > highest {
			highest, rise = load, time.Duration(math.Round(1000*end))*time.Millisecond
		}
	}
	for _, p := range phases {
		reach(p.From)
		end += p.Seconds
		reach(p.To)
	}
	return rise, highest
}

// environ is what k6 is told besides what every program is: what stands in the plan.
//
// k6 keeps hundreds of MB for its VUs. To mark them over and over costs it CPU that
// the backend should have, in bursts that show as latency: so it does that more rarely.
func (s *Script) environ() []string {
	env := []string{"GOGC=400"}
	for name, value := range s.Env {
		env = append(env, name+"="+value)
	}
	return append(env, matrix.VariableScale+"="+strconv.FormatFloat(s.Scale, 'f', -1, 64))
}

// duration is a time.Duration as k6 writes it.
type duration time.Duration

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *duration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	*d = duration(parsed)
	return err
}

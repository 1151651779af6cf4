//go:build services

package load

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"stormwave/lab/internal/record"
)

// steps are the phases of a load that takes so many seconds to each of its targets, with names
// of their own.
func steps(unit string, phases ...Phase) []Phase {
	from := 0.0
	for i := range phases {
		p := &phases[i]
		p.Order, p.From, p.Unit = i+1, from, unit
		from = p.To
	}
	return phases
}

func to(load, seconds float64, name string) Phase {
	return Phase{name, record.Offer{Seconds: seconds, To: load}}
}

// wave rises by a step ten times, and holds.
func wave(unit, prefix string, step float64) []Phase {
	var phases []Phase
	for n := 1.0; n <= 10; n++ {
		phases = append(phases, to(n*step, 4.5, fmt.Sprintf("%s_%g", prefix, n*step)))
	}
	return steps(unit, append(phases, to(10*step, 15, "hold"))...)
}

// k6 passes on what each script declares, with the factors in it.
func TestScriptsDeclareThemselves(t *testing.T) {
	t.Parallel()
	program := k6(t)
	want := map[string][]Phase{
		"storm":      steps(record.UnitVUs, to(100, 4, "ramp"), to(100, 20, "hold"), to(0, 1, "down")),
		"storm-open": steps(record.UnitRate, to(990, 4, "ramp"), to(990, 20, "hold"), to(0, 1, "down")),
		"mixed":      steps(record.UnitVUs, to(30, 5, "ramp"), to(30, 50, "hold"), to(0, 1, "down")),
		"wave":       wave(record.UnitVUs, "vus", 5),
		"wave-open":  wave(record.UnitRate, "rate", 50),
	}
	level := to(50, 10, "level")
	level.Order, level.From, level.Unit = 1, 50, record.UnitRate
	want["level"] = []Phase{level}
	names, err := List(scenarios)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		s, err := Inspect(t.Context(), program, scenarios, name, 0.5, map[string]string{"USERS": "0.1", "RATE": "0.5"})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want[name], s.Phases); diff != "" {
			t.Errorf("phases of %s (-want +got):\n%s", name, diff)
		}
		if diff := cmp.Diff(&Statements{Least: 2, Most: 2, MostWithReplica: 3}, s.Statements); diff != "" {
			t.Errorf("statements of %s (-want +got):\n%s", name, diff)
		}
		if top := map[string]float64{"wave": 100, "storm-open": 990, "level": 50}[name]; top != 0 && s.Top() != top {
			t.Errorf("%s asks for %g requests per second at most, want %g", name, s.Top(), top)
		}
		if !s.Warmup || s.Setup != 2*time.Minute {
			t.Errorf("%s: it warms up: %t, setup() may take %s; want true, and 2m0s", name, s.Warmup, s.Setup)
		}
	}
	// Two steps to the same number of VUs are two phases.
	s, err := Inspect(t.Context(), program, scenarios, "wave", 1, map[string]string{"USERS": "0.01"})
	if err != nil || len(s.Phases) != 11 || s.Phases[0].Name != "vus_1" || s.Phases[1].Name != "vus_1_2" {
		t.Errorf("phases %+v, %v; want vus_1 and vus_1_2 first", s.Phases, err)
	}
}

// A script of somebody's own declares what it likes; the rest is not known.
func TestScriptsWithoutTheLibrary(t *testing.T) {
	t.Parallel()
	program, dir := k6(t), t.TempDir()
	const script = `export const options = {
  %s
  scenarios: { load: { executor: '%s', duration: '20s', gracefulStop: '5s', %s } },
};
export default function () {}
`
	const declared = "ext: { lab: { phases: [{ name: 'all', seconds: 20, from: 30, to: 30, unit: 'req/s' }] } },"
	for name, text := range map[string]string{
		"silent": fmt.Sprintf(script, "", "constant-vus", "vus: 7"),
		"rate":   fmt.Sprintf(script, declared, "constant-arrival-rate", "rate: 30, preAllocatedVUs: 9"),
	} {
		if err := os.WriteFile(filepath.Join(dir, name+extension), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]Script{
		"silent": {Nominal: 20 * time.Second, Longest: 25 * time.Second, Setup: time.Minute, VUs: 7},
		"rate": {
			Nominal: 20 * time.Second,
			Longest: 25 * time.Second,
			Setup:   time.Minute,
			VUs:     9,
			Open:    true,
			Rate:    30,
			Phases:  []Phase{{"all", record.Offer{Order: 1, Seconds: 20, From: 30, To: 30, Unit: record.UnitRate}}},
		},
	} {
		want.Path, want.Scale = filepath.Join(dir, name+extension), 1
		got, err := Inspect(t.Context(), program, dir, name, 1, nil)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

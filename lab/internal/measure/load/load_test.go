//go:build services

package load

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"stormwave/lab/internal/stack/proc"
	"stormwave/lab/internal/stack/toolchain"
)

const (
	checkout  = "../../../.."
	scenarios = checkout + "/scenarios"
)

func k6(t *testing.T) string {
	t.Helper()
	tools, err := toolchain.Setup(t.Context(), checkout, toolchain.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return tools.Path("k6")
}

func trial(t *testing.T, name string, scale float64, b *fakeBackend) Config {
	t.Helper()
	return trialWith(t, name, scale, b, nil)
}

func trialWith(t *testing.T, name string, scale float64, b *fakeBackend, env map[string]string) Config {
	t.Helper()
	program := k6(t)
	script, err := Inspect(t.Context(), program, scenarios, name, scale, env)
	if err != nil {
		t.Fatal(err)
	}
	return Config{
		K6: program, Script: script, BaseURL: b.URL, Seed: 7, SLO: slowness - 20*time.Millisecond,
		Log: filepath.Join(t.TempDir(), "k6.log"),
	}
}

func TestStormCountsLikeItsTarget(t *testing.T) {
	b := newBackend(t)
	cfg := trial(t, "storm", 0.06, b)
	pid := 0
	cfg.Started = func(p int) { pid = p }
	got, err := Run(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if len(b.faults) > 0 {
		t.Errorf("the backend saw %d faults, first %s", len(b.faults), b.faults[0])
	}
	if diff := cmp.Diff(b.status, got.Load.Status); diff != "" {
		t.Errorf("counts by status (-backend +k6):\n%s", diff)
	}
	total, failed := b.status["0"]+b.status["200"]+b.status["503"], b.status["0"]+b.status["503"]
	if got.Load.Requests != total || got.Load.Failed != failed || got.Load.SetupRequests != b.setup || b.setup != 4 {
		t.Errorf("k6 counted %d requests, %d failed, %d in setup; the backend %d, %d, %d",
			got.Load.Requests, got.Load.Failed, got.Load.SetupRequests, total, failed, b.setup)
	}
	if got.Load.Interrupted != 0 || got.FailedChecks != 0 || got.Load.Dropped != 0 {
		t.Errorf(
			"interrupted %d, failed checks %d, dropped %d; want none", got.Load.Interrupted, got.FailedChecks, got.Load.Dropped,
		)
	}
	good := got.Load.GoodputRPS * cfg.Script.Nominal.Seconds()
	if slow := *got.Load.Slow; slow < b.slow || slow > total || got.Untimed != 0 {
		t.Errorf("%d of %d requests were slow, %d untimed; want at least %d, and 0", slow, total, got.Untimed, b.slow)
	}
	if limit := float64(b.status["200"] - b.slow); good > limit+0.5 {
		t.Errorf("%.1f good requests; at most %.0f were fast", good, limit)
	}
	if l := got.Load.OKLatency; l == nil || l.Max < milliseconds(slowness) || l.P50 <= 0 {
		t.Errorf("latency of successful requests = %+v; want a maximum of at least %s", l, slowness)
	}
	if d := b.first.Sub(got.Start); d < -50*time.Millisecond || d > 2*time.Second {
		t.Errorf("the load began at %s, the first request came %s later", got.Start, d)
	}
	if d := got.End.Sub(got.Start); d < cfg.Script.Nominal || d > cfg.Script.Longest {
		t.Errorf("the load took %s; want %s to %s", d, cfg.Script.Nominal, cfg.Script.Longest)
	}
	if phases := slices.Sorted(maps.Keys(got.Phases)); !slices.Equal(phases, []string{"down", "hold", "ramp"}) {
		t.Errorf("phases = %v", phases)
	}
	if len(b.authors) < 100 || b.authors["0"] || b.authors[""] {
		t.Errorf("feeds of %d authors were read", len(b.authors))
	}
	if pid == 0 || got.CPU <= 0 {
		t.Errorf("pid %d, CPU %s", pid, got.CPU)
	}
	if _, alive := proc.Identify(pid); alive {
		t.Error("k6 still runs")
	}
}

func TestWaveClimbsAndHolds(t *testing.T) {
	b := newBackend(t)
	cfg := trial(t, "wave", 0.03, b)
	got, err := Run(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	// The rise in steps of 50 VUs, each of which sends more than the one before.
	if len(got.Phases) != 11 || got.Phases["hold"].Requests <= got.Phases["vus_500"].Requests {
		t.Errorf("phases = %+v; want ten steps and the hold, the longest of them", got.Phases)
	}
	for low, high := 50, 250; high <= 500; low, high = low+50, high+50 {
		fewer, more := got.Phases[fmt.Sprintf("vus_%d", low)], got.Phases[fmt.Sprintf("vus_%d", high)]
		if fewer.Requests == 0 || fewer.Requests >= more.Requests {
			t.Errorf(
				"%d requests in the step to %d VUs, %d in that to %d; want more of more VUs", fewer.Requests, low, more.Requests,
				high,
			)
		}
	}
	if got.Load.VUsMax < 400 || got.Load.VUsMax > 500 || cfg.Script.VUs != 500 {
		t.Errorf("%d VUs of %d; want about 500", got.Load.VUsMax, cfg.Script.VUs)
	}
}

// USERS scales the VUs, and the names of the steps with them.
func TestUsersAreAFactor(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	cfg := trialWith(t, "wave", 0.03, b, map[string]string{"USERS": "0.1"})
	got, err := Run(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if cfg.Script.VUs != 50 || got.Load.VUsMax < 40 || got.Load.VUsMax > 50 {
		t.Errorf("%d VUs of %d; want about 50", got.Load.VUsMax, cfg.Script.VUs)
	}
	for _, phase := range []string{"vus_5", "vus_10", "vus_50", "hold"} {
		if _, ok := got.Phases[phase]; !ok || len(got.Phases) != 11 {
			t.Errorf("phases = %v; want eleven, %s among them", got.Phases, phase)
		}
	}
}

func TestInspectTakesDurationsFromTheScript(t *testing.T) {
	t.Parallel()
	program := k6(t)
	const answer = 4 * time.Second // the longest, with HTTP_TIMEOUT=3s
	const think = time.Second      // rounded up
	for _, c := range []struct {
		name     string
		scale    float64
		nominal  time.Duration
		patience time.Duration
		ramp     time.Duration
		vus      int64
		open     bool
	}{
		{"storm", 1, 50 * time.Second, answer + think, 8 * time.Second, 1000, false},
		{"storm", 0.1, 5 * time.Second, answer + think, 800 * time.Millisecond, 1000, false},
		{"wave", 1, 120 * time.Second, answer + think, 90 * time.Second, 500, false},
		{"wave", 0.25, 30 * time.Second, answer + think, 22500 * time.Millisecond, 500, false},
		{"storm-open", 1, 50 * time.Second, answer, 8 * time.Second, 2000, true},
		{"storm-open", 0.1, 5 * time.Second, answer, 800 * time.Millisecond, 2000, true},
		{"wave-open", 1, 120 * time.Second, answer, 90 * time.Second, 1000, true},
		{"mixed", 1, 112 * time.Second, answer + think + 3*time.Second, 10 * time.Second, 300, false},
	} {
		s, err := Inspect(t.Context(), program, scenarios, c.name, c.scale, map[string]string{"HTTP_TIMEOUT": "3s"})
		if err != nil {
			t.Fatal(err)
		}
		if s.Nominal != c.nominal || s.VUs != c.vus || s.Longest != c.nominal+c.patience || s.Ramp != c.ramp ||
			s.Open != c.open {
			t.Errorf("%s@%g: nominal %s, longest %s, rise %s, %d VUs, open %t; want %s, %s more, %s, %d, %t",
				c.name, c.scale, s.Nominal, s.Longest, s.Ramp, s.VUs, s.Open, c.nominal, c.patience, c.ramp, c.vus, c.open)
		}
	}
	for setting, want := range map[string]string{
		"THINK_TIME=soon": "THINK_TIME=soon: give a number and a unit",
		"SLOW_SHARE=1.5":  "SLOW_SHARE=1.5: give a number, at least 0 and at most 1",
		"USERS=0":         "USERS=0: give a number, at least 0.001",
		"RATE=0":          "RATE=0: give a number, at least 0.001",
	} {
		name, value, _ := strings.Cut(setting, "=")
		_, err := Inspect(t.Context(), program, scenarios, "storm", 1, map[string]string{name: value})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Inspect with %s = %v; want %q", setting, err, want)
		}
	}
}

func TestListNamesTheScripts(t *testing.T) {
	t.Parallel()
	names, err := List(scenarios)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"mixed", "storm", "storm-open", "wave", "wave-open"} {
		if !slices.Contains(names, want) {
			t.Errorf("List = %v; want %s in it", names, want)
		}
	}
	if slices.Contains(names, "lib") {
		t.Errorf("List = %v; want no directory in it", names)
	}
}

func TestRunIsInterruptedByItsContext(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	cfg := trial(t, "storm", 1, b)
	ctx, cancel := context.WithCancelCause(t.Context())
	pressed := errors.New("Ctrl-C")
	pid := 0
	cfg.Started = func(p int) { pid = p }
	go func() {
		<-b.began
		cancel(pressed)
	}()
	_, err := Run(ctx, cfg)
	if !errors.Is(err, ErrInterrupted) || !errors.Is(err, pressed) {
		t.Errorf("Run = %v; want ErrInterrupted and its cause", err)
	}
	if _, alive := proc.Identify(pid); alive {
		t.Error("k6 still runs")
	}
}

func TestRunTellsWhyK6Failed(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	cfg := trial(t, "wave", 0.01, b)
	b.Close()
	_, err := Run(t.Context(), cfg)
	for _, want := range []string{
		"status 108: the script aborted the test", "POST /api/users: the system does not serve, tried for 15 s: status 0",
		cfg.Log,
	} {
		if !errors.Is(err, ErrUnserved) || !strings.Contains(err.Error(), want) {
			t.Errorf("Run = %v\nwant %q in it", err, want)
		}
	}
}

// A person who runs a script with k6 alone gets k6's own summary.
func TestScriptsRunWithPlainK6(t *testing.T) {
	t.Parallel()
	for name, wants := range map[string][]string{
		"storm":      {"vus_max"},
		"storm-open": {"iterations"},
		"wave-open":  {"iterations"},
		"mixed":      {"stale_reads", "checks_succeeded"},
	} {
		b := newBackend(t)
		out, err := proc.Run(t.Context(), proc.Spec{
			Name: "k6", Path: k6(t), Env: []string{"HOME=" + t.TempDir()},
			Args: []string{
				"run", "--quiet", "--no-usage-report", "-e", "BASE_URL=" + b.URL, "-e", "SCALE=0.01", "-e", "RATE=0.5",
				scenarios + "/" + name + ".js",
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range append(wants, "TOTAL RESULTS", "http_req_duration", "good_requests", "p(99)=") {
			if !strings.Contains(string(out), want) {
				t.Errorf("%s: the summary lacks %q:\n%s", name, want, out)
			}
		}
		if strings.Contains(string(out), "status:504") {
			t.Errorf("%s: the summary holds parts that only the lab reads:\n%s", name, out)
		}
	}
}

// A log that other programs could not append to would hide a failure.
func TestRunNeedsItsLog(t *testing.T) {
	t.Parallel()
	cfg := Config{K6: "/bin/true", BaseURL: "http://127.0.0.1:1", Log: filepath.Join(t.TempDir(), "absent", "k6.log")}
	if _, err := Run(t.Context(), cfg); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Run = %v; want not-exist", err)
	}
}

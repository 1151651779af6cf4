package host

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"stormwave/lab/internal/record"
)

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestIdlenessBetweenTwoReadings(t *testing.T) {
	at := time.Unix(0, 0)
	before := activity{at: at, busy: 10, total: 100, disks: map[string]uint64{"a": 1000, "b": 500}}
	for _, c := range []struct {
		name  string
		after activity
		want  Idleness
	}{
		{"nothing", activity{
			busy:     10,
			total:    102,
			disks:    map[string]uint64{"a": 1000, "b": 500},
			runnable: 1,
		}, Idleness{Idle: true}},
		{"CPU", activity{busy: 11, total: 102, disks: map[string]uint64{"a": 1000}, runnable: 1}, Idleness{CPU: 0.5}},
		{"disk", activity{
			busy:     10,
			total:    102,
			disks:    map[string]uint64{"a": 1100, "b": 1400},
			runnable: 1,
		}, Idleness{Disk: 0.9}},
		{"queue", activity{busy: 10, total: 102, runnable: 1 + 3*runtime.NumCPU()}, Idleness{Queue: 3}},
	} {
		c.after.at = at.Add(time.Second)
		if got := c.after.since(before); got != c.want {
			t.Errorf("%s: idleness = %+v; want %+v", c.name, got, c.want)
		}
	}
}

func TestFingerprintAndChanges(t *testing.T) {
	dir := t.TempDir()
	app, scripts := filepath.Join(dir, "app"), filepath.Join(dir, "scenarios")
	write(t, app, "one")
	if err := os.Mkdir(scripts, 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(scripts, "storm.js"), "storm")
	take := func() record.Host {
		sums, err := Fingerprint(app, app, scripts)
		if err != nil {
			t.Fatal(err)
		}
		return record.Host{
			Kernel:      "Linux 6",
			Cores:       2,
			Programs:    []record.Program{{Name: "k6", Version: "2.0.0"}},
			Fingerprint: sums,
		}
	}
	was := take()
	if changes := Changes(was, take()); len(changes) != 0 {
		t.Errorf("changes = %q; want none", changes)
	}
	write(t, filepath.Join(scripts, "wave.js"), "wave")
	is := take()
	is.Cores, is.Programs[0].Version = 4, "2.1.0"
	if got := strings.Join(Changes(was, is), "; "); !strings.Contains(got, "cores was 2, is 4") ||
		!strings.Contains(got, "k6 was 2.0.0") || !strings.Contains(got, "scenarios was") ||
		strings.Contains(got, "app was") {
		t.Errorf("changes = %q; want cores, k6 and the scenarios, not the backend", got)
	}
}

func TestIdleSeesALoadAndGivesUpWithItsContext(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
	defer cancel()
	for range runtime.NumCPU() {
		go func() {
			for ctx.Err() == nil {
			}
		}()
	}
	if seen, err := Idle(ctx, time.Minute); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Idle = %+v, %v; want no end while every CPU is busy", seen, err)
	}
}

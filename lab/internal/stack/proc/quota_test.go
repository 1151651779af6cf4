package proc

import (
	"os"
	"strings"
	"testing"
	"time"
)

// A loop that would use a whole CPU gets a fifth of one, and the figures say so. An
// account that may not make cgroups is told what it takes.
func TestQuotaIsKept(t *testing.T) {
	spec := shell("while :; do :; done")
	spec.Name, spec.Quota = "quota-test", 0.2
	p, err := Start(spec)
	if err != nil {
		if IsRoot() || !strings.Contains(err.Error(), "limit it to 0.2 CPUs") {
			t.Fatal(err)
		}
		return
	}
	c, _ := limits(p.PID())
	t.Cleanup(func() {
		if err := p.Stop(t.Context()); err != nil {
			t.Error(err)
		}
		left := func() bool { _, err := os.Stat(c.dir); return err == nil }
		for until := time.Now().Add(5 * time.Second); left() && time.Now().Before(until); { // the kernel empties it in its own time
			time.Sleep(10 * time.Millisecond)
		}
		if left() {
			t.Errorf("%s is left behind", c.dir)
		}
	})
	if quota, ok := Quota(p.PID()); !ok || quota != 0.2 {
		t.Errorf("Quota = %v, %v; want 0.2", quota, ok)
	}
	if cpus, ok := CPULimit(p.PID()); !ok || cpus != 0.2 {
		t.Errorf("CPULimit = %v, %v; want 0.2", cpus, ok)
	}
	began, before := time.Now(), new(Meter).CPU([]int{p.PID()})[p.PID()]
	time.Sleep(time.Second) // long enough for the clock ticks that CPU time is counted in
	used := (new(Meter).CPU([]int{p.PID()})[p.PID()] - before).Seconds() / time.Since(began).Seconds()
	if used < 0.02 || used > 0.3 {
		t.Errorf("it used %.2f CPUs, want at most 0.2", used)
	}
	if held, ok := Throttled(p.PID()); !ok || held < 100*time.Millisecond {
		t.Errorf("Throttled = %s, %v; want most of a second", held, ok)
	}
}

func TestProcessWithoutAQuotaHasNone(t *testing.T) {
	p, err := Start(shell("exec sleep 60"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := p.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	}()
	own, limited := Quota(os.Getpid())
	if quota, ok := Quota(p.PID()); ok != limited || quota != own {
		t.Errorf("Quota = %v, %v; want that of this process, %v, %v", quota, ok, own, limited)
	}
	if cpus, ok := CPULimit(p.PID()); !ok || cpus <= 0 {
		t.Errorf("CPULimit = %v, %v", cpus, ok)
	}
}

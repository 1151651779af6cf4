package proc

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
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
	c := cgroups(p.PID())[0]
	t.Cleanup(func() {
		if err := p.Stop(t.Context()); err != nil {
			t.Error(err)
		}
		left := func() bool { _, err := os.Stat(c.dir); return err == nil }
		// the kernel empties it in its own time
		for until := time.Now().Add(5 * time.Second); left() && time.Now().Before(until); {
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
	// A second has 50 periods; a loop is held back in each that it runs in.
	if n, ok := QuotaPeriods(p.PID()); !ok || n.All < 20 || n.Throttled > n.All || n.Throttled < n.All/2 {
		t.Errorf("QuotaPeriods = %+v, %v; want at least 20, and half of them throttled", n, ok)
	}
}

// What a killed process has left of its quotas goes, and nothing else.
func TestCagesOfDeadProcessesAreSwept(t *testing.T) {
	ended, err := Start(shell("exit 0"))
	if err != nil {
		t.Fatal(err)
	}
	<-ended.Done()
	root := t.TempDir()
	dead := fmt.Sprintf("stormwave-%d-", ended.PID())
	kept := []string{fmt.Sprintf("stormwave-%d-app", os.Getpid()), dead + "full", "stormwave-slice", "system.slice"}
	for _, name := range append(kept, dead+"app", dead+"node-exporter", dead+"full/process") {
		if err := os.Mkdir(filepath.Join(root, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	sweepCages(root)
	left, err := fs.Glob(os.DirFS(root), "*")
	if slices.Sort(kept); err != nil || !slices.Equal(left, kept) {
		t.Errorf("left: %v, %v; want %v", left, err, kept)
	}
}

// What the kernel writes of a quota that held four run queues back in 9 of 12 periods: the time is more than the
// periods last, the share of the periods is not.
func TestPeriodsOfBothVersions(t *testing.T) {
	for name, test := range map[string]struct {
		stat string
		want Periods
		ok   bool
	}{
		"version 1": {
			stat: "nr_periods 12\nnr_throttled 9\nthrottled_time 730000000\n",
			want: Periods{All: 12, Throttled: 9},
			ok:   true,
		},
		"version 2": {
			stat: "usage_usec 4711\nuser_usec 4000\nsystem_usec 711\nnr_periods 12\nnr_throttled 9\n" +
				"throttled_usec 730000\nnr_bursts 0\nburst_usec 0\n",
			want: Periods{All: 12, Throttled: 9},
			ok:   true,
		},
		"no controller": {stat: "usage_usec 4711\nuser_usec 4000\nsystem_usec 711\n"},
		"no number":     {stat: "nr_periods many\nnr_throttled 9\n"},
	} {
		c := cgroup{dir: t.TempDir(), v2: name == "version 2"}
		if err := os.WriteFile(filepath.Join(c.dir, "cpu.stat"), []byte(test.stat), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, ok := c.periods(); ok != test.ok || ok && got != test.want {
			t.Errorf("%s: %+v, %v; want %+v, %v", name, got, ok, test.want, test.ok)
		}
	}
	if got, ok := (cgroup{dir: t.TempDir()}).periods(); ok {
		t.Errorf("without cpu.stat: %+v", got)
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

// A quota of a slice above binds as the process' own does: the smallest is what it may use, and the one whose
// periods tell how it was held back.
func TestQuotaOfACgroupAbove(t *testing.T) {
	for _, v2 := range []bool{true, false} {
		root := t.TempDir()
		set := func(path, quota, periods string) {
			t.Helper()
			dir := filepath.Join(root, path)
			files := map[string]string{"cpu.stat": "nr_periods " + periods + "\nnr_throttled 1\n"}
			if v2 {
				files["cpu.max"] = quota + " 100000\n"
			} else {
				files["cpu.cfs_quota_us"], files["cpu.cfs_period_us"] = strings.Replace(quota, "max", "-1", 1)+"\n", "100000\n"
			}
			if err := os.MkdirAll(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			for name, text := range files {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}
		set("user.slice/lab.scope", "300000", "3")
		set("user.slice", "150000", "15")
		set("", "max", "99")
		c, cpus, ok := tightest(cgroupsOf(root, "/user.slice/lab.scope", v2))
		if n, _ := c.periods(); !ok || cpus != 1.5 || n.All != 15 {
			t.Errorf("version 2 %t: %v CPUs, %v, by the cgroup with %d periods; want 1.5, by that with 15", v2, cpus, ok, n.All)
		}
		set("user.slice/lab.scope", "20000", "2")
		if _, cpus, ok := tightest(cgroupsOf(root, "/user.slice/lab.scope", v2)); !ok || cpus != 0.2 {
			t.Errorf("version 2 %t: %v CPUs, %v; want its own 0.2", v2, cpus, ok)
		}
		if _, cpus, ok := tightest(cgroupsOf(root, "/", v2)); ok {
			t.Errorf("version 2 %t: %v CPUs without a quota", v2, cpus)
		}
	}
}

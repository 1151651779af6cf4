package proc

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// A quota is kept by a cgroup's CPU controller, of version 2 or 1, whichever the
// machine has. To make a cgroup takes rights that an ordinary user seldom has.

// period is how often a quota is given anew: short, for a service that is stopped for
// long pauses is another thing than one that is slow.
const period = 20 * time.Millisecond

// cgroupRoots are where the CPU controller is, the newest version first.
var cgroupRoots = []struct {
	dir string
	v2  bool
}{
	{"/sys/fs/cgroup", true},
	{"/sys/fs/cgroup/cpu", false},
	{"/sys/fs/cgroup/cpu,cpuacct", false},
}

// controller finds the CPU controller's root.
func controller() (dir string, v2 bool, err error) {
	for _, root := range cgroupRoots {
		if !root.v2 {
			if _, err := os.Stat(filepath.Join(root.dir, "cpu.cfs_quota_us")); err == nil {
				return root.dir, false, nil
			}
			continue
		}
		if controllers, err := os.ReadFile(
			filepath.Join(root.dir, "cgroup.controllers"),
		); err == nil && strings.Contains(" "+string(controllers)+" ", " cpu ") {
			return root.dir, true, nil
		}
	}
	return "", false, errors.New("this machine has no CPU controller of cgroups that can be used")
}

// cgroupName holds the process that made a cgroup, and the name of what is in it.
const cgroupName = "stormwave-%d-%s"

// cgroup is a cgroup with a quota.
type cgroup struct {
	dir string
	v2  bool
}

// newCgroup makes a cgroup whose processes may use so many CPUs together.
func newCgroup(name string, cpus float64) (cgroup, error) {
	root, v2, err := controller()
	if err != nil {
		return cgroup{}, err
	}
	c := cgroup{filepath.Join(root, fmt.Sprintf(cgroupName, os.Getpid(), name)), v2}
	if err := os.Mkdir(c.dir, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return cgroup{}, fmt.Errorf("%w (a quota takes root)", err)
	}
	quota := strconv.FormatInt(int64(math.Round(cpus*float64(period.Microseconds()))), 10)
	every := strconv.FormatInt(period.Microseconds(), 10)
	if v2 {
		// The controller must be given on to the children of the root.
		err = errors.Join(
			write(filepath.Join(root, "cgroup.subtree_control"), "+cpu"),
			write(filepath.Join(c.dir, "cpu.max"), quota+" "+every),
		)
	} else {
		err = errors.Join(
			write(filepath.Join(c.dir, "cpu.cfs_period_us"), every), write(filepath.Join(c.dir, "cpu.cfs_quota_us"), quota),
		)
	}
	if err != nil {
		return cgroup{}, errors.Join(err, c.remove())
	}
	return c, nil
}

// take puts the process into the cgroup, and with it what it will start.
func (c cgroup) take(pid int) error {
	return write(filepath.Join(c.dir, "cgroup.procs"), strconv.Itoa(pid))
}

// remove removes the cgroup, which must be empty.
func (c cgroup) remove() error {
	deadline := time.Now().Add(time.Second) // the kernel empties it in its own time
	for {
		err := os.Remove(c.dir)
		if err == nil || errors.Is(err, fs.ErrNotExist) || time.Now().After(deadline) {
			return err
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// SweepCgroups removes the cgroups of processes that are gone: one that was killed leaves its own. What still holds
// a process stays, for the kernel does not let it go.
func SweepCgroups() {
	if root, _, err := controller(); err == nil {
		sweepCages(root)
	}
}

func sweepCages(root string) {
	names, _ := fs.Glob(os.DirFS(root), "stormwave-*")
	for _, name := range names {
		var pid int
		var of string
		if _, err := fmt.Sscanf(name, cgroupName, &pid, &of); err != nil {
			continue
		}
		if _, lives := Identify(pid); !lives {
			_ = os.Remove(filepath.Join(root, name))
		}
	}
}

func write(path, text string) error { return os.WriteFile(path, []byte(text), 0o644) }

// cgroups are the cgroups that the process is in, its own first and the root last: each may limit it.
func cgroups(pid int) []cgroup {
	root, v2, err := controller()
	if err != nil {
		return nil
	}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", pid))
	if err != nil {
		return nil
	}
	for line := range strings.Lines(string(text)) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) == 3 && (v2 && parts[0] == "0" || !v2 && strings.Contains(","+parts[1]+",", ",cpu,")) {
			return cgroupsOf(root, parts[2], v2)
		}
	}
	return nil
}

// cgroupsOf are a cgroup below the controller's root and all above it.
func cgroupsOf(root, path string, v2 bool) []cgroup {
	path = filepath.Clean("/" + path)
	var all []cgroup
	for ; path != "/"; path = filepath.Dir(path) {
		all = append(all, cgroup{filepath.Join(root, path), v2})
	}
	return append(all, cgroup{root, v2})
}

// tightest is the cgroup with the smallest quota, and that in CPUs; ok is false where none has one.
func tightest(all []cgroup) (c cgroup, cpus float64, ok bool) {
	for _, candidate := range all {
		if n, limited := candidate.quota(); limited && (!ok || n < cpus) {
			c, cpus, ok = candidate, n, true
		}
	}
	return c, cpus, ok
}

// quota is what the cgroup itself may use.
func (c cgroup) quota() (cpus float64, ok bool) {
	var quota, every float64
	if c.v2 {
		text, err := os.ReadFile(filepath.Join(c.dir, "cpu.max"))
		if err != nil {
			return 0, false
		}
		if _, err := fmt.Sscan(string(text), &quota, &every); err != nil { // "max 100000"
			return 0, false
		}
	} else {
		for file, into := range map[string]*float64{"cpu.cfs_quota_us": &quota, "cpu.cfs_period_us": &every} {
			text, err := os.ReadFile(filepath.Join(c.dir, file))
			if err != nil {
				return 0, false
			}
			if _, err := fmt.Sscan(string(text), into); err != nil {
				return 0, false
			}
		}
	}
	return quota / every, quota > 0 && every > 0
}

// Quota returns how many CPUs the process may use by the smallest quota of its cgroup and of those above it; ok is
// false where none has one.
func Quota(pid int) (cpus float64, ok bool) {
	_, cpus, ok = tightest(cgroups(pid))
	return cpus, ok
}

// Periods counts the periods of a quota in which the processes of a cgroup ran, and those of them in which the quota
// held them back. Their ratio is a share, whatever the number of CPUs; the time that the kernel counts beside them
// is added up over CPUs.
type Periods struct{ All, Throttled int64 }

// QuotaPeriods returns the periods of that quota since its cgroup was made; ok is false where there is none.
func QuotaPeriods(pid int) (p Periods, ok bool) {
	c, _, ok := tightest(cgroups(pid))
	if !ok {
		return Periods{}, false
	}
	return c.periods()
}

// periods reads cpu.stat, which has the same two lines in both versions: nr_periods and nr_throttled.
// https://docs.kernel.org/admin-guide/cgroup-v2.html#cpu-interface-files
func (c cgroup) periods() (p Periods, ok bool) {
	text, err := os.ReadFile(filepath.Join(c.dir, "cpu.stat"))
	if err != nil {
		return Periods{}, false
	}
	found := 0
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		into, wanted := map[string]*int64{"nr_periods": &p.All, "nr_throttled": &p.Throttled}[name]
		if !wanted {
			continue
		}
		if *into, err = strconv.ParseInt(value, 10, 64); err != nil {
			return Periods{}, false
		}
		found++
	}
	return p, found == 2
}

// CPULimit returns how many CPUs the process may use: those that it is pinned to, or
// fewer by its quota.
func CPULimit(pid int) (cpus float64, ok bool) {
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(pid, &set); err != nil {
		return 0, false
	}
	cpus = float64(set.Count())
	if quota, limited := Quota(pid); limited {
		cpus = math.Min(cpus, quota)
	}
	return cpus, true
}

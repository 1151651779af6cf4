package host

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"github.com/prometheus/procfs"
	"github.com/prometheus/procfs/blockdevice"
)

// What counts as idle, and how long it is waited for. The load average is not asked:
// it remembers the trial before for minutes. The run queue is what it averages.
const (
	idleBusy   = 0.25        // highest share of all CPUs that may be busy; the stack itself needs some
	idleDisk   = 0.25        // highest share of the time that a disk may be busy
	idleQueue  = 2.0         // most runnable processes per CPU
	idleSample = time.Second // over which it is taken
)

// IdleWait is how long a trial waits for an idle machine, unless it is told otherwise. It
// goes on all the same then, and says so.
const IdleWait = 30 * time.Second

// Idleness is what was seen of the host in a second before a trial.
type Idleness struct {
	Idle   bool          // it came below every limit in time
	CPU    float64       // share of all CPUs that was busy, 0…1
	Disk   float64       // share of the time that the busiest disk was, 0…1
	Queue  float64       // runnable processes at its end, per CPU
	Waited time.Duration // the second included
}

func (i Idleness) String() string {
	return fmt.Sprintf(
		"CPU %.0f%% busy, disk %.0f%%, %.1f runnable processes per CPU, after %s", 100*i.CPU, 100*i.Disk, i.Queue,
		i.Waited.Round(time.Second),
	)
}

// Idle waits until the machine is idle, at most that long, and returns how it was last.
// That it does not become idle is no error.
func Idle(ctx context.Context, atMost time.Duration) (Idleness, error) {
	began := time.Now()
	for {
		seen, err := Sample(ctx)
		if err != nil {
			return Idleness{}, err
		}
		seen.Waited = time.Since(began)
		if seen.Idle || seen.Waited >= atMost {
			return seen, nil
		}
	}
}

// Sample looks at the machine for a second.
func Sample(ctx context.Context) (Idleness, error) {
	before, err := readActivity()
	if err != nil {
		return Idleness{}, err
	}
	select {
	case <-ctx.Done():
		return Idleness{}, ctx.Err()
	case <-time.After(idleSample):
	}
	after, err := readActivity()
	if err != nil {
		return Idleness{}, err
	}
	seen := after.since(before)
	seen.Waited = after.at.Sub(before.at)
	return seen, nil
}

// activity is what the host has done since boot.
type activity struct {
	at          time.Time
	busy, total float64           // CPU seconds
	disks       map[string]uint64 // milliseconds with a request under way
	runnable    int               // now
}

func readActivity() (activity, error) {
	proc, err := procfs.NewDefaultFS()
	if err != nil {
		return activity{}, fmt.Errorf("read host activity: %w", err)
	}
	stat, err := proc.Stat()
	if err != nil {
		return activity{}, fmt.Errorf("read host activity: %w", err)
	}
	c := stat.CPUTotal
	a := activity{at: time.Now(), runnable: int(stat.ProcessesRunning), disks: make(map[string]uint64)}
	a.busy = c.User + c.Nice + c.System + c.IRQ + c.SoftIRQ + c.Steal
	a.total = a.busy + c.Idle + c.Iowait
	disks, err := blockdevice.NewDefaultFS()
	if err != nil {
		return activity{}, fmt.Errorf("read host activity: %w", err)
	}
	stats, err := disks.ProcDiskstats()
	if err != nil {
		return activity{}, fmt.Errorf("read host activity: %w", err)
	}
	for _, d := range stats {
		a.disks[d.DeviceName] = d.IOsTotalTicks
	}
	return a, nil
}

// since compares two readings.
func (a activity) since(before activity) Idleness {
	var seen Idleness
	if a.total > before.total {
		seen.CPU = (a.busy - before.busy) / (a.total - before.total)
	}
	if elapsed := a.at.Sub(before.at).Seconds() * 1000; elapsed > 0 {
		for name, ticks := range a.disks {
			seen.Disk = max(seen.Disk, float64(ticks-before.disks[name])/elapsed)
		}
	}
	// The reader itself runs.
	seen.Queue = float64(max(0, a.runnable-1)) / float64(runtime.NumCPU())
	seen.Idle = seen.CPU <= idleBusy && seen.Disk <= idleDisk && seen.Queue <= idleQueue
	return seen
}

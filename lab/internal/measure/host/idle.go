package host

import (
	"context"
	"fmt"
	"time"

	"github.com/prometheus/procfs"
)

// What counts as idle, and how long it is waited for.
const (
	IdleBusy    = 0.25             // highest share of all CPUs that may be busy; the stack itself needs some
	idleSample  = time.Second      // over which it is taken
	IdleTimeout = 30 * time.Second // until the shot goes on all the same, and says so
)

// Idleness is what was seen before a shot.
type Idleness struct {
	Idle   bool          // within IdleTimeout
	Busy   float64       // share of all CPUs in the last sample, 0…1
	Waited time.Duration // the last sample included
}

// Idle waits until the machine is idle, and returns how it was last. That it does
// not become idle is no error.
func Idle(ctx context.Context) (Idleness, error) {
	began := time.Now()
	tick := time.NewTicker(idleSample)
	defer tick.Stop()
	before, err := cpuTimes()
	if err != nil {
		return Idleness{}, err
	}
	for {
		select {
		case <-ctx.Done():
			return Idleness{}, ctx.Err()
		case <-tick.C:
		}
		after, err := cpuTimes()
		if err != nil {
			return Idleness{}, err
		}
		seen := Idleness{Busy: after.busySince(before), Waited: time.Since(began)}
		seen.Idle = seen.Busy <= IdleBusy
		if seen.Idle || seen.Waited > IdleTimeout {
			return seen, nil
		}
		before = after
	}
}

// times are CPU seconds since boot.
type times struct{ busy, total float64 }

func cpuTimes() (times, error) {
	fs, err := procfs.NewDefaultFS()
	if err != nil {
		return times{}, fmt.Errorf("read CPU times: %w", err)
	}
	stat, err := fs.Stat()
	if err != nil {
		return times{}, fmt.Errorf("read CPU times: %w", err)
	}
	c := stat.CPUTotal
	busy := c.User + c.Nice + c.System + c.IRQ + c.SoftIRQ + c.Steal
	return times{busy: busy, total: busy + c.Idle + c.Iowait}, nil
}

func (t times) busySince(before times) float64 {
	if t.total <= before.total {
		return 0
	}
	return (t.busy - before.busy) / (t.total - before.total)
}

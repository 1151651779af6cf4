package proc

import (
	"testing"
	"time"

	"github.com/prometheus/procfs"
)

// run makes a reading of a process: what it has used itself, and what the children
// that it has waited for have.
func run(pid, parent int, start uint64, own, waited int) procfs.ProcStat {
	return procfs.ProcStat{PID: pid, PPID: parent, Starttime: start, UTime: uint(own), CUTime: waited}
}

// A process that ends while the processes are read is missing in that reading, and with
// its parent in the next.
func TestMeterNeverFalls(t *testing.T) {
	const service, worker, other, deep = 10, 20, 30, 40
	type stats []procfs.ProcStat
	type reading struct {
		stats stats
		want  time.Duration
	}
	sec := func(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
	for _, c := range []struct {
		name     string
		readings []reading
	}{
		{"a child ends between its parent's reading and its own", []reading{
			{stats{run(service, 1, 5, 100, 5000), run(worker, service, 6, 6180, 0)}, sec(112.80)},
			{stats{run(service, 1, 5, 100, 5000)}, sec(112.80)},
			{stats{run(service, 1, 5, 100, 11_183)}, sec(112.83)},
			{stats{run(service, 1, 5, 101, 11_183)}, sec(112.84)},
		}},
		{"a child has been waited for at once", []reading{
			{stats{run(service, 1, 5, 0, 0), run(worker, service, 6, 50, 0)}, sec(0.50)},
			{stats{run(service, 1, 5, 0, 55)}, sec(0.55)},
			{stats{run(service, 1, 5, 0, 55)}, sec(0.55)},
		}},
		{"children that were never seen", []reading{
			{stats{run(service, 1, 5, 10, 0)}, sec(0.10)},
			{stats{run(service, 1, 5, 10, 30)}, sec(0.40)},
			{stats{run(service, 1, 5, 10, 70)}, sec(0.80)},
		}},
		{"a child is read before it ends, and its parent after", []reading{
			{stats{run(service, 1, 5, 10, 0), run(worker, service, 6, 50, 0)}, sec(0.60)},
			{stats{run(worker, service, 6, 50, 0), run(service, 1, 5, 10, 50)}, sec(1.10)}, // 0.50 too much
			{stats{run(service, 1, 5, 30, 50)}, sec(1.10)},
			{stats{run(service, 1, 5, 90, 50)}, sec(1.40)},
		}},
		{"a child that nobody waits for", []reading{
			{stats{run(service, 1, 5, 10, 0), run(worker, service, 6, 50, 0)}, sec(0.60)},
			{stats{run(service, 1, 5, 10, 0)}, sec(0.60)},
			{stats{run(service, 1, 5, 20, 0)}, sec(0.70)},
		}},
		{"a child ends with its own child", []reading{
			{stats{run(service, 1, 5, 10, 0), run(worker, service, 6, 20, 0), run(deep, worker, 7, 40, 0)}, sec(0.70)},
			{stats{run(service, 1, 5, 10, 0)}, sec(0.70)},
			{stats{run(service, 1, 5, 10, 61)}, sec(0.71)},
		}},
		{"one of two ends", []reading{
			{stats{run(service, 1, 5, 0, 0), run(worker, service, 6, 40, 0), run(other, service, 6, 40, 0)}, sec(0.80)},
			{stats{run(service, 1, 5, 0, 0), run(other, service, 6, 50, 0)}, sec(0.90)},
			{stats{run(service, 1, 5, 0, 42), run(other, service, 6, 60, 0)}, sec(1.02)},
		}},
		{"a child could not be read for once", []reading{
			{stats{run(service, 1, 5, 0, 0), run(worker, service, 6, 40, 0)}, sec(0.40)},
			{stats{run(service, 1, 5, 0, 0)}, sec(0.40)},
			{stats{run(service, 1, 5, 0, 0), run(worker, service, 6, 45, 0)}, sec(0.45)},
		}},
		{"another child has the number", []reading{
			{stats{run(service, 1, 5, 0, 0), run(worker, service, 6, 40, 0)}, sec(0.40)},
			{stats{run(service, 1, 5, 0, 40), run(worker, service, 9, 3, 0)}, sec(0.43)},
		}},
		{"another process is the service", []reading{
			{stats{run(service, 1, 5, 70, 0)}, sec(0.70)},
			{stats{run(service, 1, 8, 2, 0)}, sec(0.02)},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var m Meter
			for i, r := range c.readings {
				if got := m.read(r.stats, []int{service})[service]; got != r.want {
					t.Errorf("reading %d = %s; want %s", i+1, got, r.want)
				}
			}
		})
	}
}

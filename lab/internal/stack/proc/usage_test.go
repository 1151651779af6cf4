package proc

import (
	"testing"
	"time"

	"github.com/prometheus/procfs"
)

// ticks makes a reading of a process: what it has used itself, and what the children
// that it has waited for have.
func ticks(pid, parent int, start uint64, own, waited int) procfs.ProcStat {
	return procfs.ProcStat{PID: pid, PPID: parent, Starttime: start, UTime: uint(own), CUTime: waited}
}

// A process that ends while the processes are read is missing in that reading, and with
// its parent in the next.
func TestMeterNeverFalls(t *testing.T) {
	const service, worker, other, deep = 10, 20, 30, 40
	type reading struct {
		stats []procfs.ProcStat
		want  time.Duration
	}
	second := func(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
	for _, c := range []struct {
		name     string
		readings []reading
	}{
		{"a child ends between its parent's reading and its own", []reading{
			{[]procfs.ProcStat{ticks(service, 1, 5, 100, 5000), ticks(worker, service, 6, 6180, 0)}, second(112.80)},
			{[]procfs.ProcStat{ticks(service, 1, 5, 100, 5000)}, second(112.80)},
			{[]procfs.ProcStat{ticks(service, 1, 5, 100, 11_183)}, second(112.83)},
			{[]procfs.ProcStat{ticks(service, 1, 5, 101, 11_183)}, second(112.84)},
		}},
		{"a child has been waited for at once", []reading{
			{[]procfs.ProcStat{ticks(service, 1, 5, 0, 0), ticks(worker, service, 6, 50, 0)}, second(0.50)},
			{[]procfs.ProcStat{ticks(service, 1, 5, 0, 55)}, second(0.55)},
			{[]procfs.ProcStat{ticks(service, 1, 5, 0, 55)}, second(0.55)},
		}},
		{"children that were never seen", []reading{
			{[]procfs.ProcStat{ticks(service, 1, 5, 10, 0)}, second(0.10)},
			{[]procfs.ProcStat{ticks(service, 1, 5, 10, 30)}, second(0.40)},
			{[]procfs.ProcStat{ticks(service, 1, 5, 10, 70)}, second(0.80)},
		}},
		{"a child is read before it ends, and its parent after", []reading{
			{[]procfs.ProcStat{ticks(service, 1, 5, 10, 0), ticks(worker, service, 6, 50, 0)}, second(0.60)},
			{[]procfs.ProcStat{ticks(worker, service, 6, 50, 0), ticks(service, 1, 5, 10, 50)}, second(1.10)}, // 0.50 too much
			{[]procfs.ProcStat{ticks(service, 1, 5, 30, 50)}, second(1.10)},
			{[]procfs.ProcStat{ticks(service, 1, 5, 90, 50)}, second(1.40)},
		}},
		{"a child that nobody waits for", []reading{
			{[]procfs.ProcStat{ticks(service, 1, 5, 10, 0), ticks(worker, service, 6, 50, 0)}, second(0.60)},
			{[]procfs.ProcStat{ticks(service, 1, 5, 10, 0)}, second(0.60)},
			{[]procfs.ProcStat{ticks(service, 1, 5, 20, 0)}, second(0.70)},
		}},
		{"a child ends with its own child", []reading{
			{[]procfs.ProcStat{ticks(service, 1, 5, 10, 0), ticks(worker, service, 6, 20, 0), ticks(deep, worker, 7, 40, 0)}, second(0.70)},
			{[]procfs.ProcStat{ticks(service, 1, 5, 10, 0)}, second(0.70)},
			{[]procfs.ProcStat{ticks(service, 1, 5, 10, 61)}, second(0.71)},
		}},
		{"one of two ends", []reading{
			{[]procfs.ProcStat{ticks(service, 1, 5, 0, 0), ticks(worker, service, 6, 40, 0), ticks(other, service, 6, 40, 0)}, second(0.80)},
			{[]procfs.ProcStat{ticks(service, 1, 5, 0, 0), ticks(other, service, 6, 50, 0)}, second(0.90)},
			{[]procfs.ProcStat{ticks(service, 1, 5, 0, 42), ticks(other, service, 6, 60, 0)}, second(1.02)},
		}},
		{"a child could not be read for once", []reading{
			{[]procfs.ProcStat{ticks(service, 1, 5, 0, 0), ticks(worker, service, 6, 40, 0)}, second(0.40)},
			{[]procfs.ProcStat{ticks(service, 1, 5, 0, 0)}, second(0.40)},
			{[]procfs.ProcStat{ticks(service, 1, 5, 0, 0), ticks(worker, service, 6, 45, 0)}, second(0.45)},
		}},
		{"another child has the number", []reading{
			{[]procfs.ProcStat{ticks(service, 1, 5, 0, 0), ticks(worker, service, 6, 40, 0)}, second(0.40)},
			{[]procfs.ProcStat{ticks(service, 1, 5, 0, 40), ticks(worker, service, 9, 3, 0)}, second(0.43)},
		}},
		{"another process is the service", []reading{
			{[]procfs.ProcStat{ticks(service, 1, 5, 70, 0)}, second(0.70)},
			{[]procfs.ProcStat{ticks(service, 1, 8, 2, 0)}, second(0.02)},
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

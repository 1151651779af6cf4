package proc

import (
	"time"

	"github.com/prometheus/procfs"
)

// clockTick is the unit of CPU time in /proc: Linux fixes USER_HZ at 100.
const clockTick = 10 * time.Millisecond

// CPU returns the CPU time that each process, named by its id, has used with its
// descendants. Those that have ended are counted too, as soon as their parent has
// waited for them: a server that forks per connection loses nothing.
func CPU(pids []int) map[int]time.Duration {
	stats := make(map[int]procfs.ProcStat)
	children := make(map[int][]int)
	for _, s := range allStats() {
		stats[s.PID] = s
		children[s.PPID] = append(children[s.PPID], s.PID)
	}
	var ticks func(pid int) int64
	ticks = func(pid int) int64 {
		s := stats[pid]
		sum := int64(s.UTime) + int64(s.STime) + int64(s.CUTime) + int64(s.CSTime)
		for _, child := range children[pid] {
			sum += ticks(child)
		}
		return sum
	}
	used := make(map[int]time.Duration, len(pids))
	for _, pid := range pids {
		if _, ok := stats[pid]; ok {
			used[pid] = time.Duration(ticks(pid)) * clockTick
		}
	}
	return used
}

// PSS returns the proportional set size of the process and its descendants, in
// bytes: memory that n processes share counts as 1/n in each. It walks page
// tables, so call it seldom.
func PSS(pid int) (bytes uint64, ok bool) {
	for _, id := range Tree(pid) {
		p, err := procfs.NewProc(id.PID)
		if err != nil {
			continue
		}
		roll, err := p.ProcSMapsRollup()
		if err != nil {
			continue
		}
		bytes += roll.Pss
		ok = true
	}
	return bytes, ok
}

// OwnCPU returns the CPU time that the process alone has used. What its children have
// used is theirs.
func OwnCPU(pid int) (used time.Duration, ok bool) {
	p, err := procfs.NewProc(pid)
	if err != nil {
		return 0, false
	}
	s, err := p.Stat()
	if err != nil {
		return 0, false
	}
	return time.Duration(s.UTime+s.STime) * clockTick, true
}

// OwnPSS returns the proportional set size of the process alone, in bytes.
func OwnPSS(pid int) (bytes uint64, ok bool) {
	p, err := procfs.NewProc(pid)
	if err != nil {
		return 0, false
	}
	roll, err := p.ProcSMapsRollup()
	return roll.Pss, err == nil
}

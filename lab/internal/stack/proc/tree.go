package proc

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/prometheus/procfs"
)

// Ident names a process for good: a number is used again, a number with its
// start time is not.
type Ident struct {
	PID   int
	Start uint64 // clock ticks since boot
}

// Identify returns the identity of a live process; ok is false when there is none.
func Identify(pid int) (id Ident, ok bool) {
	stat, err := statOf(pid)
	if err != nil || stat.State == "Z" {
		return Ident{}, false
	}
	return identOf(stat), true
}

func identOf(s procfs.ProcStat) Ident { return Ident{PID: s.PID, Start: s.Starttime} }

// Alive reports whether exactly this process still runs.
func (id Ident) Alive() bool {
	now, ok := Identify(id.PID)
	return ok && now == id
}

// Kill ends exactly this process, and never another that has its number now.
func (id Ident) Kill() {
	if id.Alive() {
		_ = syscall.Kill(id.PID, syscall.SIGKILL)
	}
}

// Program returns the path of the program that a process runs, "" where it cannot be
// told. One that was replaced since it was started keeps its path.
func Program(pid int) string {
	path, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid))
	if err != nil {
		return ""
	}
	return strings.TrimSuffix(path, " (deleted)")
}

// Boot identifies this run of the kernel: start times are counted from its beginning.
func Boot() (string, error) {
	text, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return "", fmt.Errorf("identify the boot: %w", err)
	}
	return strings.TrimSpace(string(text)), nil
}

// Tree returns the process and all that descend from it.
func Tree(pid int) []Ident { return trees(pid)[pid] }

// trees returns each process and all that descend from it, by its id. However many there are, all processes of the
// machine are read once.
func trees(pids ...int) map[int][]Ident {
	children := make(map[int][]Ident)
	all := make(map[int][]Ident, len(pids))
	for _, s := range allStats() {
		children[s.PPID] = append(children[s.PPID], identOf(s))
		if slices.Contains(pids, s.PID) {
			all[s.PID] = []Ident{identOf(s)}
		}
	}
	for pid, family := range all {
		for i := 0; i < len(family); i++ {
			family = append(family, children[family[i].PID]...)
		}
		all[pid] = family
	}
	return all
}

// Orphans are the processes that one has left in the group that it led, all of them younger than it. While they live
// nobody else gets its number; one that lives has left none.
func (id Ident) Orphans() []Ident {
	if _, taken := Identify(id.PID); taken {
		return nil
	}
	return slices.DeleteFunc(group(id.PID), func(member Ident) bool { return member.Start < id.Start })
}

// group returns the processes of a group that live, but for the one that leads it.
func group(leader int) (members []Ident) {
	for _, s := range allStats() {
		if s.PGRP == leader && s.PID != leader && s.State != "Z" {
			members = append(members, identOf(s))
		}
	}
	return members
}

// killTree kills what is left of the family, waits until it is gone, and removes what the kernel keeps of it.
// PostgreSQL's backends lead sessions of their own, so a signal to the group misses them.
func killTree(family []Ident) error {
	deadline := time.Now().Add(killTimeout)
	for {
		var left []Ident
		for _, id := range family {
			if id.Alive() {
				left = append(left, id)
			}
		}
		if len(left) == 0 {
			return SweepAll(family)
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("processes %v were killed but are not gone after %s", left, killTimeout)
		}
		for _, id := range left {
			id.Kill()
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func statOf(pid int) (procfs.ProcStat, error) {
	p, err := procfs.NewProc(pid)
	if err != nil {
		return procfs.ProcStat{}, err
	}
	return p.Stat()
}

// allStats reads the stat of every process, those that are named first; those that end
// meanwhile are left out. A child that is read after its parent is never in both.
func allStats(first ...int) []procfs.ProcStat {
	all, err := procfs.AllProcs()
	if err != nil {
		return nil
	}
	rank := func(p procfs.Proc) int {
		if slices.Contains(first, p.PID) {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(all, func(a, b procfs.Proc) int { return rank(a) - rank(b) })
	stats := make([]procfs.ProcStat, 0, len(all))
	for _, p := range all {
		if s, err := p.Stat(); err == nil {
			stats = append(stats, s)
		}
	}
	return stats
}

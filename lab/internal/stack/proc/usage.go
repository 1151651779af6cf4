package proc

import (
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/procfs"
)

// clockTick is the unit of CPU time in /proc: Linux fixes USER_HZ at 100.
const clockTick = 10 * time.Millisecond

// Meter reads the CPU time of processes again and again. A sum never falls from one
// reading to the next: what was seen of a process that has ended stays in it until the
// parent has waited for that process, and counts it. The zero Meter is ready for use.
type Meter struct {
	mu    sync.Mutex // held by a reading: they follow each other
	trees map[Ident]tree
}

// tree is what was last seen of a process and its descendants.
type tree struct {
	told    int64 // ticks, what was returned
	members map[Ident]member
}

// member is one process of a tree, with its times in ticks.
type member struct {
	parent Ident
	used   int64           // by itself and the children that it has waited for
	waited int64           // by these children alone
	owed   map[Ident]int64 // used by children that have ended and are not in waited yet
	spare  int64           // what waited has grown by in the last reading beyond what was owed
}

// CPU returns the CPU time that each process, named by its id, has used with its
// descendants. Those that have ended are counted too: a server that forks per connection
// loses nothing.
func (m *Meter) CPU(pids []int) map[int]time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.read(allStats(pids...), pids)
}

func (m *Meter) read(stats []procfs.ProcStat, pids []int) map[int]time.Duration {
	children := make(map[int][]procfs.ProcStat)
	for _, s := range stats {
		children[s.PPID] = append(children[s.PPID], s)
	}
	trees := make(map[Ident]tree, len(pids))
	used := make(map[int]time.Duration, len(pids))
	for _, s := range stats {
		if !slices.Contains(pids, s.PID) {
			continue
		}
		t := tree{members: membersOf(s, children)}
		t.follow(m.trees[identOf(s)])
		trees[identOf(s)] = t
		used[s.PID] = time.Duration(t.told) * clockTick
	}
	m.trees = trees
	return used
}

func membersOf(root procfs.ProcStat, children map[int][]procfs.ProcStat) map[Ident]member {
	members := map[Ident]member{identOf(root): memberOf(root, Ident{})}
	family := []procfs.ProcStat{root}
	for i := 0; i < len(family); i++ {
		for _, child := range children[family[i].PID] {
			if _, known := members[identOf(child)]; !known {
				members[identOf(child)] = memberOf(child, identOf(family[i]))
				family = append(family, child)
			}
		}
	}
	return members
}

func memberOf(s procfs.ProcStat, parent Ident) member {
	waited := int64(s.CUTime) + int64(s.CSTime)
	return member{
		parent: parent,
		used:   int64(s.UTime) + int64(s.STime) + waited,
		waited: waited,
		owed:   make(map[Ident]int64),
	}
}

// all is what a member has used, and what it is owed.
func (m member) all() int64 {
	sum := m.used
	for _, ticks := range m.owed {
		sum += ticks
	}
	return sum
}

// follow adds up the tree, with what is known of it from the reading before.
func (t *tree) follow(before tree) {
	for id, was := range before.members {
		if now, lives := t.members[id]; lives {
			maps.Copy(now.owed, was.owed)
			continue
		}
		// What has ended is owed to the nearest forebear that lives; the root does.
		last, heir := id, was.parent
		for !t.has(heir) {
			last, heir = heir, before.members[heir].parent
		}
		t.members[heir].owed[last] += was.all()
	}
	sum := int64(0)
	for id, now := range t.members {
		// What is here again could not be read for once.
		maps.DeleteFunc(now.owed, func(child Ident, _ int64) bool { return t.has(child) })
		if was, known := before.members[id]; known {
			now.settle(was)
			t.members[id] = now
		}
		sum += now.all()
	}
	t.told = max(before.told, sum)
}

func (t *tree) has(id Ident) bool {
	_, ok := t.members[id]
	return ok
}

// settle takes off what is owed as far as the member has waited for it since. A child
// may still have been read just before its parent had waited for it: then its time was
// spare in the reading before.
func (m *member) settle(was member) {
	fresh := m.waited - was.waited
	paid := fresh + was.spare
	for child, ticks := range m.owed {
		part := min(paid, ticks)
		paid -= part
		if m.owed[child] -= part; m.owed[child] == 0 {
			delete(m.owed, child)
		}
	}
	m.spare = min(paid, fresh)
}

// PSS returns the proportional set size of each process with its descendants, in bytes, by its id: memory that n
// processes share counts as 1/n in each. One of which nothing can be read is left out. It walks page tables, so call
// it seldom, and for all at once.
func PSS(pids ...int) map[int]uint64 {
	bytes := make(map[int]uint64, len(pids))
	for pid, family := range trees(pids...) {
		for _, id := range family {
			if own, ok := OwnPSS(id.PID); ok {
				bytes[pid] += own
			}
		}
	}
	return bytes
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

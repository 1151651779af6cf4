package stack

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"syscall"
	"time"

	"stormwave/lab/internal/stack/proc"
)

// Death is the end of a service that nobody asked for.
type Death struct {
	N       int       `json:"n"` // counted from 1 since the stack is up, and never again
	Service string    `json:"service"`
	At      time.Time `json:"at"`
	How     string    `json:"how"` // "status 1", "signal SIGKILL"
	Log     string    `json:"log"` // its last lines
}

func (d Death) String() string { return fmt.Sprintf("%s ended with %s", d.Service, d.How) }

// deathsKept bounds the list of deaths. Their numbers and counts go on.
const deathsKept = 100

// DeathsAfter returns those of the deaths, oldest first, that came after the one with that
// number; 0: all.
func DeathsAfter(n int, deaths []Death) []Death {
	for len(deaths) > 0 && deaths[0].N <= n {
		deaths = deaths[1:]
	}
	return deaths
}

// LastDeath returns the number of the newest death; 0: there was none.
func LastDeath(deaths []Death) int {
	if len(deaths) == 0 {
		return 0
	}
	return deaths[len(deaths)-1].N
}

// members are the processes of the services that run, by service.
type members struct {
	launch  func(proc.Spec) (process, error)
	mu      sync.Mutex
	running map[string]*member
	deaths  []Death        // the newest
	died    map[string]int // all there were, by service
	watches sync.WaitGroup
}

// process is what the lab does with a service's process, a *proc.Process.
type process interface {
	PID() int
	Await(ctx context.Context, probe func(context.Context) error) error
	Done() <-chan struct{}
	Exit() proc.Exit
	Tail(lines int) string
	Signal(syscall.Signal) error
	Stop(context.Context) error
}

// launch starts the process of a service.
func launch(spec proc.Spec) (process, error) { return proc.Start(spec) }

type member struct {
	process
	ready    bool
	stopping bool
}

func newMembers() *members {
	return &members{launch: launch, running: make(map[string]*member), died: make(map[string]int)}
}

// start starts the process of a service, and watches over it until its end.
func (m *members) start(name string, spec proc.Spec) (process, error) {
	p, err := m.launch(spec)
	if err != nil {
		return nil, err
	}
	member := &member{process: p}
	m.mu.Lock()
	m.running[name] = member
	m.mu.Unlock()
	m.watches.Go(func() {
		<-p.Done()
		m.mu.Lock()
		defer m.mu.Unlock()
		if m.running[name] == member {
			delete(m.running, name)
		}
		if member.stopping {
			return
		}
		m.keep(Death{Service: name, At: time.Now().UTC(), How: p.Exit().String(), Log: p.Tail(deathLines)})
	})
	return p, nil
}

// addDeath notes a death that is none of a process of ours.
func (m *members) addDeath(d Death) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.keep(d)
}

// keep numbers and notes a death, and forgets the oldest. The lock is held.
func (m *members) keep(d Death) {
	d.N = LastDeath(m.deaths) + 1
	m.died[d.Service]++
	m.deaths = append(m.deaths, d)
	m.deaths = m.deaths[max(0, len(m.deaths)-deathsKept):]
}

// deathLines is how much of its log a dead service leaves behind.
const deathLines = 8

func (m *members) runs(name string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.running[name] != nil
}

func (m *members) markReady(name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if member := m.running[name]; member != nil {
		member.ready = true
	}
}

func (m *members) stop(ctx context.Context, name string) error {
	m.mu.Lock()
	member := m.running[name]
	if member != nil {
		member.stopping = true
	}
	m.mu.Unlock()
	if member == nil {
		return nil
	}
	err := member.Stop(ctx)
	m.mu.Lock()
	defer m.mu.Unlock()
	if err == nil && m.running[name] == member {
		delete(m.running, name)
	}
	return err
}

// signal sends sig to a service that runs.
func (m *members) signal(name string, sig syscall.Signal) error {
	m.mu.Lock()
	member := m.running[name]
	m.mu.Unlock()
	if member == nil {
		return fmt.Errorf("signal %s: it does not run", name)
	}
	return member.Signal(sig)
}

// pids returns the process id of each service that runs.
func (m *members) pids() map[string]int {
	m.mu.Lock()
	defer m.mu.Unlock()
	pids := make(map[string]int, len(m.running))
	for name, member := range m.running {
		pids[name] = member.PID()
	}
	return pids
}

func (m *members) isReady(name string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	member := m.running[name]
	return member != nil && member.ready && !member.stopping
}

// told returns the newest deaths, oldest first, and how many there were of each service.
func (m *members) told() ([]Death, map[string]int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.deaths), maps.Clone(m.died)
}

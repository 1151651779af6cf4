// Package stack runs the services that are measured and those that measure:
// PostgreSQL primary and replica, PgBouncer, the backend, Prometheus with its
// exporters, and Grafana where it is installed. It brings them up, applies the
// settings of a cell, proves what is set, and takes them down.
package stack

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"stormwave/lab/internal/backend"
	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/service"
	"stormwave/lab/internal/stack/proc"
	"stormwave/lab/internal/stack/toolchain"
)

// Stack is the set of services of one checkout. Its operations run one at a time.
type Stack struct {
	*service.Env
	members *members

	mu sync.Mutex // held by an operation
	applier
	report      func(Step)
	generations map[string]time.Time // when the processes of each server began, before the load
	injected    []injection          // faults by SQL that are to be undone
	killing     *time.Timer          // of a service that is to be killed
	untidy      bool                 // the room of what a load had written is not given back yet

	toldMu  sync.Mutex // of what Status tells during an operation, which alone changes it
	figures Figures
}

// Step is a finished part of an operation.
type Step struct {
	Service string        `json:"service"`
	Took    time.Duration `json:"took_ns"`
	Err     error         `json:"-"`
}

// Figures are what the stack cost to bring up.
type Figures struct {
	UpSeconds      float64  `json:"up_s"`                 // from the order to all ready
	TemplateMade   bool     `json:"template_made"`        // the data set was made in this up, not copied
	FirstUpSeconds *float64 `json:"first_up_s,omitempty"` // of the up that made the data set
}

// New returns a stack that is down. It chooses the account of the servers, and draws the
// passwords and the ports, which are its own as long as this process lives.
func New(layout service.Layout, tools toolchain.Set, b *backend.Backend) (*Stack, error) {
	names := append(service.Names(), service.LabExporter, labPage, labDoor, service.FaultProxy)
	addrs, err := freePorts(append(names, service.BackendPorts(b)...)...)
	if err != nil {
		return nil, err
	}
	env, err := service.NewEnv(layout, tools, addrs, b)
	if err != nil {
		return nil, err
	}
	return newStack(env), nil
}

// newStack returns one of these services.
func newStack(env *service.Env) *Stack {
	s := &Stack{Env: env, applier: applier{with: env.Config}, members: newMembers(), report: func(Step) {}}
	env.Running = s.members.pids
	return s
}

// Up starts everything and returns when all is ready, telling each step. What
// was started before a failure is left to Down.
func (s *Stack) Up(ctx context.Context, report func(Step)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	began := time.Now()
	s.report = report
	defer func() { s.report = func(Step) {} }()
	if err := s.Prepare(); err != nil {
		return err
	}
	if err := s.startEach(ctx, s.services()); err != nil {
		return err
	}
	took := time.Since(began).Seconds()
	s.tell(func() { s.figures.UpSeconds = took })
	first, err := s.KeepFirstUp(took)
	if first != nil {
		s.tell(func() { s.figures.FirstUpSeconds = first })
	}
	return err
}

// tell changes something that Status tells.
func (s *Stack) tell(change func()) {
	s.toldMu.Lock()
	defer s.toldMu.Unlock()
	change()
}

// Down stops everything, and removes the data of the servers: the next up copies
// them anew.
func (s *Stack) Down(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.CloseAdmins(ctx)
	var errs []error
	for _, name := range append(slices.Clone(helpers), service.StopOrder()...) {
		errs = append(errs, s.members.stop(ctx, name))
	}
	s.members.watches.Wait()
	return errors.Join(append(errs, s.RemoveData())...)
}

// labPage is the supervisor's live page, and labDoor its door to Prometheus, no processes of their own.
const (
	labPage = "lab-page"
	labDoor = "prometheus-door"
)

// ExporterAddr is where the supervisor has to serve its own metrics.
func (s *Stack) ExporterAddr() string { return s.Addrs[service.LabExporter] }

// PageAddr is where the supervisor has to serve its live page.
func (s *Stack) PageAddr() string { return s.Addrs[labPage] }

// DoorAddr is where the supervisor has to serve the door to Prometheus.
func (s *Stack) DoorAddr() string { return s.Addrs[labDoor] }

func (s *Stack) pageURL() string { return "http://" + s.Addrs[labPage] }

// PIDs returns the process id of each service that runs. A hog is none of the lab's:
// what it uses is to be seen as what others use.
func (s *Stack) PIDs() map[string]int {
	pids := s.members.pids()
	delete(pids, faultHog)
	return pids
}

// Queues returns the port of each pooler on the cell's route that lets its clients wait in its socket's queue.
func (s *Stack) Queues() map[string]uint16 {
	s.toldMu.Lock()
	way := s.Settings.Route()
	s.toldMu.Unlock()
	ports := make(map[string]uint16)
	for _, name := range way.Poolers() {
		if service.Find(name).Pool.Queues {
			ports[name] = uint16(s.Port(name))
		}
	}
	return ports
}

// Status is what is told of the stack, as `lab status --json` prints it.
type Status struct {
	Services []ServiceStatus    `json:"services"`
	URLs     map[string]*string `json:"urls"`   // null: not there
	Deaths   []Death            `json:"deaths"` // the newest services that ended unasked, oldest first
	Figures  Figures            `json:"figures"`
	Settings matrix.Settings    `json:"settings"` // applied last
	Backend  string             `json:"backend"`  // name of the one under test
}

// ServiceStatus is the state of one service.
type ServiceStatus struct {
	Name    string `json:"name"`
	PID     int    `json:"pid"` // 0: does not run
	Addr    string `json:"addr"`
	Ready   bool   `json:"ready"`
	Version string `json:"version"`
	Deaths  int    `json:"deaths"` // times that it ended unasked
}

// Status tells the state of every service. It does not wait for an operation.
func (s *Stack) Status() Status {
	pids := s.members.pids()
	s.toldMu.Lock()
	defer s.toldMu.Unlock()
	deaths, died := s.members.told()
	st := Status{
		Deaths:   deaths,
		Figures:  s.figures,
		Settings: maps.Clone(s.Settings),
		Backend:  s.Backend.Name,
		URLs: map[string]*string{
			"app": new(s.AppURL()), "prometheus": new("http://" + s.DoorAddr()), "grafana": nil, "page": nil,
		},
	}
	st.Figures.TemplateMade = s.TemplateMade.Load()
	for _, svc := range s.services() {
		st.Services = append(st.Services, ServiceStatus{
			Name: svc.Name, PID: pids[svc.Name], Addr: s.Addrs[svc.Name], Ready: s.members.isReady(svc.Name),
			Version: s.Tools[svc.Program.Name].Version, Deaths: died[svc.Name],
		})
		if svc.Name == service.Grafana {
			st.URLs["grafana"] = new("http://" + s.Addrs[service.Grafana])
		}
	}
	return st
}

// Addrs returns where each service listens.
func (st Status) Addrs() map[string]string {
	addrs := make(map[string]string, len(st.Services))
	for _, svc := range st.Services {
		addrs[svc.Name] = svc.Addr
	}
	return addrs
}

// Survivors returns the processes of the stack that still run: none after Down.
func (s *Stack) Survivors() []proc.Ident {
	var left []proc.Ident
	for _, pid := range s.members.pids() {
		if id, ok := proc.Identify(pid); ok {
			left = append(left, id)
		}
	}
	return left
}

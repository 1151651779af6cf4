// Package stack runs the services that are measured and those that measure:
// PostgreSQL primary and replica, PgBouncer, the backend, Prometheus with its
// exporters, and Grafana where it is installed. It brings them up, applies the
// settings of a cell, proves what is set, and takes them down.
package stack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/stack/proc"
	"stormwave/lab/internal/stack/toolchain"
)

// Stack is the set of services of one checkout. Its operations run one at a time.
type Stack struct {
	layout  Layout
	servant proc.Account // runs PostgreSQL and PgBouncer
	tools   toolchain.Set
	addrs   map[string]string // of each service, host:port
	archive bool              // Prometheus only shows what a run has kept
	blind   bool              // Prometheus scrapes nothing, because the cell asks for that
	secrets secrets
	members *members

	mu sync.Mutex // held by an operation
	applier
	report      func(Step)
	generations map[string]time.Time // when the processes of each server began, before the load
	injected    []injection          // faults by SQL that are to be undone
	killing     *time.Timer          // of a service that is to be killed

	toldMu   sync.Mutex // of what Status tells during an operation, which alone changes it
	settings matrix.Settings
	figures  Figures

	templateDir string // that the primary's data is copied from
	adminsMu    sync.Mutex
	admins      map[string]*pgx.Conn // held since the server started, by service
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
func New(layout Layout, tools toolchain.Set) (*Stack, error) {
	servant, err := serviceAccount()
	if err != nil {
		return nil, err
	}
	addrs, err := freePorts(Primary, Replica, PgBouncer, App, Prometheus, Grafana, NodeExporter, PostgresExporter, ReplicaExporter, BouncerExporter, labExporter, labPage, faultProxy)
	if err != nil {
		return nil, err
	}
	return &Stack{
		layout: layout, servant: servant, tools: tools, addrs: addrs, secrets: newSecrets(), members: newMembers(),
		applier: newApplier(), settings: matrix.Defaults(),
		report: func(Step) {}, admins: make(map[string]*pgx.Conn),
	}, nil
}

// Up starts everything and returns when all is ready, telling each step. What
// was started before a failure is left to Down.
func (s *Stack) Up(ctx context.Context, report func(Step)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	began := time.Now()
	s.report = report
	defer func() { s.report = func(Step) {} }()
	if proc.IsRoot() {
		sweepHomes(rootHomes)
	}
	if err := s.layout.Create(); err != nil {
		return err
	}
	if err := errors.Join(s.makeServantDirs(), s.ownPrograms()); err != nil {
		return err
	}
	for _, server := range []string{Primary, Replica} {
		if err := removeData(s.layout.data(server)); err != nil {
			return fmt.Errorf("remove old data: %w", err)
		}
	}
	if err := writePrivate(s.layout.passfile(), s.secrets.passfile(appRole, monitorRole, poolerAdmin)); err != nil {
		return err
	}
	if err := s.startEach(ctx, s.services()); err != nil {
		return err
	}
	s.tell(func() { s.figures.UpSeconds = time.Since(began).Seconds() })
	return s.keepFirstUp()
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
	s.closeAdmins(ctx)
	var errs []error
	for _, name := range append(slices.Clone(helpers), stopOrder...) {
		errs = append(errs, s.members.stop(ctx, name))
	}
	s.members.watches.Wait()
	for _, server := range []string{Primary, Replica} {
		errs = append(errs, removeData(s.layout.data(server)))
	}
	return errors.Join(errs...)
}

func (s *Stack) closeAdmins(ctx context.Context) {
	s.adminsMu.Lock()
	defer s.adminsMu.Unlock()
	for _, conn := range s.admins {
		_ = conn.Close(ctx)
	}
	clear(s.admins)
}

// Addr returns where a service listens, host:port.
func (s *Stack) Addr(service string) string { return s.addrs[service] }

// ExporterAddr is where the supervisor has to serve its own metrics.
func (s *Stack) ExporterAddr() string { return s.addrs[labExporter] }

// PageAddr is where the supervisor has to serve its live page.
func (s *Stack) PageAddr() string { return s.addrs[labPage] }

func (s *Stack) pageURL() string { return "http://" + s.addrs[labPage] }

// PIDs returns the process id of each service that runs. A hog is none of the lab's:
// what it uses is to be seen as what others use.
func (s *Stack) PIDs() map[string]int {
	pids := s.members.pids()
	delete(pids, faultHog)
	return pids
}

// Connect opens a superuser's connection to a server, "primary" or "replica".
func (s *Stack) Connect(ctx context.Context, server string) (*pgx.Conn, error) {
	return s.connect(ctx, server)
}

// Status is what is told of the stack, as `lab status --json` prints it.
type Status struct {
	Services []ServiceStatus    `json:"services"`
	URLs     map[string]*string `json:"urls"`   // null: not there
	Deaths   []Death            `json:"deaths"` // the newest services that ended unasked, oldest first
	Figures  Figures            `json:"figures"`
	Settings matrix.Settings    `json:"settings"` // applied last
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
	st := Status{Deaths: deaths, Figures: s.figures, Settings: maps.Clone(s.settings), URLs: map[string]*string{
		"app": new(s.AppURL()), "prometheus": new("http://" + s.addrs[Prometheus]), "grafana": nil, "page": nil,
	}}
	for _, svc := range s.services() {
		st.Services = append(st.Services, ServiceStatus{
			Name: svc.name, PID: pids[svc.name], Addr: s.addrs[svc.name], Ready: s.members.isReady(svc.name),
			Version: s.tools[svc.program].Version, Deaths: died[svc.name],
		})
		if svc.name == Grafana {
			st.URLs["grafana"] = new("http://" + s.addrs[Grafana])
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

// get returns the body of a page.
func get(ctx context.Context, url string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s answers %s: %.200s", url, resp.Status, body)
	}
	return string(body), err
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

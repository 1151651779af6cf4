// Package daemon holds the supervisor, the one process that owns the services of
// a checkout, and the client that every command talks to it with.
package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/page"
	"stormwave/lab/internal/service"
	"stormwave/lab/internal/stack"
	"stormwave/lab/internal/stack/exporter"
	"stormwave/lab/internal/stack/proc"
	"stormwave/lab/internal/stack/toolchain"
)

const (
	upTimeout     = 6 * time.Minute // the first one makes the data set
	downTimeout   = time.Minute
	shutdownGrace = 5 * time.Second // for clients to read their last answer
)

// errWentDown is the end of an up that a down has overtaken.
var errWentDown = errors.New("the stack went down")

// Supervisor owns a stack from its start to its end.
type Supervisor struct {
	layout   service.Layout
	stack    *stack.Stack
	undo     func(context.Context) error // ends every fault
	exporter *exporter.Exporter
	progress *progress
	quit     context.CancelFunc
	life     context.Context // ends when the supervisor is to end, and every order with it
	owner    *proc.Ident     // whom it ends with; nil: nobody
	files    uint64          // that it, and each service, may open
	watches  *sync.WaitGroup // over owners

	claiming sync.Mutex // held while a run claims the stack, or one whose process is gone is cleared away

	mu      sync.Mutex
	run     *Run
	unwatch context.CancelFunc // ends the watch over the owner of run
	lastRun *Run               // that has ended
	stage   matrix.Stage
	applied matrix.Settings // of the cell in progress
	trial   *exporter.Trial // that is under load
}

// Run is the run of a matrix that uses the stack. There is one at a time, and it
// ends with its process.
type Run struct {
	Name   string        `json:"name"`
	Owner  proc.Ident    `json:"owner"`
	Trials int           `json:"shots"`  // planned, at most
	ETA    time.Duration `json:"eta_ns"` // until its end, as it is estimated when it begins
	Began  time.Time     `json:"began"`
}

// Supervise brings the stack up, serves the control socket, and takes the stack
// down when ctx ends, when a client asks for it, or when owner, if there is one,
// is gone. ErrRunning: the checkout has another supervisor.
func Supervise(ctx context.Context, layout service.Layout, tools toolchain.Set, owner *proc.Ident) error {
	ctx, quit := context.WithCancel(ctx)
	var watches sync.WaitGroup
	defer func() {
		quit()
		watches.Wait()
	}()
	if err := layout.CreateLab(); err != nil {
		return err
	}
	lock, err := claim(layout)
	if err != nil {
		return err
	}
	defer func() { _ = lock.Close() }()
	if err := layout.Create(); err != nil { // only now: one that ends removes its sockets
		return err
	}
	if err := errors.Join(sweep(ctx, layout), rotateLogs(layout)); err != nil {
		return err
	}
	proc.SweepCgroups()
	files, err := proc.Settle()
	if err != nil {
		return err
	}
	st, err := stack.New(layout, tools)
	if err != nil {
		return err
	}
	s := &Supervisor{
		layout:   layout,
		stack:    st,
		undo:     st.UndoFaults,
		exporter: exporter.New(st, service.Servers...),
		progress: newProgress(),
		quit:     quit,
		life:     ctx,
		watches:  &watches,
		owner:    owner,
		files:    files,
	}
	defer s.exporter.Close(context.WithoutCancel(ctx))

	servers, err := s.listen()
	if err != nil {
		return err
	}
	if owner != nil {
		watches.Go(func() { watch(ctx, *owner, quit) })
	}
	upErr := s.up(ctx)
	if upErr == nil {
		<-ctx.Done()
	}
	return errors.Join(upErr, s.down(context.WithoutCancel(ctx), servers))
}

// up brings the stack up and tells the waiting clients.
func (s *Supervisor) up(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, upTimeout)
	defer cancel()
	err := s.stack.Up(ctx, s.progress.add)
	if err == nil {
		err = s.remember()
	}
	if err != nil && s.isLeaving() {
		err = errWentDown // what failed, failed for that
	}
	s.progress.finish(err)
	return err
}

// down stops the services first: as long as the socket answers, they may run.
func (s *Supervisor) down(ctx context.Context, servers []*http.Server) error {
	ctx, cancel := context.WithTimeout(ctx, downTimeout)
	defer cancel()
	slog.Info("going down")
	err := s.stack.Down(ctx)
	s.progress.finish(errWentDown)
	if left := s.stack.Survivors(); len(left) > 0 {
		err = errors.Join(err, fmt.Errorf("processes %v are left", left))
	}
	if err == nil {
		err = forget(s.layout)
	}
	parting, cancel := context.WithTimeout(ctx, shutdownGrace)
	defer cancel()
	for _, server := range servers {
		if server.Shutdown(parting) != nil {
			_ = server.Close()
		}
	}
	if err == nil {
		err = s.layout.RemoveSockets()
	}
	return err
}

// listen opens the control socket, the exporter's port and the page's.
func (s *Supervisor) listen() ([]*http.Server, error) {
	if err := os.RemoveAll(s.layout.Control()); err != nil {
		return nil, fmt.Errorf("remove old control socket: %w", err)
	}
	control, err := net.Listen("unix", s.layout.Control())
	if err != nil {
		return nil, fmt.Errorf("open control socket: %w", err)
	}
	if err := os.Chmod(s.layout.Control(), 0o600); err != nil {
		return nil, fmt.Errorf("protect control socket: %w", err)
	}
	metrics, err := net.Listen("tcp", s.stack.ExporterAddr())
	if err != nil {
		return nil, fmt.Errorf("open exporter's port: %w", err)
	}
	looks, err := net.Listen("tcp", s.stack.PageAddr())
	if err != nil {
		return nil, fmt.Errorf("open the page's port: %w", err)
	}
	asks, err := net.Listen("tcp", s.stack.DoorAddr())
	if err != nil {
		return nil, fmt.Errorf("open the port of the door to Prometheus: %w", err)
	}
	live, err := s.newPage()
	if err != nil {
		return nil, err
	}
	door, err := page.NewDoor(s.stack.DoorAddr(), s.stack.URL(service.Prometheus))
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", s.exporter.Handler())
	servers := []*http.Server{
		// Bounded in what it reads, not in time: an order takes as long as it takes, and a
		// deadline for its body would end the order with it.
		{Handler: s.routes(), ReadHeaderTimeout: 5 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10},
		page.Server(mux),
		pageServer(live),
		page.Server(door),
	}
	for i, listener := range []net.Listener{peers{control, mayControl}, metrics, looks, asks} {
		go func() {
			if err := servers[i].Serve(listener); !errors.Is(err, http.ErrServerClosed) {
				slog.Error("serve", "addr", listener.Addr(), "err", err)
				s.quit()
			}
		}()
	}
	return servers, nil
}

// watch calls gone when the owner is gone, and returns when ctx ends before.
func watch(ctx context.Context, owner proc.Ident, gone func()) {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if !owner.Alive() {
				slog.Warn("owner is gone", "pid", owner.PID)
				gone()
				return
			}
		}
	}
}

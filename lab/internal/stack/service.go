package stack

import (
	"context"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"stormwave/lab/internal/stack/proc"
)

// Names of the services, as people and records know them.
const (
	Primary          = "primary"
	Replica          = "replica"
	PgBouncer        = "pgbouncer"
	App              = "app"
	Prometheus       = "prometheus"
	Grafana          = "grafana"
	NodeExporter     = "node-exporter"
	PostgresExporter = "postgres-exporter"
	ReplicaExporter  = "replica-exporter"
	BouncerExporter  = "pgbouncer-exporter"
)

// Names returns the names of all services.
func Names() []string {
	return []string{Primary, Replica, PgBouncer, App, Prometheus, Grafana, NodeExporter, PostgresExporter, ReplicaExporter, BouncerExporter}
}

// service is one member of the stack: how it is started and when it is ready.
type service struct {
	name    string
	program string                      // its name in the toolchain; empty: the project's own
	needs   []string                    // services that must be ready before it starts
	prepare func(context.Context) error // makes its files, before each start; may be nil
	spec    func() proc.Spec
	ready   func(context.Context) error // a real call of its protocol
}

// readyTimeout bounds how long one service may take to become ready.
const readyTimeout = 60 * time.Second

// services returns all of them. Grafana is among them only where it is installed.
func (s *Stack) services() []service {
	all := []service{
		s.primary(), s.replica(), s.pgbouncer(), s.app(), s.prometheus(), s.nodeExporter(),
		s.postgresExporter(PostgresExporter, Primary), s.postgresExporter(ReplicaExporter, Replica), s.pgbouncerExporter(),
	}
	if _, ok := s.tools["grafana"]; ok {
		all = append(all, s.grafana())
	}
	return all
}

func (s *Stack) service(name string) service {
	all := s.services()
	return all[slices.IndexFunc(all, func(svc service) bool { return svc.name == name })]
}

// start starts those of the named services that are not ready.
func (s *Stack) start(ctx context.Context, names ...string) error {
	return s.startEach(ctx, slices.DeleteFunc(s.services(), func(svc service) bool {
		return !slices.Contains(names, svc.name)
	}))
}

// startAll starts what is not ready, the helpers of faults included.
func (s *Stack) startAll(ctx context.Context) error {
	return s.startEach(ctx, append(s.services(), s.helperServices()...))
}

// startEach starts the services that are not ready, each as soon as what it needs is
// ready, and returns when all are.
func (s *Stack) startEach(ctx context.Context, services []service) error {
	group, ctx := errgroup.WithContext(ctx)
	ready := make(map[string]chan struct{}, len(services))
	for _, svc := range services {
		ready[svc.name] = make(chan struct{})
	}
	for _, svc := range services {
		group.Go(func() error {
			for _, need := range svc.needs {
				gate, starting := ready[need]
				if !starting {
					continue
				}
				select {
				case <-gate:
				case <-ctx.Done():
					return context.Cause(ctx)
				}
			}
			if err := s.startOne(ctx, svc); err != nil {
				return err
			}
			close(ready[svc.name])
			return nil
		})
	}
	return group.Wait()
}

// startOne starts one service and waits until it is ready. One that is ready already is
// left alone; one that runs but never became ready, for its start was cut off, is started anew.
func (s *Stack) startOne(ctx context.Context, svc service) error {
	if s.members.isReady(svc.name) {
		return nil
	}
	if err := s.stop(ctx, svc.name); err != nil {
		return err
	}
	began := time.Now()
	err := s.startNew(ctx, svc)
	s.report(Step{Service: svc.name, Took: time.Since(began), Err: err})
	return err
}

func (s *Stack) startNew(ctx context.Context, svc service) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	if svc.prepare != nil {
		if err := svc.prepare(ctx); err != nil {
			return fmt.Errorf("prepare %s: %w", svc.name, err)
		}
	}
	p, err := s.members.start(svc.name, svc.spec())
	if err != nil {
		return err
	}
	if err := p.Await(ctx, svc.ready); err != nil {
		return err
	}
	s.members.markReady(svc.name)
	return nil
}

func (s *Stack) runs(name string) bool { return s.members.runs(name) }

// awaitReady waits for a service that runs already.
func (s *Stack) awaitReady(ctx context.Context, name string) error {
	svc := s.service(name)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := svc.ready(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("wait for %s: %w", svc.name, err)
		}
	}
}

// stop stops the named services, in the given order; those that do not run are
// left alone.
func (s *Stack) stop(ctx context.Context, names ...string) error {
	for _, name := range names {
		if err := s.members.stop(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

// stopOrder goes from the outside in, so that nobody loses what it talks to.
var stopOrder = []string{
	Grafana, App, BouncerExporter, PostgresExporter, ReplicaExporter, NodeExporter, Prometheus, PgBouncer, Replica, Primary,
}

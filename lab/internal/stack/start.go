package stack

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"stormwave/lab/internal/service"
)

// Bounds of what one service may take: to be prepared, of which the first making of the data set is the longest, and
// then to become ready.
const (
	prepareTimeout = 5 * time.Minute
	readyTimeout   = 60 * time.Second
)

// services are all that there are here: an optional one only where its program is installed.
func (s *Stack) services() []service.Service {
	return slices.DeleteFunc(service.All(), func(svc service.Service) bool {
		_, installed := s.Tools[svc.Program.Name]
		return svc.Optional() && !installed
	})
}

// start starts those of the named services that are not ready.
func (s *Stack) start(ctx context.Context, names ...string) error {
	return s.startEach(ctx, slices.DeleteFunc(s.services(), func(svc service.Service) bool {
		return !slices.Contains(names, svc.Name)
	}))
}

// startAll starts what is not ready, the helpers of faults included.
func (s *Stack) startAll(ctx context.Context) error {
	return s.startEach(ctx, append(s.services(), s.helperServices()...))
}

// startEach starts the services that are not ready, each as soon as what it needs is
// ready, and returns when all are.
func (s *Stack) startEach(ctx context.Context, services []service.Service) error {
	group, ctx := errgroup.WithContext(ctx)
	ready := make(map[string]chan struct{}, len(services))
	for _, svc := range services {
		ready[svc.Name] = make(chan struct{})
	}
	for _, svc := range services {
		group.Go(func() error {
			for _, need := range svc.Needs {
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
			close(ready[svc.Name])
			return nil
		})
	}
	return group.Wait()
}

// startOne starts one service and waits until it is ready. One that is ready already is
// left alone; one that runs but never became ready, for its start was cut off, is started anew.
func (s *Stack) startOne(ctx context.Context, svc service.Service) error {
	if s.members.isReady(svc.Name) {
		return nil
	}
	if err := s.stop(ctx, svc.Name); err != nil {
		return err
	}
	began := time.Now()
	err := s.startNew(ctx, svc)
	s.report(Step{Service: svc.Name, Took: time.Since(began), Err: err})
	return err
}

func (s *Stack) startNew(ctx context.Context, svc service.Service) error {
	if err := s.prepare(ctx, svc); err != nil {
		return err
	}
	within := readyTimeout
	if svc.Within != nil {
		within = cmp.Or(svc.Within(s.Env), within)
	}
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	spec := s.Process(svc)
	p, err := s.members.start(svc.Name, spec)
	if err != nil {
		return err
	}
	if err := p.Await(ctx, func(ctx context.Context) error { return svc.Ready(ctx, s.Env) }); err != nil {
		if words := service.LastWords(p.Tail(deathLines), filepath.Base(spec.Path)); words != "" {
			return fmt.Errorf("%s: %w", words, err)
		}
		return err
	}
	s.members.markReady(svc.Name)
	return nil
}

func (s *Stack) prepare(ctx context.Context, svc service.Service) error {
	if svc.Prepare == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, prepareTimeout)
	defer cancel()
	if err := svc.Prepare(ctx, s.Env); err != nil {
		return fmt.Errorf("prepare %s: %w", svc.Name, err)
	}
	return nil
}

func (s *Stack) runs(name string) bool { return s.members.runs(name) }

// awaitReady waits for a service that runs already.
func (s *Stack) awaitReady(ctx context.Context, name string) error {
	svc := service.Find(name)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := svc.Ready(ctx, s.Env)
		if err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("wait for %s: %w", svc.Name, err)
		}
	}
}

// stop stops the named services, in the given order. Of those that do not run any more only what they have left in
// shared memory is removed.
func (s *Stack) stop(ctx context.Context, names ...string) error {
	for _, name := range names {
		if err := s.members.stop(ctx, name); err != nil {
			return err
		}
		if err := s.SweepMemory(name); err != nil {
			return err
		}
	}
	return nil
}

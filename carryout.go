package toolchain

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
)

// carryOut does all that is planned, side by side: one installation of all packages, one
// build of all Go programs, and the others each by itself, as soon as their packages are
// there.
func (in *installer) carryOut(ctx context.Context, plan Plan, progress Progress) error {
	ctx, cancel := context.WithTimeoutCause(ctx, stepTimeout, fmt.Errorf("not done after %s", stepTimeout))
	defer cancel()
	var all group
	packages := &packages{done: make(chan struct{})}
	all.run(func() error { return packages.install(ctx, in, plan, progress) })
	var inGo []requirement
	for _, w := range plan.ways {
		switch w.kind {
		case byGo:
			inGo = append(inGo, w.requirement)
		case bySource, byExtract, byFetch:
			all.run(func() error { return in.get(ctx, w, packages, progress) })
		case byPackage: // among the packages
		}
	}
	if len(inGo) > 0 {
		all.run(func() error {
			in.forget(goStep)
			done := progress.Step(namesOf(inGo) + " (go build)")
			err := in.buildGoTools(ctx, inGo)
			done(err)
			return err
		})
	}
	return all.wait()
}

// get gets one program that is put into .lab/tools.
func (in *installer) get(ctx context.Context, w way, p *packages, progress Progress) error {
	in.forget(w.name)
	done := func(error) {}
	packaged := func() error {
		err := p.await(ctx, w)
		if err == nil {
			done = progress.Step(w.String())
		}
		return err
	}
	var err error
	if w.kind == bySource {
		err = in.buildSource(ctx, w.requirement, packaged)
	} else if err = packaged(); err == nil && w.kind == byExtract {
		err = in.extractProgram(ctx, w.requirement)
	} else if err == nil {
		err = w.fetch(ctx, in, w.requirement)
	}
	done(err)
	if errors.Is(err, errPackages) {
		return nil // told by who has installed them
	}
	if err != nil {
		return fmt.Errorf("set up %s: %w", w.name, err)
	}
	return nil
}

// forget removes what an earlier set-up has logged of a step.
func (in *installer) forget(step string) { _ = os.Remove(in.log(step)) }

// packages are installed while others wait for them.
type packages struct {
	done   chan struct{}
	failed map[string]error // by the program that they are for
}

// errPackages says that what a program needs is not installed.
var errPackages = errors.New("its packages are not installed")

// await waits until the packages that a program needs are there.
func (p *packages) await(ctx context.Context, w way) error {
	if len(w.packages) == 0 {
		return nil
	}
	select {
	case <-p.done:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if p.failed[w.name] != nil {
		return errPackages
	}
	return nil
}

// install installs all packages at one go. If that fails, those for each program are
// installed alone, so that one which cannot be had keeps no other from it.
func (p *packages) install(ctx context.Context, in *installer, plan Plan, progress Progress) error {
	defer close(p.done)
	names := unique(plan.lacking())
	if len(names) == 0 {
		return nil
	}
	in.forget(aptStep)
	done := progress.Step(fmt.Sprintf("%d packages (apt-get)", len(names)))
	p.failed = make(map[string]error)
	err := in.aptInstall(ctx, names)
	if err != nil {
		var errs []error
		for _, w := range plan.ways {
			if len(w.packages) == 0 {
				continue
			}
			p.failed[w.name] = err
			if ctx.Err() == nil && len(plan.ways) > 1 {
				p.failed[w.name] = in.aptInstall(ctx, unique(w.packages))
			}
			if err := p.failed[w.name]; err != nil {
				errs = append(errs, fmt.Errorf("set up %s: %w\n  to mend it: %s", w.name, err, byHand(unique(w.packages))))
			}
		}
		err = errors.Join(errs...)
	}
	done(err)
	return err
}

// group runs steps side by side and joins their errors.
type group struct {
	running sync.WaitGroup
	mu      sync.Mutex
	errs    []error
}

func (g *group) run(step func() error) {
	g.running.Go(func() {
		err := step()
		g.mu.Lock()
		defer g.mu.Unlock()
		g.errs = append(g.errs, err)
	})
}

func (g *group) wait() error {
	g.running.Wait()
	return errors.Join(g.errs...)
}

func namesOf(all []requirement) string {
	var names []string
	for _, r := range all {
		names = append(names, r.name)
	}
	return strings.Join(names, ", ")
}

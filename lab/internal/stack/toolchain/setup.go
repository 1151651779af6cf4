package toolchain

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// stepTimeout bounds one step of a set-up: a build, or an installation.
const stepTimeout = 15 * time.Minute

// Options say what Setup is to get, and who is told of it.
type Options struct {
	Services []Requirement      // the programs of the services
	Tests    bool               // also what only the tests need
	Consent  func(Intent) error // asked before anything is changed; nil: nobody has to be
	Progress Progress           // nil: nobody
}

// Progress is told of the steps of a set-up, which go side by side.
type Progress interface {
	// Step says that a step begins. The returned function is called when it
	// ends, with the reason if it failed.
	Step(name string) func(error)
}

// Setup gets the programs that are missing and returns all. A step that fails
// does not keep the others from being tried; the error holds, for each, why it
// failed and what would mend it. When nothing is missing it only looks, which
// takes milliseconds. Several processes may call it at the same time: they take
// turns, and the later ones find the work done.
func Setup(ctx context.Context, root string, opts Options) (Set, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return nil, fmt.Errorf("set up programs: %w", err)
	}
	if opts.Progress == nil {
		opts.Progress = silent{}
	}
	if have, missing := Find(ctx, root, opts.Services); len(opts.wanted(missing)) == 0 {
		return have, nil
	}
	t := toolsOf(root)
	if err := t.create(); err != nil {
		return nil, err
	}
	unlock, err := t.lockWithProgress(ctx, opts.Progress)
	if err != nil {
		return nil, err
	}
	defer unlock()
	return setUp(ctx, t, opts)
}

// setUp does what Setup promises, under the lock.
func setUp(ctx context.Context, t tools, opts Options) (Set, error) {
	have, missing := Find(ctx, t.root, opts.Services)
	missing = opts.wanted(missing)
	if len(missing) == 0 {
		return have, nil
	}
	in := &installer{
		tools:    t,
		catalog:  append(catalog(opts.Services), axeRequirement),
		have:     have,
		progress: opts.Progress,
	}
	defer in.sweep()
	in.sweep() // what an interrupted set-up has left
	if err := errors.Join(os.RemoveAll(t.file("log")), t.create()); err != nil {
		return nil, err
	}
	failed := in.getAll(ctx, missing, opts.Consent)
	have, missing = Find(ctx, t.root, opts.Services)
	if failed != nil {
		return have, failed
	}
	for _, m := range opts.wanted(missing) {
		failed = errors.Join(
			failed,
			fmt.Errorf("set up %s: it was installed but does not do; put one that does on PATH, or enter `nix develop`", m),
		)
	}
	return have, failed
}

// getAll gets what is missing, if that is agreed to.
func (in *installer) getAll(ctx context.Context, missing []Missing, consent func(Intent) error) error {
	all := in.requirements(missing)
	p, none := planFor(ctx, all)
	if len(p.ways) == 0 {
		return none
	}
	if consent == nil {
		consent = func(Intent) error { return nil }
	}
	if err := consent(p.intent()); err != nil {
		return err
	}
	if !p.lists {
		named := p.packages()
		done := in.progress.Step("lists of packages")
		err := in.aptUpdate(ctx)
		done(err)
		if p, none = planFor(ctx, all); err != nil {
			none = errors.Join(none, err)
		}
		isNew := func(name string) bool { return !slices.Contains(named, name) }
		if slices.ContainsFunc(p.packages(), isNew) { // by the new lists, another way is best
			if err := consent(p.intent()); err != nil {
				return err
			}
		}
	}
	return errors.Join(none, in.carryOut(ctx, p))
}

// requirements are those of the missing programs.
func (in *installer) requirements(missing []Missing) []Requirement {
	wanted := make(map[string]bool, len(missing))
	for _, m := range missing {
		wanted[m.Name] = true
	}
	var all []Requirement
	for _, r := range in.catalog {
		if wanted[r.Name] {
			all = append(all, r)
		}
	}
	return all
}

// carryOut takes all ways side by side: Go compiles while apt installs, and the rest follows
// apt.
func (in *installer) carryOut(ctx context.Context, p plan) error {
	var work sync.WaitGroup
	var mu sync.Mutex
	var errs []error
	step := func(name string, do func(context.Context) error) {
		work.Go(func() {
			if err := in.step(ctx, name, do); err != nil {
				mu.Lock()
				defer mu.Unlock()
				errs = append(errs, err)
			}
		})
	}
	installed := make(chan struct{})
	var installErr error
	if packages := p.packages(); len(packages) > 0 {
		step(strings.Join(packages, ", "), func(ctx context.Context) error {
			defer close(installed)
			installErr = in.aptInstall(ctx, packages, p.services())
			return installErr
		})
	} else {
		close(installed)
	}
	var ofGo []Requirement
	for _, w := range p.ways {
		var get func(context.Context, Requirement) error
		switch {
		case w.installs():
			continue // comes with the packages
		case w.unpacks():
			get = in.unpackDebian
		case w.GoPackage != "":
			ofGo = append(ofGo, w.Requirement)
			continue
		case w.Source != nil:
			get = in.buildSource
		default:
			get = func(ctx context.Context, r Requirement) error { return r.fetch(ctx, in, r) }
		}
		work.Go(func() {
			select {
			case <-installed:
			case <-ctx.Done():
				return
			}
			if len(w.packages) > 0 && installErr != nil {
				return // that is told
			}
			step(w.Name, func(ctx context.Context) error { return get(ctx, w.Requirement) })
		})
	}
	if len(ofGo) > 0 {
		step(namesOf(ofGo), func(ctx context.Context) error { return in.buildGoTools(ctx, ofGo) })
	}
	work.Wait()
	if ctx.Err() != nil {
		errs = append(errs, context.Cause(ctx))
	}
	return errors.Join(errs...)
}

func namesOf(all []Requirement) string {
	var names []string
	for _, r := range all {
		names = append(names, r.Name)
	}
	return strings.Join(names, ", ")
}

// step does one step, in its time, and tells of it.
func (in *installer) step(ctx context.Context, name string, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, stepTimeout, fmt.Errorf("not done after %s", stepTimeout))
	defer cancel()
	done := in.progress.Step(name)
	err := do(ctx)
	done(err)
	if err != nil {
		return fmt.Errorf("set up %s: %w", name, err)
	}
	return nil
}

// wanted leaves out what nobody asked for.
func (o Options) wanted(missing []Missing) []Missing {
	var wanted []Missing
	for _, m := range missing {
		if m.Role == ForLab || o.Tests {
			wanted = append(wanted, m)
		}
	}
	return wanted
}

func (t tools) lockWithProgress(ctx context.Context, progress Progress) (func(), error) {
	finish := func(error) {}
	unlock, err := t.lock(ctx, func(holder string) {
		finish = progress.Step("wait for the set-up that " + holder + " is doing")
	})
	finish(err)
	return unlock, err
}

type silent struct{}

func (silent) Step(string) func(error) { return func(error) {} }

// installer gets programs.
type installer struct {
	tools    tools
	catalog  []Requirement // in the order of the set-up
	have     Set           // what was there before
	system   string        // root directory of the distribution; empty: that of this machine
	progress Progress
}

// log is the path of what a step printed.
func (in *installer) log(step string) string { return in.tools.file(filepath.Join("log", step+".log")) }

// workDir makes a directory on the same file system as the tools, so that what
// is built in it can be moved to its place at one stroke.
func (in *installer) workDir() (string, error) {
	dir, err := os.MkdirTemp(in.tools.dir, "work-*")
	if err != nil {
		return "", fmt.Errorf("create directory for a build: %w", err)
	}
	return dir, nil
}

// sweep removes the directories of builds.
func (in *installer) sweep() {
	names, _ := fs.Glob(os.DirFS(in.tools.dir), "work-*") // the path may hold what a pattern does
	for _, name := range names {
		_ = os.RemoveAll(in.tools.file(name))
	}
}

package toolchain

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"stormwave/lab/internal/stack/proc"
)

// stepTimeout bounds one step of a set-up: a build, or an installation.
const stepTimeout = 30 * time.Minute

// Options say what Setup is to get, and who is told of it.
type Options struct {
	Tests    bool             // also what only the tests need
	Programs []string         // also these, although only the tests need them
	Agree    func(Plan) error // asked before anything is installed or built; an error keeps it from being; nil: agreed
	Progress Progress         // nil: nobody
}

// Progress is told of the steps of a set-up, of which several go on at the same time.
type Progress interface {
	// Step says that a step begins. The returned function is called when it
	// ends, with the reason if it failed.
	Step(name string) func(error)
}

// Setup gets the programs that are missing and returns all. Before it does
// anything it asks opts.Agree. A step that fails does not keep the others from
// being tried; the error holds, for each, why it failed and what would mend it.
// When nothing is missing it only looks, which takes milliseconds. Several
// processes may call it at the same time: they take turns, and the later ones
// find the work done.
func Setup(ctx context.Context, root string, opts Options) (Set, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return nil, fmt.Errorf("set up programs: %w", err)
	}
	if opts.Progress == nil {
		opts.Progress = silent{}
	}
	if have, missing := Find(ctx, root); len(opts.wanted(missing)) == 0 {
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
	return newInstaller(t).setUp(ctx, opts)
}

// setUp does what Setup promises, under the lock.
func (in *installer) setUp(ctx context.Context, opts Options) (Set, error) {
	have, missing := Find(ctx, in.tools.root)
	in.have = have
	wanted := opts.wanted(missing)
	if len(wanted) == 0 {
		return have, nil
	}
	defer in.sweep()
	in.sweep() // what an interrupted set-up has left
	plan, failed := in.plan(ctx, wanted)
	if plan.Update {
		if err := opts.agree(plan); err != nil {
			return have, err
		}
		done := opts.Progress.Step("apt's package lists")
		updateErr := in.aptUpdate(ctx)
		done(updateErr)
		plan, failed = in.plan(ctx, wanted)
		failed = errors.Join(updateErr, failed)
	}
	if plan.Empty() {
		return have, failed
	}
	if err := opts.agree(plan); err != nil {
		return have, errors.Join(err, failed)
	}
	failed = errors.Join(failed, in.carryOut(ctx, plan, opts.Progress))
	have, missing = Find(context.WithoutCancel(ctx), in.tools.root)
	if failed != nil {
		return have, failed
	}
	for _, m := range opts.wanted(missing) {
		failed = errors.Join(failed, fmt.Errorf("set up %s: it was installed but does not do; put one that does on PATH, or enter `nix develop`", m))
	}
	return have, failed
}

func (o Options) agree(p Plan) error {
	if o.Agree == nil {
		return nil
	}
	return o.Agree(p)
}

// wanted leaves out what nobody asked for.
func (o Options) wanted(missing []Missing) []Missing {
	var wanted []Missing
	for _, m := range missing {
		if m.Role == ForLab || o.Tests || slices.Contains(o.Programs, m.Name) {
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

// installer gets programs, several at the same time.
type installer struct {
	tools    tools
	required map[string]requirement
	have     Set  // what was there before
	updated  bool // the package lists, by this set-up

	root       bool   // the caller is root
	dropIns    string // directory for pg_createcluster's
	sourceKeys string // file that verifies Debian's source packages

	fetching sync.Mutex // of source packages
	opened   sync.Once
	sources  sourceArchive
	openErr  error
}

func newInstaller(t tools) *installer {
	in := &installer{
		tools: t, required: map[string]requirement{axeName: axeRequirement}, root: proc.IsRoot(), dropIns: dropIns, sourceKeys: sourceKeys,
	}
	for _, r := range catalog() {
		in.required[r.name] = r
	}
	return in
}

// archive opens the archive of source packages, once for all of them.
func (in *installer) archive(ctx context.Context) (sourceArchive, error) {
	in.opened.Do(func() { in.sources, in.openErr = in.openArchive(ctx) })
	return in.sources, in.openErr
}

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

func (in *installer) sweep() {
	dirs, _ := filepath.Glob(in.tools.file("work-*"))
	for _, dir := range dirs {
		_ = os.RemoveAll(dir)
	}
}

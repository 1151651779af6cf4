package toolchain

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// stepTimeout bounds one step of a set-up: a build, or an installation.
const stepTimeout = 15 * time.Minute

// Options say what Setup is to get, and who is told of it.
type Options struct {
	Tests    bool     // also what only the tests need
	Progress Progress // nil: nobody
}

// Progress is told of the steps of a set-up, one after the other.
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
	return setUp(ctx, t, opts)
}

// setUp does what Setup promises, under the lock.
func setUp(ctx context.Context, t tools, opts Options) (Set, error) {
	have, missing := Find(ctx, t.root)
	in := &installer{tools: t, have: have}
	defer in.sweep()
	in.sweep() // what an interrupted set-up has left
	required := map[string]requirement{axeName: axeRequirement}
	for _, r := range catalog() {
		required[r.name] = r
	}
	var failed error
	for _, m := range opts.wanted(missing) {
		if ctx.Err() != nil {
			return have, errors.Join(failed, context.Cause(ctx))
		}
		done := opts.Progress.Step(m.Name)
		err := in.get(ctx, required[m.Name])
		done(err)
		failed = errors.Join(failed, err)
	}
	have, missing = Find(ctx, t.root)
	if failed != nil {
		return have, failed
	}
	for _, m := range opts.wanted(missing) {
		failed = errors.Join(failed, fmt.Errorf("set up %s: it was installed but does not do; put one that does on PATH, or enter `nix develop`", m))
	}
	return have, failed
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

// installer gets one program after the other.
type installer struct {
	tools   tools
	have    Set  // what was there before
	updated bool // the package lists, by this set-up
}

func (in *installer) get(ctx context.Context, r requirement) error {
	ctx, cancel := context.WithTimeoutCause(ctx, stepTimeout, fmt.Errorf("not done after %s", stepTimeout))
	defer cancel()
	_ = os.Remove(in.log(r.name))
	if err := r.install(ctx, in, r); err != nil {
		return fmt.Errorf("set up %s: %w", r.name, err)
	}
	return nil
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

package stack

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"stormwave/lab/internal/service"
	"stormwave/lab/internal/stack/proc"
	"stormwave/lab/internal/stack/toolchain"
)

// Archive is a Prometheus, and a Grafana where there is one, on what a run has kept.
// It scrapes nothing, and is independent of the stack: both may run at once.
type Archive struct{ stack *Stack }

// OpenArchive starts it on a storage that fill fills. Close ends what was returned,
// with an error too.
func OpenArchive(
	ctx context.Context, layout service.Layout, tools toolchain.Set, fill func(storage string) error,
) (*Archive, error) {
	if err := layout.CreateLab(); err != nil {
		return nil, err
	}
	sweepArchives(layout)
	me, _ := proc.Identify(os.Getpid())
	dir, err := os.MkdirTemp(layout.Lab, fmt.Sprintf("open-%d-%d-", me.PID, me.Start))
	if err != nil {
		return nil, fmt.Errorf("make a directory for the archive: %w", err)
	}
	shown := []string{service.Prometheus, service.Grafana}
	addrs, err := freePorts(shown...)
	layout.Lab = dir
	a := &Archive{stack: newStack(service.NewArchive(layout, tools, addrs))}
	if err != nil {
		return a, err
	}
	err = errors.Join(os.MkdirAll(filepath.Dir(layout.Log(service.Prometheus)), 0o700), fill(layout.TSDB()))
	if err != nil {
		return a, err
	}
	return a, a.stack.start(ctx, shown...)
}

// sweepArchives removes what archives whose process was killed have left.
func sweepArchives(layout service.Layout) {
	names, _ := fs.Glob(os.DirFS(layout.Lab), "open-*") // the path may hold what a pattern does
	for _, name := range names {
		var owner proc.Ident
		if _, err := fmt.Sscanf(name, "open-%d-%d-", &owner.PID, &owner.Start); err == nil && !owner.Alive() {
			_ = os.RemoveAll(filepath.Join(layout.Lab, name))
		}
	}
}

func (a *Archive) hasGrafana() bool {
	_, ok := a.stack.Tools["grafana"]
	return ok
}

// Prometheus is its URL, with the password: for a Door.
func (a *Archive) Prometheus() string { return a.stack.URL(service.Prometheus) }

// Grafana is its URL; empty where there is none.
func (a *Archive) Grafana() string {
	if !a.hasGrafana() {
		return ""
	}
	return "http://" + a.stack.Addrs[service.Grafana]
}

// Close ends it, and removes its copy of the data.
func (a *Archive) Close(ctx context.Context) error {
	err := a.stack.stop(ctx, service.Grafana, service.Prometheus)
	a.stack.members.watches.Wait()
	return errors.Join(err, os.RemoveAll(a.stack.Layout.Lab))
}

package stack

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"stormwave/lab/internal/stack/proc"
	"stormwave/lab/internal/stack/toolchain"
)

// Archive is a Prometheus, and a Grafana where there is one, on what a run has kept.
// It scrapes nothing, and is independent of the stack: both may run at once.
type Archive struct{ stack *Stack }

// forEver is the retention of an archive: Prometheus would delete what is older.
const forEver = "36500d"

// OpenArchive starts it on a storage that fill fills. Close ends what was returned,
// with an error too.
func OpenArchive(ctx context.Context, layout Layout, tools toolchain.Set, fill func(storage string) error) (*Archive, error) {
	if err := layout.Create(); err != nil {
		return nil, err
	}
	sweepArchives(layout)
	me, _ := proc.Identify(os.Getpid())
	dir, err := os.MkdirTemp(layout.Lab, fmt.Sprintf("open-%d-%d-", me.PID, me.Start))
	if err != nil {
		return nil, fmt.Errorf("make a directory for the archive: %w", err)
	}
	addrs, err := freePorts(Prometheus, Grafana)
	layout.Lab = dir
	a := &Archive{stack: &Stack{layout: layout, tools: tools, addrs: addrs, secrets: newSecrets(), members: newMembers(), report: func(Step) {}, archive: true}}
	if err != nil {
		return a, err
	}
	if err := errors.Join(os.MkdirAll(filepath.Dir(layout.Log(Prometheus)), 0o700), fill(layout.TSDB())); err != nil {
		return a, err
	}
	services := []service{a.stack.prometheus()}
	if a.hasGrafana() {
		services = append(services, a.stack.grafana())
	}
	return a, a.stack.startEach(ctx, services)
}

// sweepArchives removes what archives whose process was killed have left.
func sweepArchives(layout Layout) {
	names, _ := fs.Glob(os.DirFS(layout.Lab), "open-*") // the path may hold what a pattern does
	for _, name := range names {
		var owner proc.Ident
		if _, err := fmt.Sscanf(name, "open-%d-%d-", &owner.PID, &owner.Start); err == nil && !owner.Alive() {
			_ = os.RemoveAll(filepath.Join(layout.Lab, name))
		}
	}
}

func (a *Archive) hasGrafana() bool {
	_, ok := a.stack.tools["grafana"]
	return ok
}

// Prometheus is its URL.
func (a *Archive) Prometheus() string { return "http://" + a.stack.addrs[Prometheus] }

// Grafana is its URL; empty where there is none.
func (a *Archive) Grafana() string {
	if !a.hasGrafana() {
		return ""
	}
	return "http://" + a.stack.addrs[Grafana]
}

// Close ends it, and removes its copy of the data.
func (a *Archive) Close(ctx context.Context) error {
	err := a.stack.stop(ctx, Grafana, Prometheus)
	a.stack.members.watches.Wait()
	return errors.Join(err, os.RemoveAll(a.stack.layout.Lab))
}

package stack

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"stormwave/lab/internal/matrix"
)

// fake is an operator of services that are only noted: what each was started with. It notes
// each call, and fails where a test wants it to.
type fake struct {
	applier
	calls    []string
	failAt   int // the call that is cut off, counted from 1; 0: none
	settings matrix.Settings
	silent   []string               // services that run but do not answer
	file     map[string]gucs        // the configuration of each server on disk
	running  map[string]gucs        // of each server, and nil of each other service
	on       map[string]matrix.CPUs // that each service was started on
}

// gucs are settings of a server, by name.
type gucs = map[string]string

// fakeServices are in the order of their start.
var fakeServices = []string{Primary, Replica, PgBouncer, NodeExporter, App}

// errCutOff is the end of a call in the middle.
var errCutOff = errors.New("cut off")

// newFake is a stack that is up, as New and Up leave it.
func newFake() *fake {
	f := &fake{
		applier: applier{applied: matrix.Defaults()}, settings: matrix.Defaults(),
		file: make(map[string]gucs), running: make(map[string]gucs), on: make(map[string]matrix.CPUs),
	}
	_ = f.startAll(context.Background())
	f.calls = nil
	return f
}

// apply brings the fake to a cell: the defaults, but for these settings.
func (f *fake) apply(ctx context.Context, settings ...string) (matrix.Settings, error) {
	return f.applyOn(ctx, f.cpus, settings...)
}

func (f *fake) applyOn(ctx context.Context, cpus matrix.CPUs, settings ...string) (matrix.Settings, error) {
	f.calls = nil
	return f.applier.apply(ctx, f, cell(settings...), cpus)
}

// cell is a cell's settings: the defaults, but for these.
func cell(settings ...string) matrix.Settings {
	all := matrix.Defaults()
	for pair := range slices.Chunk(settings, 2) {
		all[pair[0]] = pair[1]
	}
	return all
}

func (f *fake) call(words ...string) error {
	f.calls = append(f.calls, strings.Join(words, " "))
	if len(f.calls) == f.failAt {
		return errCutOff
	}
	return nil
}

func (f *fake) stopSilent(context.Context) error {
	for _, name := range f.silent {
		delete(f.running, name)
	}
	f.silent = nil
	return f.call("stop silent")
}

func (f *fake) stop(_ context.Context, names ...string) error {
	if err := f.call("stop", strings.Join(names, " ")); err != nil {
		return err
	}
	for _, name := range names {
		delete(f.running, name)
	}
	return nil
}

func (f *fake) start(_ context.Context, names ...string) error {
	if err := f.call("start", strings.Join(names, " ")); err != nil {
		return err
	}
	return f.startThose(names)
}

func (f *fake) startAll(context.Context) error {
	if err := f.call("start all"); err != nil {
		return err
	}
	return f.startThose(fakeServices)
}

func (f *fake) startThose(names []string) error {
	for _, name := range names {
		if _, runs := f.running[name]; runs {
			continue
		}
		f.on[name] = f.cpus
		f.running[name] = nil
		if name == Primary || name == Replica {
			f.configure(name)
			f.running[name] = f.file[name]
		}
	}
	return nil
}

func (f *fake) configure(server string) {
	f.file[server] = gucs{}
	for _, guc := range overlay(defaultGUCs, f.settings, matrix.PostgresPrefix) {
		f.file[server][guc.Name] = guc.Value
	}
}

func (f *fake) awaitReady(_ context.Context, name string) error { return f.call("await", name) }

func (f *fake) assume(settings matrix.Settings) {
	f.settings = settings
	f.calls = append(f.calls, "assume")
}

func (f *fake) writePostgresConf(server string) error {
	if err := f.call("configure", server); err != nil {
		return err
	}
	f.configure(server)
	return nil
}

// reload changes what a running server can change. The sizes of its memory it cannot.
func (f *fake) reload(_ context.Context, server string) (restart bool, err error) {
	if err := f.call("reload", server); err != nil {
		return false, err
	}
	now := maps.Clone(f.file[server])
	for name, value := range f.running[server] {
		if name != "work_mem" && now[name] != value {
			now[name], restart = value, true
		}
	}
	f.running[server] = now
	return restart, nil
}

func (f *fake) catchUp(context.Context) error { return f.call("catch up") }

func (f *fake) setRoleLimits(_ context.Context, settings matrix.Settings) error {
	return f.call("limit", settings[matrix.LockTimeout])
}

func (f *fake) relent(context.Context) error          { return f.call("undo faults") }
func (f *fake) inject(context.Context) error          { return f.call("inject") }
func (f *fake) noteGenerations(context.Context) error { return f.call("note generations") }

// attest tells what the servers run with, where they are asked for it.
func (f *fake) attest(context.Context) (matrix.Settings, error) {
	attested := make(matrix.Settings)
	for name := range f.file[Primary] {
		attested[matrix.PostgresPrefix+name] = f.running[Primary][name]
		if other := f.running[Replica][name]; other != f.running[Primary][name] {
			attested[matrix.PostgresPrefix+name] += fmt.Sprintf(", %s on the replica", other)
		}
	}
	return attested, f.call("read back")
}

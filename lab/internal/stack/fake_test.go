package stack

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"stormwave/lab/backends"
	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/service"
	"stormwave/lab/internal/setting"
)

// Names that the tests use all the time.
const (
	Primary          = service.Primary
	Replica          = service.Replica
	PgBouncer        = service.PgBouncer
	App              = service.App
	Prometheus       = service.Prometheus
	Grafana          = service.Grafana
	NodeExporter     = service.NodeExporter
	PostgresExporter = service.PostgresExporter
	ReplicaExporter  = service.ReplicaExporter
	BouncerExporter  = service.BouncerExporter
)

type gucs = service.GUCs

// fake is an operator of services that are only noted: what each was started with. It notes
// each call, and fails where a test wants it to.
type fake struct {
	applier
	calls    []string
	failAt   int  // the call that is cut off, counted from 1; 0: none
	late     bool // the call that is cut off has its effect, but what it starts is not ready
	settings matrix.Settings
	silent   []string // services that run but do not answer
	running  map[string]*fakeService
	file     map[string]gucs // the configuration of each server on disk
	wal      fakeWAL
}

// fakeService is a service that was started.
type fakeService struct {
	conf  gucs // of a server
	cpus  matrix.CPUs
	ready bool
}

// fakeWAL is what the primary has told in its WAL of what a standby needs.
type fakeWAL struct {
	written  map[string]int // last
	replayed map[string]int // last of what the replica has replayed for sure
	most     map[string]int // since the point that the replica begins its replay at when it is started
}

// fakeServices are in the order of their start.
var fakeServices = []string{Primary, Replica, PgBouncer, NodeExporter, App}

// errCutOff is the end of a call in the middle.
var errCutOff = errors.New("cut off")

// newFake is a stack that is up, as New and Up leave it.
func newFake() *fake {
	f := &fake{
		applier:  applier{with: service.NewConfig(backends.Default())},
		settings: service.Catalog(backends.Default()).Defaults(),
		running:  make(map[string]*fakeService), file: make(map[string]gucs), wal: fakeWAL{most: make(map[string]int)},
	}
	if err := f.startAll(context.Background()); err != nil {
		panic(err)
	}
	return f
}

// clone is another fake in the same state.
func (f *fake) clone() *fake {
	c := *f
	c.wal.most = maps.Clone(f.wal.most)
	c.with = new(*f.with)
	c.with.Conf, c.file, c.running = maps.Clone(f.with.Conf), maps.Clone(f.file), maps.Clone(f.running)
	for name, service := range f.running {
		c.running[name] = new(*service)
	}
	return &c
}

// apply brings the fake to a cell: the defaults, but for these settings.
func (f *fake) apply(ctx context.Context, settings ...string) (matrix.Settings, error) {
	return f.applyOn(ctx, f.with.CPUs, settings...)
}

func (f *fake) applyOn(ctx context.Context, cpus matrix.CPUs, settings ...string) (matrix.Settings, error) {
	f.calls = nil
	read, err := f.applier.apply(ctx, f, cell(settings...), cpus)
	return read.Values, err
}

// cell is a cell's settings: the defaults, but for these.
func cell(settings ...string) matrix.Settings {
	all := service.Catalog(backends.Default()).Defaults()
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
	if err := f.call("stop silent"); err != nil {
		return err
	}
	for _, name := range f.silent {
		delete(f.running, name)
	}
	f.silent = nil
	return nil
}

func (f *fake) stop(_ context.Context, names ...string) error {
	err := f.call("stop", strings.Join(names, " "))
	if err != nil && !f.late {
		return err
	}
	for _, name := range names {
		// A replica that ends in peace begins its next replay behind what it has replayed.
		if name == Replica && err == nil && maps.Equal(f.wal.replayed, f.wal.written) {
			f.wal.most = maps.Clone(f.wal.written)
		}
		delete(f.running, name)
	}
	return err
}

func (f *fake) start(_ context.Context, names ...string) error {
	err := f.call("start", strings.Join(names, " "))
	if err != nil && !f.late {
		return err
	}
	return errors.Join(err, f.startThose(names, err == nil))
}

func (f *fake) startAll(context.Context) error {
	err := f.call("start all")
	if err != nil && !f.late {
		return err
	}
	return errors.Join(err, f.startThose(fakeServices, err == nil))
}

// startThose starts what is not ready.
func (f *fake) startThose(names []string, ready bool) error {
	for _, name := range names {
		if service := f.running[name]; service != nil && service.ready {
			continue
		}
		service := &fakeService{cpus: f.with.CPUs}
		if name == Primary || name == Replica {
			f.configure(name)
			service.conf = f.file[name]
			if service.conf["shared_buffers"] == tooLarge {
				delete(f.running, name)
				return fmt.Errorf("start %s: cannot allocate memory", name)
			}
		}
		if name == Replica && !allows(service.conf, f.wal.most) {
			delete(f.running, name)
			return errors.New("start replica: recovery aborted because of insufficient parameter settings")
		}
		f.running[name] = service
		if name == Primary {
			f.wal.written = needsOf(service.conf)
		}
		for need, n := range f.wal.written {
			f.wal.most[need] = max(f.wal.most[need], n)
		}
		if name == Replica && !allows(service.conf, f.wal.written) {
			return errPaused
		}
		service.ready = ready
	}
	return nil
}

// tooLarge is a size of shared_buffers that a server does not start with.
const tooLarge = "1TB"

// errPaused is what a replica waits with that allows less than its primary has.
var errPaused = errors.New("the replica has paused its replay")

// fakeNeeds are what PostgreSQL compares, with its own defaults.
var fakeNeeds = map[string]int{
	"max_connections": 100, "max_locks_per_transaction": 64, "max_prepared_transactions": 0,
	"max_wal_senders": 10, "max_worker_processes": 8,
}

// needs are what a server with these settings has of what a standby needs.
func needsOf(g gucs) map[string]int {
	needs := maps.Clone(fakeNeeds)
	for name := range needs {
		if n, err := strconv.Atoi(g[name]); err == nil {
			needs[name] = n
		}
	}
	return needs
}

// allows reports whether a standby with these settings replays such WAL.
func allows(standby gucs, wal map[string]int) bool {
	for name, n := range needsOf(standby) {
		if n < wal[name] {
			return false
		}
	}
	return true
}

func (f *fake) configure(server string) {
	f.file[server] = f.with.Conf[server]
}

func (f *fake) awaitReady(_ context.Context, name string) error {
	return errors.Join(f.call("await", name), f.streams())
}

// streams says why the replica replays nothing.
func (f *fake) streams() error {
	switch replica := f.running[Replica]; {
	case replica == nil || f.running[Primary] == nil:
		return errors.New("a server is down")
	case !allows(replica.conf, f.wal.written):
		return errPaused
	}
	return nil
}

func (f *fake) assume(settings matrix.Settings) {
	f.settings = settings
	f.calls = append(f.calls, "assume")
}

// TryConf refuses what PostgreSQL tells without a start.
func (f *fake) TryConf(_ context.Context, conf gucs) error {
	if err := f.call("try"); err != nil {
		return err
	}
	if conf["max_connections"] == tooFew {
		return errors.New("superuser_reserved_connections (3) must be less than max_connections (3)")
	}
	return nil
}

// tooFew is a max_connections with which no server starts, and which it takes at a reload.
const tooFew = "3"

func (f *fake) WritePostgresConf(server string) error {
	if err := f.call("configure", server); err != nil {
		return err
	}
	f.configure(server)
	return nil
}

// Reload changes what a running server can change. The sizes of its memory it cannot.
func (f *fake) Reload(_ context.Context, server string) (restart bool, err error) {
	if err := f.call("reload", server); err != nil {
		return false, err
	}
	service := f.running[server]
	now := maps.Clone(f.file[server])
	if _, err := strconv.Atoi(now["max_connections"]); err != nil {
		return false, fmt.Errorf("reload %s: PostgreSQL refuses max_connections", server)
	}
	for name, value := range now {
		if name != "work_mem" && value != service.conf[name] {
			now[name], restart = service.conf[name], true
		}
	}
	service.conf = now
	return restart, nil
}

func (f *fake) CatchUp(context.Context) error {
	if err := errors.Join(f.call("catch up"), f.streams()); err != nil {
		return err
	}
	f.wal.replayed = f.wal.written
	return nil
}

func (f *fake) SetRoleLimits(_ context.Context, settings matrix.Settings) error {
	return f.call("limit", settings[matrix.LockTimeout])
}

func (f *fake) runs(name string) bool { return f.running[name] != nil }

func (f *fake) drain(_ context.Context, server string) error { return f.call("drain", server) }

func (f *fake) lookForCrash(_ context.Context, server string) error {
	return f.call("look for a crash of", server)
}

func (f *fake) undoFaults(context.Context) error      { return f.call("undo faults") }
func (f *fake) inject(context.Context) error          { return f.call("inject") }
func (f *fake) noteGenerations(context.Context) error { return f.call("note generations") }

// readBack tells what the servers run with, where they are asked for it.
func (f *fake) readBack(context.Context) (setting.Reading, error) {
	effective := make(map[string]string)
	for name, value := range f.running[Primary].conf {
		if other := f.running[Replica].conf[name]; other != value {
			value = fmt.Sprintf("%s on the primary, %s on the replica", value, other)
		}
		effective[matrix.PostgresPrefix+name] = value
	}
	return setting.Reading{Values: effective}, f.call("read back")
}

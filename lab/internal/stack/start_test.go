package stack

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"stormwave/lab/backends"
	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/service"
	"stormwave/lab/internal/stack/proc"
	"stormwave/lab/internal/stack/toolchain"
)

// bench is a Stack with its real services, but for what they do: each process is a fake that
// is ready a second after its start. It is used in the time of testing/synctest.
type bench struct {
	*Stack
	began     time.Time
	takes     map[string]time.Duration // until a service is ready, instead of a second
	stopFails map[string]error

	mu        sync.Mutex
	processes map[string]*fakeProcess // started last, by service
	started   map[string][]string     // when each service was started, since began
	stopped   []string
}

type fakeProcess struct {
	bench   *bench
	name    string
	started time.Time
	die     context.CancelFunc
	alive   context.Context
}

func newBench(layout service.Layout) *bench {
	b := &bench{
		Stack: newStack(&service.Env{
			Layout: layout,
			Tools:  toolchain.Set{"grafana": {}, "pgpool": {}},
			Config: &service.Config{
				Backend:  backends.Default(),
				Settings: matrix.Settings{matrix.FaultDelay: "1ms"},
			},
		}),
		began: time.Now(), takes: make(map[string]time.Duration), stopFails: make(map[string]error),
		processes: make(map[string]*fakeProcess), started: make(map[string][]string),
	}
	b.members.launch = b.launch
	return b
}

// up starts all services, and the proxy of a fault.
func (b *bench) up(ctx context.Context) error {
	services := append(b.services(), b.helperServices()...)
	for i, svc := range services {
		services[i] = service.Service{
			Name:    svc.Name,
			Needs:   svc.Needs,
			Process: func(*service.Env) proc.Spec { return proc.Spec{} },
			Ready:   func(context.Context, *service.Env) error { return b.process(svc.Name).ready() },
		}
	}
	return b.startEach(ctx, services)
}

func (b *bench) process(name string) *fakeProcess {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.processes[name]
}

func (b *bench) launch(spec proc.Spec) (process, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := &fakeProcess{bench: b, name: spec.Name, started: time.Now()}
	p.alive, p.die = context.WithCancel(context.Background())
	b.processes[p.name] = p
	b.started[p.name] = append(b.started[p.name], time.Since(b.began).String())
	return p, nil
}

func (p *fakeProcess) ready() error {
	takes, special := p.bench.takes[p.name]
	if !special {
		takes = time.Second
	}
	if time.Since(p.started) < takes {
		return errors.New("not yet")
	}
	return nil
}

func (p *fakeProcess) Await(ctx context.Context, probe func(context.Context) error) error {
	for probe(ctx) != nil {
		select {
		case <-p.Done():
			return fmt.Errorf("start %s: %w", p.name, proc.ErrExited)
		case <-ctx.Done():
			return fmt.Errorf("start %s: %w", p.name, ctx.Err())
		case <-time.After(time.Second / 4):
		}
	}
	return nil
}

func (p *fakeProcess) Stop(context.Context) error {
	p.bench.mu.Lock()
	defer p.bench.mu.Unlock()
	p.bench.stopped = append(p.bench.stopped, p.name)
	if err := p.bench.stopFails[p.name]; err != nil {
		return err
	}
	p.die()
	return nil
}

func (p *fakeProcess) PID() int                    { return 0 }
func (p *fakeProcess) Done() <-chan struct{}       { return p.alive.Done() }
func (p *fakeProcess) Exit() proc.Exit             { return proc.Exit{Code: 1} }
func (p *fakeProcess) Tail(int) string             { return "the last line of " + p.name }
func (p *fakeProcess) Signal(syscall.Signal) error { return nil }

// onBench runs a test in a time of its own, and ends what it has started.
func onBench(t *testing.T, test func(*testing.T, *bench)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(service.Layout{Home: t.TempDir()})
		test(t, b)
		clear(b.stopFails)
		if err := b.Down(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// Each service is started as soon as what it needs is ready, and not before.
func TestServicesStartAfterWhatTheyNeed(t *testing.T) {
	onBench(t, func(t *testing.T, b *bench) {
		if err := b.up(t.Context()); err != nil {
			t.Fatal(err)
		}
		want := map[string][]string{
			Primary: {"0s"}, Prometheus: {"0s"}, NodeExporter: {"0s"},
			Replica: {"1s"}, PostgresExporter: {"1s"}, Grafana: {"1s"},
			PgBouncer: {"2s"}, service.Pgpool: {"2s"}, ReplicaExporter: {"2s"},
			BouncerExporter: {"3s"}, service.FaultProxy: {"1s"}, // which leads to the primary
			App: {"3s"},
		}
		if !maps.EqualFunc(b.started, want, slices.Equal) {
			t.Errorf("the services were started at %v; want %v", b.started, want)
		}
		if err := b.up(t.Context()); err != nil || time.Since(b.began) != 4*time.Second {
			t.Errorf("to start what is ready took until %s: %v", time.Since(b.began), err)
		}
	})
}

// One service that does not start ends the start of the others, and is named.
func TestServiceThatDoesNotStartEndsTheOthers(t *testing.T) {
	onBench(t, func(t *testing.T, b *bench) {
		b.takes[Prometheus] = 10 * time.Second
		time.AfterFunc(3*time.Second/2, func() { b.process(Replica).die() })
		err := b.up(t.Context())
		if !errors.Is(err, proc.ErrExited) || !strings.HasPrefix(err.Error(), "start replica: ") {
			t.Errorf("the start fails with %v", err)
		}
		if took := time.Since(b.began); took > 2*time.Second {
			t.Errorf("the start fails after %s", took)
		}
		for _, name := range []string{PgBouncer, ReplicaExporter, BouncerExporter, App, Grafana} {
			if b.started[name] != nil {
				t.Errorf("%s was started, without what it needs", name)
			}
		}
		// The next start makes up for it. Prometheus never became ready, and begins anew.
		again := time.Since(b.began).String()
		if err := b.up(t.Context()); err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string][]string{
			Primary: {"0s"}, NodeExporter: {"0s"}, Replica: {"1s", again}, Prometheus: {"0s", again},
		} {
			if !slices.Equal(b.started[name], want) {
				t.Errorf("%s was started at %v; want %v", name, b.started[name], want)
			}
		}
		deaths, _ := b.members.told()
		if len(deaths) != 1 || deaths[0].Service != Replica || deaths[0].Log != "the last line of replica" {
			t.Errorf("the deaths are %+v; want the replica's alone", deaths)
		}
	})
}

// A service that is never ready is given up, and the next start begins it anew.
func TestServiceThatIsNeverReady(t *testing.T) {
	onBench(t, func(t *testing.T, b *bench) {
		b.takes[PgBouncer] = time.Hour
		err := b.up(t.Context())
		if !errors.Is(err, context.DeadlineExceeded) || !strings.HasPrefix(err.Error(), "start pgbouncer: ") {
			t.Errorf("the start fails with %v", err)
		}
		if took := time.Since(b.began); took != 2*time.Second+readyTimeout {
			t.Errorf("the start fails after %s", took)
		}
		if b.members.isReady(PgBouncer) || !b.members.isReady(Primary) {
			t.Error("the pooler is ready, or the primary is not")
		}
		delete(b.takes, PgBouncer)
		if err := b.up(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got, want := b.started[PgBouncer], []string{"2s", "1m2s"}; !slices.Equal(got, want) {
			t.Errorf("the pooler was started at %v; want %v", got, want)
		}
		if !slices.Equal(b.stopped, []string{PgBouncer}) {
			t.Errorf("%v were stopped; want the pooler alone", b.stopped)
		}
	})
}

// What has died is started again, and nothing else is.
func TestServiceThatDiedIsStartedAgain(t *testing.T) {
	onBench(t, func(t *testing.T, b *bench) {
		if err := b.up(t.Context()); err != nil {
			t.Fatal(err)
		}
		b.process(NodeExporter).die()
		synctest.Wait()
		if err := errors.Join(b.stop(t.Context(), App), b.up(t.Context())); err != nil {
			t.Fatal(err)
		}
		for name, times := range b.started {
			want := 1
			if name == NodeExporter || name == App {
				want = 2
			}
			if len(times) != want {
				t.Errorf("%s was started %d times; want %d", name, len(times), want)
			}
		}
		if _, died := b.members.told(); !maps.Equal(died, map[string]int{NodeExporter: 1}) {
			t.Errorf("what died unasked is %v; want the exporter alone", died)
		}
	})
}

// Down stops all, from the outside in, whatever cannot be stopped.
func TestDownStopsFromTheOutsideIn(t *testing.T) {
	onBench(t, func(t *testing.T, b *bench) {
		if err := b.up(t.Context()); err != nil {
			t.Fatal(err)
		}
		survives := errors.New("it survives")
		b.stopFails[App] = survives
		if err := b.stop(t.Context(), App); !errors.Is(err, survives) || b.members.isReady(App) {
			t.Errorf("the backend is stopped with %v, and ready: %t", err, b.members.isReady(App))
		}
		b.stopped = nil
		delete(b.stopFails, App)
		b.stopFails[Replica] = survives
		downed := make(chan error)
		go func() { downed <- b.Down(t.Context()) }()
		synctest.Wait()
		b.process(Replica).die() // Down waits for the end of all
		if err := <-downed; !errors.Is(err, survives) {
			t.Errorf("Down returns %v", err)
		}
		if want := append([]string{service.FaultProxy}, service.StopOrder()...); !slices.Equal(b.stopped, want) {
			t.Errorf("the services were stopped in the order %v; want %v", b.stopped, want)
		}
		for _, svc := range b.services() {
			for _, need := range svc.Needs {
				if slices.Contains(helpers, need) {
					continue
				}
				if slices.Index(b.stopped, need) < slices.Index(b.stopped, svc.Name) {
					t.Errorf("%s is stopped before %s, which needs it", need, svc.Name)
				}
			}
		}
	})
}

// A service is prepared for longer than it may take to become ready: on a slow machine the data set takes minutes.
func TestPreparingIsNoPartOfBecomingReady(t *testing.T) {
	for _, tt := range []struct {
		takes time.Duration
		want  error
	}{
		{3 * time.Minute, nil},
		{prepareTimeout + time.Second, context.DeadlineExceeded},
	} {
		onBench(t, func(t *testing.T, b *bench) {
			err := b.startEach(t.Context(), []service.Service{{
				Name: service.Primary,
				Prepare: func(ctx context.Context, _ *service.Env) error {
					select {
					case <-time.After(tt.takes):
						return nil
					case <-ctx.Done():
						return ctx.Err()
					}
				},
				Process: func(*service.Env) proc.Spec { return proc.Spec{} },
				Ready:   func(context.Context, *service.Env) error { return b.process(service.Primary).ready() },
			}})
			if !errors.Is(err, tt.want) {
				t.Errorf("prepared for %s: %v; want %v", tt.takes, err, tt.want)
			}
		})
	}
}

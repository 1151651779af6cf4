package stack

import (
	"context"
	"maps"
	"time"

	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/service"
	"stormwave/lab/internal/setting"
)

// applyTimeout bounds one Apply, restarts of PostgreSQL included.
const applyTimeout = 2 * time.Minute

// Apply brings the stack to the settings of a cell and returns what is really set
// then, read back from the live programs. The backend and the pooler are always
// started anew, PostgreSQL only for a setting that needs it, and whatever has
// died or does not answer is brought back.
func (s *Stack) Apply(ctx context.Context, settings matrix.Settings, cpus matrix.CPUs) (setting.Reading, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, applyTimeout)
	defer cancel()
	return s.apply(ctx, s, settings, cpus)
}

// operator does to the services what an Apply and a Quiesce decide. A Stack does it to real ones.
type operator interface {
	stopSilent(context.Context) error                // stops what runs but does not answer
	stop(ctx context.Context, names ...string) error // in the given order
	start(ctx context.Context, names ...string) error
	startAll(context.Context) error // the helpers of faults included
	awaitReady(ctx context.Context, name string) error
	runs(name string) bool

	assume(matrix.Settings)                      // with these, all but the servers are started from now on
	TryConf(context.Context, service.GUCs) error // says what a server would not start with, before it is stopped
	WritePostgresConf(server string) error
	Reload(ctx context.Context, server string) (restart bool, err error)
	CatchUp(context.Context) error
	SetRoleLimits(context.Context, matrix.Settings) error
	drain(ctx context.Context, server string) error        // waits for the end of the backend's sessions
	lookForCrash(ctx context.Context, server string) error // notes one as a death

	undoFaults(context.Context) error
	inject(context.Context) error
	noteGenerations(context.Context) error
	readBack(context.Context) (setting.Reading, error)
}

// applier decides what is done, and in which order, to bring the services from cell to
// cell. Its fields are what one Apply leaves to the next, wherever it was cut off.
type applier struct {
	with        *service.Config // that services are started with
	halfApplied bool            // the servers may run with another configuration
}

func (a *applier) apply(
	ctx context.Context, op operator, settings matrix.Settings, cpus matrix.CPUs,
) (setting.Reading, error) {
	none := setting.Reading{}
	if err := op.stopSilent(ctx); err != nil {
		return none, err
	}
	if err := op.stop(ctx, service.PerCell()...); err != nil {
		return none, err
	}
	if !maps.Equal(a.with.CPUs, cpus) {
		// What runs elsewhere than it should is started anew.
		if err := op.stop(ctx, service.StopOrder()...); err != nil {
			return none, err
		}
		a.with.CPUs = maps.Clone(cpus) // not before all is stopped: what was left would stay where it is
	}
	if err := op.start(ctx, service.Servers...); err != nil {
		return none, err
	}
	if err := op.undoFaults(ctx); err != nil {
		return none, err
	}
	op.assume(maps.Clone(settings)) // only now: the faults were those of the cell before
	if err := a.configure(ctx, op, service.GUCsOf(settings)); err != nil {
		return none, err
	}
	if err := op.SetRoleLimits(ctx, settings); err != nil {
		return none, err
	}
	if err := op.inject(ctx); err != nil {
		return none, err
	}
	if err := op.startAll(ctx); err != nil {
		return none, err
	}
	if err := op.noteGenerations(ctx); err != nil {
		return none, err
	}
	return op.readBack(ctx)
}

// assume makes these the settings that all but the servers are started with.
func (s *Stack) assume(settings matrix.Settings) {
	s.tell(func() { s.Settings = settings })
}

// configure brings both servers to the settings of a cell. A standby that allows less than
// its primary has pauses its replay, or does not start. So the replica comes first, with as
// much as the primary is to have and not less than it had itself, which is what the primary
// may have had. It is given the cell's own once the primary has that.
func (a *applier) configure(ctx context.Context, op operator, wanted service.GUCs) error {
	if !a.halfApplied && maps.Equal(a.with.Conf[service.Primary], wanted) {
		return nil
	}
	if err := op.TryConf(ctx, wanted); err != nil {
		return err // nothing was touched
	}
	a.halfApplied = true
	if err := a.renew(ctx, op, service.Replica, wanted.Covering(a.with.Conf[service.Replica])); err != nil {
		return err
	}
	if err := a.renew(ctx, op, service.Primary, wanted); err != nil {
		return err
	}
	if !maps.Equal(a.with.Conf[service.Replica], wanted) {
		if err := op.CatchUp(ctx); err != nil { // the replica must have seen that the primary has less
			return err
		}
		if err := a.renew(ctx, op, service.Replica, wanted); err != nil {
			return err
		}
	}
	if err := op.awaitReady(ctx, service.Replica); err != nil {
		return err
	}
	a.halfApplied = false
	return nil
}

// renew gives a server another configuration, and restarts it where a setting asks for
// that. If this fails, the server is next started with the one that it had, which works.
func (a *applier) renew(ctx context.Context, op operator, server string, to service.GUCs) (err error) {
	had := a.with.Conf[server]
	a.with.Conf[server] = to
	defer func() {
		if err != nil {
			a.with.Conf[server] = had
		}
	}()
	if err := op.WritePostgresConf(server); err != nil {
		return err
	}
	restart, err := op.Reload(ctx, server)
	if err != nil || !restart {
		return err
	}
	if err := op.stop(ctx, server); err != nil {
		return err
	}
	return op.start(ctx, server)
}

package stack

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"time"

	"stormwave/lab/internal/matrix"
)

// applyTimeout bounds one Apply, restarts of PostgreSQL included.
const applyTimeout = 2 * time.Minute

// Apply brings the stack to the settings of a cell and returns what is really set
// then, read back from the live programs. The backend and the pooler are always
// started anew, PostgreSQL only for a setting that needs it, and whatever has
// died or does not answer is brought back.
func (s *Stack) Apply(ctx context.Context, settings matrix.Settings, cpus matrix.CPUs) (matrix.Settings, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, applyTimeout)
	defer cancel()
	return s.apply(ctx, s, settings, cpus)
}

// operator does to the services what an Apply decides. A Stack does it to real ones.
type operator interface {
	stopSilent(context.Context) error                // stops what runs but does not answer
	stop(ctx context.Context, names ...string) error // in the given order
	start(ctx context.Context, names ...string) error
	startAll(context.Context) error // the helpers of faults included
	awaitReady(ctx context.Context, name string) error

	assume(matrix.Settings) // with these, services are started from now on
	writePostgresConf(server string) error
	reload(ctx context.Context, server string) (restart bool, err error)
	catchUp(context.Context) error
	setRoleLimits(context.Context, matrix.Settings) error

	relent(context.Context) error
	inject(context.Context) error
	noteGenerations(context.Context) error
	attest(context.Context) (matrix.Settings, error)
}

// applier decides what is done, and in which order, to bring the services from cell to
// cell. Its fields are what one Apply leaves to the next.
type applier struct {
	applied     matrix.Settings // of the cell that was begun last
	cpus        matrix.CPUs     // that services are started on
	halfApplied bool            // the configuration of the servers may be that of no cell
}

func (a *applier) apply(
	ctx context.Context, op operator, settings matrix.Settings, cpus matrix.CPUs,
) (matrix.Settings, error) {
	if err := op.stopSilent(ctx); err != nil {
		return nil, err
	}
	if err := op.stop(ctx, App, PgBouncer); err != nil {
		return nil, err
	}
	if !maps.Equal(a.cpus, cpus) {
		// What runs elsewhere than it should is started anew.
		a.cpus = maps.Clone(cpus)
		if err := op.stop(ctx, stopOrder...); err != nil {
			return nil, err
		}
	}
	if err := op.start(ctx, Primary, Replica); err != nil {
		return nil, err
	}
	if err := op.relent(ctx); err != nil {
		return nil, err
	}
	// Only now: what has died comes back as it was, for a standby with fewer connections
	// than its primary does not start.
	previous := a.applied
	a.applied = maps.Clone(settings)
	op.assume(a.applied)
	if err := a.applyGUCs(ctx, op, previous); err != nil {
		return nil, err
	}
	if err := op.setRoleLimits(ctx, settings); err != nil {
		return nil, err
	}
	if err := op.inject(ctx); err != nil {
		return nil, err
	}
	if err := op.startAll(ctx); err != nil {
		return nil, err
	}
	if err := op.noteGenerations(ctx); err != nil {
		return nil, err
	}
	return op.attest(ctx)
}

// assume makes these the settings that services are started with.
func (s *Stack) assume(settings matrix.Settings) {
	s.tell(func() { s.settings = settings })
}

// applyGUCs writes the configuration of both servers, reloads it, and restarts
// them where a setting asks for it.
func (a *applier) applyGUCs(ctx context.Context, op operator, previous matrix.Settings) error {
	if !a.halfApplied && slices.Equal(overlay(defaultGUCs, previous, matrix.PostgresPrefix),
		overlay(defaultGUCs, a.applied, matrix.PostgresPrefix)) {
		return nil
	}
	a.halfApplied = true
	order := []string{Primary, Replica}
	if maxConnections(a.applied) > maxConnections(previous) {
		// A standby must allow at least as many connections as its primary.
		order = []string{Replica, Primary}
	}
	for _, server := range order {
		if err := op.writePostgresConf(server); err != nil {
			return err
		}
		restart, err := op.reload(ctx, server)
		if err != nil {
			return err
		}
		if !restart {
			continue
		}
		if server == Replica && order[0] == Primary {
			if err := op.catchUp(ctx); err != nil { // it must have seen the lower value first
				return err
			}
		}
		if err := op.stop(ctx, server); err != nil {
			return err
		}
		if err := op.start(ctx, server); err != nil {
			return err
		}
	}
	if err := op.awaitReady(ctx, Replica); err != nil {
		return err
	}
	a.halfApplied = false
	return nil
}

func maxConnections(settings matrix.Settings) int {
	for _, guc := range overlay(defaultGUCs, settings, matrix.PostgresPrefix) {
		if guc.Name == "max_connections" {
			n, _ := strconv.Atoi(guc.Value)
			return n
		}
	}
	return 0
}

// Package store keeps users, sessions and posts in PostgreSQL.
//
// Every query acquires its own connection: first the wait for it is bounded and
// measured, then the query. What fails is a *Error, but ErrNotFound.
package store

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/semaphore"

	"stormwave/app/contract"
	"stormwave/app/internal/telemetry"
)

// Store is the connections to the primary and, if there is one, the replica.
type Store struct {
	primary  *pool
	replica  *replica            // nil: reads go to the primary
	fallback *semaphore.Weighted // of reads that the primary takes for the replica; nil: no bound
	written  *written
	reads    *telemetry.Reads
}

// Open makes the pools. It connects to nothing unless cfg.PoolMin asks for it, and
// then in the background: Ready tells when that is done.
func Open(ctx context.Context, cfg contract.Settings, metrics *telemetry.Metrics) (*Store, error) {
	s := &Store{written: newWritten(), reads: metrics.Reads()}
	if cfg.ReplicaFallback > 0 {
		s.fallback = semaphore.NewWeighted(int64(cfg.ReplicaFallback))
	}
	var err error
	if s.primary, err = openPool(ctx, contract.TargetPrimary, cfg.PrimaryURL, cfg, metrics); err != nil {
		return nil, err
	}
	if cfg.ReplicaURL != "" {
		p, err := openPool(ctx, contract.TargetReplica, cfg.ReplicaURL, cfg, metrics)
		if err != nil {
			return nil, errors.Join(err, s.Close(ctx))
		}
		s.replica = watchReplica(p, cfg, metrics.Replica())
	}
	return s, nil
}

// Close closes all connections. It returns an error if some were still in use
// when ctx ended; they are then left to the end of the process.
func (s *Store) Close(ctx context.Context) error {
	done := make(chan struct{})
	go func() { // pgxpool waits for its last connection without a limit
		defer close(done)
		if s.replica != nil {
			s.replica.close()
		}
		for _, p := range s.pools() {
			p.conns.Close()
		}
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("close pools: connections are still in use: %w", context.Cause(ctx))
	}
}

// Ready returns nil when the primary answers and every pool holds its minimum. A
// replica that is gone does not count: without it the backend still serves.
func (s *Store) Ready(ctx context.Context) error {
	var one int
	if err := s.primary.patient().queryRow(ctx, &ping, []any{&one}); err != nil {
		return err
	}
	errs := []error{s.primary.patient().warm(ctx)}
	if s.replica != nil {
		switch {
		case !s.replica.ready():
			errs = append(errs, errors.New("replica: not looked at yet"))
		case s.replica.refused() == "":
			errs = append(errs, s.replica.pool.patient().warm(ctx))
		}
	}
	return errors.Join(errs...)
}

// States asks a live session of each pool about itself, by target.
func (s *Store) States(ctx context.Context) (map[string]contract.Pool, error) {
	states := map[string]contract.Pool{}
	for _, p := range s.pools() {
		var st contract.Pool
		dest := []any{&st.ServerVersion, &st.InRecovery, &st.StatementTimeout, &st.LockTimeout}
		err := p.patient().queryRow(ctx, &selectState, dest)
		if err != nil {
			return nil, err
		}
		stat := p.conns.Stat()
		st.MaxConns, st.TotalConns = stat.MaxConns(), stat.TotalConns()
		st.SSLMode = sslMode(p.conns.Config().ConnConfig)
		states[p.target] = st
	}
	return states, nil
}

func (s *Store) pools() []*pool {
	if s.replica != nil {
		return []*pool{s.primary, s.replica.pool}
	}
	return []*pool{s.primary}
}

package stack

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"stormwave/lab/internal/service"
)

// drainTimeout bounds how long the backend's sessions may take to end.
const drainTimeout = 30 * time.Second

// endTimeout bounds how long it may take until it is known that a server has ended.
const endTimeout = 2 * time.Second

// Quiesce ends the load's traces after a trial: it stops the backend and the
// pooler, and waits until none of their sessions is left on a server. A backend
// process of PostgreSQL that ends has told all its statistics; one that idles may
// hold back those of its last second for ten more.
func (s *Stack) Quiesce(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, drainTimeout)
	defer cancel()
	return quiesce(ctx, s)
}

func quiesce(ctx context.Context, op operator) error {
	if err := op.undoFaults(ctx); err != nil {
		return err
	}
	if err := op.stop(ctx, service.PerCell()...); err != nil {
		return err
	}
	for _, server := range service.Servers {
		if !op.runs(server) {
			continue // it has ended, and its sessions with it
		}
		err := errors.Join(op.drain(ctx, server), op.lookForCrash(ctx, server))
		if err != nil && !hasEnded(op, server) {
			return err
		}
	}
	return nil
}

// hasEnded says whether a server that does not answer has ended. Its connections break at once; that it has ended is
// known when nothing of it is left.
func hasEnded(op operator, server string) bool {
	for deadline := time.Now().Add(endTimeout); op.runs(server); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			return false
		}
	}
	return true
}

func (s *Stack) drain(ctx context.Context, server string) error {
	conn, err := s.Admin(ctx, server)
	if err != nil {
		return err
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		var left int
		err := conn.QueryRow(ctx, "SELECT count(*) FROM pg_stat_activity WHERE usename = $1", service.AppRole).Scan(&left)
		if err != nil {
			return fmt.Errorf("count sessions on %s: %w", server, err)
		}
		if left == 0 {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("wait for the backend's sessions to end: %d are left on %s; "+
				"see `lab psql %s -- -c 'table pg_stat_activity'`", left, server, server)
		}
	}
}

// Reset brings both servers to the same state before each trial: what a load wrote
// removed, statement statistics empty, nothing left to write, the replica caught up, the data set in
// shared buffers. It returns what the data set holds, as the backend tells it apart.
func (s *Stack) Reset(ctx context.Context) (dataset string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, applyTimeout)
	defer cancel()
	primary, err := s.Admin(ctx, service.Primary)
	if err != nil {
		return "", err
	}
	if err := s.removeWritten(ctx, primary); err != nil {
		return "", err
	}
	if _, err := primary.Exec(ctx, "CHECKPOINT"); err != nil {
		return "", fmt.Errorf("checkpoint: %w", err)
	}
	if err := s.CatchUp(ctx); err != nil {
		return "", err
	}
	if err := primary.QueryRow(ctx, s.Backend.Reset.Proof).Scan(&dataset); err != nil {
		return "", fmt.Errorf("check data set: %w", err)
	}
	var errs []error
	for _, server := range service.Servers {
		conn, err := s.Admin(ctx, server)
		if err != nil {
			return "", err
		}
		for _, sql := range []string{prewarmSQL, "SELECT pg_stat_statements_reset()"} {
			if _, err := conn.Exec(ctx, sql); err != nil {
				errs = append(errs, fmt.Errorf("reset %s: %w", server, err))
			}
		}
	}
	return dataset, errors.Join(append(errs, s.Layout.SyncData(ctx))...)
}

// database is what removeWritten needs of a connection.
type database interface {
	Begin(context.Context) (pgx.Tx, error)
	Exec(ctx context.Context, sql string, arguments ...any) (pgconn.CommandTag, error)
}

// removeWritten removes what a load has written, and the room that it took. To give back the room cannot be done in
// the same transaction: where it was cut off, it is owed to the next Reset.
func (s *Stack) removeWritten(ctx context.Context, primary database) error {
	state := s.Backend.Reset
	if state.Remove == "" {
		return nil
	}
	err := pgx.BeginFunc(ctx, primary, func(tx pgx.Tx) error {
		removed, err := tx.Exec(ctx, state.Remove)
		if err != nil || removed.RowsAffected() == 0 {
			return err
		}
		s.untidy = true // before the commit: who is cut off in it does not know what became of it
		if state.Restart != "" {
			_, err = tx.Exec(ctx, state.Restart)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("remove what was written: %w", err)
	}
	if !s.untidy {
		return nil
	}
	for _, sql := range state.Tidy {
		if _, err := primary.Exec(ctx, sql); err != nil {
			return fmt.Errorf("remove what was written: %w", err)
		}
	}
	s.untidy = false
	return nil
}

// prewarmSQL loads the tables and indexes of the backend into shared buffers.
const prewarmSQL = `SELECT sum(pg_prewarm(oid)) FROM pg_class
	WHERE relowner = '` + service.Owner + `'::regrole AND relkind IN ('r', 'i')`

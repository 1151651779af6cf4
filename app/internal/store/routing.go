package store

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"stormwave/app/contract"
)

// Where a statement runs is decided here and nowhere else. Writes go to the primary.
// Reads go to the replica while that answers, is not late and has what the session
// wrote; else to the primary, but not more of them at once than fallback lets
// through: a replica's load must not crush the primary.

// write runs a statement that changes something, and remembers how far the replica
// must have come before it may answer the session's reads.
func (s *Store) write(ctx context.Context, session Token, st *statement, dest []any, args ...any) error {
	if s.replica == nil {
		return s.primary.queryRow(ctx, st, dest, args...)
	}
	var position int64
	err := s.primary.run(ctx, st, func(ctx context.Context, conn *pgxpool.Conn) error {
		if err := conn.QueryRow(ctx, st.sql, args...).Scan(dest...); err != nil {
			return err
		}
		// The write is done, whatever becomes of this question.
		if conn.QueryRow(ctx, selectPosition.sql).Scan(&position) != nil {
			position = unknownPosition
		}
		return nil
	})
	if err == nil {
		s.written.wrote(session, position, s.replica.horizon())
	}
	return err
}

// unknownPosition is one that no replica ever reaches.
const unknownPosition = math.MaxInt64

// read runs a read where it may be answered. run may be called several times, until
// one succeeds.
func (s *Store) read(ctx context.Context, session Token, run func(*pool) error) error {
	if s.replica == nil {
		return s.answered(s.primary, run(s.primary))
	}
	why := s.refused(ctx, session)
	if why == "" {
		err := run(s.replica.pool)
		if isConflict(err) {
			err = run(s.replica.pool)
		}
		switch {
		case isConflict(err):
			why = contract.FallbackConflict
		case isGone(err):
			why = contract.FallbackFailed
			s.replica.broke()
		default:
			return s.answered(s.replica.pool, err)
		}
	}
	return s.fallBack(ctx, why, run)
}

// refused says why the replica may not answer a read of the session, "" if it may.
func (s *Store) refused(ctx context.Context, session Token) string {
	if why := s.replica.refused(); why != "" {
		return why
	}
	if !s.replica.await(ctx, s.written.last(session, s.replica.horizon()).position) {
		return contract.FallbackSession
	}
	return ""
}

// fallBack runs a read on the primary for the replica, when its turn has come: it
// waits for that no longer than for a connection.
func (s *Store) fallBack(ctx context.Context, why string, run func(*pool) error) error {
	s.reads.FellBack(why)
	if s.fallback != nil {
		waiting, cancel := s.primary.acquireContext(ctx)
		defer cancel()
		if err := s.fallback.Acquire(waiting, 1); err != nil {
			return s.primary.failure(waiting, &awaitFallback, err)
		}
		defer s.fallback.Release(1)
	}
	return s.answered(s.primary, run(s.primary))
}

// answered counts a read that has an answer.
func (s *Store) answered(p *pool, err error) error {
	if err == nil || errors.Is(err, ErrNotFound) {
		s.reads.Answered(p.target)
	}
	return err
}

// Session returns whose unexpired session has the token with that hash, or
// ErrNotFound. The primary has the last word on one that the replica does not know:
// it may have begun before this process did.
func (s *Store) Session(ctx context.Context, token Token) (Session, error) {
	session := Session{token: token}
	look := func(p *pool) error {
		return p.queryRow(ctx, &selectSession, []any{&session.User}, token[:])
	}
	asked := ""
	err := s.read(ctx, token, func(p *pool) error {
		asked = p.target
		return look(p)
	})
	if errors.Is(err, ErrNotFound) && asked == contract.TargetReplica {
		err = s.fallBack(ctx, contract.FallbackSession, look)
	}
	return session, err
}

// isConflict says whether the replica has cancelled a read for the sake of replay.
func isConflict(err error) bool {
	failed, ok := errors.AsType[*Error](err)
	return ok && failed.State == "40001"
}

// isGone says whether a read failed because its server, or the way to it, went away.
// That it has too much to do is no such reason: its load would go over to the primary.
func isGone(err error) bool {
	failed, ok := errors.AsType[*Error](err)
	if !ok {
		return false
	}
	switch failed.State {
	case contract.StateConnect, contract.StateNetwork, "57P01", "57P02", "57P03",
		"08000", "08001", "08003", "08004", "08006":
		return true
	case poolerError:
		pooler, ok := errors.AsType[*pgconn.PgError](failed.err)
		return ok && slices.ContainsFunc(lostServer, func(text string) bool {
			return strings.Contains(pooler.Message, text)
		})
	}
	return false
}

// poolerError is the SQLSTATE of all that PgBouncer itself refuses. lostServer are parts of its messages when it
// cannot reach the server; the others (query_wait_timeout, no more connections allowed) tell of too much to do.
const poolerError = "08P01"

var lostServer = []string{
	"server login", "server_login", "cannot connect to server", "server conn crashed", "server shutting down",
}

package store

import (
	"context"
	"errors"
)

// Where a statement runs is decided here and nowhere else.

// writer is the pool that takes writes, and reads that must see the last of them.
func (s *Store) writer() *pool { return s.primary }

// reader is the pool that takes the workload's reads.
func (s *Store) reader() *pool {
	if s.replica != nil {
		return s.replica
	}
	return s.primary
}

// SessionUser returns the user whose unexpired session has the token with that
// hash, or ErrNotFound. Right after a log-in the replica may not have the session
// yet, so the primary has the last word on an unknown one.
func (s *Store) SessionUser(ctx context.Context, tokenHash []byte) (int64, error) {
	user, err := s.reader().session(ctx, tokenHash)
	if s.replica != nil && errors.Is(err, ErrNotFound) {
		return s.primary.session(ctx, tokenHash)
	}
	return user, err
}

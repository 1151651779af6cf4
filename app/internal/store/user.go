package store

import (
	"context"
	"time"
)

// CreateUser adds a user and returns its id. A name that is taken is an Error of
// kind Conflict.
func (s *Store) CreateUser(ctx context.Context, name, passwordHash string) (id int64, err error) {
	err = s.primary.queryRow(ctx, &insertUser, []any{&id}, name, passwordHash)
	return id, err
}

// Credential returns a user's id and password hash, or ErrNotFound. It asks the
// primary, for one logs in right after signing up.
func (s *Store) Credential(ctx context.Context, name string) (id int64, passwordHash string, err error) {
	err = s.primary.queryRow(ctx, &selectCredential, []any{&id, &passwordHash}, name)
	return id, passwordHash, err
}

// CreateSession keeps the hash of a user's token for that long, by the database's clock, which also ends it, and
// returns when that is.
func (s *Store) CreateSession(
	ctx context.Context, user int64, token Token, life time.Duration,
) (expires time.Time, err error) {
	err = s.write(ctx, token, &insertSession, []any{&expires}, user, token[:], life.Seconds())
	return expires, err
}

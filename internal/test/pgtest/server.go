//go:build services

// Package pgtest runs the tests of a package against a real PostgreSQL that
// nobody has to set up, and, for tests that want them, a streaming standby of it
// and PgBouncer.
package pgtest

import (
	"context"
	"fmt"
	"io"
	"os"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"go.uber.org/goleak"
)

// MaxConnections is the server's max_connections; superusers keep Reserved of them.
const (
	MaxConnections = 20
	Reserved       = 3
)

const (
	startTimeout = 30 * time.Second
	stopTimeout  = 10 * time.Second
)

// database is the one that every URL leads to.
const database = "lab"

// superuser is the role of who may do anything.
const superuser = "postgres"

// primary is the server that Run has started.
var primary *postgres

// Run is the body of a TestMain: it starts PostgreSQL, loads the SQL that schema
// writes, runs the tests, stops all again and returns the exit status. A goroutine
// that outlives the tests fails them.
func Run(m *testing.M, schema func(io.Writer) error) (status int) {
	fail := func(err error) {
		if err != nil {
			fmt.Fprintln(os.Stderr, "pgtest:", err)
			status = 1
		}
	}
	home, err := newPlace()
	if err != nil {
		fail(err)
		return status
	}
	defer func() { fail(os.RemoveAll(home.dir)) }()
	if primary, err = newPrimary(home); err != nil {
		fail(err)
		return status
	}
	defer func() { fail(primary.stop()) }()
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	if err := primary.setUp(ctx, schema); err != nil {
		fail(err)
		return status
	}
	before := goleak.IgnoreCurrent()
	if status = m.Run(); status == 0 {
		fail(goleak.Find(before))
	}
	return status
}

// URL returns the URL of the test database for a role: app, owner, or postgres,
// the superuser. The password in it is a test's to look for where it must not be.
func URL(role string) string { return primary.URL(role) }

// Password stands in every URL. The servers trust whoever connects, so it is never checked.
const Password = "pgtest-secret"

func url(role string, port int, database string) string {
	return fmt.Sprintf("postgres://%s:%s@127.0.0.1:%d/%s?sslmode=disable", role, Password, port, database)
}

// Connect opens a connection of its own, which the end of the test closes.
func Connect(t testing.TB, role string) *pgx.Conn {
	t.Helper()
	return primary.Connect(t, role)
}

// LockPosts makes every query on posts wait until the returned function is called.
func LockPosts(t testing.TB) (unlock func()) {
	t.Helper()
	conn := Connect(t, "owner")
	tx, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), "lock table posts in access exclusive mode"); err != nil {
		t.Fatal(err)
	}
	return func() {
		t.Helper()
		if err := tx.Rollback(context.Background()); err != nil {
			t.Error(err)
		}
	}
}

//go:build services

package pgtest

import (
	"context"
	"errors"
	"io"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
)

// postgres is a server of PostgreSQL, the primary or a replica.
type postgres struct {
	*process
	home place
	data string // directory
	port int
}

// newPostgres only says how to run it. Later settings override earlier ones.
func newPostgres(home place, name string, port int, settings ...string) *postgres {
	s := &postgres{home: home, data: filepath.Join(home.dir, name), port: port}
	args := []string{"-D", s.data}
	for _, setting := range append([]string{
		"port=" + strconv.Itoa(port), "listen_addresses=127.0.0.1", "unix_socket_directories=",
		"max_connections=" + strconv.Itoa(MaxConnections), "superuser_reserved_connections=" + strconv.Itoa(Reserved),
		"fsync=off", "full_page_writes=off", "shared_buffers=16MB",
	}, settings...) {
		args = append(args, "-c", setting)
	}
	s.process = &process{
		name: name, log: s.data + ".log",
		command: func() *exec.Cmd {
			return home.confine(exec.Command(filepath.Join(home.bin, "postgres"), args...), syscall.SIGQUIT)
		},
		ready:  func(ctx context.Context) error { return s.answers(ctx) },
		ending: syscall.SIGINT, // fast shutdown
	}
	return s
}

// answers asks for the database that each server has from the start.
func (s *postgres) answers(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, url(superuser, s.port, "postgres"))
	if err != nil {
		return err
	}
	return conn.Close(ctx)
}

// URL returns the URL of the test database on this server, as the function URL
// does for the primary.
func (s *postgres) URL(role string) string { return url(role, s.port, database) }

// Connect opens a connection of its own to this server, which the end of the test closes.
func (s *postgres) Connect(t testing.TB, role string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), s.URL(role))
	if err != nil {
		t.Fatalf("connect to %s as %s: %v", s.name, role, err)
	}
	closeAfter(t, conn)
	return conn
}

// session lends a superuser's connection to f, and closes it at once: a test has few.
func (s *postgres) session(t testing.TB, what string, f func(context.Context, *pgx.Conn) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), startTimeout)
	defer cancel()
	conn, err := pgx.Connect(ctx, s.URL(superuser))
	if err == nil {
		err = errors.Join(f(ctx, conn), conn.Close(ctx))
	}
	if err != nil {
		t.Fatalf("%s: %s: %v", s.name, what, err)
	}
}

func closeAfter(t testing.TB, conn *pgx.Conn) {
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
		defer cancel()
		if err := conn.Close(ctx); err != nil {
			t.Errorf("close connection of %s: %v", conn.Config().User, err)
		}
	})
}

// newPrimary is a server that standbys can follow. They need no slot: it keeps its WAL.
func newPrimary(home place) (*postgres, error) {
	port, err := freePort()
	return newPostgres(home, "primary", port, "wal_level=replica", "max_wal_senders=10", "wal_keep_size=256MB"), err
}

// setUp makes the server, starts it, and loads the SQL that schema writes.
func (s *postgres) setUp(ctx context.Context, schema func(io.Writer) error) error {
	// Trust is for replication, too.
	if err := s.home.run(
		ctx, nil, "initdb", "-D", s.data, "-U", superuser, "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C",
	); err != nil {
		return err
	}
	if err := s.start(ctx); err != nil {
		return err
	}
	roles := "create role owner login; create role app login; create database " + database + " owner owner;"
	if err := s.psql(ctx, superuser, "postgres", strings.NewReader(roles)); err != nil {
		return err
	}
	var sql strings.Builder
	if err := schema(&sql); err != nil {
		return err
	}
	return s.psql(ctx, "owner", database, strings.NewReader(sql.String()))
}

func (s *postgres) psql(ctx context.Context, role, database string, sql io.Reader) error {
	return s.home.run(
		ctx, sql, "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", strconv.Itoa(s.port), "-U", role,
		database,
	)
}

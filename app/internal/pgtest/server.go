// Package pgtest runs the tests of a package against a real PostgreSQL that
// nobody has to set up.
package pgtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
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

// server is the one that Run has started.
var server *postgres

// Run is the body of a TestMain: it starts PostgreSQL, loads the SQL that schema
// writes, runs the tests, stops all again and returns the exit status. A goroutine
// that outlives the tests fails them.
func Run(m *testing.M, schema func(io.Writer) error) (status int) {
	// The server dies with the thread that started it: keep this one.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()

	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	var err error
	if server, err = start(ctx, schema); err != nil {
		fmt.Fprintln(os.Stderr, "pgtest:", err)
		return 1
	}
	defer func() {
		if err := server.stop(); err != nil {
			fmt.Fprintln(os.Stderr, "pgtest:", err)
			status = 1
		}
	}()
	before := goleak.IgnoreCurrent()
	status = m.Run()
	if err := goleak.Find(before); err != nil && status == 0 {
		fmt.Fprintln(os.Stderr, "pgtest:", err)
		status = 1
	}
	return status
}

// URL returns the URL of the test database for a role: app, owner, or postgres,
// the superuser. The password in it is a test's to look for where it must not be.
func URL(role string) string {
	return fmt.Sprintf("postgres://%s:%s@127.0.0.1:%d/lab?sslmode=disable", role, Password, server.port)
}

// Password stands in every URL. The server trusts whoever connects, so it is never checked.
const Password = "pgtest-secret"

// Connect opens a connection of its own, which the end of the test closes.
func Connect(t testing.TB, role string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), URL(role))
	if err != nil {
		t.Fatalf("connect as %s: %v", role, err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
		defer cancel()
		if err := conn.Close(ctx); err != nil {
			t.Errorf("close connection of %s: %v", role, err)
		}
	})
	return conn
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

type postgres struct {
	bin        string // directory of the programs
	dir        string // removed by stop
	port       int
	credential *syscall.Credential // nil: as this process
	cmd        *exec.Cmd
}

// start needs ctx only to come up; stop ends what it returns.
func start(ctx context.Context, schema func(io.Writer) error) (_ *postgres, err error) {
	p := &postgres{}
	if p.bin, err = findBin(); err != nil {
		return nil, err
	}
	if p.dir, err = os.MkdirTemp("", "pgtest-"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.stop())
		}
	}()
	if os.Geteuid() == 0 { // PostgreSQL refuses to run as root
		if err := p.drop(); err != nil {
			return nil, err
		}
	}
	data := filepath.Join(p.dir, "data")
	if err := p.run(ctx, nil, "initdb", "-D", data, "-U", "postgres", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C"); err != nil {
		return nil, err
	}
	if p.port, err = freePort(); err != nil {
		return nil, err
	}
	if err := p.serve(ctx, data); err != nil {
		return nil, err
	}
	roles := strings.NewReader("create role owner login; create role app login; create database lab owner owner;")
	if err := p.psql(ctx, "postgres", "postgres", roles); err != nil {
		return nil, err
	}
	var sql strings.Builder
	if err := schema(&sql); err != nil {
		return nil, err
	}
	return p, p.psql(ctx, "owner", "lab", strings.NewReader(sql.String()))
}

// drop makes the server run as the user postgres.
func (p *postgres) drop() error {
	u, err := user.Lookup("postgres")
	if err != nil {
		return fmt.Errorf("find the user that PostgreSQL runs as: %w", err)
	}
	uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
	gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	p.credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return os.Chown(p.dir, int(uid), int(gid))
}

func (p *postgres) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, filepath.Join(p.bin, name), args...)
	cmd.Dir = p.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: p.credential, Setpgid: true, Pdeathsig: syscall.SIGINT}
	return cmd
}

func (p *postgres) serve(ctx context.Context, data string) error {
	log, err := os.Create(filepath.Join(p.dir, "log"))
	if err != nil {
		return err
	}
	defer log.Close()
	args := []string{"-D", data}
	for _, setting := range []string{
		"port=" + strconv.Itoa(p.port), "listen_addresses=127.0.0.1", "unix_socket_directories=",
		"max_connections=" + strconv.Itoa(MaxConnections), "superuser_reserved_connections=" + strconv.Itoa(Reserved),
		"fsync=off", "synchronous_commit=off", "full_page_writes=off", "shared_buffers=16MB",
	} {
		args = append(args, "-c", setting)
	}
	p.cmd = p.command(context.Background(), "postgres", args...)
	p.cmd.Stdout, p.cmd.Stderr = log, log
	if err := p.cmd.Start(); err != nil {
		return fmt.Errorf("start postgres: %w", err)
	}
	url := fmt.Sprintf("postgres://postgres@127.0.0.1:%d/postgres?sslmode=disable", p.port)
	for {
		conn, err := pgx.Connect(ctx, url)
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-ctx.Done():
			tail, _ := os.ReadFile(log.Name())
			return fmt.Errorf("wait for postgres: %w\n%s", err, tail)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (p *postgres) psql(ctx context.Context, role, database string, sql io.Reader) error {
	return p.run(ctx, sql, "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", strconv.Itoa(p.port), "-U", role, database)
}

// run waits for a program that ends by itself.
func (p *postgres) run(ctx context.Context, stdin io.Reader, name string, args ...string) error {
	cmd := p.command(ctx, name, args...)
	cmd.Stdin = stdin
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("run %s: %w\n%s", name, err, out.String())
	}
	return nil
}

// stop ends the server and removes its directory.
func (p *postgres) stop() error {
	var err error
	if p.cmd != nil && p.cmd.Process != nil {
		err = p.cmd.Process.Signal(syscall.SIGINT) // fast shutdown
		timer := time.AfterFunc(stopTimeout, func() { _ = p.cmd.Process.Kill() })
		defer timer.Stop()
		if werr := p.cmd.Wait(); werr != nil {
			err = errors.Join(err, fmt.Errorf("stop postgres: %w", werr))
		}
	}
	return errors.Join(err, os.RemoveAll(p.dir))
}

// findBin prefers PATH; Debian keeps the servers elsewhere.
func findBin() (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		// A lone link to it does not mean that psql stands beside the link.
		if path, err = filepath.EvalSymlinks(path); err != nil {
			return "", fmt.Errorf("find PostgreSQL: %w", err)
		}
		return filepath.Dir(path), nil
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(found) == 0 {
		return "", errors.New("find PostgreSQL: no initdb on PATH or in /usr/lib/postgresql/*/bin: install postgresql")
	}
	return filepath.Dir(found[len(found)-1]), nil
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}

//go:build services

package pgtest

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
)

// PgBouncer pools connections to the primary and, if it was given one, a replica.
type PgBouncer struct {
	*process
	port int
}

// StartPgBouncer starts a pooler, which the end of the test stops, and returns
// when it answers. It pools by transaction, PoolSize connections a role and
// server; settings, such as "pool_mode=session", override that. replica may be nil.
func StartPgBouncer(t testing.TB, replica *Replica, settings ...string) *PgBouncer {
	t.Helper()
	b, err := newPgBouncer(replica, settings)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.stop(); err != nil {
			t.Error(err)
		}
	})
	b.Start(t)
	return b
}

// PoolSize is PgBouncer's default_pool_size.
const PoolSize = 4

// PgBouncer's databases besides the one that leads to the primary.
const (
	replicaDatabase = database + "_replica"
	consoleDatabase = "pgbouncer"
)

func newPgBouncer(replica *Replica, settings []string) (*PgBouncer, error) {
	home := primary.home
	program, err := findTool("pgbouncer")
	if err == nil && home.credential != nil {
		program, err = copyProgram(program, home)
	}
	if err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	b := &PgBouncer{port: port}
	path := filepath.Join(home.dir, "pgbouncer-"+strconv.Itoa(port))
	b.process = &process{
		name: "pgbouncer", log: path + ".log",
		command: func() *exec.Cmd {
			return home.confine(exec.Command(program, path+".ini"), syscall.SIGQUIT)
		},
		ready: func(ctx context.Context) error {
			conn, err := b.openConsole(ctx)
			if err != nil {
				return err
			}
			return conn.Close(ctx)
		},
		ending: syscall.SIGQUIT, // SIGTERM waits for the clients to go
	}
	users := fmt.Sprintf("%q \"\"\n%q \"\"\n%q \"\"\n", "app", "owner", superuser)
	if err := home.give(path+".users", []byte(users), 0o600); err != nil {
		return nil, err
	}
	return b, home.give(path+".ini", b.configuration(replica, path+".users", settings), 0o600)
}

// configuration puts the test's settings last: PgBouncer heeds the last of a name.
func (b *PgBouncer) configuration(replica *Replica, users string, settings []string) []byte {
	lines := []string{"[databases]", entry(database, primary.port)}
	if replica != nil {
		lines = append(lines, entry(replicaDatabase, replica.port))
	}
	lines = append(lines, "[pgbouncer]",
		"listen_addr=127.0.0.1", "listen_port="+strconv.Itoa(b.port), "unix_socket_dir=",
		"auth_type=trust", "auth_file="+users, "admin_users="+superuser,
		"pool_mode=transaction", "max_client_conn=500", "default_pool_size="+strconv.Itoa(PoolSize),
		"max_prepared_statements=200",
		"server_login_retry=1") // in s; 15 would outlast a test
	return []byte(strings.Join(append(lines, settings...), "\n") + "\n")
}

func entry(name string, port int) string {
	return fmt.Sprintf("%s = host=127.0.0.1 port=%d dbname=%s", name, port, database)
}

// URL returns the URL that leads a role through the pooler to the primary.
func (b *PgBouncer) URL(role string) string { return url(role, b.port, database) }

// ReplicaURL returns the URL that leads a role through the pooler to the replica.
func (b *PgBouncer) ReplicaURL(role string) string { return url(role, b.port, replicaDatabase) }

// Console opens PgBouncer's console, for SHOW POOLS and the like, which the end
// of the test closes.
func (b *PgBouncer) Console(t testing.TB) *pgx.Conn {
	t.Helper()
	conn, err := b.openConsole(t.Context())
	if err != nil {
		t.Fatalf("connect to the console of pgbouncer: %v", err)
	}
	closeAfter(t, conn)
	return conn
}

// openConsole speaks the simple protocol, the only one that the console knows.
func (b *PgBouncer) openConsole(ctx context.Context) (*pgx.Conn, error) {
	config, err := pgx.ParseConfig(url(superuser, b.port, consoleDatabase))
	if err != nil {
		return nil, err
	}
	config.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol
	return pgx.ConnectConfig(ctx, config)
}

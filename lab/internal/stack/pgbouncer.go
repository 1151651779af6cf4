package stack

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"text/template"

	"github.com/jackc/pgx/v5"

	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/stack/proc"
)

//go:embed conf/pgbouncer.ini.tmpl
var pgbouncerConf string

var pgbouncerTemplate = template.Must(template.New("pgbouncer.ini").Option("missingkey=error").Parse(pgbouncerConf))

// replicaDatabase is the pooler's second entry, which leads to the replica.
const replicaDatabase = database + "_replica"

// defaultPooler are PgBouncer settings that a spec may override. The pooler's own
// defaults would end a storm by themselves: 100 clients, 15 s between logins.
var defaultPooler = map[string]string{
	"pool_mode":               "transaction",
	"max_client_conn":         "10000",
	"default_pool_size":       "20",
	"reserve_pool_size":       "0",
	"max_prepared_statements": "200",
	"server_login_retry":      "1",
}

func (s *Stack) pgbouncer() service {
	return service{
		name: PgBouncer, program: "pgbouncer", needs: []string{Primary, Replica},
		prepare: func(ctx context.Context) error { return s.writePgBouncerConf(ctx, s.settings) },
		spec: func() proc.Spec {
			return proc.Spec{
				Name: PgBouncer, Path: s.pgbouncerBinary(), Args: []string{s.pgbouncerFile("ini")}, Env: s.serviceEnv(),
				Dir: s.layout.dataDir(), Log: s.layout.Log(PgBouncer), Account: s.account(),
				CPUs: s.cpus[PgBouncer], StopSignal: syscall.SIGQUIT, // the polite ones wait for clients
				Quota: s.quota(matrix.FaultPgBouncerCPU),
			}
		},
		ready: s.pgbouncerReady,
	}
}

func (s *Stack) pgbouncerFile(ending string) string {
	return filepath.Join(s.layout.dataDir(), "pgbouncer."+ending)
}

// pgbouncerBinary is where the service account can run it from.
func (s *Stack) pgbouncerBinary() string {
	if s.account() == nil {
		return s.tools.Path("pgbouncer")
	}
	return filepath.Join(s.layout.Home, "pgbouncer")
}

func (s *Stack) writePgBouncerConf(ctx context.Context, settings matrix.Settings) error {
	keys := overlay(defaultPooler, settings, matrix.PgBouncerPrefix)
	if valueOf(keys, "min_pool_size") == "" {
		// Warm: as many server connections as it may have.
		keys = append(keys, keyValue{"min_pool_size", valueOf(keys, "default_pool_size")})
	}
	var text strings.Builder
	err := pgbouncerTemplate.Execute(&text, map[string]any{
		"Database": database, "ReplicaDatabase": replicaDatabase,
		"PrimaryPort": portOf(s.addrs[Primary]), "ReplicaPort": portOf(s.addrs[Replica]), "Port": portOf(s.addrs[PgBouncer]),
		"Users": s.pgbouncerFile("users"), "Admin": poolerAdmin, "Monitor": monitorRole, "Keys": keys,
	})
	if err != nil {
		return fmt.Errorf("write configuration of pgbouncer: %w", err)
	}
	if s.account() != nil {
		if err := s.lendPgBouncer(); err != nil {
			return err
		}
	}
	verifier, err := s.verifier(ctx, appRole)
	if err != nil {
		return err
	}
	var users strings.Builder
	for _, user := range [][2]string{{appRole, verifier}, {monitorRole, s.secrets[monitorRole]}, {poolerAdmin, s.secrets[poolerAdmin]}} {
		fmt.Fprintf(&users, "%q %q\n", user[0], user[1])
	}
	if err := s.give(s.pgbouncerFile("users"), users.String()); err != nil {
		return err
	}
	return s.give(s.pgbouncerFile("ini"), text.String())
}

// PoolerFiles is how many files PgBouncer may have open with these settings: one for each
// client, for each connection to a server (two databases, three users), and some of its own.
func PoolerFiles(settings matrix.Settings) uint64 {
	number := func(keys []keyValue, name string) uint64 {
		n, _ := strconv.ParseUint(valueOf(keys, name), 10, 32)
		return n
	}
	keys := overlay(defaultPooler, settings, matrix.PgBouncerPrefix)
	const own = 50
	return number(keys, "max_client_conn") + 6*(number(keys, "default_pool_size")+number(keys, "reserve_pool_size")) + own
}

// lendPgBouncer copies the program to where the service account can run it from.
func (s *Stack) lendPgBouncer() error {
	fresh := s.pgbouncerBinary() + ".new"
	if err := os.Remove(fresh); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("copy pgbouncer: %w", err)
	}
	// A child that is forked while the file is open for writing has it open until it becomes
	// its own program; whoever runs the file meanwhile is told that it is busy (go.dev/issue/22315).
	syscall.ForkLock.RLock()
	err := copyFile(s.tools.Path("pgbouncer"), fresh, 0o700)
	syscall.ForkLock.RUnlock()
	if err != nil {
		return fmt.Errorf("copy pgbouncer: %w", err)
	}
	if err := os.Chmod(fresh, 0o755); err != nil { // whatever the umask is
		return fmt.Errorf("copy pgbouncer: %w", err)
	}
	if err := os.Rename(fresh, s.pgbouncerBinary()); err != nil {
		return fmt.Errorf("copy pgbouncer: %w", err)
	}
	return nil
}

// verifier is the SCRAM secret that the primary keeps of a role's password. With it
// PgBouncer lets the role in, and itself into the servers with what the client's
// proof has shown it; with the password it would derive the secret anew at each
// log-in, thousands of hashes on its one thread.
func (s *Stack) verifier(ctx context.Context, role string) (secret string, err error) {
	conn, err := s.admin(ctx, Primary)
	if err != nil {
		return "", err
	}
	if err := conn.QueryRow(ctx, "SELECT rolpassword FROM pg_authid WHERE rolname = $1", role).Scan(&secret); err != nil {
		return "", fmt.Errorf("read the SCRAM secret of %s: %w", role, err)
	}
	return secret, nil
}

// console opens PgBouncer's admin console, which knows the simple protocol only.
func (s *Stack) console(ctx context.Context) (*pgx.Conn, error) {
	config, err := pgx.ParseConfig(fmt.Sprintf("host=127.0.0.1 port=%s user=%s dbname=pgbouncer sslmode=disable connect_timeout=3", portOf(s.addrs[PgBouncer]), poolerAdmin))
	if err != nil {
		return nil, fmt.Errorf("connect to pgbouncer: %w", err)
	}
	config.Password = s.secrets[poolerAdmin]
	config.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("connect to pgbouncer: %w", err)
	}
	return conn, nil
}

func (s *Stack) pgbouncerReady(ctx context.Context) error {
	conn, err := s.console(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	_, err = conn.Exec(ctx, "SHOW VERSION")
	return err
}

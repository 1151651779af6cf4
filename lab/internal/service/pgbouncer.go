package service

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"text/template"

	"github.com/jackc/pgx/v5"

	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/metric"
	"stormwave/lab/internal/setting"
	"stormwave/lab/internal/stack/proc"
	"stormwave/lab/internal/stack/toolchain"
)

//go:embed conf/pgbouncer.ini.tmpl
var pgbouncerConf string

var pgbouncerTemplate = template.Must(template.New("pgbouncer.ini").Option("missingkey=error").Parse(pgbouncerConf))

// replicaDatabase is the pooler's second entry, which leads to the replica.
const replicaDatabase = Database + "_replica"

// PgBouncer is a pooler of connections, in one thread.
const PgBouncer = "pgbouncer"

var pgbouncerProgram = toolchain.Requirement{
	Name:   "pgbouncer",
	Role:   toolchain.ForLab,
	Min:    toolchain.Version{1, 21}, // older ones can exit under load when queries are cancelled
	Ask:    []string{"--version"},
	Answer: regexp.MustCompile(`^PgBouncer (\S+)`),
	Debian: &toolchain.DebianPackage{Name: "pgbouncer", Service: "pgbouncer"},
	Source: pgbouncerSource,
}

// pgbouncerSource leaves out what the lab does not use: its addresses are numbers, and its
// supervisor is not systemd. libevent is linked in, so that the program runs wherever
// PostgreSQL's own libraries are.
var pgbouncerSource = &toolchain.SourcePackage{
	Name:  "pgbouncer",
	Suite: "trixie",
	Needs: []string{"libevent-dev", "libssl-dev"},
	Script: "./configure --without-cares --without-pam --without-systemd " +
		"LIBEVENT_CFLAGS=' ' LIBEVENT_LIBS='-l:libevent.a -lpthread'\nmake -j2 pgbouncer",
	Result: "pgbouncer",
}

func pgbouncer() Service {
	return Service{
		Name:    PgBouncer,
		Title:   "PgBouncer",
		Program: pgbouncerProgram,
		Needs:   []string{Primary, Replica},
		PerCell: true,
		Pooler:  true,
		Pool: matrix.Pool{
			Threads: 1,
			Size:    "default_pool_size",
			Bounds:  []string{"max_db_connections", "max_user_connections"},
			Least:   "min_pool_size",
			Clients: "max_client_conn",
			Used:    metric.PgBouncerServers.Key(),
			Waiting: metric.PgBouncerWaiting.Key(),
			Wait:    metric.PgBouncerWait.Key(),

			Refusal:  "08P01",
			Serving:  metric.PgBouncerClients.Key(),
			Patience: "query_wait_timeout",
			Idle:     "client_idle_timeout",

			Prepared: "max_prepared_statements",
			Mode:     "pool_mode",
		},
		Quota:    true,
		Settings: pgbouncerFamily,
		Psql: []Psql{
			{Target: PgBouncer, Conninfo: overTCP(AppRole, Database)},
			{Target: "admin", Conninfo: overTCP(poolerAdmin, PgBouncer)},
		},
		Prepare: func(_ context.Context, e *Env) error { return e.writePgBouncerConf(e.Settings) },
		Process: func(e *Env) proc.Spec {
			return proc.Spec{
				Path:       e.pgbouncerBinary(),
				Args:       []string{e.pgbouncerFile("ini")},
				Dir:        e.Layout.dataDir(),
				Account:    e.account(),
				StopSignal: syscall.SIGQUIT, // the polite ones wait for clients
			}
		},
		Ready:     pgbouncerReady,
		ReadBack:  readBackPgBouncer,
		ExecMode:  pgbouncerExecMode,
		Files:     pgbouncerFiles,
		ToReplica: func(u *url.URL) { u.Path = "/" + replicaDatabase },
	}
}

// overTCP is the way to a pooler for a role, without its password.
func overTCP(user, dbname string) func(Layout, string) string {
	return func(_ Layout, addr string) string {
		return loopback(addr, user, dbname)
	}
}

// pgbouncerFamily is of the [pgbouncer] section. The pooler's own defaults would end a storm by themselves: 100
// clients, 15 s between logins.
var pgbouncerFamily = matrix.Family{
	Prefix:  PgBouncer + ".",
	Member:  "<key>",
	Names:   regexp.MustCompile(`^[a-z_]+$`),
	Meaning: "key of PgBouncer's [pgbouncer] section; a boolean in any spelling of PostgreSQL's",
	Defaults: map[string]string{
		"pool_mode":               "transaction",
		"max_client_conn":         "10000",
		"default_pool_size":       "20",
		"reserve_pool_size":       "0",
		"max_prepared_statements": "200",
		"server_login_retry":      "1",
	},
	Types: pgbouncerTypes(),
	Texts: strings.Fields(pgbouncerTexts),
	Refused: []matrix.Refusal{
		{
			Names: regexp.MustCompile(`^(.*file|resolv_conf|syslog.*)$`),
			Why:   "the lab chooses the files",
		},
		{
			Names: regexp.MustCompile(`^(listen_.*|unix_socket_.*|auth_.*|admin_users|stats_users|user|service_name|` +
				`job_name|.*_tls_.*)$`),
			Why: "the lab chooses where it listens and who gets in",
		},
	},
}

func (e *Env) pgbouncerFile(ending string) string {
	return filepath.Join(e.Layout.dataDir(), "pgbouncer."+ending)
}

// pgbouncerBinary is where the service account can run it from.
func (e *Env) pgbouncerBinary() string {
	if e.account() == nil {
		return e.Tools.Path("pgbouncer")
	}
	return filepath.Join(e.Layout.Home, "pgbouncer")
}

func (e *Env) writePgBouncerConf(settings matrix.Settings) error {
	keys := overlay(pgbouncerFamily, settings)
	if valueOf(keys, "min_pool_size") == "" {
		// Warm: as many server connections as it may have.
		keys = append(keys, keyValue{"min_pool_size", valueOf(keys, "default_pool_size")})
	}
	var text strings.Builder
	err := pgbouncerTemplate.Execute(&text, map[string]any{
		"Database":        Database,
		"ReplicaDatabase": replicaDatabase,
		"PrimaryPort":     portOf(e.Addrs[Primary]),
		"ReplicaPort":     portOf(e.Addrs[Replica]),
		"Port":            portOf(e.Addrs[PgBouncer]),
		"Users":           e.pgbouncerFile("users"),
		"Admin":           poolerAdmin,
		"Monitor":         monitorRole,
		"Keys":            keys,
	})
	if err != nil {
		return fmt.Errorf("write configuration of pgbouncer: %w", err)
	}
	if e.account() != nil {
		if err := e.lendPgBouncer(); err != nil {
			return err
		}
	}
	// With the verifier PgBouncer lets the role in, and itself into the servers with what the client's proof has shown
	// it. With the password it would derive the verifier at each log-in, thousands of hashes on its one thread.
	var users strings.Builder
	for _, user := range [][2]string{
		{AppRole, e.verifiers[AppRole]},
		{monitorRole, e.secrets[monitorRole]},
		{poolerAdmin, e.secrets[poolerAdmin]},
	} {
		fmt.Fprintf(&users, "%q %q\n", user[0], user[1])
	}
	if err := e.give(e.pgbouncerFile("users"), users.String()); err != nil {
		return err
	}
	return e.give(e.pgbouncerFile("ini"), text.String())
}

// pgbouncerFiles counts one file for each client, one for each connection to a server (two databases, three users),
// and some of its own.
func pgbouncerFiles(settings matrix.Settings) (most uint64, bound string) {
	keys := overlay(pgbouncerFamily, settings)
	number := func(name string) uint64 {
		n, _ := strconv.ParseUint(valueOf(keys, name), 10, 32)
		return n
	}
	const own = 50
	servers := number("default_pool_size") + number("reserve_pool_size")
	return number("max_client_conn") + 6*servers + own, pgbouncerFamily.Prefix + "max_client_conn"
}

// pgbouncerExecMode is the fastest that works. A transaction pooler gives each transaction another
// connection, on which a prepared statement is known only if the pooler keeps track
// of it, which PgBouncer does from 1.21 on, unless it is told not to.
func pgbouncerExecMode(e *Env, settings matrix.Settings) string {
	keys := overlay(pgbouncerFamily, settings)
	tracks := tracksPrepared(e.Tools["pgbouncer"].Version) && valueOf(keys, "max_prepared_statements") != "0"
	if tracks || valueOf(keys, "pool_mode") == "session" {
		return cacheStatement
	}
	return cacheDescribe
}

// tracksPrepared says whether that PgBouncer knows of prepared statements.
func tracksPrepared(version string) bool {
	v, err := toolchain.ParseVersion(version)
	return err == nil && !v.Less(toolchain.Version{1, 21})
}

// lendPgBouncer copies the program to where the service account can run it from.
func (e *Env) lendPgBouncer() error {
	fresh := e.pgbouncerBinary() + ".new"
	if err := os.Remove(fresh); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("copy pgbouncer: %w", err)
	}
	// A child that is forked while the file is open for writing has it open until it becomes
	// its own program; whoever runs the file meanwhile is told that it is busy (go.dev/issue/22315).
	syscall.ForkLock.RLock()
	err := copyFile(e.Tools.Path("pgbouncer"), fresh, 0o700)
	syscall.ForkLock.RUnlock()
	if err != nil {
		return fmt.Errorf("copy pgbouncer: %w", err)
	}
	if err := os.Chmod(fresh, 0o755); err != nil { // whatever the umask is
		return fmt.Errorf("copy pgbouncer: %w", err)
	}
	if err := os.Rename(fresh, e.pgbouncerBinary()); err != nil {
		return fmt.Errorf("copy pgbouncer: %w", err)
	}
	return nil
}

// console opens PgBouncer's admin console, which knows the simple protocol only.
func (e *Env) console(ctx context.Context) (*pgx.Conn, error) {
	config, err := parse(loopback(e.Addrs[PgBouncer], poolerAdmin, PgBouncer))
	if err != nil {
		return nil, fmt.Errorf("connect to pgbouncer: %w", err)
	}
	config.Password = e.secrets[poolerAdmin]
	config.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("connect to pgbouncer: %w", err)
	}
	return conn, nil
}

func pgbouncerReady(ctx context.Context, e *Env) error {
	conn, err := e.console(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	_, err = conn.Exec(ctx, "SHOW VERSION")
	return err
}

// readBackPgBouncer asks its console for what the settings name.
func readBackPgBouncer(ctx context.Context, e *Env, into *setting.Reading) error {
	conn, err := e.console(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	rows, err := conn.Query(ctx, "SHOW CONFIG")
	if err != nil {
		return fmt.Errorf("read the configuration of pgbouncer: %w", err)
	}
	config := make(map[string]string)
	if _, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (struct{}, error) {
		values := row.RawValues()
		config[string(values[0])] = string(values[1])
		return struct{}{}, nil
	}); err != nil {
		return fmt.Errorf("read the configuration of pgbouncer: %w", err)
	}
	confirm(into, pgbouncerFamily, PgBouncer, config, e.Settings)
	return nil
}

// confirm notes what a pooler shows of the keys that the settings name.
func confirm(into *setting.Reading, family matrix.Family, pooler string, shown map[string]string, s matrix.Settings) {
	for _, key := range overlay(family, s) {
		name := family.Prefix + key.Name
		if value, ok := shown[key.Name]; ok {
			into.Note(name, pooler, value, setting.PoolerTook(key.Value, value))
		} else {
			into.Unconfirm(name)
		}
	}
}

package service

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"text/template"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/setting"
	"stormwave/lab/internal/stack/proc"
	"stormwave/lab/internal/stack/toolchain"
)

//go:embed conf/postgresql.conf.tmpl
var postgresConf string

//go:embed conf/pg_hba.conf
var postgresHBA string

var postgresTemplate = template.Must(template.New("postgresql.conf").Option("missingkey=error").
	Funcs(template.FuncMap{"quote": quoteGUC}).Parse(postgresConf))

// keyValue is a line of a configuration file.
type keyValue struct{ Name, Value string }

// overlay returns a family's defaults, overridden by the settings that are of it, sorted.
func overlay(family matrix.Family, settings matrix.Settings) []keyValue {
	values := maps.Clone(family.Defaults)
	for name, value := range settings {
		if key, ok := strings.CutPrefix(name, family.Prefix); ok {
			values[key] = value
		}
	}
	lines := make([]keyValue, 0, len(values))
	for _, name := range slices.Sorted(maps.Keys(values)) {
		lines = append(lines, keyValue{name, values[name]})
	}
	return lines
}

func valueOf(keys []keyValue, name string) string {
	for _, key := range keys {
		if key.Name == name {
			return key.Value
		}
	}
	return ""
}

// hba and ident say who gets into the servers.
func (l Layout) hba() string   { return filepath.Join(l.dataDir(), "pg_hba.conf") }
func (l Layout) ident() string { return filepath.Join(l.dataDir(), "pg_ident.conf") }

// postgresConfOf is the text of a server's configuration.
func (e *Env) postgresConfOf(server string, conf GUCs) (string, error) {
	var text strings.Builder
	err := postgresTemplate.Execute(&text, map[string]any{
		"Server": server, "Port": portOf(e.Addrs[server]), "Sockets": e.Layout.PGSockets(),
		"HBA": e.Layout.hba(), "Ident": e.Layout.ident(), "GUCs": conf,
	})
	if err != nil {
		return "", fmt.Errorf("write configuration of %s: %w", server, err)
	}
	return text.String(), nil
}

// WritePostgresConf writes the configuration of a server, primary or replica.
func (e *Env) WritePostgresConf(server string) error {
	text, err := e.postgresConfOf(server, e.Conf[server])
	if err != nil {
		return err
	}
	caller, err := proc.Caller()
	if err != nil {
		return err
	}
	for path, content := range map[string]string{
		e.Layout.hba():   postgresHBA,
		e.Layout.ident(): fmt.Sprintf("lab %s %s\n", caller.Name, superuser),
		filepath.Join(e.Layout.data(server), "postgresql.conf"): text,
	} {
		if err := e.give(path, content); err != nil {
			return err
		}
	}
	return nil
}

// quoteGUC writes a value as postgresql.conf takes it, between quotes: guc-file.l reads
// backslashes as C does.
func quoteGUC(value string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `''`).Replace(value) + "'"
}

// quoteConninfo writes a value of a libpq connection string.
func quoteConninfo(value string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(value) + "'"
}

var postgresProgram = toolchain.Requirement{
	Name:   "postgres",
	Role:   toolchain.ForLab,
	Min:    toolchain.Version{15},
	Beside: []string{"initdb", "psql", "pg_basebackup"},
	Maybe:  []string{"pg_ctl"},
	Apart:  "/usr/lib/postgresql/*/bin",
	Ask:    []string{"--version"},
	Answer: regexp.MustCompile(`^postgres \(PostgreSQL\) (\S+)`),
	Debian: &toolchain.DebianPackage{Name: "postgresql"},
}

// server is what both PostgreSQL servers have in common. Each runs in the foreground. SIGINT is its fast shutdown;
// SIGQUIT makes it drop everything at once when the supervisor dies.
func server(name string) Service {
	return Service{
		Name:    name,
		Program: postgresProgram,
		Group:   "postgres",
		PIDFile: filepath.Join(name, postmasterPID),
		Psql: []Psql{{Target: name, Conninfo: func(l Layout, addr string) string {
			return l.SocketURL(addr, Database)
		}}},
		Process: func(e *Env) proc.Spec {
			data := e.Layout.data(name)
			return proc.Spec{
				Args:        []string{"-D", data},
				Dir:         data,
				Account:     e.account(),
				StopSignal:  syscall.SIGINT,
				DeathSignal: syscall.SIGQUIT,
			}
		},
		Responds: func(ctx context.Context, e *Env) error {
			conn, err := e.Connect(ctx, name)
			if err != nil {
				return err
			}
			return conn.Close(ctx)
		},
		ReadBack: func(ctx context.Context, e *Env, into *setting.Reading) error {
			return e.readBackPostgres(ctx, name, into)
		},
	}
}

// Servers are the PostgreSQL servers.
var Servers = []string{Primary, Replica}

// postgresFamily is of both servers. The defaults are the study's.
var postgresFamily = matrix.Family{
	Prefix:   matrix.PostgresPrefix,
	Member:   "<guc>",
	Names:    regexp.MustCompile(`^[a-z_]+(\.[a-z_]+)?$`),
	Meaning:  "parameter of both PostgreSQL servers",
	Defaults: map[string]string{"max_connections": "100"},
	Refused: []matrix.Refusal{
		{
			Names: regexp.MustCompile(`^(.*_command|.*_library|.*_libraries|jit_provider)$`),
			Why:   "it runs a program or loads a library",
		},
		{
			// extension_destdir is Debian's.
			Names: regexp.MustCompile(`^(include.*|.*_file|.*keyfile|.*_directory|log_filename|log_destination|` +
				`logging_collector|dynamic_library_path|extension_control_path|extension_destdir)$`),
			Why: "the lab chooses the files",
		},
		{
			Names: regexp.MustCompile(`^(listen_addresses|port|unix_socket_.*|bonjour.*|ssl|ssl_.*|krb_.*|gss_.*|` +
				`password_encryption|primary_.*)$`),
			Why: "the lab chooses where it listens and who gets in",
		},
		{
			Names: regexp.MustCompile(`^(transaction_timeout|default_transaction_read_only|hot_standby|recovery_target.*)$`),
			Why:   "it would end the lab's own work, or the standby",
		},
		{
			Names: regexp.MustCompile(`^pre_auth_delay$`),
			Why:   "it holds up the lab's own sessions too, before the server knows whose they are; use post_auth_delay",
		},
		// From a file they are never applied: guc-file.l reports "setting could not be applied", or nothing.
		{
			Names: regexp.MustCompile(`^transaction_(isolation|deferrable|read_only)$`),
			Why:   "it is of one transaction, and no server takes it from its configuration; use default_transaction_…",
		},
		// The backend's role has its own, which a server's default does not reach.
		{
			Names: regexp.MustCompile(`^` + matrix.StatementTimeout + `$`),
			Why:   "use " + matrix.StatementTimeout + "; this one would end the lab's own work alone",
		},
		{
			Names: regexp.MustCompile(`^` + matrix.LockTimeout + `$`),
			Why:   "use " + matrix.LockTimeout + "; this one would end the lab's own work alone",
		},
	},
}

// Connect opens a superuser's connection to a server.
func (e *Env) Connect(ctx context.Context, server string) (*pgx.Conn, error) {
	until := time.Now().Add(recovery)
	for {
		conn, err := Dial(ctx, e.Layout.SocketURL(e.Addrs[server], Database))
		if err == nil {
			return conn, nil
		}
		var refusal *pgconn.PgError
		if !errors.As(err, &refusal) || refusal.Code != cannotConnectNow || time.Now().After(until) {
			return nil, fmt.Errorf("connect to %s: %w", server, err)
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return nil, fmt.Errorf("connect to %s: %w", server, errors.Join(ctx.Err(), err))
		}
	}
}

// cannotConnectNow is the SQLSTATE of a server that starts, or recovers from a crash.
const cannotConnectNow = "57P03"

// Silence is how long a service that runs may take to answer between two trials.
const Silence = 5 * time.Second

// recovery is how long a server may take to be back after a crash of one of its
// processes.
const recovery = 10 * time.Second

// responds says whether a connection is of use still.
func responds(ctx context.Context, conn *pgx.Conn) bool {
	ctx, cancel := context.WithTimeout(ctx, Silence)
	defer cancel()
	return conn.Ping(ctx) == nil
}

// Admin returns the superuser's connection that is held since the server
// started: during an unlimited storm there is no other way in.
func (e *Env) Admin(ctx context.Context, server string) (*pgx.Conn, error) {
	if conn := e.admins[server]; conn != nil && !conn.IsClosed() && responds(ctx, conn) {
		return conn, nil
	}
	conn, err := e.Connect(ctx, server)
	if err == nil {
		e.admins[server] = conn
	}
	return conn, err
}

// Reload makes a server read its configuration and reports whether something in
// it waits for a restart.
func (e *Env) Reload(ctx context.Context, server string) (restart bool, err error) {
	conn, err := e.Admin(ctx, server)
	if err != nil {
		return false, err
	}
	var before, after time.Time
	if err := conn.QueryRow(ctx, "SELECT pg_conf_load_time()").Scan(&before); err != nil {
		return false, fmt.Errorf("reload %s: %w", server, err)
	}
	if _, err := conn.Exec(ctx, "SELECT pg_reload_conf()"); err != nil {
		return false, fmt.Errorf("reload %s: %w", server, err)
	}
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for after = before; after.Equal(before); <-tick.C { // the clock may have been set back
		if err := conn.QueryRow(ctx, loadedSQL).Scan(&after, &restart); err != nil {
			return false, fmt.Errorf("reload %s: %w", server, err)
		}
	}
	var refused []string
	rows, err := conn.Query(ctx, refusedSQL)
	if err != nil {
		return false, fmt.Errorf("reload %s: %w", server, err)
	}
	defer rows.Close()
	for rows.Next() {
		var reason string
		if err := rows.Scan(&reason); err != nil {
			return false, fmt.Errorf("reload %s: %w", server, err)
		}
		refused = append(refused, reason)
	}
	if len(refused) > 0 {
		return false, fmt.Errorf("reload %s: PostgreSQL refuses %s; correct the spec's postgres.* settings",
			server, strings.Join(refused, "; "))
	}
	return restart, rows.Err()
}

const (
	loadedSQL = "SELECT pg_conf_load_time(), EXISTS (SELECT FROM pg_settings WHERE pending_restart)"
	// That a setting waits for a restart is an error too, but no refusal; of one that the file no longer has, the error
	// has neither name nor file.
	refusedSQL = `SELECT format('%s = %s: %s', f.name, f.setting, f.error)
		FROM pg_file_settings f LEFT JOIN pg_settings s ON lower(s.name) = lower(f.name)
		WHERE f.error IS NOT NULL AND f.sourcefile IS NOT NULL AND s.pending_restart IS NOT TRUE`
)

// parametersSQL asks for parameters by their names in small letters, and for what a Parameter holds, in that order. Of
// one that the lab's own session has otherwise than the server gives it to all, the server tells what it took for all:
// also of those that a session keeps from its start, and of those of its TCP connection, which the kernel may limit,
// and which a Unix socket has not.
const parametersSQL = `SELECT lower(name), vartype, coalesce(unit, ''), coalesce(min_val, ''), coalesce(max_val, ''),
	coalesce(enumvals, '{}'), coalesce(boot_val, ''), source, coalesce(taken, setting),
	coalesce(taken, current_setting(name))
	FROM pg_settings s LEFT JOIN LATERAL (
		SELECT f.setting AS taken FROM pg_file_settings f
		WHERE (s.source IN ('client', 'user', 'database user') OR s.context LIKE '%backend' OR s.name LIKE 'tcp\_%')
			AND lower(f.name) = lower(s.name) AND f.applied
		ORDER BY f.seqno DESC LIMIT 1
	) file ON true
	WHERE lower(name) = ANY ($1)`

// readBackPostgres asks a server for what the settings name. The record shows a value as people read it, with its
// unit; it is held against what was asked for as the server understands that.
func (e *Env) readBackPostgres(ctx context.Context, server string, into *setting.Reading) error {
	conn, err := e.Admin(ctx, server)
	if err != nil {
		return err
	}
	gucs := overlay(postgresFamily, e.Settings)
	names := make([]string, len(gucs))
	for i, guc := range gucs {
		names[i] = strings.ToLower(guc.Name)
	}
	rows, err := conn.Query(ctx, parametersSQL, names)
	if err != nil {
		return fmt.Errorf("read the parameters of %s: %w", server, err)
	}
	shown := make(map[string]string)
	parameters := make(map[string]setting.Parameter)
	var p setting.Parameter
	var text string
	columns := []any{&p.Name, &p.Type, &p.Unit, &p.Min, &p.Max, &p.Enum, &p.Default, &p.Source, &p.Value, &text}
	if _, err := pgx.ForEachRow(rows, columns, func() error {
		parameters[p.Name], shown[p.Name] = p, text
		return nil
	}); err != nil {
		return fmt.Errorf("read the parameters of %s: %w", server, err)
	}
	for i, guc := range gucs {
		name := matrix.PostgresPrefix + guc.Name
		if known, ok := parameters[names[i]]; ok {
			into.Note(name, server, shown[names[i]], known.Took(guc.Value))
			continue
		}
		// Of an extension that is not loaded: the server keeps the text.
		var kept *string
		if err := conn.QueryRow(ctx, "SELECT current_setting($1, true)", guc.Name).Scan(&kept); err != nil {
			return fmt.Errorf("read %s of %s: %w", guc.Name, server, err)
		}
		if kept == nil {
			into.Unconfirm(name)
			continue
		}
		into.Note(name, server, *kept, *kept == guc.Value)
	}
	return nil
}

// CloseAdmins closes the connections that are held.
func (e *Env) CloseAdmins(ctx context.Context) {
	e.adminsMu.Lock()
	defer e.adminsMu.Unlock()
	for _, conn := range e.admins {
		_ = conn.Close(ctx)
	}
	clear(e.admins)
}

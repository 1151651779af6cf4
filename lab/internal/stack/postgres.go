package stack

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"text/template"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/stack/proc"
)

//go:embed conf/postgresql.conf.tmpl
var postgresConf string

//go:embed conf/pg_hba.conf
var postgresHBA string

var postgresTemplate = template.Must(template.New("postgresql.conf").Option("missingkey=error").
	Funcs(template.FuncMap{"quote": quoteGUC}).Parse(postgresConf))

// keyValue is a line of a configuration file.
type keyValue struct{ Name, Value string }

// overlay returns the defaults, overridden by the settings under prefix, sorted.
func overlay(defaults map[string]string, settings matrix.Settings, prefix string) []keyValue {
	values := maps.Clone(defaults)
	for name, value := range settings {
		if key, ok := strings.CutPrefix(name, prefix); ok {
			values[key] = value
		}
	}
	lines := make([]keyValue, 0, len(values))
	for _, name := range slices.Sorted(maps.Keys(values)) {
		lines = append(lines, keyValue{name, values[name]})
	}
	return lines
}

// writePostgresConf writes the configuration of a server, primary or replica.
func (s *Stack) writePostgresConf(server string) error {
	hba, ident := filepath.Join(s.layout.dataDir(), "pg_hba.conf"), filepath.Join(s.layout.dataDir(), "pg_ident.conf")
	var text strings.Builder
	err := postgresTemplate.Execute(&text, map[string]any{
		"Server": server, "Port": portOf(s.addrs[server]), "Sockets": s.layout.PGSockets(),
		"HBA": hba, "Ident": ident, "GUCs": s.conf[server],
	})
	if err != nil {
		return fmt.Errorf("write configuration of %s: %w", server, err)
	}
	caller, err := proc.Caller()
	if err != nil {
		return err
	}
	for path, content := range map[string]string{
		hba: postgresHBA, ident: fmt.Sprintf("lab %s %s\n", caller.Name, superuser),
		filepath.Join(s.layout.data(server), "postgresql.conf"): text.String(),
	} {
		if err := s.give(path, content); err != nil {
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

// postgresSpec runs the server in the foreground. SIGINT is its fast shutdown;
// SIGQUIT makes it drop everything at once when the supervisor dies.
func (s *Stack) postgresSpec(server string) proc.Spec {
	return proc.Spec{
		Name: server, Path: s.tools.Path("postgres"), Args: []string{"-D", s.layout.data(server)},
		Env: s.serviceEnv(), Dir: s.layout.data(server), Log: s.layout.Log(server), Account: s.account(),
		CPUs: s.cpus["postgres"], StopSignal: syscall.SIGINT, DeathSignal: syscall.SIGQUIT,
	}
}

// serviceEnv is the whole environment of the programs that are not ours.
func (s *Stack) serviceEnv() []string {
	return []string{"PATH=/usr/bin:/bin", "LC_ALL=C", "TZ=UTC", "HOME=" + s.layout.Home}
}

// socketURL is the superuser's way in.
func (l Layout) socketURL(addr, dbname string) string {
	return fmt.Sprintf("host=%s port=%s user=%s dbname=%s connect_timeout=3 application_name=stormwave", l.PGSockets(), portOf(addr), superuser, dbname)
}

// connect opens a superuser's connection to a server.
func (s *Stack) connect(ctx context.Context, server string) (*pgx.Conn, error) {
	until := time.Now().Add(recovery)
	for {
		conn, err := pgx.Connect(ctx, s.layout.socketURL(s.addrs[server], database))
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

// recovery is how long a server may take to be back after a crash of one of its
// processes.
const recovery = 10 * time.Second

// responds says whether a connection is of use still.
func responds(ctx context.Context, conn *pgx.Conn) bool {
	ctx, cancel := context.WithTimeout(ctx, silence)
	defer cancel()
	return conn.Ping(ctx) == nil
}

// admin returns the superuser's connection that is held since the server
// started: during an unlimited storm there is no other way in.
func (s *Stack) admin(ctx context.Context, server string) (*pgx.Conn, error) {
	if conn := s.admins[server]; conn != nil && !conn.IsClosed() && responds(ctx, conn) {
		return conn, nil
	}
	conn, err := s.connect(ctx, server)
	if err == nil {
		s.admins[server] = conn
	}
	return conn, err
}

// reload makes a server read its configuration and reports whether something in
// it waits for a restart.
func (s *Stack) reload(ctx context.Context, server string) (restart bool, err error) {
	conn, err := s.admin(ctx, server)
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
	for after = before; after.Equal(before); { // the clock may have been set back
		if err := conn.QueryRow(ctx, loadedSQL).Scan(&after, &restart); err != nil {
			return false, fmt.Errorf("reload %s: %w", server, err)
		}
	}
	var faults []string
	rows, err := conn.Query(ctx, refusedSQL)
	if err != nil {
		return false, fmt.Errorf("reload %s: %w", server, err)
	}
	defer rows.Close()
	for rows.Next() {
		var fault string
		if err := rows.Scan(&fault); err != nil {
			return false, fmt.Errorf("reload %s: %w", server, err)
		}
		faults = append(faults, fault)
	}
	if len(faults) > 0 {
		return false, fmt.Errorf("reload %s: PostgreSQL refuses %s; correct the spec's postgres.* settings",
			server, strings.Join(faults, "; "))
	}
	return restart, rows.Err()
}

const (
	loadedSQL = "SELECT pg_conf_load_time(), EXISTS (SELECT FROM pg_settings WHERE pending_restart)"
	// That a setting waits for a restart is an error too, but no refusal.
	refusedSQL = `SELECT format('%s = %s: %s', f.name, f.setting, f.error)
		FROM pg_file_settings f LEFT JOIN pg_settings s ON lower(s.name) = lower(f.name)
		WHERE f.error IS NOT NULL AND s.pending_restart IS NOT TRUE`
)

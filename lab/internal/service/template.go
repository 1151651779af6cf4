package service

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"stormwave/lab/internal/backend"
	"stormwave/lab/internal/stack/proc"
	"stormwave/lab/internal/stack/toolchain"
)

// A template is a data directory of PostgreSQL with the schema and the data set,
// made once and copied at every up. It is named by a hash of all that made it.

// templatePort is the number in the name of a template's socket, which nobody else has in its directory.
const templatePort = "5432"

// Schema asks a program for the schema and data set of the backend, as SQL.
func Schema(ctx context.Context, b *backend.Backend, program string, env ...string) ([]byte, error) {
	sql, err := proc.Run(ctx, proc.Spec{Name: "schema", Path: program, Args: b.Seed.Prints, Env: env})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("find the backend: %w; build it: go tool mage build", err)
	}
	return sql, err
}

// template returns the directory of the template, and makes it first where it
// is not there yet, or not whole.
func (e *Env) template(ctx context.Context) (dir string, made bool, err error) {
	var sql []byte
	if len(e.Backend.Seed.Prints) > 0 {
		if sql, err = Schema(ctx, e.Backend, e.Layout.Backend(e.Backend, ""), e.BaseEnv()...); err != nil {
			return "", false, err
		}
	}
	more, err := e.seedParts()
	if err != nil {
		return "", false, err
	}
	sum := sha256.New()
	for _, part := range append(templateParts(e.Tools["postgres"], string(sql)), more...) {
		fmt.Fprintf(sum, "%d:%s", len(part), part)
	}
	dir = filepath.Join(e.Layout.templates(), hex.EncodeToString(sum.Sum(nil)[:8]))
	e.templateDir = dir
	var whole bool
	err = e.servant.Do(func() (err error) {
		whole, err = sealed(dir)
		return err
	})
	if err != nil {
		return "", false, fmt.Errorf("look at the template: %w; remove %s, it is made anew", err, dir)
	}
	if whole {
		return dir, false, nil
	}
	unfinished := dir + ".unfinished"
	for _, old := range []string{unfinished, dir} {
		if err := removeData(old); err != nil {
			return "", false, fmt.Errorf("remove unfinished template: %w", err)
		}
	}
	if err := e.makeTemplate(ctx, unfinished, string(sql)); err != nil {
		return "", false, fmt.Errorf("prepare data set: %w", err)
	}
	if err := e.servant.Do(func() error { return seal(unfinished, dir) }); err != nil {
		return "", false, fmt.Errorf("prepare data set: %w", err)
	}
	return dir, true, nil
}

// templateParts are all that makes a template. Two builds of one version may differ in their catalog: so the
// program's own checksum is among them.
func templateParts(postgres toolchain.Program, sql string) []string {
	return []string{
		postgres.Version,
		postgres.SHA256,
		clusterSQL,
		databaseSQL,
		sql,
		strings.Join(initdbArgs(postgres.Version), " "),
	}
}

// KeepFirstUp keeps, beside the template, how many seconds the up took that made it, and returns them; nil: that up
// did not come to its end.
func (e *Env) KeepFirstUp(took float64) (*float64, error) {
	path := e.templateDir + ".first_up_s"
	if e.TemplateMade.Load() {
		if err := e.give(path, strconv.FormatFloat(took, 'f', 3, 64)); err != nil {
			return nil, err
		}
	}
	var text []byte
	err := e.servant.Do(func() (err error) {
		text, err = readSmall(path)
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read figure of the first up: %w", err)
	}
	seconds, err := strconv.ParseFloat(string(text), 64)
	if err != nil {
		return nil, nil // torn: as if it were not there
	}
	return &seconds, nil
}

// clusterSQL and databaseSQL make what the backend's own schema builds on. The
// backend gets no right but what the schema grants it; the monitor only reads
// statistics.
var (
	clusterSQL = `
CREATE ROLE ` + Owner + ` NOLOGIN;
CREATE ROLE ` + AppRole + ` LOGIN;
CREATE ROLE ` + monitorRole + ` LOGIN IN ROLE pg_monitor;
CREATE ROLE ` + replicator + ` LOGIN REPLICATION;
CREATE DATABASE ` + Database + ` OWNER ` + Owner + `;
REVOKE ALL ON DATABASE ` + Database + ` FROM PUBLIC;
GRANT CONNECT ON DATABASE ` + Database + ` TO ` + AppRole + `, ` + monitorRole + `;
`
	databaseSQL = `
ALTER SCHEMA public OWNER TO ` + Owner + `;
CREATE SCHEMA lab;
CREATE EXTENSION pg_stat_statements SCHEMA lab;
CREATE EXTENSION pg_prewarm SCHEMA lab;
GRANT USAGE ON SCHEMA lab TO ` + monitorRole + `;
` + sessionSQL(superuser) + sessionSQL(monitorRole)
)

// ownSession is what the lab's own sessions have, whatever a cell sets for all: they are not ended, do not wait for a
// standby or for a vacuum that rests, and a standby, which knows no serializable transactions, answers them.
var ownSession = []string{
	"search_path = lab, public",
	"statement_timeout = 0",
	"lock_timeout = 0",
	"idle_session_timeout = 0",
	"idle_in_transaction_session_timeout = 0",
	"synchronous_commit = local",
	"default_transaction_isolation = 'read committed'",
	"default_transaction_deferrable = off",
	"vacuum_cost_delay = 0",
	"temp_file_limit = -1",
}

// sessionSQL gives a role of the lab its sessions.
func sessionSQL(role string) string {
	var sql strings.Builder
	for _, parameter := range ownSession {
		fmt.Fprintf(&sql, "ALTER ROLE %s SET %s;\n", role, parameter)
	}
	return sql.String()
}

func initdbArgs(version string) []string {
	args := []string{"--username=" + superuser, "--auth=peer", "--encoding=UTF8", "--no-sync", "--no-instructions"}
	if major(version) >= 18 {
		// Older ones make none unless they are told to, and know no such option: figures of all must compare.
		args = append(args, "--no-data-checksums")
	}
	if major(version) >= 17 {
		// The host may have no locale at all; this one is PostgreSQL's own.
		return append(args, "--locale-provider=builtin", "--locale=C.UTF-8")
	}
	return append(args, "--locale=C")
}

func major(version string) int {
	n := 0
	_, _ = fmt.Sscanf(version, "%d", &n)
	return n
}

func (e *Env) makeTemplate(ctx context.Context, dir, sql string) error {
	initdb := proc.Spec{
		Name:    "initdb",
		Path:    e.Tools.Path("initdb"),
		Args:    append(initdbArgs(e.Tools["postgres"].Version), "--pgdata="+dir),
		Env:     e.BaseEnv(),
		Dir:     filepath.Dir(dir),
		Account: e.account(),
	}
	if _, err := proc.Run(ctx, initdb); err != nil {
		return err
	}
	caller, err := proc.Caller()
	if err != nil {
		return err
	}
	if err := e.give(filepath.Join(dir, "pg_ident.conf"), fmt.Sprintf("lab %s %s\n", caller.Name, superuser)); err != nil {
		return err
	}
	if err := e.give(filepath.Join(dir, "pg_hba.conf"), postgresHBA); err != nil {
		return err
	}
	// Nothing but the private socket, and no durability: a crash only means to
	// begin again.
	server, err := proc.Start(proc.Spec{
		Name:    "template",
		Path:    e.Tools.Path("postgres"),
		Env:     e.BaseEnv(),
		Dir:     dir,
		Log:     e.Layout.Log("template"),
		Account: e.account(),
		Args: []string{
			"-D", dir,
			"-c", "listen_addresses=",
			"-c", "port=" + templatePort,
			"-c", "unix_socket_directories=" + e.Layout.PGSockets(),
			"-c", "fsync=off",
			"-c", "full_page_writes=off",
			"-c", "wal_level=minimal",
			"-c", "max_wal_senders=0",
			"-c", "max_wal_size=8GB",
			"-c", "shared_buffers=512MB",
			"-c", "dynamic_shared_memory_type=mmap",
			"-c", "maintenance_work_mem=256MB",
			"-c", "autovacuum=off",
			"-c", "shared_preload_libraries=pg_stat_statements",
		},
		StopSignal:  syscall.SIGINT,
		StopTimeout: time.Minute,
		DeathSignal: syscall.SIGQUIT,
	})
	if err != nil {
		return err
	}
	err = e.fillTemplate(ctx, server, sql)
	return errors.Join(err, server.Stop(context.WithoutCancel(ctx)))
}

// fillTemplate runs the scripts through psql, which sends one statement at a time:
// VACUUM refuses to be one of several.
func (e *Env) fillTemplate(ctx context.Context, server *proc.Process, sql string) error {
	run := func(ctx context.Context, dbname, script string) error {
		_, err := proc.Run(ctx, proc.Spec{
			Name:  "psql",
			Path:  e.Tools.Path("psql"),
			Env:   e.BaseEnv(),
			Stdin: strings.NewReader(script),
			Args: []string{
				"--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--file=-",
				e.Layout.SocketURL("127.0.0.1:"+templatePort, dbname),
			},
		})
		return err
	}
	if err := server.Await(ctx, func(ctx context.Context) error { return run(ctx, "postgres", "SELECT") }); err != nil {
		return err
	}
	inside := func(script string) error { return run(ctx, Database, script) }
	if err := run(ctx, "postgres", clusterSQL); err != nil {
		return err
	}
	if err := inside(databaseSQL); err != nil {
		return err
	}
	if err := e.fill(ctx, sql, inside); err != nil {
		return err
	}
	return inside("CHECKPOINT")
}

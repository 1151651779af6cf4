package stack

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
)

// A template is a data directory of PostgreSQL with the schema and the data set,
// made once and copied at every up. It is named by a hash of all that made it.

// templateTimeout bounds the making of a template.
const templateTimeout = 5 * time.Minute

// schema asks the backend for its schema and data set, as SQL.
func (s *Stack) schema(ctx context.Context) ([]byte, error) {
	sql, err := proc.Run(ctx, proc.Spec{
		Name: "app schema",
		Path: s.layout.Backend(""),
		Args: backend.Bundled.Schema,
		Env:  s.serviceEnv(),
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("find the backend: %w; build it: go tool mage build", err)
	}
	return sql, err
}

// template returns the directory of the template, and makes it first where it
// is not there yet, or not whole.
func (s *Stack) template(ctx context.Context) (dir string, made bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, templateTimeout)
	defer cancel()
	sql, err := s.schema(ctx)
	if err != nil {
		return "", false, err
	}
	sum := sha256.New()
	for _, part := range []string{s.tools["postgres"].Version, clusterSQL, databaseSQL, string(sql), strings.Join(initdbArgs(s.tools["postgres"].Version), " ")} {
		fmt.Fprintf(sum, "%d:%s", len(part), part)
	}
	dir = filepath.Join(s.layout.templates(), hex.EncodeToString(sum.Sum(nil)[:8]))
	s.templateDir = dir
	var whole bool
	err = s.servant.Do(func() (err error) {
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
	if err := s.makeTemplate(ctx, unfinished, string(sql)); err != nil {
		return "", false, fmt.Errorf("prepare data set: %w", err)
	}
	if err := s.servant.Do(func() error { return seal(unfinished, dir) }); err != nil {
		return "", false, fmt.Errorf("prepare data set: %w", err)
	}
	return dir, true, nil
}

// keepFirstUp keeps, beside the template, how long the up took that made it.
func (s *Stack) keepFirstUp() error {
	path := s.templateDir + ".first_up_s"
	if s.figures.TemplateMade {
		if err := s.give(path, strconv.FormatFloat(s.figures.UpSeconds, 'f', 3, 64)); err != nil {
			return err
		}
	}
	var text []byte
	err := s.servant.Do(func() (err error) {
		text, err = readSmall(path)
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil // the up that made it did not come to its end
	}
	if err != nil {
		return fmt.Errorf("read figure of the first up: %w", err)
	}
	if seconds, err := strconv.ParseFloat(string(text), 64); err == nil {
		s.tell(func() { s.figures.FirstUpSeconds = &seconds })
	}
	return nil
}

// clusterSQL and databaseSQL make what the backend's own schema builds on. The
// backend gets no right but what the schema grants it; the monitor only reads
// statistics.
var (
	clusterSQL = `
CREATE ROLE ` + owner + ` NOLOGIN;
CREATE ROLE ` + appRole + ` LOGIN;
CREATE ROLE ` + monitorRole + ` LOGIN IN ROLE pg_monitor;
CREATE ROLE ` + replicator + ` LOGIN REPLICATION;
CREATE DATABASE ` + database + ` OWNER ` + owner + `;
REVOKE ALL ON DATABASE ` + database + ` FROM PUBLIC;
GRANT CONNECT ON DATABASE ` + database + ` TO ` + appRole + `, ` + monitorRole + `;
`
	databaseSQL = `
ALTER SCHEMA public OWNER TO ` + owner + `;
CREATE SCHEMA lab;
CREATE EXTENSION pg_stat_statements SCHEMA lab;
CREATE EXTENSION pg_prewarm SCHEMA lab;
ALTER ROLE ` + superuser + ` SET search_path = lab, public;
GRANT USAGE ON SCHEMA lab TO ` + monitorRole + `;
ALTER ROLE ` + monitorRole + ` SET search_path = lab, public;
`
)

func initdbArgs(version string) []string {
	args := []string{"--username=" + superuser, "--auth=peer", "--encoding=UTF8", "--no-sync", "--no-instructions"}
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

func (s *Stack) makeTemplate(ctx context.Context, dir, sql string) error {
	initdb := proc.Spec{
		Name: "initdb", Path: s.tools.Path("initdb"), Args: append(initdbArgs(s.tools["postgres"].Version), "--pgdata="+dir),
		Env: s.serviceEnv(), Dir: filepath.Dir(dir), Account: s.account(),
	}
	if _, err := proc.Run(ctx, initdb); err != nil {
		return err
	}
	caller, err := proc.Caller()
	if err != nil {
		return err
	}
	if err := s.give(filepath.Join(dir, "pg_ident.conf"), fmt.Sprintf("lab %s %s\n", caller.Name, superuser)); err != nil {
		return err
	}
	if err := s.give(filepath.Join(dir, "pg_hba.conf"), postgresHBA); err != nil {
		return err
	}
	// Nothing but the private socket, and no durability: a crash only means to
	// begin again.
	server, err := proc.Start(proc.Spec{
		Name: "template", Path: s.tools.Path("postgres"), Env: s.serviceEnv(), Dir: dir, Log: s.layout.Log("template"), Account: s.account(),
		Args: []string{"-D", dir, "-c", "listen_addresses=", "-c", "port=5432", "-c", "unix_socket_directories=" + s.layout.PGSockets(),
			"-c", "fsync=off", "-c", "full_page_writes=off", "-c", "wal_level=minimal", "-c", "max_wal_senders=0", "-c", "max_wal_size=8GB",
			"-c", "shared_buffers=512MB", "-c", "dynamic_shared_memory_type=mmap", "-c", "maintenance_work_mem=256MB", "-c", "autovacuum=off", "-c", "shared_preload_libraries=pg_stat_statements"},
		StopSignal: syscall.SIGINT, StopTimeout: time.Minute, DeathSignal: syscall.SIGQUIT,
	})
	if err != nil {
		return err
	}
	err = s.fillTemplate(ctx, server, sql)
	return errors.Join(err, server.Stop(context.WithoutCancel(ctx)))
}

// fillTemplate runs the scripts through psql, which sends one statement at a time:
// VACUUM refuses to be one of several.
func (s *Stack) fillTemplate(ctx context.Context, server *proc.Process, sql string) error {
	run := func(ctx context.Context, dbname, script string) error {
		_, err := proc.Run(ctx, proc.Spec{
			Name: "psql", Path: s.tools.Path("psql"), Env: s.serviceEnv(), Stdin: strings.NewReader(script),
			Args: []string{"--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--file=-", s.layout.socketURL("127.0.0.1:5432", dbname)},
		})
		return err
	}
	if err := server.Await(ctx, func(ctx context.Context) error { return run(ctx, "postgres", "SELECT") }); err != nil {
		return err
	}
	for _, step := range []struct{ dbname, script string }{
		{"postgres", clusterSQL},
		{database, databaseSQL},
		{database, "SET ROLE " + owner + ";\n" + sql},
		{database, "CHECKPOINT"},
	} {
		if err := run(ctx, step.dbname, step.script); err != nil {
			return err
		}
	}
	return nil
}

package service

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5"

	"stormwave/lab/internal/route"
	"stormwave/lab/internal/stack/proc"
)

// replicaSlot keeps the WAL that the replica still needs.
const replicaSlot = "replica"

// Replica is a hot standby of the primary.
const Replica = route.Replica

func replica() Service {
	s := server(Replica)
	s.Needs = []string{Primary}
	s.Prepare = func(ctx context.Context, e *Env) error {
		if err := e.baseBackup(ctx); err != nil {
			return err
		}
		return e.WritePostgresConf(Replica)
	}
	s.Ready = replicaReady
	return s
}

// baseBackup makes the replica from the running primary, unless it is there
// already and was only restarted.
func (e *Env) baseBackup(ctx context.Context) error {
	data := e.Layout.data(Replica)
	if _, err := os.Lstat(filepath.Join(data, "standby.signal")); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	passfile := filepath.Join(e.Layout.dataDir(), "pgpass")
	if err := e.give(passfile, e.secrets.passfile(replicator)); err != nil {
		return err
	}
	// --no-sync: a crash of the machine only means to begin again.
	_, err := proc.Run(ctx, proc.Spec{
		Name:    "pg_basebackup",
		Path:    e.Tools.Path("pg_basebackup"),
		Account: e.account(),
		Env:     e.BaseEnv(),
		Dir:     filepath.Dir(data),
		Args: []string{
			"--dbname=" + fmt.Sprintf("host=127.0.0.1 port=%s user=%s passfile=%s application_name=%s",
				portOf(e.Addrs[Primary]), replicator, quoteConninfo(passfile), Replica),
			"--pgdata=" + data, "--write-recovery-conf", "--create-slot", "--slot=" + replicaSlot,
			"--wal-method=stream", "--checkpoint=fast", "--no-sync", "--no-manifest",
		},
	})
	return err
}

// replicaReady means: it answers, and the primary streams to it.
func replicaReady(ctx context.Context, e *Env) error {
	if _, err := e.Admin(ctx, Replica); err != nil {
		return err
	}
	// A connection of its own: others may be using the primary's meanwhile.
	primary, err := e.Connect(ctx, Primary)
	if err != nil {
		return err
	}
	defer func() { _ = primary.Close(context.WithoutCancel(ctx)) }()
	var state string
	err = primary.QueryRow(ctx, "SELECT state FROM pg_stat_replication WHERE application_name = $1", Replica).Scan(&state)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return errors.New("the replica is not connected to the primary")
	case err != nil:
		return fmt.Errorf("look at replication: %w", err)
	case state != "streaming":
		return fmt.Errorf("replication is %q, not streaming", state)
	}
	return nil
}

// catchUpTimeout bounds how long the replica may take to replay all there is.
const catchUpTimeout = 30 * time.Second

// CatchUp waits until the replica has replayed all that the primary has written.
func (e *Env) CatchUp(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, catchUpTimeout)
	defer cancel()
	primary, err := e.Admin(ctx, Primary)
	if err != nil {
		return err
	}
	replica, err := e.Admin(ctx, Replica)
	if err != nil {
		return err
	}
	var written string
	if err := primary.QueryRow(ctx, "SELECT pg_current_wal_lsn()::text").Scan(&written); err != nil {
		return fmt.Errorf("read the primary's WAL position: %w", err)
	}
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		var done bool
		if err := replica.QueryRow(ctx, "SELECT pg_last_wal_replay_lsn() >= $1::pg_lsn", written).Scan(&done); err != nil {
			return fmt.Errorf("read the replica's WAL position: %w", err)
		}
		if done {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("wait for the replica to replay WAL up to %s: %w; see `lab logs replica`", written, ctx.Err())
		}
	}
}

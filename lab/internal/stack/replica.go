package stack

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5"

	"stormwave/lab/internal/stack/proc"
)

// replicaSlot keeps the WAL that the replica still needs.
const replicaSlot = "replica"

func (s *Stack) replica() service {
	return service{
		name: Replica, program: "postgres", needs: []string{Primary},
		prepare: func(ctx context.Context) error {
			if err := s.baseBackup(ctx); err != nil {
				return err
			}
			return s.writePostgresConf(Replica)
		},
		spec:  func() proc.Spec { return s.postgresSpec(Replica) },
		ready: s.replicaReady,
	}
}

// baseBackup makes the replica from the running primary, unless it is there
// already and was only restarted.
func (s *Stack) baseBackup(ctx context.Context) error {
	data := s.layout.data(Replica)
	if _, err := os.Lstat(filepath.Join(data, "standby.signal")); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	passfile := filepath.Join(s.layout.dataDir(), "pgpass")
	if err := s.give(passfile, s.secrets.passfile(replicator)); err != nil {
		return err
	}
	// --no-sync: a crash of the machine only means to begin again.
	_, err := proc.Run(ctx, proc.Spec{
		Name: "pg_basebackup", Path: s.tools.Path("pg_basebackup"), Account: s.account(), Env: s.serviceEnv(), Dir: filepath.Dir(data),
		Args: []string{
			"--dbname=" + fmt.Sprintf("host=127.0.0.1 port=%s user=%s passfile=%s application_name=%s",
				portOf(s.addrs[Primary]), replicator, quoteConninfo(passfile), Replica),
			"--pgdata=" + data, "--write-recovery-conf", "--create-slot", "--slot=" + replicaSlot,
			"--wal-method=stream", "--checkpoint=fast", "--no-sync", "--no-manifest",
		},
	})
	return err
}

// replicaReady means: it answers, and the primary streams to it.
func (s *Stack) replicaReady(ctx context.Context) error {
	if _, err := s.admin(ctx, Replica); err != nil {
		return err
	}
	// A connection of its own: others may be using the primary's meanwhile.
	primary, err := s.connect(ctx, Primary)
	if err != nil {
		return err
	}
	defer func() { _ = primary.Close(context.WithoutCancel(ctx)) }()
	var state string
	switch err := primary.QueryRow(ctx, "SELECT state FROM pg_stat_replication WHERE application_name = $1", Replica).Scan(&state); {
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

// catchUp waits until the replica has replayed all that the primary has written.
func (s *Stack) catchUp(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, catchUpTimeout)
	defer cancel()
	primary, err := s.admin(ctx, Primary)
	if err != nil {
		return err
	}
	replica, err := s.admin(ctx, Replica)
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

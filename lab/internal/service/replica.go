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
	s.Ready, s.Responds = replicaReady, replicaResponds
	return s
}

// baseBackup makes the replica from the running primary, unless it is there already and was only restarted. One
// whose slot is lost could never follow again: it is made anew.
func (e *Env) baseBackup(ctx context.Context) error {
	data := e.Layout.data(Replica)
	if _, err := os.Lstat(filepath.Join(data, "standby.signal")); err == nil {
		lost, err := e.slotLost(ctx)
		if err != nil || !lost {
			return err
		}
		if err := removeData(data); err != nil {
			return err
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := e.dropSlot(ctx); err != nil {
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
			"--dbname=" + fmt.Sprintf("host=127.0.0.1 port=%s user=%s passfile=%s application_name=%s %s",
				portOf(e.Addrs[Primary]), replicator, quoteConninfo(passfile), Replica, noTLS),
			"--pgdata=" + data, "--write-recovery-conf", "--create-slot", "--slot=" + replicaSlot,
			"--wal-method=stream", "--checkpoint=fast", "--no-sync", "--no-manifest",
		},
	})
	return err
}

// slotLost says whether the primary no longer keeps the WAL that the replica needs: it has thrown it away to save the
// disk (max_slot_wal_keep_size), or has no slot.
func (e *Env) slotLost(ctx context.Context) (lost bool, err error) {
	err = e.asPrimary(ctx, func(conn *pgx.Conn) error {
		return conn.QueryRow(ctx, slotLostSQL, replicaSlot).Scan(&lost)
	})
	return lost, err
}

const slotLostSQL = `SELECT coalesce((SELECT wal_status = 'lost' FROM pg_replication_slots WHERE slot_name = $1), true)`

const dropSlotSQL = "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = $1"

// dropSlot removes the slot of a replica that is to be made anew, so that pg_basebackup can make it.
func (e *Env) dropSlot(ctx context.Context) error {
	return e.asPrimary(ctx, func(conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, dropSlotSQL, replicaSlot)
		return err
	})
}

// asPrimary asks the primary over a connection of its own: others may be using the one that is held.
func (e *Env) asPrimary(ctx context.Context, ask func(*pgx.Conn) error) error {
	conn, err := e.Connect(ctx, Primary)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	if err := ask(conn); err != nil {
		return fmt.Errorf("look after the replica's slot: %w", err)
	}
	return nil
}

// replicaResponds also asks whether the replica can follow: one whose slot is lost answers for ever, and is of no use.
func replicaResponds(ctx context.Context, e *Env) error {
	conn, err := e.Connect(ctx, Replica)
	if err != nil {
		return err
	}
	if err := conn.Close(ctx); err != nil {
		return err
	}
	if _, runs := e.Running()[Primary]; !runs {
		return nil
	}
	if lost, err := e.slotLost(ctx); err == nil && lost { // a primary that does not answer is not the replica's fault
		return errors.New("its replication slot is lost: the primary no longer has the WAL that it needs")
	}
	return nil
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
	primary, err := e.Admin(ctx, Primary)
	if err != nil {
		return err
	}
	replica, err := e.Admin(ctx, Replica)
	if err != nil {
		return err
	}
	var delay float64 // of a standby that is behind on purpose
	if err := replica.QueryRow(ctx, delaySQL).Scan(&delay); err != nil {
		return fmt.Errorf("ask how late the replica is meant to be: %w", err)
	}
	meant := time.Duration(delay * float64(time.Second))
	ctx, cancel := context.WithTimeout(ctx, catchUpTimeout+meant)
	defer cancel()
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
			why := "see `lab logs replica`"
			if meant > 0 {
				why = fmt.Sprintf("it is told to be %s behind (postgres.recovery_min_apply_delay)", meant)
			}
			return fmt.Errorf("wait for the replica to replay WAL up to %s: %w; %s", written, ctx.Err(), why)
		}
	}
}

const delaySQL = "SELECT extract(epoch FROM current_setting('recovery_min_apply_delay')::interval)::float8"

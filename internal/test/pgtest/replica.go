//go:build services

package pgtest

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Replica is a streaming standby of the test server.
type Replica struct {
	*postgres
}

// StartReplica makes a standby, which the end of the test stops and removes, and
// returns when the primary streams to it. Settings, such as
// "max_standby_streaming_delay=0", override what it has from the primary.
func StartReplica(t testing.TB, settings ...string) *Replica {
	t.Helper()
	r, err := newReplica(t.Context(), settings)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.stop(); err != nil {
			t.Error(err)
		}
		if err := os.RemoveAll(r.data); err != nil {
			t.Error(err)
		}
	})
	r.Start(t)
	return r
}

// newReplica takes a base backup, which is all that a standby is made from.
func newReplica(ctx context.Context, settings []string) (*Replica, error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	// After a break it looks for the primary again at once, not in 5 s.
	settings = append([]string{"wal_retrieve_retry_interval=100ms"}, settings...)
	r := &Replica{newPostgres(primary.home, "replica-"+strconv.Itoa(port), port, settings...)}
	r.ready = r.streams
	return r, r.home.run(ctx, nil, "pg_basebackup",
		"-h", "127.0.0.1", "-p", strconv.Itoa(primary.port), "-U", superuser,
		"-D", r.data, "-R", "-X", "stream", "-c", "fast", "--no-sync", "--no-manifest")
}

// streams returns nil when the replica answers and is fed by the primary.
func (r *Replica) streams(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, r.URL(superuser))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	var status string
	if err := conn.QueryRow(
		ctx, "select coalesce((select status from pg_stat_wal_receiver), 'off')",
	).Scan(&status); err != nil {
		return err
	}
	if status != "streaming" {
		return fmt.Errorf("the WAL receiver is %s, want streaming", status)
	}
	return nil
}

// PauseReplay makes the replica receive what the primary writes and show none of
// it. It returns when no more is replayed.
func (r *Replica) PauseReplay(t testing.TB) {
	t.Helper()
	r.session(t, "pause replay", func(ctx context.Context, conn *pgx.Conn) error {
		if _, err := conn.Exec(ctx, "select pg_wal_replay_pause()"); err != nil {
			return err
		}
		return awaitTrue(ctx, conn, "select pg_get_wal_replay_pause_state() = 'paused'")
	})
}

// ResumeReplay ends PauseReplay. Wait with AwaitReplay for what was held back.
func (r *Replica) ResumeReplay(t testing.TB) {
	t.Helper()
	r.session(t, "resume replay", func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, "select pg_wal_replay_resume()")
		return err
	})
}

// AwaitReplay returns when the replica shows all that is committed on the primary by now.
func (r *Replica) AwaitReplay(t testing.TB) {
	t.Helper()
	r.await(t, "pg_last_wal_replay_lsn()")
}

// AwaitReceive returns when the replica has all that is committed on the primary
// by now, whether it shows it or not.
func (r *Replica) AwaitReceive(t testing.TB) {
	t.Helper()
	r.await(t, "pg_last_wal_receive_lsn()")
}

// await waits until a position in the WAL is where the primary's is now.
func (r *Replica) await(t testing.TB, position string) {
	t.Helper()
	var written string
	primary.session(t, "read the primary's position", func(ctx context.Context, conn *pgx.Conn) error {
		return conn.QueryRow(ctx, "select pg_current_wal_lsn()::text").Scan(&written)
	})
	r.session(t, "wait until "+position+" is "+written, func(ctx context.Context, conn *pgx.Conn) error {
		return awaitTrue(ctx, conn, "select "+position+" >= $1::pg_lsn", written)
	})
}

// awaitTrue asks until the answer is true or ctx ends.
func awaitTrue(ctx context.Context, conn *pgx.Conn, sql string, args ...any) error {
	for {
		var done bool
		if err := conn.QueryRow(ctx, sql, args...).Scan(&done); err != nil || done {
			return err
		}
		time.Sleep(pollEvery)
	}
}

//go:build services

package pgtest

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/prometheus/procfs"
)

func TestReplicaFollowsThePrimary(t *testing.T) {
	r := StartReplica(t, "max_standby_streaming_delay=70ms")
	body := write(t)
	r.AwaitReplay(t)
	conn := r.Connect(t, "app")
	if n := count(t, conn, body); n != 1 {
		t.Errorf("the replica shows %d notes, want 1", n)
	}
	_, err := conn.Exec(t.Context(), "insert into notes (body) values ('here')")
	if refused, ok := errors.AsType[*pgconn.PgError](err); !ok || refused.Code != "25006" {
		t.Errorf("a write got %v, want 25006", err)
	}
	if got := ask(t, conn, "show max_standby_streaming_delay"); got != "70ms" {
		t.Errorf("max_standby_streaming_delay = %s, want what the test set", got)
	}
	if got := ask(
		t, Connect(t, superuser), "select count(*)::text from pg_stat_replication where state = 'streaming'",
	); got != "1" {
		t.Errorf("the primary streams to %s replicas, want 1", got)
	}
}

func TestReplicaEndsAndComesBack(t *testing.T) {
	r := StartReplica(t)
	for _, end := range []struct {
		name string
		do   func(testing.TB)
	}{{"stop", r.Stop}, {"kill", r.Kill}} {
		t.Run(end.name, func(t *testing.T) {
			conn := r.Connect(t, "app")
			parent := r.cmd.Process.Pid
			family, err := childrenOf(parent)
			if err != nil {
				t.Fatal(err)
			}
			if family = append(family, parent); len(family) < 4 {
				t.Fatalf("%d processes run, want a server with its children", len(family))
			}
			end.do(t)
			for _, pid := range family {
				if p, err := procfs.NewProc(pid); err == nil {
					if stat, err := p.Stat(); err == nil && stat.State != "Z" {
						t.Errorf("process %d (%s) is left", pid, stat.Comm)
					}
				}
			}
			if err := conn.Ping(t.Context()); err == nil {
				t.Error("an open connection still works")
			}
			refuses(t, r.URL("app"))
			body := write(t)
			r.Start(t)
			r.AwaitReplay(t)
			if n := count(t, r.Connect(t, "app"), body); n != 1 {
				t.Errorf("the replica shows %d notes, want what was written meanwhile", n)
			}
		})
	}
}

func TestReplicaHoldsReplayBack(t *testing.T) {
	r := StartReplica(t)
	conn := r.Connect(t, "app")
	r.PauseReplay(t)
	body := write(t)
	r.AwaitReceive(t)
	if n := count(t, conn, body); n != 0 {
		t.Errorf("the replica shows %d notes while replay is paused", n)
	}
	r.ResumeReplay(t)
	r.AwaitReplay(t)
	if n := count(t, conn, body); n != 1 {
		t.Errorf("the replica shows %d notes, want 1", n)
	}
	r.PauseReplay(t) // and the end of the test copes with that
}

func TestFrozenReplicaIsSilent(t *testing.T) {
	r := StartReplica(t)
	conn := r.Connect(t, "app")
	r.Freeze(t)
	silent(t, conn, r.URL("app"))
	r.Thaw(t)
	if got := ask(t, r.Connect(t, "app"), "select pg_is_in_recovery()::text"); got != "true" {
		t.Errorf("after the thaw: in recovery is %s", got)
	}
	r.Freeze(t) // and the end of the test copes with that
}

func TestKilledWhileFrozen(t *testing.T) {
	r := StartReplica(t)
	r.Freeze(t)
	r.Kill(t)
	refuses(t, r.URL("app"))
	r.Start(t)
}

func TestReplicasStandSideBySide(t *testing.T) {
	a, b := StartReplica(t), StartReplica(t)
	urls := []string{URL("app"), a.URL("app"), b.URL("app")}
	slices.Sort(urls)
	if n := len(slices.Compact(urls)); n != 3 {
		t.Errorf("%d servers, want 3", n)
	}
	a.Kill(t)
	body := write(t)
	b.AwaitReplay(t)
	if n := count(t, b.Connect(t, "app"), body); n != 1 {
		t.Errorf("the other replica shows %d notes, want 1", n)
	}
	a.Start(t) // and so removes the shared memory that the killed one has left
}

func TestFailedStartShowsTheLog(t *testing.T) {
	r := StartReplica(t)
	r.Stop(t)
	r.command = newPostgres(r.home, "nowhere", r.port).command
	err := r.start(t.Context())
	if err == nil {
		t.Fatal("started without data")
	}
	for _, want := range []string{"start " + r.name, "could not access directory", "nowhere"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("got %q, want to read %q in it", err, want)
		}
	}
	if err := r.stop(); err != nil {
		t.Errorf("stop what did not start: %v", err)
	}
}

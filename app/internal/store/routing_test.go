//go:build services

package store

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"stormwave/app/contract"
	"stormwave/app/internal/telemetry"
	"stormwave/internal/test/pgtest"
)

// routed is a store in front of a primary and a real standby.
type routed struct {
	*Store
	t       *testing.T
	metrics *telemetry.Metrics
	standby *pgtest.Replica
	user    int64
}

// openRouted returns one that reads from the standby already.
func openRouted(t *testing.T, env map[string]string, standby ...string) *routed {
	t.Helper()
	r := &routed{t: t, standby: pgtest.StartReplica(t, standby...)}
	all := map[string]string{contract.EnvReplicaURL: r.standby.URL("app"), "APP_REPLICA_WAIT": "2s"}
	for name, value := range env {
		all[name] = value
	}
	r.Store, r.metrics = open(t, all)
	r.awaitUsable()
	var err error
	if r.user, err = r.CreateUser(t.Context(), unique("routed"), "hash"); err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *routed) awaitUsable() {
	r.t.Helper()
	await(r.t, "reads go to the replica", func() bool { return r.replica.refused() == "" })
}

// logIn begins a session that the replica has.
func (r *routed) logIn() Session {
	r.t.Helper()
	token := token(unique("token"))
	if _, err := r.CreateSession(r.t.Context(), r.user, token, time.Hour); err != nil {
		r.t.Fatal(err)
	}
	session, err := r.Session(r.t.Context(), token)
	if err != nil || session.User != r.user {
		r.t.Fatalf("session of user %d, %v; want %d", session.User, err, r.user)
	}
	return session
}

func (r *routed) post(session Session) Post {
	r.t.Helper()
	post, err := r.CreatePost(r.t.Context(), session, "body")
	if err != nil {
		r.t.Fatal(err)
	}
	return post
}

func (r *routed) fallbacks(reason string) float64 {
	r.t.Helper()
	return value(r.t, r.metrics, contract.MetricReadFallbacks, map[string]string{"reason": reason})
}

func (r *routed) reads(target string) float64 {
	r.t.Helper()
	return value(r.t, r.metrics, contract.MetricReads, map[string]string{"target": target})
}

func TestReadsGoToTheReplica(t *testing.T) {
	r := openRouted(t, nil)
	ctx := t.Context()
	session := r.logIn()
	post := r.post(session)
	_, err1 := r.Post(ctx, session, post.ID)
	_, _, err2 := r.Credential(ctx, "nobody")
	if !errors.Is(err2, ErrNotFound) {
		t.Errorf("credential of nobody: %v", err2)
	}
	if err := errors.Join(err1, read(ctx, r.Store, 0), read(ctx, r.Store, 1)); err != nil {
		t.Fatal(err)
	}
	want := map[string][2]float64{ // primary, replica
		"insert_user": {1, 0}, "select_credential": {1, 0}, "insert_session": {1, 0}, "insert_post": {1, 0},
		"select_session": {0, 1}, "select_post": {0, 1}, "select_feed": {0, 1}, "select_author_feed": {0, 1},
	}
	for statement, counts := range want {
		for i, target := range []string{"primary", "replica"} {
			if n := value(
				t, r.metrics, contract.MetricQueryDuration, map[string]string{"statement": statement, "target": target},
			); n != counts[i] {
				t.Errorf("%s ran %v times on the %s, want %v", statement, n, target, counts[i])
			}
		}
	}
	if n := r.reads("replica"); n != 4 || r.reads("primary") != 0 {
		t.Errorf("%v reads are counted on the replica, %v on the primary, want 4 and 0", n, r.reads("primary"))
	}

	// One that began before this process: the primary is asked too.
	if _, err := r.Session(ctx, Token{1}); !errors.Is(err, ErrNotFound) {
		t.Errorf("unknown session: %v, want ErrNotFound", err)
	}
	if n := value(
		t, r.metrics, contract.MetricQueryDuration, map[string]string{"statement": "select_session", "target": "primary"},
	); n != 1 {
		t.Errorf("an unknown session was looked up %v times on the primary, want 1", n)
	}
}

func TestSessionReadsItsOwnWrites(t *testing.T) {
	r := openRouted(t, map[string]string{"APP_REPLICA_WAIT": "50ms"})
	writer, other := r.logIn(), r.logIn()
	r.standby.PauseReplay(t)
	post := r.post(writer)
	if got, err := r.Post(t.Context(), writer, post.ID); err != nil || got.ID != post.ID {
		t.Errorf("its own post: %+v, %v", got, err)
	}
	if n := r.fallbacks(contract.FallbackSession); n != 1 || r.reads("primary") != 1 {
		t.Errorf("%v reads fell back for the session, %v were answered by the primary; want 1 and 1", n, r.reads("primary"))
	}
	// Who wrote nothing does not wait, and may see what is older.
	if _, err := r.Post(t.Context(), other, post.ID); !errors.Is(err, ErrNotFound) {
		t.Errorf("post for another session: %v, want ErrNotFound from the replica", err)
	}
	r.standby.ResumeReplay(t)
	r.standby.AwaitReplay(t)
	before := r.reads("replica")
	if _, err := r.Post(t.Context(), writer, post.ID); err != nil {
		t.Error(err)
	}
	if n := r.reads("replica") - before; n != 1 {
		t.Errorf("with the replica caught up, %v reads went there, want 1", n)
	}
	if n := value(t, r.metrics, contract.MetricStaleReads, nil); n != 0 {
		t.Errorf("%v stale reads", n)
	}
}

func TestManySessionsReadTheirOwnWrites(t *testing.T) {
	r := openRouted(t, map[string]string{"APP_POOL_SIZE": "4"})
	var all sync.WaitGroup
	for range 8 {
		session := r.logIn()
		all.Go(func() {
			for range 100 {
				post, err := r.CreatePost(t.Context(), session, "body")
				if err == nil {
					_, err = r.Post(t.Context(), session, post.ID)
				}
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	if n := value(t, r.metrics, contract.MetricStaleReads, nil); n != 0 {
		t.Errorf("%v stale reads", n)
	}
	if n := r.reads("replica"); n < 400 {
		t.Errorf("%v reads waited for the replica and got it there, want at least half of 800", n)
	}
}

// A stale answer is counted: here the wait is told that the replica has the post.
func TestStaleReadIsCounted(t *testing.T) {
	r := openRouted(t, nil)
	session := r.logIn()
	r.standby.PauseReplay(t)
	post := r.post(session)
	r.written.mu.Lock()
	last := r.written.sessions[session.token]
	last.position = 0
	r.written.sessions[session.token] = last
	r.written.mu.Unlock()
	if _, err := r.Post(t.Context(), session, post.ID); !errors.Is(err, ErrNotFound) {
		t.Errorf("post: %v, want ErrNotFound", err)
	}
	if err := r.Feed(t.Context(), session, session.User, func() {}, func(*Post) {}); err != nil {
		t.Error(err)
	}
	if n := value(t, r.metrics, contract.MetricStaleReads, nil); n != 2 {
		t.Errorf("%v stale reads counted, want 2", n)
	}
	r.standby.ResumeReplay(t)
}

func TestLateReplicaIsLeftAlone(t *testing.T) {
	r := openRouted(t, map[string]string{"APP_REPLICA_MAX_LAG": "500ms"})
	r.standby.PauseReplay(t)
	await(t, "the replica is late", func() bool { return r.replica.refused() == contract.FallbackLate })
	if err := read(t.Context(), r.Store, 0); err != nil {
		t.Error(err)
	}
	if n := r.fallbacks(contract.FallbackLate); n != 1 || r.reads("primary") != 1 {
		t.Errorf("%v reads fell back, %v were answered by the primary; want 1 and 1", n, r.reads("primary"))
	}
	if lag := value(t, r.metrics, contract.MetricReplicaLag, nil); lag < 0.5 {
		t.Errorf("lag %v s, want above 0.5", lag)
	}
	if bytes := value(t, r.metrics, contract.MetricReplicaLagSize, nil); bytes <= 0 {
		t.Errorf("lag %v bytes", bytes)
	}
	r.standby.ResumeReplay(t)
	r.awaitUsable()
	if up := value(t, r.metrics, contract.MetricReplicaUsable, nil); up != 1 {
		t.Errorf("usable = %v, want 1", up)
	}
}

// Under a steady load of reads, the replica goes away and comes back: no read fails.
func TestReplicaGoesAndComesBack(t *testing.T) {
	for name, f := range map[string]struct {
		away, back func(*pgtest.Replica, testing.TB)
	}{
		"killed": {
			func(r *pgtest.Replica, t testing.TB) { r.Kill(t) }, func(r *pgtest.Replica, t testing.TB) { r.Start(t) },
		},
		"stopped": {
			func(r *pgtest.Replica, t testing.TB) { r.Stop(t) }, func(r *pgtest.Replica, t testing.TB) { r.Start(t) },
		},
		// A read that hangs with it is ended by its own time limit: it is not tried.
		"frozen": {
			func(r *pgtest.Replica, t testing.TB) { r.Freeze(t) }, func(r *pgtest.Replica, t testing.TB) { r.Thaw(t) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := openRouted(t, map[string]string{"APP_POOL_SIZE": "4", "APP_QUERY_TIMEOUT": "2s"})
			ctx, stop := context.WithCancel(t.Context())
			var readers sync.WaitGroup
			if name != "frozen" {
				for range 4 {
					readers.Go(func() {
						for ctx.Err() == nil {
							if err := read(context.WithoutCancel(ctx), r.Store, 1); err != nil {
								t.Error(err)
								return
							}
						}
					})
				}
			}
			f.away(r.standby, t)
			await(t, "the replica is gone", func() bool { return r.replica.refused() == contract.FallbackGone })
			if err := read(t.Context(), r.Store, 1); err != nil {
				t.Error(err)
			}
			if n := r.fallbacks(contract.FallbackGone); n < 1 {
				t.Errorf("%v reads fell back, want at least one", n)
			}
			if err := r.Ready(t.Context()); err != nil {
				t.Errorf("without its replica the backend is not ready: %v", err)
			}
			f.back(r.standby, t)
			r.awaitUsable()
			before := r.reads("replica")
			await(t, "reads return to the replica", func() bool {
				return read(t.Context(), r.Store, 1) == nil && r.reads("replica") > before
			})
			stop()
			readers.Wait()
		})
	}
}

// A storm of reads that the replica no longer takes does not reach the primary at once.
func TestFallbackIsCapped(t *testing.T) {
	r := openRouted(t, map[string]string{"APP_REPLICA_FALLBACK": "2", "APP_ACQUIRE_TIMEOUT": "100ms"})
	r.standby.Stop(t)
	await(t, "the replica is gone", func() bool { return r.replica.refused() != "" })
	unlock := pgtest.LockPosts(t)
	errs := make(chan error, 5)
	for range cap(errs) {
		go func() { errs <- read(context.Background(), r.Store, 1) }()
	}
	for range 3 {
		failed, ok := errors.AsType[*Error](<-errs)
		if !ok || failed.Kind != Unavailable || failed.State != contract.StateAcquireTimeout ||
			failed.Statement != "await_fallback" {
			t.Errorf("got %v, want to be turned away", failed)
		}
	}
	if n := r.primary.conns.Stat().AcquiredConns(); n != 2 {
		t.Errorf("%d reads are on the primary, want 2", n)
	}
	unlock()
	for range 2 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	r.standby.Start(t)
}

// Replay that needs a lock cancels the read in its way: it is run again.
func TestConflictIsRetriedOnce(t *testing.T) {
	r := openRouted(t, nil, "max_standby_streaming_delay=0")
	session := r.logIn()
	done := make(chan error, 1)
	go func() { done <- r.Sleep(context.Background(), session, 700*time.Millisecond) }()
	await(t, "the read runs", func() bool { return r.replica.pool.conns.Stat().AcquiredConns() == 1 })
	time.Sleep(100 * time.Millisecond) // its snapshot is taken
	owner := pgtest.Connect(t, "owner")
	for _, sql := range []string{
		"create table conflict as select generate_series(1, 1000) as n", "delete from conflict", "vacuum conflict",
		"drop table conflict",
	} {
		if _, err := owner.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	if err := <-done; err != nil {
		t.Errorf("the read failed: %v", err)
	}
	conflicts := value(
		t, r.metrics, contract.MetricQueryErrors, map[string]string{"target": "replica", "sqlstate": "40001"},
	)
	if conflicts != 1 || r.fallbacks(contract.FallbackConflict) != 0 {
		t.Errorf("%v conflicts, %v fell back; want 1 and 0", conflicts, r.fallbacks(contract.FallbackConflict))
	}
}

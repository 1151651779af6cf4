//go:build services

package store

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"stormwave/app/contract"
	"stormwave/internal/test/pgtest"
)

func TestWaitingForAConnection(t *testing.T) {
	tests := []struct {
		name    string
		env     map[string]string
		ctx     func(context.Context) (context.Context, context.CancelFunc)
		kind    Kind
		state   string
		outcome string
	}{
		{"acquire timeout", map[string]string{"APP_ACQUIRE_TIMEOUT": "100ms"},
			context.WithCancel, Unavailable, "acquire_timeout", "timeout"},
		{"budget spent first", map[string]string{"APP_ACQUIRE_TIMEOUT": "3s"},
			func(ctx context.Context) (context.Context, context.CancelFunc) {
				return context.WithTimeoutCause(ctx, 100*time.Millisecond, ErrBudget)
			}, Timeout, "http_timeout", "canceled"},
		{"client gone", nil,
			func(ctx context.Context) (context.Context, context.CancelFunc) {
				ctx, cancel := context.WithCancel(ctx)
				time.AfterFunc(100*time.Millisecond, cancel)
				return ctx, cancel
			}, Canceled, "canceled", "canceled"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			env := map[string]string{"APP_POOL_SIZE": "1"}
			for k, v := range tt.env {
				env[k] = v
			}
			s, metrics := open(t, env)
			target := map[string]string{"target": "primary"}
			unlock := pgtest.LockPosts(t)
			var holder sync.WaitGroup
			holder.Go(func() {
				if err := read(context.Background(), s, 0); err != nil {
					t.Errorf("who held the connection got %v", err)
				}
			})
			await(
				t, "the only connection is taken",
				func() bool { return value(t, metrics, contract.MetricPoolAcquired, target) == 1 },
			)

			waited := make(chan error, 1)
			ctx, cancel := tt.ctx(t.Context())
			defer cancel()
			go func() { waited <- read(ctx, s, 0) }()
			await(t, "one request waits", func() bool { return value(t, metrics, contract.MetricPoolWaiting, target) == 1 })
			err := <-waited
			failed, ok := errors.AsType[*Error](err)
			if !ok || failed.Kind != tt.kind || failed.State != tt.state {
				t.Errorf("got %v, want kind %v and state %s", err, tt.kind, tt.state)
			}
			if n := value(t, metrics, contract.MetricPoolWaiting, target); n != 0 {
				t.Errorf("%v are still counted as waiting", n)
			}
			if n := value(
				t, metrics, contract.MetricAcquireDuration, map[string]string{"target": "primary", "outcome": tt.outcome},
			); n != 1 {
				t.Errorf("outcome %s counted %v times, want 1", tt.outcome, n)
			}
			unlock()
			holder.Wait()
		})
	}
}

func TestWaitersAreServedInOrder(t *testing.T) {
	s, metrics := open(t, map[string]string{"APP_POOL_SIZE": "1"})
	held, err := s.primary.conns.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	const waiters = 8
	order := make(chan int, waiters)
	for i := range waiters {
		go func() {
			conn, err := s.primary.acquire(context.Background(), &ping)
			order <- i
			if err != nil {
				t.Error(err)
				return
			}
			conn.Release()
		}()
		await(t, "it waits", func() bool {
			return value(t, metrics, contract.MetricPoolWaiting, map[string]string{"target": "primary"}) == float64(i+1)
		})
		time.Sleep(2 * time.Millisecond) // from the gauge to the queue
	}
	held.Release()
	for want := range waiters {
		if got := <-order; got != want {
			t.Errorf("waiter %d was served where %d was next", got, want)
		}
	}
}

func TestPoolIsColdOrWarm(t *testing.T) {
	total := func(s *Store) int32 { return s.primary.conns.Stat().TotalConns() }

	t.Run("cold", func(t *testing.T) {
		s, _ := open(t, nil)
		if n := total(s); n != 0 {
			t.Errorf("%d connections before the first query", n)
		}
		if err := s.Ready(t.Context()); err != nil || total(s) != 1 {
			t.Errorf("Ready = %v with %d connections, want nil with 1", err, total(s))
		}
	})
	t.Run("warm", func(t *testing.T) {
		s, _ := open(
			t, map[string]string{"APP_POOL_MIN": "5", "APP_POOL_SIZE": "8", contract.EnvReplicaURL: pgtest.URL("app")},
		)
		await(t, "the pools are warm", func() bool { return s.Ready(t.Context()) == nil })
		for _, p := range s.pools() {
			if stat := p.conns.Stat(); stat.IdleConns() < 5 {
				t.Errorf("%s has %d idle connections, want 5", p.target, stat.IdleConns())
			}
		}
	})
	t.Run("more than the server takes", func(t *testing.T) {
		s, _ := open(t, map[string]string{"APP_POOL_MIN": "40"})
		await(t, "the first attempt has failed", func() bool {
			stat := s.primary.conns.Stat()
			return stat.NewConnsCount() >= 40 && stat.ConstructingConns() == 0
		})
		if err := s.Ready(t.Context()); err == nil || !strings.Contains(err.Error(), "53300") {
			t.Errorf("Ready = %v, want 53300", err)
		}
	})
	t.Run("filled again after a failure", func(t *testing.T) {
		owner := pgtest.Connect(t, "postgres")
		if _, err := owner.Exec(t.Context(), "alter role app connection limit 2"); err != nil {
			t.Fatal(err)
		}
		s, _ := open(t, map[string]string{"APP_POOL_MIN": "5"})
		await(t, "the first attempt has failed", func() bool {
			stat := s.primary.conns.Stat()
			return stat.NewConnsCount() >= 5 && stat.ConstructingConns() == 0
		})
		if s.Ready(t.Context()) == nil {
			t.Error("Ready with 2 of 5 connections")
		}
		if _, err := owner.Exec(t.Context(), "alter role app connection limit -1"); err != nil {
			t.Fatal(err)
		}
		await(t, "the pool is warm", func() bool { return s.Ready(t.Context()) == nil })
		if n := total(s); n < 5 {
			t.Errorf("Ready with %d connections, want 5", n)
		}
	})
}

func TestExecModes(t *testing.T) {
	for mode := range execModes {
		t.Run(mode, func(t *testing.T) {
			s, _ := open(t, map[string]string{"APP_EXEC_MODE": mode})
			ctx := t.Context()
			token := token(unique(mode)) // bytes that are no text
			user, err := s.CreateUser(ctx, unique(mode), "hash")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.CreateSession(ctx, user, token, time.Hour); err != nil {
				t.Fatal(err)
			}
			session, err := s.Session(ctx, token)
			if err != nil || session.User != user {
				t.Errorf("session of user %d, %v, want %d", session.User, err, user)
			}
			body := `it's "quoted" \ ünï ` + mode
			post, err := s.CreatePost(ctx, session, body)
			if err != nil || post.Body != body || post.Author != user || time.Since(post.Created).Abs() > time.Minute {
				t.Fatalf("created %+v, %v", post, err)
			}
			var feed []Post
			if err := s.Feed(ctx, session, user, func() { feed = nil }, func(p *Post) { feed = append(feed, *p) }); err != nil {
				t.Fatal(err)
			}
			if len(feed) != 1 || feed[0].ID != post.ID || feed[0].Body != body || !feed[0].Created.Equal(post.Created) {
				t.Errorf("feed %+v, want %+v", feed, post)
			}
		})
	}
}

func TestCloseDoesNotWaitForever(t *testing.T) {
	s, _ := open(t, nil)
	unlock := pgtest.LockPosts(t)
	var query sync.WaitGroup
	query.Go(func() {
		if err := read(context.Background(), s, 0); err != nil {
			t.Error(err)
		}
	})
	await(t, "a query runs", func() bool { return s.primary.conns.Stat().AcquiredConns() == 1 })
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := s.Close(ctx); err == nil || !strings.Contains(err.Error(), "still in use") {
		t.Errorf("Close = %v, want to hear of the connection in use", err)
	}
	unlock()
	query.Wait()
}

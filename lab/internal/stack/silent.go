package stack

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"
)

// silence is how long a service that runs may take to answer between two shots.
const silence = 5 * time.Second

// stopSilent stops the services that run but do not answer: one that was suspended, or
// hangs, would cost every shot to come. The backend and the pooler are not asked: they
// are started anew for every shot.
func (s *Stack) stopSilent(ctx context.Context) error {
	var (
		mu     sync.Mutex
		silent []string
		asked  sync.WaitGroup
	)
	for _, svc := range s.services() {
		if svc.name == App || svc.name == PgBouncer || !s.members.runs(svc.name) {
			continue
		}
		asked.Go(func() {
			if err := s.speaks(ctx, svc.name); err != nil {
				slog.Warn("a service does not answer, and is started anew", "service", svc.name, "err", err)
				mu.Lock()
				defer mu.Unlock()
				silent = append(silent, svc.name)
			}
		})
	}
	asked.Wait()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return s.stop(ctx, slices.DeleteFunc(slices.Clone(stopOrder), func(name string) bool { return !slices.Contains(silent, name) })...)
}

// speaks asks a service for anything at all. That is less than being ready: what it
// needs may be down.
func (s *Stack) speaks(ctx context.Context, name string) error {
	ctx, cancel := context.WithTimeout(ctx, silence)
	defer cancel()
	if name != Primary && name != Replica {
		_, err := get(ctx, "http://"+s.addrs[name]+"/metrics")
		return err
	}
	conn, err := s.connect(ctx, name)
	if err != nil {
		return err
	}
	return conn.Close(ctx)
}

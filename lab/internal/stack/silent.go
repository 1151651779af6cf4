package stack

import (
	"context"
	"log/slog"
	"slices"
	"sync"

	"stormwave/lab/internal/service"
)

// stopSilent stops the services that run but do not answer: one that was suspended, or
// hangs, would cost every trial to come. Those that are started anew for every cell are not
// asked.
func (s *Stack) stopSilent(ctx context.Context) error {
	var (
		mu     sync.Mutex
		silent []string
		asked  sync.WaitGroup
	)
	for _, svc := range s.services() {
		if svc.PerCell || !s.members.runs(svc.Name) {
			continue
		}
		asked.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, service.Silence)
			defer cancel()
			if err := s.Responds(ctx, svc); err != nil {
				slog.Warn("a service does not answer, and is started anew", "service", svc.Name, "err", err)
				mu.Lock()
				defer mu.Unlock()
				silent = append(silent, svc.Name)
			}
		})
	}
	asked.Wait()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return s.stop(ctx, slices.DeleteFunc(service.StopOrder(), func(name string) bool {
		return !slices.Contains(silent, name)
	})...)
}

package runner

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"stormwave/lab/internal/stack/exporter"
)

// A supervisor that does not answer any more keeps nobody who wants to leave.
func TestSilentStackDoesNotHoldAnInterruptedRun(t *testing.T) {
	for name, call := range map[string]func(*Runner, context.Context) error{
		"quiesce": (*Runner).quiesce,
		"unmark":  (*Runner).unmark,
		"tell":    func(r *Runner, ctx context.Context) error { return r.tell(ctx, nil) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				cancel()
				began := time.Now()
				err := call(&Runner{Stack: silent{}}, ctx)
				if waited := time.Since(began); !errors.Is(err, context.DeadlineExceeded) || waited != restTimeout {
					t.Errorf("%v after %s; want the deadline of %s", err, waited, restTimeout)
				}
			})
		})
	}
}

// silent is a stack that answers nothing.
type silent struct{ Stack }

func (silent) Quiesce(ctx context.Context) error { return forever(ctx) }

func (silent) Unmark(ctx context.Context) error { return forever(ctx) }

func (silent) Tell(ctx context.Context, _ exporter.Progress) error { return forever(ctx) }

func forever(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}

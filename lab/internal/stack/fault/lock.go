package fault

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"stormwave/lab/internal/backend"
)

// LockUsers holds the users of the load locked, each time for hold, and lets go for
// a tenth of that in between.
func LockUsers(ctx context.Context, conninfo string, hold time.Duration) error {
	conn, err := pgx.Connect(ctx, conninfo)
	if err != nil {
		return fmt.Errorf("connect to lock users: %w", err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	for ctx.Err() == nil {
		if err := holdOnce(ctx, conn, hold); err != nil && ctx.Err() == nil {
			return fmt.Errorf("lock users: %w", err)
		}
		pause(ctx, hold/10)
	}
	return nil
}

func holdOnce(ctx context.Context, conn *pgx.Conn, hold time.Duration) error {
	tx, err := conn.Begin(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	if _, err := tx.Exec(ctx, backend.Bundled.Faults.Lock); err != nil {
		return err
	}
	pause(ctx, hold)
	return nil
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

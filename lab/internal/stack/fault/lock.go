package fault

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// Lock holds what a statement locks, each time for hold, and lets go for
// a tenth of that in between.
func Lock(ctx context.Context, conninfo string, hold time.Duration, sql string) error {
	conn, err := pgx.Connect(ctx, conninfo)
	if err != nil {
		return fmt.Errorf("connect to lock rows: %w", err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	for ctx.Err() == nil {
		if err := holdOnce(ctx, conn, hold, sql); err != nil && ctx.Err() == nil {
			return fmt.Errorf("lock rows: %w", err)
		}
		pause(ctx, hold/10)
	}
	return nil
}

func holdOnce(ctx context.Context, conn *pgx.Conn, hold time.Duration, sql string) error {
	tx, err := conn.Begin(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	if _, err := tx.Exec(ctx, sql); err != nil {
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

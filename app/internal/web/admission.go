package web

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"

	"stormwave/app/contract"
	"stormwave/app/internal/telemetry"
)

// admission bounds how many requests are worked on at once, and how many may wait
// for that, first come first served. Who finds the queue full is turned away at
// once: an answer that says so is worth more than a wait that ends in none.
type admission struct {
	slots   *semaphore.Weighted // nil: no bound
	room    int64               // most that wait
	queued  atomic.Int64
	timeout time.Duration // 0: as long as the request's budget allows
	meter   *telemetry.Admission
}

func newAdmission(cfg contract.Settings, meter *telemetry.Admission) *admission {
	a := &admission{room: int64(cfg.MaxQueue), timeout: cfg.QueueTimeout, meter: meter}
	if cfg.MaxInflight > 0 {
		a.slots = semaphore.NewWeighted(int64(cfg.MaxInflight))
	}
	return a
}

// errQueueTimeout is the cause of a wait that the queue itself has ended.
var errQueueTimeout = errors.New("waited longer than APP_QUEUE_TIMEOUT")

// enter takes a slot. Its error is the problem to answer with. Who entered must leave.
func (a *admission) enter(ctx context.Context) error {
	if a.slots == nil || a.slots.TryAcquire(1) {
		return nil
	}
	defer a.queued.Add(-1)
	if a.queued.Add(1) > a.room {
		a.meter.Shed(contract.ShedFull)
		return errOverloaded
	}
	waiting := ctx
	if a.timeout > 0 {
		var cancel context.CancelFunc
		waiting, cancel = context.WithTimeoutCause(ctx, a.timeout, errQueueTimeout)
		defer cancel()
	}
	a.meter.Wait()
	defer a.meter.Waited()
	err := a.slots.Acquire(waiting, 1)
	switch {
	case err == nil:
		return nil
	case errors.Is(context.Cause(waiting), context.Canceled):
		return errClientGone
	}
	a.meter.Shed(contract.ShedTimeout)
	return errOverloaded
}

func (a *admission) leave() {
	if a.slots != nil {
		a.slots.Release(1)
	}
}

package runner

import (
	"context"
	"time"
)

// restTimeout bounds each step that brings the stack to rest. The stack has a shorter
// deadline of its own, and says more.
const restTimeout = 40 * time.Second

// quiesce ends the traces of the load. An interrupted run does so too: else a fault of
// its cell would stay.
func (r *Runner) quiesce(ctx context.Context) error {
	ctx, cancel := lasting(ctx)
	defer cancel()
	return r.Stack.Quiesce(ctx)
}

// unmark tells that the shot is over, an interrupted one too.
func (r *Runner) unmark(ctx context.Context) error {
	ctx, cancel := lasting(ctx)
	defer cancel()
	return r.Stack.Unmark(ctx)
}

// lasting returns a context that goes on when ctx ends, but not for ever.
func lasting(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), restTimeout)
}

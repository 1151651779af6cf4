package runner

import (
	"context"
	"errors"
	"slices"
	"time"
)

// restTimeout bounds each call that is made of an interrupted run, too. The stack has
// shorter deadlines of its own, and says more.
const restTimeout = 40 * time.Second

// quiesce ends the traces of the load. An interrupted run does so too: else a fault of
// its cell would stay.
func (r *Runner) quiesce(ctx context.Context) error {
	ctx, cancel := lasting(ctx)
	defer cancel()
	return r.Stack.Quiesce(ctx)
}

// unmark tells that the trial is over, an interrupted one too.
func (r *Runner) unmark(ctx context.Context) error {
	ctx, cancel := lasting(ctx)
	defer cancel()
	return r.Stack.Unmark(ctx)
}

// maxApplyFailures is how many trials in a row may lack a stack.
const maxApplyFailures = 3

// isLost says whether a stack does not come back, so that the night would bring nothing
// more: several trials in a row lacked it, and it does not lie in their cell. A cell that
// cannot be applied fails with each of its scenarios, which follow each other.
func isLost(applyFailures []string) bool {
	return len(applyFailures) >= maxApplyFailures && slices.ContainsFunc(
		applyFailures, func(cell string) bool { return cell != applyFailures[0] },
	)
}

// abandon ends a trial that cannot go on. To quiesce the stack also finds out whether a
// server has crashed and begun anew, which may be why.
func (r *Runner) abandon(ctx context.Context, why error) error {
	return errors.Join(why, r.quiesce(ctx))
}

// lasting returns a context that goes on when ctx ends, but not for ever.
func lasting(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), restTimeout)
}

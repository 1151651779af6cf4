package proc

import (
	"context"
	"fmt"
	"time"
)

// probeEvery is the pause between two readiness probes.
const probeEvery = 20 * time.Millisecond

// tailLines is how much of its log a failed process is quoted with.
const tailLines = 12

// Await calls probe until it returns nil. It gives up when ctx ends or the
// process does, and then tells the last failure, the command and the log's tail.
func (p *Process) Await(ctx context.Context, probe func(context.Context) error) error {
	tick := time.NewTicker(probeEvery)
	defer tick.Stop()
	for {
		err := probe(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-p.done:
			return p.failure(fmt.Errorf("%w with %s", ErrExited, p.exit))
		case <-ctx.Done():
			return p.failure(fmt.Errorf("not ready in time: %w", err))
		case <-tick.C:
		}
	}
}

func (p *Process) failure(cause error) error {
	text := p.Tail(tailLines)
	if text == "" {
		return fmt.Errorf("start %s: %w\n  command: %s", p.spec.Name, cause, p.Command())
	}
	return fmt.Errorf("start %s: %w\n  command: %s\n  log (%s):\n%s", p.spec.Name, cause, p.Command(), p.spec.Log, text)
}

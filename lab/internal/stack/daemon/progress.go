package daemon

import (
	"context"
	"sync"

	"stormwave/lab/internal/stack"
)

// progress is what has come of an up so far. Any number of clients may follow it.
type progress struct {
	mu      sync.Mutex
	steps   []stack.Step
	err     error
	over    bool
	changed chan struct{} // closed and replaced at each change
}

func newProgress() *progress { return &progress{changed: make(chan struct{})} }

func (p *progress) add(step stack.Step) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.steps = append(p.steps, step)
	p.announce()
}

// finish ends it; only the first outcome counts.
func (p *progress) finish(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.over {
		p.over, p.err = true, err
		p.announce()
	}
}

func (p *progress) announce() {
	close(p.changed)
	p.changed = make(chan struct{})
}

// outcome tells whether it is over, and how it ended.
func (p *progress) outcome() (over bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.over, p.err
}

// follow calls each for every step, those already done included, until it is
// over, and returns how it ended.
func (p *progress) follow(ctx context.Context, each func(stack.Step)) error {
	for seen := 0; ; {
		p.mu.Lock()
		fresh, over, err, changed := p.steps[seen:], p.over, p.err, p.changed
		p.mu.Unlock()
		for _, step := range fresh {
			each(step)
		}
		seen += len(fresh)
		if over {
			return err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

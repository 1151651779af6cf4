package daemon

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/google/renameio/v2"
	"golang.org/x/sys/unix"

	"stormwave/lab/internal/stack"
	"stormwave/lab/internal/stack/proc"
)

// state is kept for the supervisor that comes after one that was killed.
type state struct {
	Supervisor proc.Ident            `json:"supervisor"`
	Services   map[string]proc.Ident `json:"services"`
}

func statePath(layout stack.Layout) string { return filepath.Join(layout.Lab, "state.json") }

// claim takes the lock that a supervisor holds all its life.
func claim(layout stack.Layout) (*os.File, error) {
	lock, err := os.OpenFile(filepath.Join(layout.Lab, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open lock: %w", err)
	}
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		_ = lock.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, ErrRunning
		}
		return nil, fmt.Errorf("take lock: %w", err)
	}
	return lock, nil
}

// remember writes down who runs.
func (s *Supervisor) remember() error {
	now := state{Services: make(map[string]proc.Ident)}
	now.Supervisor, _ = proc.Identify(os.Getpid())
	for name, pid := range s.stack.PIDs() {
		if id, ok := proc.Identify(pid); ok {
			now.Services[name] = id
		}
	}
	text, err := json.MarshalIndent(now, "", "  ")
	if err != nil {
		return fmt.Errorf("write state: %w", err)
	}
	if err := renameio.WriteFile(statePath(s.layout), append(text, '\n'), 0o600); err != nil {
		return fmt.Errorf("write state: %w", err)
	}
	return nil
}

func forget(layout stack.Layout) error {
	if err := os.Remove(statePath(layout)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove state: %w", err)
	}
	return nil
}

// sweepTimeout bounds the wait for what a killed supervisor has left.
const sweepTimeout = 15 * time.Second

// sweep ends what a killed supervisor has left behind. The kernel has told its
// services to end; here is waited for them, and killed what does not.
func sweep(ctx context.Context, layout stack.Layout) error {
	text, err := os.ReadFile(statePath(layout))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read state: %w", err)
	}
	var old state
	if err := json.Unmarshal(text, &old); err != nil {
		return fmt.Errorf("read state: %w; look for processes of an old lab, then remove %s", err, statePath(layout))
	}
	const politely = 5 * time.Second
	began := time.Now()
	for {
		alive := 0
		for _, id := range old.Services {
			if !id.Alive() {
				continue
			}
			alive++
			if time.Since(began) > politely {
				id.Kill()
			}
		}
		if alive == 0 {
			return forget(layout)
		}
		if time.Since(began) > sweepTimeout {
			return fmt.Errorf("wait for services of an old lab: %d do not end; see %s", alive, statePath(layout))
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}

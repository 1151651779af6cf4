package daemon

import (
	"errors"
	"io"
	"path/filepath"

	"stormwave/lab/internal/service"
	"stormwave/lab/internal/stack/proc"
)

// ErrRunning means that this checkout has a supervisor already.
var ErrRunning = errors.New("a supervisor of this checkout runs already")

// StatusRunning is the exit status of a supervisor that ends with ErrRunning.
const StatusRunning = 4

func lockPath(layout service.Layout) string { return filepath.Join(layout.Lab, "lock") }

// claim takes the lock that a supervisor holds all its life.
func claim(layout service.Layout) (io.Closer, error) {
	lock, err := proc.Lock(lockPath(layout))
	if errors.Is(err, proc.ErrLocked) {
		return nil, ErrRunning
	}
	return lock, err
}

// claimed reports whether a supervisor holds the lock: also one that does not answer
// yet, or any more.
func claimed(layout service.Layout) bool { return proc.Locked(lockPath(layout)) }

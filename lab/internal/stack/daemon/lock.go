package daemon

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"stormwave/lab/internal/service"
)

// ErrRunning means that this checkout has a supervisor already.
var ErrRunning = errors.New("a supervisor of this checkout runs already")

// StatusRunning is the exit status of a supervisor that ends with ErrRunning.
const StatusRunning = 4

func lockPath(layout service.Layout) string { return filepath.Join(layout.Lab, "lock") }

// whole is the lock on a whole file. It belongs to the open file (F_OFD_SETLK, Linux
// 3.15), and unlike that of flock(2) it can be asked for without being taken.
func whole(kind int16) *unix.Flock_t { return &unix.Flock_t{Type: kind, Whence: io.SeekStart} }

// claim takes the lock that a supervisor holds all its life.
func claim(layout service.Layout) (*os.File, error) {
	lock, err := os.OpenFile(lockPath(layout), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open lock: %w", err)
	}
	if err := unix.FcntlFlock(lock.Fd(), unix.F_OFD_SETLK, whole(unix.F_WRLCK)); err != nil {
		_ = lock.Close()
		if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EACCES) {
			return nil, ErrRunning
		}
		return nil, fmt.Errorf("take lock: %w", err)
	}
	return lock, nil
}

// claimed reports whether a supervisor holds the lock: also one that does not answer
// yet, or any more.
func claimed(layout service.Layout) bool {
	lock, err := os.Open(lockPath(layout))
	if err != nil {
		return false
	}
	defer func() { _ = lock.Close() }()
	held := whole(unix.F_RDLCK)
	return unix.FcntlFlock(lock.Fd(), unix.F_OFD_GETLK, held) == nil && held.Type != unix.F_UNLCK
}

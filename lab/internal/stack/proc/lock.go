package proc

import (
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// ErrLocked means that another holds the lock.
var ErrLocked = errors.New("another process holds the lock")

// whole is the lock on a whole file. It belongs to the open file (F_OFD_SETLK, Linux
// 3.15), and unlike that of flock(2) it can be asked for without being taken.
func whole(kind int16) *unix.Flock_t { return &unix.Flock_t{Type: kind, Whence: io.SeekStart} }

// Lock takes the lock of a file, which it makes if need be, and holds it until what it returns is closed: at the
// latest when this process ends. ErrLocked: another holds it.
func Lock(path string) (io.Closer, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open lock: %w", err)
	}
	if err := unix.FcntlFlock(file.Fd(), unix.F_OFD_SETLK, whole(unix.F_WRLCK)); err != nil {
		_ = file.Close()
		if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EACCES) {
			return nil, ErrLocked
		}
		return nil, fmt.Errorf("take lock: %w", err)
	}
	return file, nil
}

// Locked reports whether somebody holds the lock of a file, and does not take it.
func Locked(path string) bool {
	file, err := os.Open(path)
	if err != nil {
		return false
	}
	defer func() { _ = file.Close() }()
	held := whole(unix.F_RDLCK)
	return unix.FcntlFlock(file.Fd(), unix.F_OFD_GETLK, held) == nil && held.Type != unix.F_UNLCK
}

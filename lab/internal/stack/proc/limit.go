package proc

import (
	"fmt"
	"syscall"
)

// mostFiles is as many as anybody needs. Where the limit is far higher, programs that walk
// over all possible files at their start would take long.
const mostFiles = 1 << 20

// RaiseOpenFiles lets this process, and what it starts from now on, open as many files as
// its account may, and returns how many that are. A login's own limit is often 1,024, and
// the Go runtime, which raises that of its process, gives its children the old one.
func RaiseOpenFiles() (files uint64, err error) {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 0, fmt.Errorf("read the limit of open files: %w", err)
	}
	limit.Cur = min(limit.Max, mostFiles)
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 0, fmt.Errorf("raise the limit of open files to %d: %w", limit.Cur, err)
	}
	return limit.Cur, nil
}

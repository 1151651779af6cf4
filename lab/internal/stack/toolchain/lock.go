package toolchain

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

const (
	lockTimeout = 40 * time.Minute // a whole set-up on a slow machine
	lockEvery   = 100 * time.Millisecond
)

// lock lets one process at a time set up a checkout; the kernel frees it when
// the process ends. waiting is called once if another holds it.
func (t tools) lock(ctx context.Context, waiting func(holder string)) (unlock func(), err error) {
	file, err := os.OpenFile(t.file("lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("lock set-up: %w", err)
	}
	deadline := time.Now().Add(lockTimeout)
	tick := time.NewTicker(lockEvery)
	defer tick.Stop()
	for told := false; ; told = true {
		err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			_ = file.Truncate(0)
			_, _ = file.WriteAt([]byte(fmt.Sprintf("process %d", os.Getpid())), 0)
			return func() { _ = file.Close() }, nil
		}
		holder, _ := os.ReadFile(file.Name())
		if !errors.Is(err, unix.EWOULDBLOCK) || time.Now().After(deadline) {
			_ = file.Close()
			return nil, fmt.Errorf("lock set-up, which %s holds: %w", holder, err)
		}
		if !told {
			waiting(strings.TrimSpace(string(holder)))
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			_ = file.Close()
			return nil, fmt.Errorf("wait for the set-up of %s: %w", holder, context.Cause(ctx))
		}
	}
}

package proc

import (
	"fmt"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Exit says how a process ended and what it used, its own children included.
type Exit struct {
	Code    int            // exit status; -1 when a signal ended it
	Signal  syscall.Signal // 0 when it ended by itself
	Err     error          // nil for status 0
	Elapsed time.Duration  // from start to end
	CPU     time.Duration  // user and system time
	MaxRSS  int64          // bytes, of the largest process
}

func exitOf(state *os.ProcessState, err error, elapsed time.Duration) Exit {
	e := Exit{Code: -1, Err: err, Elapsed: elapsed}
	if state == nil {
		return e
	}
	e.Code = state.ExitCode()
	e.CPU = state.UserTime() + state.SystemTime()
	if ws, ok := state.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		e.Signal = ws.Signal()
	}
	if usage, ok := state.SysUsage().(*syscall.Rusage); ok {
		e.MaxRSS = usage.Maxrss * 1024
	}
	return e
}

// String is "status 1" or "signal SIGKILL".
func (e Exit) String() string {
	if e.Signal != 0 {
		return "signal " + unix.SignalName(e.Signal)
	}
	return fmt.Sprintf("status %d", e.Code)
}

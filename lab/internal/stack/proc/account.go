package proc

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"runtime"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// Account is a user of the operating system.
type Account struct {
	Name     string
	UID, GID uint32
}

// Caller returns the account that this program runs as, by its id: what the caller's environment says of it does not
// count.
func Caller() (Account, error) { return named(os.Geteuid()) }

// named returns the account with that id. PostgreSQL's log-in over a socket and its own programs go by names.
func named(uid int) (Account, error) {
	u, err := user.LookupId(strconv.Itoa(uid))
	var unknown user.UnknownUserIdError
	if errors.As(err, &unknown) {
		return Account{}, fmt.Errorf("look up own account: id %d has no name here, and PostgreSQL runs only as an account "+
			"with a name; give it one, as root: useradd --uid %d lab (in a container, do so in its image, or run it as "+
			"another account)", uid, uid)
	}
	if err != nil {
		return Account{}, fmt.Errorf("look up own account: %w", err)
	}
	return accountOf(u)
}

// Lookup returns the account with that name.
func Lookup(name string) (Account, error) {
	u, err := user.Lookup(name)
	if err != nil {
		return Account{}, fmt.Errorf("look up account %s: %w", name, err)
	}
	return accountOf(u)
}

func accountOf(u *user.User) (Account, error) {
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return Account{}, fmt.Errorf("look up account %s: %w", u.Username, err)
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return Account{}, fmt.Errorf("look up account %s: %w", u.Username, err)
	}
	return Account{Name: u.Username, UID: uint32(uid), GID: uint32(gid)}, nil
}

// OwnerOf returns the account, without its name, that a file belongs to.
func OwnerOf(info fs.FileInfo) (Account, error) {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return Account{}, fmt.Errorf("look up the owner of %s: %w", info.Name(), errors.ErrUnsupported)
	}
	return Account{UID: stat.Uid, GID: stat.Gid}, nil
}

// Do calls f with the rights of the account, on a thread of its own. What f creates
// belongs to the account, and what the account may not touch, f cannot touch: root that
// writes into another account's directory would else follow the links which that one put
// there. f must not start goroutines, for they run as the caller. Only root can act as
// another account.
func (a Account) Do(f func() error) error {
	if a.UID == uint32(os.Geteuid()) {
		return f()
	}
	ended := make(chan error, 1)
	go a.do(f, ended)
	return <-ended
}

// do is Do on this goroutine's thread, which ends with it: its rights are never given back.
func (a Account) do(f func() error, ended chan<- error) {
	runtime.LockOSThread()
	if unix.Gettid() == unix.Getpid() {
		// The main thread does not end, and by it the kernel tells whose the process is. While
		// this goroutine waits here, the next one gets another.
		defer runtime.UnlockOSThread()
		inner := make(chan error, 1)
		go a.do(f, inner)
		ended <- <-inner
		return
	}
	if err := a.become(); err != nil {
		ended <- fmt.Errorf("act as account %d: %w", a.UID, err)
		return
	}
	ended <- f()
}

// become gives the calling thread, and no other, the rights of the account.
func (a Account) become() error {
	// A change of rights makes the whole process one whose /proc files are closed to others.
	dumpable, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0)
	if err != nil {
		return err
	}
	const keep = ^uintptr(0)
	for _, call := range []struct{ number, a, b, c uintptr }{
		{unix.SYS_SETGROUPS, 0, 0, 0},
		{unix.SYS_SETRESGID, keep, uintptr(a.GID), keep},
		{unix.SYS_SETRESUID, keep, uintptr(a.UID), keep},
	} {
		// Not the calls of package syscall: those change every thread.
		if _, _, errno := unix.RawSyscall(call.number, call.a, call.b, call.c); errno != 0 {
			return errno
		}
	}
	return unix.Prctl(unix.PR_SET_DUMPABLE, uintptr(dumpable), 0, 0, 0)
}

// IsRoot reports whether this program runs as root.
func IsRoot() bool { return os.Geteuid() == 0 }

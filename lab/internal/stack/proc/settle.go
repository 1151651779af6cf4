package proc

import (
	"fmt"
	"math"
	"syscall"

	"golang.org/x/sys/unix"
)

// umask lets other accounts read what the lab does not protect: the service account runs programs that the lab has
// built. What is private is made with a mode of its own.
const umask = 0o022

// noLimit is RLIM_INFINITY.
const noLimit = math.MaxUint64

// limits are the soft limits of getrlimit(2) that this process and its children have: as much as the account may, but
// no more than this.
var limits = []struct {
	name     string
	resource int
	most     uint64
}{
	{"CPU time", unix.RLIMIT_CPU, noLimit},
	{"file size", unix.RLIMIT_FSIZE, noLimit},
	{"data", unix.RLIMIT_DATA, noLimit},
	{"stack", unix.RLIMIT_STACK, 8 << 20}, // the kernel's own; PostgreSQL's max_stack_depth follows from it
	{"core files", unix.RLIMIT_CORE, 0},   // a server that is killed would write one for each session
	{"processes", unix.RLIMIT_NPROC, noLimit},
	{"open files", unix.RLIMIT_NOFILE, 1 << 20}, // a program that walks over all possible ones would else take long
	{"locked memory", unix.RLIMIT_MEMLOCK, noLimit},
	{"address space", unix.RLIMIT_AS, noLimit},
}

// Settle gives this process, and what it starts from now on, what is inherited besides the environment: the umask of
// the lab and its limits of resources. It returns how many files each may open at once.
func Settle() (files uint64, err error) {
	unix.Umask(umask)
	for _, l := range limits {
		// By package syscall, not unix: only then do children get this number of open files. They have the old
		// one otherwise, for the runtime raises that of its own process alone.
		var limit syscall.Rlimit
		if err := syscall.Getrlimit(l.resource, &limit); err != nil {
			return 0, fmt.Errorf("read the limit of %s: %w", l.name, err)
		}
		limit.Cur = min(limit.Max, l.most)
		if err := syscall.Setrlimit(l.resource, &limit); err != nil {
			return 0, fmt.Errorf("set the limit of %s to %d: %w", l.name, limit.Cur, err)
		}
		if l.resource == unix.RLIMIT_NOFILE {
			files = limit.Cur
		}
	}
	return files, nil
}

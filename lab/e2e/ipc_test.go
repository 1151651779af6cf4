//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"stormwave/lab/internal/service"
	"stormwave/lab/internal/stack/proc"
)

// Neither a service that is killed alone, nor a whole stack that is, leaves anything in System V memory, or a process.
func TestKilledServicesLeaveNoSharedMemory(t *testing.T) {
	t.Parallel()
	c := newCheckout(t)
	for _, whole := range []bool{false, true} {
		c.lab("up")
		st := c.status()
		var services, pids []int
		for _, s := range st.Services {
			if service.Find(s.Name).PIDFile != "" {
				services = append(services, s.PID)
				for _, id := range proc.Tree(s.PID) {
					pids = append(pids, id.PID) // a child of Pgpool-II's has memory of its own
				}
			}
		}
		made := madeBy(pids)
		if len(services) < 2 || len(made) < len(services) {
			t.Fatalf("%d services have made %d objects of System V", len(services), len(made))
		}
		for _, pid := range services {
			must(t, syscall.Kill(pid, syscall.SIGKILL))
		}
		if whole {
			must(t, syscall.Kill(st.Supervisor, syscall.SIGKILL))
			eventually(t, "the supervisor is gone", 5*time.Second, func() bool {
				_, lives := proc.Identify(st.Supervisor)
				return !lives
			})
			c.lab("up")
		}
		c.lab("down")
		for object := range madeBy(pids) {
			t.Errorf("%s is left; the whole stack was killed: %t", object, whole)
		}
		if left := c.processes(); len(left) > 0 {
			t.Errorf("processes are left:\n%s", strings.Join(left, "\n"))
		}
	}
}

// madeBy are the System V shared memory and the semaphores that these processes have made, or set last.
func madeBy(pids []int) map[string]bool {
	found := make(map[string]bool)
	for _, s := range systemV("shm") {
		if slices.Contains(pids, s[4]) {
			found[fmt.Sprintf("shared memory %d", s[1])] = true
		}
	}
	for _, s := range systemV("sem") {
		if slices.ContainsFunc(setters(s[1], s[3]), func(pid int) bool { return slices.Contains(pids, pid) }) {
			found[fmt.Sprintf("semaphores %d", s[1])] = true
		}
	}
	return found
}

// orphans are the System V shared memory that no process has attached, and the semaphores that no living process has
// set last.
func orphans() map[string]bool {
	found := make(map[string]bool)
	for _, s := range systemV("shm") { // key, id, permissions, size, creator, last user, attached …
		if s[6] == 0 {
			found[fmt.Sprintf("shared memory %d", s[1])] = true
		}
	}
	for _, s := range systemV("sem") { // key, id, permissions, number …
		if !slices.ContainsFunc(setters(s[1], s[3]), func(pid int) bool {
			_, lives := proc.Identify(pid)
			return lives
		}) {
			found[fmt.Sprintf("semaphores %d", s[1])] = true
		}
	}
	return found
}

// setters are the processes that have set each semaphore of a set last.
func setters(id, number int) (pids []int) {
	const getPID = 11
	for n := range number {
		if pid, _, errno := unix.Syscall(unix.SYS_SEMCTL, uintptr(id), uintptr(n), getPID); errno == 0 {
			pids = append(pids, int(pid))
		}
	}
	return pids
}

// systemV is one of the kernel's tables of System V objects, without their times.
func systemV(table string) (rows [][]int) {
	text, err := os.ReadFile("/proc/sysvipc/" + table)
	if err != nil {
		panic(err)
	}
	for line := range strings.Lines(string(text)) {
		var row []int
		for _, field := range strings.Fields(line) {
			if n, err := strconv.Atoi(field); err == nil {
				row = append(row, n)
			}
		}
		if len(row) > 7 { // not the head
			rows = append(rows, row)
		}
	}
	return rows
}

// shared are the pieces of dynamic and System V shared memory that a server has mapped:
// files, and "System V <id>".
func shared(t *testing.T, pid int) map[string]bool {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/maps", pid))
	must(t, err)
	found := make(map[string]bool)
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line) // address, permissions, offset, device, inode, path
		switch {
		case len(fields) < 6:
		case strings.HasPrefix(fields[5], "/dev/shm/PostgreSQL."), strings.Contains(fields[5], "/pg_dynshmem/"):
			found[fields[5]] = true
		case strings.HasPrefix(fields[5], "/SYSV"):
			found["System V "+fields[4]] = true
		}
	}
	return found
}

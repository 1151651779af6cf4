package proc

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// getPID is GETPID of semctl(2): which process was the last to set a semaphore.
const getPID = 11

// SweepIPC removes the System V shared memory and semaphores that a killed process has left, for the kernel keeps them:
// memory that it made and nobody has attached, and sets of which it was the last to set a semaphore. What a living
// process made that has its number now stays, and so does another account's. It returns how much of its memory is
// attached still.
func SweepIPC(pid int) (attached int, err error) {
	until := madeBefore(pid)
	// key, id, mode, size, creator, last user, attached, uid, gid, cuid, cgid, atime, dtime, ctime: ipc/shm.c of Linux
	segments, err := systemV("shm", 14)
	if err != nil {
		return 0, err
	}
	var errs []error
	for _, s := range segments {
		id, creator, users, made := s[1], s[4], s[6], s[13]
		switch {
		case creator != pid || made >= until:
		case users > 0:
			attached++
		default:
			_, err := unix.SysvShmCtl(id, unix.IPC_RMID, nil)
			errs = append(errs, removed("shared memory segment", id, err))
		}
	}
	sets, err := systemV("sem", 10) // key, id, mode, semaphores, uid, gid, cuid, cgid, otime, ctime: ipc/sem.c
	errs = append(errs, err)
	for _, s := range sets {
		if id, number, made := s[1], s[3], s[9]; made < until && hasSet(pid, id, number) {
			_, err := semctl(id, 0, unix.IPC_RMID)
			errs = append(errs, removed("semaphores", id, err))
		}
	}
	return attached, errors.Join(errs...)
}

// SweepAll is SweepIPC for each of these processes, which have ended: a child, too, makes memory of its own.
func SweepAll(family []Ident) error {
	var errs []error
	for _, id := range family {
		_, err := SweepIPC(id.PID)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// madeBefore is the second since 1970 from which on what a process of that number made may be a living one's.
func madeBefore(pid int) int {
	stat, err := statOf(pid)
	if err != nil || stat.State == "Z" {
		return int(time.Now().Add(time.Hour).Unix())
	}
	born, err := stat.StartTime()
	if err != nil {
		return 0
	}
	return int(born) - 1 // the time of the boot is rounded
}

// hasSet says whether the process was the last to set one of the semaphores. Of another account's that cannot be asked.
func hasSet(pid, id, number int) bool {
	for n := range number {
		if last, err := semctl(id, n, getPID); err == nil && last == pid {
			return true
		}
	}
	return false
}

func semctl(id, n, command int) (int, error) {
	value, _, errno := unix.Syscall(unix.SYS_SEMCTL, uintptr(id), uintptr(n), uintptr(command))
	if errno != 0 {
		return 0, errno
	}
	return int(value), nil
}

// removed is the error of a removal. What is gone, or another account's, is none.
func removed(what string, id int, err error) error {
	if err == nil || errors.Is(err, fs.ErrPermission) || errors.Is(err, unix.EINVAL) || errors.Is(err, unix.EIDRM) {
		return nil
	}
	return fmt.Errorf("remove %s %d: %w", what, id, err)
}

// systemV reads the first columns of one of the kernel's tables of System V objects. A kernel without them has none.
func systemV(table string, columns int) (rows [][]int, err error) {
	text, err := os.ReadFile("/proc/sysvipc/" + table)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look for System V objects: %w", err)
	}
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) < columns || fields[0] == "key" {
			continue
		}
		row := make([]int, columns)
		for i := range row {
			if row[i], err = strconv.Atoi(fields[i]); err != nil {
				return nil, fmt.Errorf("look for System V objects: %w", err)
			}
		}
		rows = append(rows, row)
	}
	return rows, nil
}

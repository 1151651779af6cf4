package stack

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// removeData removes the data directory of a server that does not run, and with it the
// shared memory that a killed server leaves. What a server shares with its processes
// ends with them or lies in the directory (dynamic_shared_memory_type = mmap); only the
// System V segment that says that it lives stays for ever.
func removeData(dir string) error {
	if err := removeSegment(dir); err != nil {
		return fmt.Errorf("remove data: %w", err)
	}
	return os.RemoveAll(dir)
}

// removeSegment removes the System V segment that a data directory tells of, if nobody
// has it attached.
func removeSegment(dir string) error {
	text, err := os.ReadFile(filepath.Join(dir, "postmaster.pid"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil // it has shut down, or never ran
	}
	if err != nil {
		return err
	}
	key, id, told := segment(string(text))
	if !told {
		return nil
	}
	var found unix.SysvShmDesc
	if _, err := unix.SysvShmCtl(id, unix.IPC_STAT, &found); err != nil {
		return nil // nobody's any more
	}
	if found.Perm.Key != key || found.Nattch > 0 {
		return nil // another's
	}
	if _, err := unix.SysvShmCtl(id, unix.IPC_RMID, nil); err != nil {
		return fmt.Errorf("remove shared memory segment %d: %w", id, err)
	}
	return nil
}

// segment reads the key and the id of the System V segment from a postmaster.pid:
// line 7, src/include/utils/pidfile.h of PostgreSQL.
func segment(pidFile string) (key int32, id int, told bool) {
	lines := strings.Split(pidFile, "\n")
	if len(lines) < 7 {
		return 0, 0, false
	}
	n, err := fmt.Sscan(lines[6], &key, &id)
	return key, id, n == 2 && err == nil
}

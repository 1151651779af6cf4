package service

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"stormwave/lab/internal/stack/proc"
)

// removeData removes the data directory of a server that does not run, and with it the
// shared memory that a killed server leaves. What a server shares with its processes
// ends with them or lies in the directory (dynamic_shared_memory_type = mmap); only the
// System V segment that says that it lives stays for ever.
func removeData(dir string) error {
	info, err := os.Lstat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("remove data: %w", err)
	}
	owner, err := proc.OwnerOf(info)
	if err == nil {
		// With the rights of its owner: what the directory tells is that account's word.
		err = owner.Do(func() error { return removeSegment(dir) })
	}
	if err != nil {
		return fmt.Errorf("remove data: %w", err)
	}
	return os.RemoveAll(dir) // follows no link
}

// removeServers empties a directory that may hold data directories of servers.
func removeServers(dir string) error {
	servers, _ := fs.Glob(os.DirFS(dir), "*/PG_VERSION")
	for _, version := range servers {
		if err := removeData(filepath.Join(dir, filepath.Dir(version))); err != nil {
			return err
		}
	}
	rest, err := os.ReadDir(dir)
	for _, entry := range rest {
		err = errors.Join(err, os.RemoveAll(filepath.Join(dir, entry.Name())))
	}
	return err
}

// copyTree copies a directory of directories and files, which become the caller's alone.
// The copies share blocks with the originals where the file system can do that, for os.File
// copies by copy_file_range(2).
func copyTree(ctx context.Context, from, to string) error {
	return filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err := errors.Join(err, ctx.Err()); err != nil {
			return fmt.Errorf("copy %s: %w", from, err)
		}
		inside, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		switch target := filepath.Join(to, inside); {
		case entry.IsDir():
			return os.Mkdir(target, 0o700)
		case entry.Type().IsRegular():
			return copyFile(path, target, 0o600)
		default:
			return fmt.Errorf("copy %s: it is neither a file nor a directory", path)
		}
	})
}

// copyFile copies a file to where there is none.
func copyFile(from, to string, mode fs.FileMode) (err error) {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = source.Close() }()
	target, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, target.Close()) }()
	if _, err := io.Copy(target, source); err != nil {
		return fmt.Errorf("copy %s: %w", from, err)
	}
	return nil
}

// removeSegment removes the System V segment that a data directory tells of, if nobody
// has it attached and the caller may.
func removeSegment(dir string) error {
	text, err := readSmall(filepath.Join(dir, "postmaster.pid"))
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
	switch _, err := unix.SysvShmCtl(id, unix.IPC_RMID, nil); {
	case errors.Is(err, fs.ErrPermission):
		return nil // another account's
	case err != nil:
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

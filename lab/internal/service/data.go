package service

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"stormwave/lab/internal/stack/proc"
)

// postmasterPID is where a PostgreSQL server notes the number of its process, in the directory of its data.
const postmasterPID = "postmaster.pid"

// removeData removes the data directory of a server that does not run, and with it the shared memory that a killed
// server leaves. What a server shares with its processes ends with them or lies in the directory
// (dynamic_shared_memory_type = mmap); only the System V segment that says that it lives stays for ever.
func removeData(dir string) error {
	if err := sweepMemory(filepath.Join(dir, postmasterPID)); err != nil {
		return fmt.Errorf("remove data: %w", err)
	}
	return os.RemoveAll(dir) // follows no link
}

// sweepMemory removes what the process has left in System V memory that wrote this file, which holds its number and
// goes too: another process may have that number tomorrow. A process that ends by itself removes both.
func sweepMemory(pidFile string) error {
	info, err := os.Lstat(filepath.Dir(pidFile))
	if errors.Is(err, fs.ErrNotExist) || err == nil && !info.IsDir() {
		return nil
	}
	if err != nil {
		return err
	}
	owner, err := proc.OwnerOf(info)
	if err != nil {
		return err
	}
	// With the rights of its owner: what the directory tells is that account's word.
	return owner.Do(func() error {
		text, err := readSmall(pidFile)
		if errors.Is(err, fs.ErrNotExist) {
			return nil // it has ended by itself, or never ran
		}
		if err != nil {
			return err
		}
		line, _, _ := strings.Cut(string(text), "\n")
		pid, err := strconv.Atoi(strings.Trim(line, "\x00 ")) // Pgpool-II writes the end of a C string
		if err != nil {
			return nil // torn
		}
		attached, err := proc.SweepIPC(pid)
		if err != nil || attached > 0 {
			return err
		}
		return os.Remove(pidFile)
	})
}

// removeServers empties a directory that may hold data directories of servers, and pid files of services.
func removeServers(dir string) error {
	servers, _ := fs.Glob(os.DirFS(dir), "*/PG_VERSION")
	for _, version := range servers {
		if err := removeData(filepath.Join(dir, filepath.Dir(version))); err != nil {
			return err
		}
	}
	err := sweepServices(dir, func(Service) bool { return true })
	rest, readErr := os.ReadDir(dir)
	err = errors.Join(err, readErr)
	for _, entry := range rest {
		err = errors.Join(err, os.RemoveAll(filepath.Join(dir, entry.Name())))
	}
	return err
}

// sweepServices removes what services have left in shared memory that keep their pid files in this directory.
func sweepServices(dir string, which func(Service) bool) error {
	var errs []error
	for _, s := range All() {
		if s.PIDFile != "" && which(s) {
			if err := sweepMemory(filepath.Join(dir, s.PIDFile)); err != nil {
				errs = append(errs, fmt.Errorf("remove the shared memory of %s: %w", s.Name, err))
			}
		}
	}
	return errors.Join(errs...)
}

// SweepMemory removes what the service of a name, which does not run, has left in shared memory.
func (e *Env) SweepMemory(name string) error {
	return sweepServices(e.Layout.dataDir(), func(s Service) bool { return s.Name == name })
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

package service

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/renameio/v2"
	"golang.org/x/sys/unix"
)

// A template is made without syncing anything, so a machine that stops at the wrong
// moment leaves a torn one; and a person may have been at it. It is sealed when it is
// whole: written to the disk, and what its files are noted beside it. One that is not
// as it was sealed is made anew.

func sealOf(dir string) string { return dir + ".files" }

// seal puts the finished directory into its place, sealed.
func seal(finished, dir string) error {
	if err := syncAll(finished); err != nil {
		return err
	}
	files, err := filesOf(finished)
	if err != nil {
		return err
	}
	if err := renameio.WriteFile(sealOf(dir), []byte(files), 0o600); err != nil {
		return err
	}
	if err := os.Rename(finished, dir); err != nil {
		return err
	}
	return syncAll(filepath.Dir(dir))
}

// sealed reports whether the directory is there, as it was sealed.
func sealed(dir string) (bool, error) {
	for _, path := range []string{dir, sealOf(dir)} {
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return false, nil
		}
	}
	was, err := readSmall(sealOf(dir))
	if err != nil {
		return false, err
	}
	is, err := filesOf(dir)
	return err == nil && is == string(was), err
}

// filesOf lists the files of a directory, a line each: name, size in bytes, and when it
// was changed last, in nanoseconds of Unix time.
func filesOf(dir string) (string, error) {
	var lines strings.Builder
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		fmt.Fprintf(&lines, "%s %d %d\n", strings.TrimPrefix(path, dir), info.Size(), info.ModTime().UnixNano())
		return nil
	})
	return lines.String(), err
}

// SyncData returns when the file system of the servers' data has nothing left to write. What
// made their files (a copy of the template, a base backup) leaves them in the page cache, and
// no CHECKPOINT writes what the server has not changed: the kernel would, up to half a minute
// later (dirty_expire_centisecs), and commits under a load would wait for that.
func (l Layout) SyncData(ctx context.Context) error {
	done := make(chan error, 1) // nothing cuts syncfs(2) off
	go func() { done <- syncAll(l.dataDir()) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return fmt.Errorf("sync %s: %w; look for what else writes to that disk", l.dataDir(), ctx.Err())
	}
}

// syncAll writes all of the file system that holds the directory to its disk.
func syncAll(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }()
	if err := unix.Syncfs(int(d.Fd())); err != nil {
		return fmt.Errorf("sync %s: %w", dir, err)
	}
	return nil
}

package fault

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// evictEvery is the pause between two rounds: shorter than it takes a server to
// read a large part of its data back.
const evictEvery = 100 * time.Millisecond

// Evict drops the files under a directory from the system's cache, over and over.
// It only advises (posix_fadvise), and changes nothing.
func Evict(ctx context.Context, dir string) error {
	tick := time.NewTicker(evictEvery)
	defer tick.Stop()
	for {
		err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
			switch {
			case ctx.Err() != nil:
				return ctx.Err()
			case errors.Is(err, fs.ErrNotExist): // the server has removed it meanwhile
				return nil
			case err != nil || !entry.Type().IsRegular():
				return err
			}
			return drop(path)
		})
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("drop files from the cache: %w", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func drop(path string) error {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	return unix.Fadvise(int(file.Fd()), 0, 0, unix.FADV_DONTNEED)
}

// Package tsdb keeps the data that Prometheus has recorded during a run, as blocks of
// its own storage, so that every graph of the run can be drawn again.
package tsdb

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/prometheus/client_golang/api"
	promv1 "github.com/prometheus/client_golang/api/prometheus/v1"
)

// snapshotTimeout bounds the writing of the snapshot by Prometheus.
const snapshotTimeout = 2 * time.Minute

// Keep asks the Prometheus at url, whose storage is at data, for a snapshot, and
// moves what of it lies between begin and end to the directory into. What was kept
// there before stays: the halves of a run that was resumed may overlap, which
// Prometheus understands.
func Keep(ctx context.Context, url, data, into string, begin, end time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, snapshotTimeout)
	defer cancel()
	client, err := api.NewClient(api.Config{Address: url})
	if err != nil {
		return fmt.Errorf("keep Prometheus' data: %w", err)
	}
	const skipHead = false // the newest two hours are there
	taken, err := promv1.NewAPI(client).Snapshot(ctx, skipHead)
	if err != nil {
		return fmt.Errorf("keep Prometheus' data: %w; see `lab logs prometheus`", err)
	}
	snapshot := filepath.Join(data, "snapshots", taken.Name)
	return errors.Join(move(snapshot, into, begin, end), os.RemoveAll(snapshot))
}

// move moves the blocks that overlap with the time, and leaves the others.
func move(snapshot, into string, begin, end time.Time) error {
	if err := notLinked(into); err != nil {
		return fmt.Errorf("keep Prometheus' data: %w", err)
	}
	blocks, err := os.ReadDir(snapshot)
	if err != nil {
		return fmt.Errorf("keep Prometheus' data: %w", err)
	}
	if err := os.MkdirAll(into, 0o755); err != nil {
		return fmt.Errorf("keep Prometheus' data: %w", err)
	}
	kept := 0
	for _, block := range blocks {
		from := filepath.Join(snapshot, block.Name())
		held, err := overlaps(from, begin, end)
		if err != nil {
			return err
		}
		if !held {
			continue
		}
		if err := rename(from, filepath.Join(into, block.Name())); err != nil {
			return fmt.Errorf("keep Prometheus' data: %w", err)
		}
		kept++
	}
	if kept == 0 {
		return fmt.Errorf(
			"keep Prometheus' data: it holds nothing from %s to %s", begin.UTC().Format(time.RFC3339),
			end.UTC().Format(time.RFC3339),
		)
	}
	return nil
}

// notLinked refuses a directory that is a link: a run may be somebody else's, and its
// links must not lead out of the results.
func notLinked(dir string) error {
	info, err := os.Lstat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil && !info.IsDir() {
		err = fmt.Errorf("%s is no directory; remove it", dir)
	}
	return err
}

// rename moves a directory, to another file system by a copy.
func rename(from, to string) error {
	if err := os.Rename(from, to); err == nil {
		return nil
	}
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		return err
	}
	return os.RemoveAll(from)
}

// overlaps says whether a block holds samples of that time. A directory without a
// meta.json is no block.
func overlaps(block string, begin, end time.Time) (bool, error) {
	var meta struct {
		MinTime int64 `json:"minTime"` // milliseconds
		MaxTime int64 `json:"maxTime"`
	}
	text, err := os.ReadFile(filepath.Join(block, "meta.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &meta)
	}
	if err != nil {
		return false, fmt.Errorf("read block of Prometheus' data: %w", err)
	}
	return meta.MinTime <= end.UnixMilli() && meta.MaxTime >= begin.UnixMilli(), nil
}

// Copy makes a storage of what was kept, by hard links where that is possible, for a
// Prometheus to run on: it writes beside the blocks, and must not do so in a run's own
// directory.
func Copy(kept, to string) error {
	if err := notLinked(kept); err != nil {
		return fmt.Errorf("copy Prometheus' data: %w", err)
	}
	blocks, err := fs.Glob(os.DirFS(kept), "*/meta.json") // a path may hold what a pattern does
	if err != nil || len(blocks) == 0 {
		return fmt.Errorf(
			"find Prometheus' data in %s: there is none; it is not committed, so it is only where the run was made", kept,
		)
	}
	return filepath.WalkDir(kept, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return fmt.Errorf("copy Prometheus' data: %w", err)
		}
		name, err := filepath.Rel(kept, path)
		if err == nil {
			err = place(path, filepath.Join(to, name), entry)
		}
		if err != nil {
			return fmt.Errorf("copy Prometheus' data: %w", err)
		}
		return nil
	})
}

func place(from, to string, entry fs.DirEntry) error {
	if entry.IsDir() {
		return os.MkdirAll(to, 0o700)
	}
	if !entry.Type().IsRegular() {
		return fmt.Errorf("%s is no plain file; remove it", from)
	}
	if os.Link(from, to) == nil {
		return nil
	}
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, text, 0o600)
}

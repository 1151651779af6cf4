package tsdb

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// block makes a directory that looks like a block of a minute ago.
func block(t *testing.T, storage string) (begin, end time.Time) {
	t.Helper()
	dir := filepath.Join(storage, "01HOSTILE")
	meta := []byte(`{"minTime":1000,"maxTime":2000}`)
	if err := errors.Join(
		os.MkdirAll(dir, 0o755), os.WriteFile(filepath.Join(dir, "meta.json"), meta, 0o600),
	); err != nil {
		t.Fatal(err)
	}
	return time.UnixMilli(1000), time.UnixMilli(2000)
}

// A link in the place of a run's data leads nothing out of the results, and nothing in.
func TestLinksAreNotFollowed(t *testing.T) {
	outside, run, snapshot := t.TempDir(), t.TempDir(), t.TempDir()
	into := filepath.Join(run, "tsdb")
	if err := os.Symlink(outside, into); err != nil {
		t.Fatal(err)
	}
	begin, end := block(t, snapshot)
	if err := move(snapshot, into, begin, end); err == nil || !strings.Contains(err.Error(), into) {
		t.Errorf("kept through a link: %v", err)
	}
	if entries, err := os.ReadDir(outside); err != nil || len(entries) != 0 {
		t.Errorf("%d entries are outside, %v", len(entries), err)
	}
	block(t, outside)
	if err := Copy(into, t.TempDir()); err == nil || !strings.Contains(err.Error(), into) {
		t.Errorf("copied through a link: %v", err)
	}

	if err := os.Remove(into); err != nil {
		t.Fatal(err)
	}
	block(t, into)
	if err := Copy(into, filepath.Join(t.TempDir(), "to")); err != nil {
		t.Errorf("copy what is there: %v", err)
	}
	if err := os.Symlink(filepath.Join(outside, "secret"), filepath.Join(into, "01HOSTILE", "chunks")); err != nil {
		t.Fatal(err)
	}
	if err := Copy(into, filepath.Join(t.TempDir(), "to")); err == nil || !strings.Contains(err.Error(), "chunks") {
		t.Errorf("a link among the blocks was copied: %v", err)
	}
}

package service

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// A killed server's segment goes with its data; one that somebody uses, or that only has
// the same id, stays.
func TestRemoveDataTakesTheSegmentOfAKilledServer(t *testing.T) {
	const pidFile = "4711\n/data\n1764000000\n5432\n/run\n127.0.0.1\n%s\nready\n"
	for _, c := range []struct {
		name           string
		told           func(key, id int) string // the file postmaster.pid; nil: there is none
		attached, gone bool
	}{
		{"killed", func(key, id int) string { return fmt.Sprintf(pidFile, fmt.Sprintf("%9d %9d", key, id)) }, false, true},
		{"in use", func(key, id int) string { return fmt.Sprintf(pidFile, fmt.Sprintf("%9d %9d", key, id)) }, true, false},
		{"another's", func(key, id int) string {
			return fmt.Sprintf(
				pidFile, fmt.Sprintf("%9d %9d", key+1, id),
			)
		}, false, false},
		{"torn", func(key, _ int) string {
			return fmt.Sprintf("4711\n/data\n1764000000\n5432\n/run\n127.0.0.1\n%9d", key)
		}, false, false},
		{"no number", func(int, int) string { return fmt.Sprintf(pidFile, "key id") }, false, false},
		{"shut down", nil, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			key := os.Getpid()
			id, err := unix.SysvShmGet(key, 56, unix.IPC_CREAT|unix.IPC_EXCL|0o600)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _, _ = unix.SysvShmCtl(id, unix.IPC_RMID, nil) }()
			if c.attached {
				memory, err := unix.SysvShmAttach(id, 0, 0)
				if err != nil {
					t.Fatal(err)
				}
				defer func() { _ = unix.SysvShmDetach(memory) }()
			}
			dir := filepath.Join(t.TempDir(), "primary")
			if err := os.Mkdir(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			if c.told != nil {
				if err := os.WriteFile(filepath.Join(dir, "postmaster.pid"), []byte(c.told(key, id)), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if err := removeData(dir); err != nil {
				t.Fatal(err)
			}
			if _, err := os.Stat(dir); !os.IsNotExist(err) {
				t.Errorf("the data is there still: %v", err)
			}
			var found unix.SysvShmDesc
			if _, err := unix.SysvShmCtl(id, unix.IPC_STAT, &found); (err != nil) != c.gone {
				t.Errorf("the segment: %v; want it gone: %t", err, c.gone)
			}
		})
	}
}

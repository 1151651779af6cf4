package service

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"
)

// leaveSegment makes a System V segment, tells its id, and ends without removing it.
func leaveSegment() {
	id, err := unix.SysvShmGet(unix.IPC_PRIVATE, 56, unix.IPC_CREAT|0o600)
	if err != nil {
		panic(err)
	}
	fmt.Print(id)
	os.Exit(0)
}

// leftSegment returns a segment whose process has ended, and that process' number.
func leftSegment(t *testing.T) (pid, id int) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), "SERVICE_TEST_SEGMENT=1")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	if id, err = strconv.Atoi(string(out)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = unix.SysvShmCtl(id, unix.IPC_RMID, nil) })
	return cmd.Process.Pid, id
}

func segmentExists(id int) bool {
	var found unix.SysvShmDesc
	_, err := unix.SysvShmCtl(id, unix.IPC_STAT, &found)
	return err == nil
}

// A killed server's segment goes with its data; one that somebody uses, or that is of another process, stays.
func TestRemoveDataTakesTheSegmentOfAKilledServer(t *testing.T) {
	const pidFile = "%d\n/data\n1764000000\n5432\n/run\n127.0.0.1\n   780179   2719806\nready\n"
	for _, c := range []struct {
		name           string
		told           func(pid int) string // the file postmaster.pid; nil: there is none
		attached, gone bool
	}{
		{name: "killed", told: func(pid int) string { return fmt.Sprintf(pidFile, pid) }, gone: true},
		{name: "in use", told: func(pid int) string { return fmt.Sprintf(pidFile, pid) }, attached: true},
		{name: "another's", told: func(pid int) string { return fmt.Sprintf(pidFile, pid+1) }},
		{name: "torn", told: func(int) string { return "" }},
		{name: "no number", told: func(pid int) string { return fmt.Sprintf("pid %d\n", pid) }},
		{name: "shut down"},
	} {
		t.Run(c.name, func(t *testing.T) {
			pid, id := leftSegment(t)
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
				if err := os.WriteFile(filepath.Join(dir, postmasterPID), []byte(c.told(pid)), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if err := removeData(dir); err != nil {
				t.Fatal(err)
			}
			if _, err := os.Stat(dir); !os.IsNotExist(err) {
				t.Errorf("the data is there still: %v", err)
			}
			if segmentExists(id) == c.gone {
				t.Errorf("the segment is there: %t; want %t", !c.gone, c.gone)
			}
		})
	}
}

// Every service that says where it keeps its pid file is cleared up after: when it is stopped or started again, at the
// next up, and with a home that nobody has any more.
func TestWhatServicesLeaveInSharedMemoryIsRemoved(t *testing.T) {
	told := 0
	for _, s := range All() {
		if s.PIDFile == "" {
			continue
		}
		told++
		for way, clear := range map[string]func(*Env) error{
			"stop": func(e *Env) error { return e.SweepMemory(s.Name) },
			"up":   (*Env).RemoveData,
			"home": func(e *Env) error { return removeServers(e.Layout.dataDir()) },
		} {
			e := &Env{Layout: Layout{Home: t.TempDir()}}
			path := filepath.Join(e.Layout.dataDir(), s.PIDFile)
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			pid, id := leftSegment(t)
			if err := os.WriteFile(path, fmt.Appendf(nil, "%d\x00", pid), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := e.SweepMemory(Prometheus); err != nil || !segmentExists(id) {
				t.Errorf("%s: what another has left is gone: %v", s.Name, err)
			}
			if err := clear(e); err != nil {
				t.Errorf("%s, %s: %v", s.Name, way, err)
			}
			if segmentExists(id) {
				t.Errorf("%s, %s: the segment is there still", s.Name, way)
			}
			if _, err := os.Stat(path); !os.IsNotExist(err) {
				t.Errorf("%s, %s: the pid file is there still: %v", s.Name, way, err)
			}
		}
	}
	if told < len(Servers) {
		t.Errorf("%d services keep pid files; want the servers among them", told)
	}
}

package proc

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"testing"

	"golang.org/x/sys/unix"
)

// leaveIPC makes a segment and two semaphores, the second of which it sets, tells their ids, and waits to be killed.
func leaveIPC() {
	memory, err := unix.SysvShmGet(unix.IPC_PRIVATE, 56, unix.IPC_CREAT|0o600)
	if err != nil {
		panic(err)
	}
	set, _, errno := unix.Syscall(unix.SYS_SEMGET, unix.IPC_PRIVATE, 2, unix.IPC_CREAT|0o600)
	if errno != 0 {
		panic(errno)
	}
	const setVal = 16
	if _, _, errno := unix.Syscall6(unix.SYS_SEMCTL, set, 1, setVal, 1, 0, 0); errno != 0 {
		panic(errno)
	}
	fmt.Println(memory, set)
	select {}
}

// left starts a process that does leaveIPC, kills it unless it shall live, and tells what it has made.
func left(t *testing.T, lives bool) (pid, memory, set int) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), "PROC_TEST_IPC=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	end := func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err == nil {
		_, err = fmt.Sscan(line, &memory, &set)
	}
	if err != nil {
		end()
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if lives {
			end()
		}
		_, _ = unix.SysvShmCtl(memory, unix.IPC_RMID, nil)
		_, _ = semctl(set, 0, unix.IPC_RMID)
	})
	if !lives {
		end()
	}
	return cmd.Process.Pid, memory, set
}

// What a killed process has left is removed; what is attached, a living process', or another's, stays.
func TestSweepIPC(t *testing.T) {
	for _, tt := range []struct {
		name            string
		lives, attached bool
		of              int  // added to the process' number
		memory, set     bool // is there afterwards
	}{
		{name: "killed"},
		{name: "attached", attached: true, memory: true},
		{name: "alive", lives: true, memory: true, set: true},
		{name: "another's", of: 1, memory: true, set: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			pid, memory, set := left(t, tt.lives)
			want := 0
			if tt.attached {
				at, err := unix.SysvShmAttach(memory, 0, 0)
				if err != nil {
					t.Fatal(err)
				}
				defer func() { _ = unix.SysvShmDetach(at) }()
				want = 1
			}
			attached, err := SweepIPC(pid + tt.of)
			if err != nil || attached != want {
				t.Errorf("%d are attached, %v; want %d", attached, err, want)
			}
			var found unix.SysvShmDesc
			if _, err := unix.SysvShmCtl(memory, unix.IPC_STAT, &found); (err == nil) != tt.memory {
				t.Errorf("the memory: %v; want it there: %t", err, tt.memory)
			}
			if _, err := semctl(set, 1, getPID); (err == nil) != tt.set {
				t.Errorf("the semaphores: %v; want them there: %t", err, tt.set)
			}
		})
	}
}

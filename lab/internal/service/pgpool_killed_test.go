//go:build services

package service

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"stormwave/lab/backends"
	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/stack/proc"
	"stormwave/lab/internal/stack/toolchain"
)

// rows are those of one of the kernel's tables of System V objects that hold a value in a column.
func rows(t *testing.T, table string, column int, value string) (found int) {
	t.Helper()
	text, err := os.ReadFile("/proc/sysvipc/" + table)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); fields[column] == value {
			found++
		}
	}
	return found
}

// Pgpool-II keeps its pools in System V memory, behind System V semaphores. Of one that is killed nothing stays, and it
// starts again.
func TestKilledPgpoolLeavesNothing(t *testing.T) {
	set, err := toolchain.Setup(t.Context(), "../../..", toolchain.Options{Services: Programs()})
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := listener.Addr().String()
	_ = listener.Close()
	e := servantOf(t)
	e.Config, e.Tools, e.secrets, e.Layout.Lab = NewConfig(backends.Default()), set, newSecrets(), t.TempDir()
	e.Addrs = map[string]string{Primary: "127.0.0.1:9001", Replica: "127.0.0.1:9002", Pgpool: addr, App: "127.0.0.1:9898"}
	e.Settings[matrix.Topology] = Pgpool
	if err := os.Mkdir(filepath.Dir(e.Layout.Log(Pgpool)), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := e.makeServantDirs(); err != nil {
		t.Fatal(err)
	}
	account := fmt.Sprint(e.servant.UID)
	before := rows(t, "sem", 4, account)
	for range 2 {
		if err := e.writePgpoolConf(); err != nil {
			t.Fatal(err)
		}
		p, err := proc.Start(e.Process(Find(Pgpool)))
		if err != nil {
			t.Fatal(err)
		}
		pid := fmt.Sprint(p.PID())
		if err := p.Await(t.Context(), func(context.Context) error {
			conn, err := net.Dial("tcp4", addr)
			if err == nil {
				_ = conn.Close()
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if rows(t, "shm", 4, pid) == 0 || rows(t, "sem", 4, account) == before {
			t.Error("it has nothing in System V memory, or no semaphores: there is nothing to test")
		}
		family := proc.Tree(p.PID())
		if err := p.Signal(syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		<-p.Done()
		if err := e.SweepMemory(Pgpool); err != nil {
			t.Error(err)
		}
		if n := rows(t, "shm", 4, pid); n != 0 {
			t.Errorf("%d segments are left", n)
		}
		if n := rows(t, "sem", 4, account) - before; n != 0 {
			t.Errorf("%d sets of semaphores are left", n)
		}
		if slices.ContainsFunc(family, proc.Ident.Alive) {
			t.Error("processes are left")
		}
	}
}

package proc

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// other is an account that is not the test's, and that the test can act as: its own, where
// it is not root.
func other(t *testing.T) Account {
	t.Helper()
	if !IsRoot() {
		a, err := Caller()
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	a, err := Lookup("nobody")
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestDoCreatesWhatIsTheAccounts(t *testing.T) {
	a := other(t)
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Dir(dir), 0o755); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "file")
	for range 20 { // also when the runtime gives it the main thread
		_ = os.Remove(file)
		if err := a.Do(func() error { return os.WriteFile(file, nil, 0o600) }); err != nil {
			t.Fatal(err)
		}
		info, err := os.Lstat(file)
		if err != nil {
			t.Fatal(err)
		}
		if owner, err := OwnerOf(info); err != nil || owner.UID != a.UID || owner.GID != a.GID {
			t.Fatalf("the file belongs to %+v, %v; want %+v", owner, err, a)
		}
	}
	if uid := os.Geteuid(); uint32(uid) != uint32(os.Getuid()) {
		t.Errorf("this process acts as account %d now", uid)
	}
	own, err := os.Stat("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	if owner, err := OwnerOf(own); err != nil || owner.UID != uint32(os.Getuid()) {
		t.Errorf("this process belongs to %+v, %v now", owner, err)
	}
	if dumpable, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0); err != nil || dumpable != 1 {
		t.Errorf("dumpable = %d, %v; want 1, as before", dumpable, err)
	}
}

// A link in a directory of the account leads to a file of root's.
func TestDoCannotWriteWhatTheAccountCannot(t *testing.T) {
	if !IsRoot() {
		return // one account alone has no other's files
	}
	a := other(t)
	victim := filepath.Join(t.TempDir(), "victim")
	if err := os.WriteFile(victim, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, try := range map[string]func() error{
		"read":   func() error { _, err := os.ReadFile(victim); return err },
		"write":  func() error { return os.WriteFile(victim, []byte("yours"), 0o600) },
		"chmod":  func() error { return os.Chmod(victim, 0o666) },
		"chown":  func() error { return os.Chown(victim, int(a.UID), int(a.GID)) },
		"remove": func() error { return os.Remove(victim) },
	} {
		if err := a.Do(try); !errors.Is(err, fs.ErrPermission) {
			t.Errorf("%s: %v; want permission denied", name, err)
		}
	}
	if text, err := os.ReadFile(victim); err != nil || string(text) != "mine" {
		t.Errorf("the file holds %q, %v", text, err)
	}
}

// A container may give any id to its program: the message says what is wrong with it.
func TestAnAccountWithoutANameIsToldWhatMendsIt(t *testing.T) {
	t.Setenv("USER", "somebody") // says nothing
	_, err := named(1234567)
	for _, want := range []string{"id 1234567 has no name", "useradd --uid 1234567"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want it to hold %q", err, want)
		}
	}
	if own, err := Caller(); err != nil || own.UID != uint32(os.Geteuid()) || own.Name == "" {
		t.Errorf("Caller = %+v, %v", own, err)
	}
}

package proc

import (
	"errors"
	"path/filepath"
	"testing"
)

// One at a time holds the lock, and to ask for it is not to take it.
func TestOneHoldsTheLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	if Locked(path) {
		t.Error("locked, where nobody ever was")
	}
	first, err := Lock(path)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if !Locked(path) {
			t.Error("not locked, while one holds it")
		}
	}
	if second, err := Lock(path); !errors.Is(err, ErrLocked) {
		t.Errorf("Lock = %v, %v; want ErrLocked", second, err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if Locked(path) {
		t.Error("locked, after its holder's end")
	}
}

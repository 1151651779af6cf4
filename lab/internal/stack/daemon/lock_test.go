package daemon

import (
	"errors"
	"testing"

	"stormwave/lab/internal/service"
)

// One supervisor at a time holds the lock, and to ask for it is not to take it.
func TestOneSupervisorHoldsTheLock(t *testing.T) {
	layout := service.Layout{Lab: t.TempDir()}
	if claimed(layout) {
		t.Error("claimed, where nobody ever was")
	}
	first, err := claim(layout)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if !claimed(layout) {
			t.Error("not claimed, while one holds it")
		}
	}
	if second, err := claim(layout); !errors.Is(err, ErrRunning) {
		t.Errorf("claim = %v, %v; want ErrRunning", second, err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if claimed(layout) {
		t.Error("claimed, after its holder's end")
	}
}

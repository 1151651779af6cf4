package daemon

import (
	"errors"
	"testing"

	"stormwave/lab/internal/service"
)

func TestOneSupervisorHoldsTheLock(t *testing.T) {
	layout := service.Layout{Lab: t.TempDir()}
	first, err := claim(layout)
	if err != nil || !claimed(layout) {
		t.Fatalf("claim = %v; claimed: %v", err, claimed(layout))
	}
	defer func() { _ = first.Close() }()
	if second, err := claim(layout); !errors.Is(err, ErrRunning) {
		t.Errorf("claim = %v, %v; want ErrRunning", second, err)
	}
}

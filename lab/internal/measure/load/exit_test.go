package load

import (
	"errors"
	"strings"
	"testing"

	"stormwave/lab/internal/stack/proc"
)

func TestInterruptedTakesTheLastProgressLine(t *testing.T) {
	log := `running (01.0s), 0100/1000 VUs, 100 complete and 0 interrupted iterations
load   [  20% ] 100/1000 VUs  1.0s/5.0s
running (05.5s), 0000/1000 VUs, 9032 complete and 17 interrupted iterations
load ✓ [ 100% ] 0000/1000 VUs  5s`
	if n, err := interrupted(log); n != 17 || err != nil {
		t.Errorf("interrupted = %d, %v; want 17", n, err)
	}
	if _, err := interrupted("k6 said nothing"); err == nil {
		t.Error("interrupted found a number in a log without one")
	}
}

func TestReason(t *testing.T) {
	for code, want := range map[int]string{
		99:  "status 99: a threshold",
		107: "status 107: the script threw",
		1:   "status 1",
	} {
		if got := reason(proc.Exit{Code: code}); !strings.Contains(got.Error(), want) || errors.Is(got, ErrUnserved) {
			t.Errorf("reason of %d = %q; want %q", code, got, want)
		}
	}
	for _, code := range unserved {
		if got := reason(proc.Exit{Code: code}); !errors.Is(got, ErrUnserved) {
			t.Errorf("reason of %d = %q; want it to say that the system does not serve", code, got)
		}
	}
}

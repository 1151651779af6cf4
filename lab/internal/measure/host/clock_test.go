package host

import (
	"testing"
	"time"
)

// Nobody sets the clock of a machine that tests: between two readings it is only slewed.
func TestClockSetDoesNotGrowWithTheTime(t *testing.T) {
	before := ClockSet()
	time.Sleep(2 * time.Millisecond)
	if set := ClockSet() - before; set.Abs() > time.Millisecond {
		t.Errorf("the clock was set by %s within 2 ms; want 0, but for what NTP slews", set)
	}
}

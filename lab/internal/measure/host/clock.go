package host

import "time"

// began holds both readings of the clock: the wall's, and the monotonic one.
var began = time.Now()

// ClockSet returns by how much the wall clock has been set since the process began.
// It counts the time that the machine was suspended, too.
func ClockSet() time.Duration {
	now := time.Now()
	return now.Round(0).Sub(began.Round(0)) - now.Sub(began) // rounded, a time is the wall clock's alone
}

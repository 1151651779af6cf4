//go:build soak

package capacity

import "testing"

func TestSoakIntervalHoldsTheCapacity(t *testing.T) {
	simulate(t, 1000, 0, 0)
	simulate(t, 1000, 0.02, 0.01)
	simulate(t, 1000, 0.05, 0.01)
}

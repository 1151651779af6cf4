//go:build soak

package race

import "testing"

// A thousand races, fewer of many cells, with the noise that earlier runs told being right, and 30%
// wrong both ways. The model claims 97.5%; what is lost to ties at the top and to a wrong noise the
// log tells, and the bounds hold.
func TestSoakRaceFindsTheBest(t *testing.T) {
	for _, c := range []struct {
		cells, races  int
		gap, belief   float64
		covered, near float64 // shares, at least
	}{
		{12, 1000, 0.06, 1, 0.94, 0.83},
		{12, 1000, 0.06, 0.7, 0.9, 0.8},
		{12, 1000, 0.06, 1.3, 0.95, 0.83},
		{12, 1000, 0.15, 1, 0.94, 0.83},
		{60, 400, 0.06, 1, 0.92, 0.92},
		{60, 400, 0.06, 0.7, 0.9, 0.92},
		{60, 400, 0.06, 1.3, 0.92, 0.92},
		{60, 400, 0.15, 1, 0.91, 0.91},
		{200, 100, 0.06, 1, 0.88, 0.95},
		{200, 100, 0.06, 0.7, 0.85, 0.95},
		{200, 100, 0.06, 1.3, 0.88, 0.95},
		{200, 100, 0.15, 1, 0.88, 0.95},
	} {
		f := simulate(t, c.cells, c.races, c.gap, c.belief)
		n := float64(f.Runs)
		if float64(f.Covered) < c.covered*n || float64(f.Near) < c.near*n {
			t.Errorf("%d cells, gaps of %.0f%%, noise × %.1f: %s; want %.0f%% and %.0f%%",
				c.cells, 100*c.gap, c.belief, f, 100*c.covered, 100*c.near)
		}
	}
}

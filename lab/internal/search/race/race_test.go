package race

import "testing"

// The set holds the best cell, and the recommended cell is as good, with a quarter of a grid's
// trials. TestSoakRaceFindsTheBest has the figures that matter.
func TestRaceFindsTheBest(t *testing.T) {
	for _, c := range []struct {
		cells, races  int
		covered, near int // at least
		set           float64
	}{
		{12, 30, 28, 24, 8.5},
		{60, 5, 4, 4, 36},
		{200, 1, 0, 1, 130}, // one race says nothing of how often
	} {
		f := simulate(t, c.cells, c.races, 0.06, 1)
		if f.Covered < c.covered || f.Near < c.near || f.Set > c.set {
			t.Errorf("%d cells: %s; want the best in the set in %d, the recommended near it in %d, a set of %.1f at most",
				c.cells, f, c.covered, c.near, c.set)
		}
		if most := float64(c.cells * 9 / 4); f.Trials > most {
			t.Errorf("%d cells: %.0f trials; want at most %.0f", c.cells, f.Trials, most)
		}
	}
}

func BenchmarkJudge(b *testing.B) {
	s := made(200, 0.06, 1)
	var trials []Trial
	for block := 1; block <= 6; block++ {
		trials = append(trials, s.measure(block, s.race.Judge(trials).Next)...)
	}
	for b.Loop() {
		s.race.Judge(trials)
	}
}

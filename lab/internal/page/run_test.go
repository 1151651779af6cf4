package page

import (
	"testing"
	"time"
)

func TestLeft(t *testing.T) {
	made := func(ends ...time.Duration) []row {
		var rows []row
		for _, end := range ends {
			rows = append(rows, row{End: noon.Add(end)})
		}
		return rows
	}
	for _, c := range []struct {
		name         string
		trials       int
		eta, elapsed time.Duration
		done         int // earlier ones included
		made         []row
		want         string
	}{
		{"at the start", 10, 10 * time.Minute, 0, 0, nil, "about 10 min left"},
		{"in the first trial", 10, 10 * time.Minute, 30 * time.Second, 0, nil, "about 10 min left"},
		{"as estimated", 10, 10 * time.Minute, 5 * time.Minute, 5, made(
			time.Minute, 2*time.Minute, 3*time.Minute, 4*time.Minute, 5*time.Minute,
		), "about 5 min left"},
		// Five trials took twice the time: pace (2 + 10) / (2 + 5) of a minute for each of five more.
		{"slower than estimated", 10, 10 * time.Minute, 10 * time.Minute, 5, made(
			2*time.Minute, 4*time.Minute, 6*time.Minute, 8*time.Minute, 10*time.Minute,
		), "about 9 min left"},
		{"the last one takes long", 2, 2 * time.Minute, 5 * time.Minute, 1, made(time.Minute), "longer than was estimated"},
		{"resumed", 10, 2 * time.Minute, 0, 8, nil, "about 2 min left"},
		{"not estimated", 10, 0, time.Minute, 0, nil, ""},
		{"more than planned", 2, 2 * time.Minute, 3 * time.Minute, 2, made(time.Minute, 2*time.Minute),
			"longer than was estimated"},
	} {
		run := &Run{Trials: c.trials, ETA: c.eta, Began: noon}
		if got := left(run, c.done, c.made, noon.Add(c.elapsed)); got != c.want {
			t.Errorf("%s: %q; want %q", c.name, got, c.want)
		}
	}
}

package capacity

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestNextLevel(t *testing.T) {
	s := Search{Start: 50, Width: 0.03, Levels: 13, Patience: 0.025}
	held := func(load float64) Level { return Level{Load: load, Held: true} }
	missed := func(load float64) Level { return Level{Load: load} }
	full := func(load float64) Level { return Level{Load: load, Full: true} }
	spent := make([]Level, 13)
	for i := range spent {
		spent[i] = held(50)
		if i%2 > 0 {
			spent[i] = missed(100)
		}
	}
	for _, c := range []struct {
		name      string
		levels    []Level
		low, high float64 // between which the next level is
		end       End
	}{
		{"the first", nil, 50, 50, Goes},
		{"doubled", []Level{held(50), held(100)}, 200, 200, Goes},
		{"a miss is asked again", []Level{held(50), missed(100)}, 100, 100, Goes},
		{"one that held after all", []Level{held(50), missed(100), held(100)}, 200, 200, Goes},
		{"between", []Level{held(50), missed(100), missed(100)}, 60, 85, Goes},
		{"halved", []Level{missed(50), missed(50)}, 25, 25, Goes},
		{"nothing holds", []Level{missed(1), missed(1)}, 0, 0, Nothing},
		{"below the generator's limit", []Level{held(50), full(100)}, 70, 71, Goes},
		{"the generator is full", []Level{held(50), held(90), full(100)}, 0, 0, Generator},
		{"full from the start", []Level{full(50)}, 25, 25, Goes},
		{"no level is left", spent, 0, 0, Spent},
	} {
		e := s.Of(c.levels)
		if e.Next < c.low || e.Next > c.high || e.End != c.end {
			t.Errorf("%s: next %g, end %q; want %g to %g, %q (%+v)", c.name, e.Next, e.End, c.low, c.high, c.end, e)
		}
	}
	atLeast := s.Of([]Level{held(50), held(90), full(100)})
	if !math.IsInf(atLeast.High, 1) || math.Abs(atLeast.Low-90/1.025) > 1e-9 {
		t.Errorf("the generator is full: %g to %g; want at least %g", atLeast.Low, atLeast.High, 90/1.025)
	}
}

func TestSmallestThatCarries(t *testing.T) {
	all := []Estimate{{Low: 90, High: 110}, {Low: 190, High: 210}, {Low: 290, High: math.Inf(1)}}
	for load, want := range map[float64]int{50: 0, 100: 1, 190: 1, 250: 2, 300: -1} {
		if got := Smallest(all, load); got != want {
			t.Errorf("%g requests per second are carried by cell %d; want %d", load, got, want)
		}
	}
}

// backend is a queue with workers of a fixed service time: its capacity is known. Its speed differs
// from level to level, and now and then others have the machine.
type backend struct {
	workers int
	service float64 // seconds
	noise   float64 // standard deviation of the log of its speed
	lapse   float64 // share of the levels in which it has a third of its speed
	random  *rand.Rand
}

func (b backend) capacity() float64 { return float64(b.workers) / b.service }

// level simulates an open load of so many requests per second and as many seconds, no time passing.
// Requests come as by chance. Those that are later than the bound are slow; 1% may be.
func (b backend) level(load, seconds, bound float64) Level {
	service := b.service * math.Exp(b.noise*b.random.NormFloat64())
	if b.random.Float64() < b.lapse {
		service *= 3
	}
	free := make([]float64, b.workers) // when each worker is; those who begin first end first
	n, slow := 0, 0
	for at := 0.0; ; n++ {
		if at += b.random.ExpFloat64() / load; at >= seconds {
			break
		}
		worker := &free[n%b.workers]
		*worker = math.Max(*worker, at) + service
		if *worker-at > bound {
			slow++
		}
	}
	return Level{Load: load, Held: 100*slow <= n}
}

// simulate runs searches on queues of all sizes, and counts those whose interval holds the capacity.
func simulate(t *testing.T, runs int, noise, lapse float64) {
	t.Helper()
	covered, levels, width := 0, 0, 0.0
	for seed := range runs {
		random := rand.New(rand.NewPCG(uint64(seed), 3))
		b := backend{2 + random.IntN(15), 0.005 * math.Exp(2*random.Float64()), noise, lapse, random}
		var ran []Level
		e := Usual.Of(nil)
		for e.Next > 0 {
			ran = append(ran, b.level(e.Next, 20, 0.5))
			e = Usual.Of(ran)
		}
		levels += len(ran)
		width += math.Log(e.High / e.Low)
		if c := b.capacity(); e.Low <= c && c <= e.High {
			covered++
		}
	}
	n := float64(runs)
	t.Logf("noise %.0f%%, lapses %.0f%%: the interval holds the capacity in %.1f%% of %d searches of %.1f levels; "+
		"it is %.1f%% wide", 100*noise, 100*lapse, 100*float64(covered)/n, runs, float64(levels)/n, 100*width/n)
	if float64(covered) < 0.93*n {
		t.Errorf("the interval holds the capacity in %d of %d searches; want 93%%", covered, runs)
	}
	if most := Usual.Levels * runs; levels > most {
		t.Errorf("%d levels; want at most %d", levels, most)
	}
	if width > 0.2*n {
		t.Errorf("the intervals are %.1f%% wide; want at most 20%%", 100*width/n)
	}
}

func TestIntervalHoldsTheCapacity(t *testing.T) {
	simulate(t, 60, 0.02, 0.01)
}

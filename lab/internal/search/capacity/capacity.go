// Package capacity finds the highest load that holds the SLO. It is pure: it is handed the levels of
// an open load that were run so far, and says where the capacity lies and which level comes next.
//
// The load is doubled until it misses the SLO, and that level is asked once more, for a busy host
// makes any level miss. Then the next level is the median of what is thought of the capacity
// (probabilistic bisection: Waeber, Frazier & Henderson 2013, SIAM Journal on Control and
// Optimization 51). What is thought is a posterior: the capacity may be any, alike on the scale of
// logarithms; a level holds with a probability that falls from 1 to 0 around it, as a normal
// distribution does. That curve is the parametric form of an isotonic regression of the outcomes
// over the loads, which few levels suffice for, since none is asked often.
package capacity

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// Level is what one level of load came to.
type Level struct {
	Load float64 // requests per second that were due, above 0
	Held bool    // the SLO was met, by counts of failed and slow requests
	Full bool    // the generator was at its limit: whether the load held is not known
}

// Search is how the capacity is looked for.
type Search struct {
	Start  float64 // the first load, per second
	Width  float64 // a share: it ends when the interval reaches no further from its middle
	Levels int     // at most
	// Patience is the SLO's bound of latency over the length of a level. A queue may grow for so
	// long before requests are late: a load that is beyond the capacity by this share still holds.
	Patience float64
}

// Usual is a search that takes 6 minutes for levels of 20 s, with what lies between them.
var Usual = Search{Start: 50, Width: 0.05, Levels: 13, Patience: 0.5 / 20}

// End is why a search is over.
type End string

// The ends.
const (
	Goes      End = "" // on
	Narrow    End = "the interval is narrow enough"
	Spent     End = "the levels are spent"
	Generator End = "the generator is full first"
	Nothing   End = "not even the lowest load holds"
)

// Estimate is what the levels say of the capacity, in requests per second.
type Estimate struct {
	Load      float64 // that holds with the probability ½; NaN: not known yet
	Low, High float64 // it lies there with 95%; High is infinite where the capacity is at least Low
	End       End
	Next      float64 // load of the next level; 0: the search is over
}

// What is supposed of a level.
const (
	lapse  = 0.02  // of the levels miss though they are carried: others had the machine
	chance = 0.001 // of the levels hold though they are not
	tail   = 0.025 // of the posterior on either side of the interval
	step   = 0.005 // of the logarithm of the capacity
	floor  = 1.0   // request per second: no load is lower
)

// widths are how far around the capacity the outcome of a level is chance, as standard deviations of
// its logarithm: each as likely as the others, for no trial has told before.
var widths = []float64{0.01, 0.02, 0.04}

// Of says where the capacity lies after some levels.
func (s Search) Of(levels []Level) Estimate {
	e := Estimate{Load: math.NaN(), Low: 0, High: math.Inf(1), Next: s.Start}
	held, missed, full := 0.0, math.Inf(1), math.Inf(1) // the highest that held, the lowest that did not
	misses := 0
	for _, l := range levels {
		switch {
		case l.Full:
			full = min(full, l.Load)
		case l.Held:
			held = max(held, l.Load)
		default:
			missed = min(missed, l.Load)
			misses++
		}
	}
	e.Low = held / (1 + s.Patience)
	switch {
	case len(levels) == 0:
		return e
	case math.IsInf(missed, 1) && math.IsInf(full, 1): // all held
		e.Next = 2 * held
	case math.IsInf(missed, 1):
		return e.rising(held, full)
	case misses == 1 && !levels[len(levels)-1].Held:
		e.Next = missed
	case misses == 1 && held >= missed: // it was others that disturbed it
		e.Next = 2 * held
	case held == 0 && missed <= floor:
		e.High, e.End, e.Next = missed, Nothing, 0
		return e
	case held == 0:
		e.High, e.Next = missed, math.Max(floor, missed/2)
	default:
		e.bisect(s, levels, held, missed)
		if e.Next >= full {
			e.Next, e.End = 0, Generator
		}
	}
	if len(levels) >= s.Levels && e.End == Goes {
		e.End, e.Next = Spent, 0
	}
	return e
}

// rising goes on below the generator's limit, where no level missed: up to 10% below it, and then
// there is nothing more to learn.
func (e Estimate) rising(held, full float64) Estimate {
	const close = 1.1
	if held > 0 && full < close*close*held {
		e.End, e.Next = Generator, 0
		return e
	}
	e.Next = full / 2
	if held > 0 {
		e.Next = math.Sqrt(held * full)
	}
	return e
}

// bisect fills in the interval and the next level from the posterior.
func (e *Estimate) bisect(s Search, levels []Level, held, missed float64) {
	from, to := math.Log(min(held, missed)/2), math.Log(2*max(held, missed))
	n := int((to-from)/step) + 1
	density := make([]float64, n)
	for _, width := range widths {
		for i := range density {
			at, likely := from+float64(i)*step, 1.0
			for _, l := range levels {
				if l.Full {
					continue
				}
				holds := chance + (1-lapse-chance)*distuv.UnitNormal.CDF((at-math.Log(l.Load))/width)
				if !l.Held {
					holds = 1 - holds
				}
				likely *= holds
			}
			density[i] += likely
		}
	}
	sum := 0.0
	for _, v := range density {
		sum += v
	}
	at := func(share float64) float64 {
		below := 0.0
		i := slices.IndexFunc(density, func(v float64) bool {
			below += v
			return below >= share*sum
		})
		return math.Exp(from + float64(max(0, i))*step)
	}
	e.Load, e.Low, e.High = at(0.5), at(tail)/(1+s.Patience), at(1-tail)
	e.Next = e.Load
	if e.High <= e.Low*(1+s.Width)*(1+s.Width)*(1+s.Patience) {
		e.End, e.Next = Narrow, 0
	}
}

// Smallest is the index of the first of some cells, given from the smallest on, that carries a load:
// all of its interval lies above. −1: none does for sure.
func Smallest(estimates []Estimate, load float64) int {
	return slices.IndexFunc(estimates, func(e Estimate) bool { return e.Low >= load })
}

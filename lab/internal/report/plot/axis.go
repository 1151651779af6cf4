package plot

import (
	"math"
	"slices"
	"time"

	"stormwave/lab/internal/report/numeral"
)

// farthest bounds every axis: nothing that is measured lies beyond it.
const farthest = 1e15

// finite says whether a number can be drawn.
func finite(v float64) bool { return math.Abs(v) < farthest } // false for NaN

// axis maps the values lo to hi onto the pixels from to to.
type axis struct {
	lo, hi   float64
	log      bool
	from, to float64
	ticks    []tick
	look     style // of the labels
}

// tick is a value with a label.
type tick struct {
	at    float64
	label string
}

// newAxis is an axis that includes no value yet, between two pixels.
func newAxis(from, to float64) axis {
	return axis{lo: math.Inf(1), hi: math.Inf(-1), from: math.Round(from), to: math.Round(to), look: normal}
}

// include makes the axis reach the values that it can have.
func (a *axis) include(values ...float64) {
	for _, v := range values {
		if finite(v) && (!a.log || v > 1/farthest) {
			a.lo, a.hi = min(a.lo, v), max(a.hi, v)
		}
	}
}

// includeZero makes a linear axis reach 0, and a little farther than its values.
func (a *axis) includeZero() {
	a.include(0)
	if a.lo == a.hi {
		a.hi = 1
	}
	a.lo, a.hi = 1.05*a.lo, 1.05*a.hi
}

// has says whether a value is on the axis.
func (a axis) has(v float64) bool { return v >= a.lo && v <= a.hi }

// at is the pixel of a value.
func (a axis) at(v float64) float64 {
	lo, hi := a.lo, a.hi
	if a.log {
		lo, hi, v = math.Log(lo), math.Log(hi), math.Log(v)
	}
	return a.from + (v-lo)/(hi-lo)*(a.to-a.from)
}

// bound is the pixel of a value, or the end of the axis beyond which it lies.
func (a axis) bound(v float64) float64 { return a.at(min(max(v, a.lo), a.hi)) }

// name puts names at 0, 1, 2, …, in small type or cut where they would touch.
func (a *axis) name(names []string) {
	a.ticks = named(names)
	room := a.at(1) - a.at(0) - labelGap
	if widest(a.ticks) > room {
		a.look = small
	}
	for i := range a.ticks {
		a.ticks[i].label = a.look.cut(a.ticks[i].label, room)
	}
}

// named are ticks with names at 0, 1, 2, …
func named(names []string) []tick {
	ticks := make([]tick, len(names))
	for i, name := range names {
		ticks[i] = tick{float64(i), short(name)}
	}
	return ticks
}

// widest is the width of the widest label.
func widest(ticks []tick) float64 {
	width := 0.0
	for _, t := range ticks {
		width = max(width, normal.width(t.label))
	}
	return width
}

// steps are at most so many ticks, and one, at round numbers.
func steps(lo, hi float64, most int) []tick {
	return multiples(roundStep((hi-lo)/float64(most)), lo, hi, most, numeral.Tick)
}

// multiples are ticks at the multiples of a step, or at lo if there is none. A count ends them where the step is too
// small for a float64.
func multiples(step, lo, hi float64, most int, label func(float64) string) []tick {
	first := math.Ceil(lo/step - 1e-9)
	var ticks []tick
	for i := range most + 2 {
		if v := (first + float64(i)) * step; v <= hi+1e-9*step {
			ticks = append(ticks, tick{min(max(v, lo), hi), label(v)})
		}
	}
	if len(ticks) == 0 {
		return []tick{{lo, label(lo)}}
	}
	return ticks
}

// roundStep is the least of 1, 2, 5 × a power of ten that is not below a step.
func roundStep(least float64) float64 {
	if !(least > 1e-300) { // its power of ten would be 0
		return 1
	}
	power := math.Pow10(int(math.Floor(math.Log10(least))))
	for _, f := range []float64{1, 2, 5} {
		if f*power >= least*(1-1e-9) {
			return f * power
		}
	}
	return 10 * power
}

// decades are at most so many ticks of a logarithmic axis: at powers of ten, and between them where these are few.
func decades(lo, hi float64, most int) []tick {
	for n := 0; ; n++ {
		every, among := max(1, n-1), [][]float64{{1, 2, 5}, {1, 3}, {1}}[min(n, 2)]
		var ticks []tick
		for e := int(math.Floor(math.Log10(lo))); e <= int(math.Ceil(math.Log10(hi))); e++ {
			for _, f := range among {
				if v := f * math.Pow10(e); e%every == 0 && v >= lo && v <= hi {
					ticks = append(ticks, tick{v, numeral.Tick(v)})
				}
			}
		}
		if len(ticks) <= max(2, most) {
			return ticks
		}
	}
}

// clockSteps are the distances of ticks on an axis of times.
var clockSteps = []time.Duration{
	5 * time.Second, 10 * time.Second, 30 * time.Second, time.Minute, 2 * time.Minute, 5 * time.Minute,
	10 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour,
}

// clock are ticks for seconds since 1970, labelled with the time of day in UTC.
func clock(lo, hi float64, most int) []tick {
	few := func(d time.Duration) bool { return (hi-lo)/d.Seconds() <= float64(most) }
	i := slices.IndexFunc(clockSteps, few)
	if i < 0 {
		return steps(lo, hi, most)
	}
	format := "15:04"
	if clockSteps[i] < time.Minute {
		format = "15:04:05"
	}
	return multiples(clockSteps[i].Seconds(), lo, hi, most, func(at float64) string {
		return time.Unix(int64(at), 0).UTC().Format(format)
	})
}

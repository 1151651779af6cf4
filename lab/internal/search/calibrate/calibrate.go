// Package calibrate makes the study's wave and storm as hard on this machine as they were on the
// study's. It is pure: it is handed the steps of a rising load on the baseline, and says at which
// rate the baseline first misses the SLO, its knee, and by how much users or rates are to be
// multiplied for a load to rise to a multiple of that.
package calibrate

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"

	"stormwave/lab/internal/judge/stat"
)

// Heights of the study's loads, as multiples of the rate at which its baseline first missed the SLO:
// the wave broke at 300 to 350 of its 500 users, and the storm offered 2,000 requests per second
// where 600 to 640 were too many.
const (
	Wave  = 1.5
	Storm = 3.2
)

// Step is a part of an open load that rises from one rate to another, in requests per second.
type Step struct {
	From    float64 `json:"from_rps"`
	To      float64 `json:"to_rps"`
	Seconds float64 `json:"seconds"`
	// Counts of the requests that began in it, of which Failed failed and Slow were later than the
	// SLO's bound.
	Requests int64 `json:"requests"`
	Failed   int64 `json:"failed"`
	Slow     int64 `json:"slow"`
	Full     bool  `json:"generator_full,omitempty"` // the generator was at its limit
}

// Why there is no knee.
var (
	// ErrGenerator: the machine cannot be broken by this generator.
	ErrGenerator = errors.New("the baseline cannot be broken, because the generator is full first")
	// ErrTop: the load did not rise far enough.
	ErrTop = errors.New("the baseline held to the top of the load")
	// ErrBottom: the first step missed the SLO already.
	ErrBottom = errors.New("the baseline missed the SLO from the first step on")
)

// spared is the share of the requests due that may lack before the rest counts as failed: the first
// and the last of a step begin in another.
const spared = 0.02

// rate is the mean rate of the step, per second.
func (s Step) rate() float64 { return (s.From + s.To) / 2 }

// excess is the log of the share of bad requests over the one that is allowed: above 0 the SLO is
// missed. Requests that were due and not sent failed: all users were waiting.
func (s Step) excess(failed, slow float64) float64 {
	due := s.rate() * s.Seconds
	lost := math.Max(0, due*(1-spared)-float64(s.Requests))
	all := float64(s.Requests) + lost + 1
	over := func(bad, limit float64) float64 { return math.Log((bad + 0.5) / math.Max(limit*all, 1)) }
	return math.Max(over(float64(s.Failed)+lost, failed), over(float64(s.Slow), slow))
}

// What steps of one rate each are asked for.
const (
	first   = 100.0 // requests per second
	least   = 10.0  // no step has fewer
	narrow  = 1.25  // highest ratio of the lowest rate that missed to the highest that held
	asAgain = 2     // times that a rate is asked before it is taken to miss: others may have had the machine
)

// Next is the rate of the next step, 0 where no other is needed: doubled while the SLO is met, halved
// where none has met it, then between the highest that met it and the lowest above that missed it.
func Next(steps []Step, failed, slow float64) float64 {
	if len(steps) == 0 {
		return first
	}
	held, missed, full := 0.0, math.Inf(1), math.Inf(1)
	asked := 0
	last := steps[len(steps)-1]
	for _, s := range steps {
		if s.To == last.To {
			asked++
		}
		switch {
		case s.Full:
			full = math.Min(full, s.To)
		case s.excess(failed, slow) <= 0:
			held = math.Max(held, s.To)
		}
	}
	for _, s := range steps {
		if !s.Full && s.To > held {
			missed = math.Min(missed, s.To)
		}
	}
	switch {
	case last.To == missed && asked < asAgain:
		return last.To
	case math.IsInf(missed, 1) && math.IsInf(full, 1):
		return 2 * held
	case math.IsInf(missed, 1):
		return 0
	case held == 0 && missed/2 < least:
		return 0
	case held == 0:
		return missed / 2
	case missed <= narrow*held:
		return 0
	}
	return math.Round(math.Sqrt(held * missed))
}

// Knee is the rate at which the baseline first misses the SLO, in requests per second: failed and
// slow are the highest shares that it allows. It is where the isotonic regression of the steps'
// excess crosses 0, between the mean rates of two steps, so that one step which others disturbed
// does not decide. The steps are in any order.
func Knee(steps []Step, failed, slow float64) (float64, error) {
	var rates, excess, weights []float64
	full := math.Inf(1)
	steps = slices.SortedStableFunc(slices.Values(steps), func(a, b Step) int { return cmp.Compare(a.rate(), b.rate()) })
	for _, s := range steps {
		if s.Full { // from here on the load is not what was asked for
			full = s.To
			break
		}
		if n := len(rates) - 1; n >= 0 && rates[n] == s.rate() { // asked again, for others may have had the machine
			excess[n] = math.Min(excess[n], s.excess(failed, slow))
			continue
		}
		rates = append(rates, s.rate())
		excess = append(excess, s.excess(failed, slow))
		weights = append(weights, math.Max(1, s.rate()*s.Seconds))
	}
	rising := stat.Isotonic(excess, weights)
	for i, v := range rising {
		switch {
		case v <= 0:
		case i == 0:
			return 0, fmt.Errorf("%w, at %.0f requests per second", ErrBottom, rates[0])
		default:
			share := -rising[i-1] / (v - rising[i-1])
			return rates[i-1] + share*(rates[i]-rates[i-1]), nil
		}
	}
	if !math.IsInf(full, 1) {
		return 0, fmt.Errorf("%w, at %.0f requests per second", ErrGenerator, full)
	}
	if len(steps) == 0 {
		return 0, fmt.Errorf("%w: it has no steps", ErrTop)
	}
	return 0, fmt.Errorf("%w, %.0f requests per second", ErrTop, steps[len(steps)-1].To)
}

// Factor is by how much the users of a closed load, or the rates of an open one, are to be
// multiplied for it to rise to height times the knee, rounded to three digits so that it can be
// written down. top is the highest rate that the load offers as it is: users over the seconds that
// each pauses, for one who is answered at once. most is the highest rate that the generator is known
// to send, 0 if none is: a load beyond it is an error.
func Factor(knee, height, top, most float64) (float64, error) {
	if !(knee > 0) || !(top > 0) {
		return 0, fmt.Errorf("a knee at %g and a load of up to %g requests per second", knee, top)
	}
	if want := height * knee; most > 0 && want > most {
		return 0, fmt.Errorf("%w: it sends %.0f requests per second, and %.0f are %g times the knee",
			ErrGenerator, most, want, height)
	}
	return strconv.ParseFloat(strconv.FormatFloat(height*knee/top, 'g', 3, 64), 64)
}

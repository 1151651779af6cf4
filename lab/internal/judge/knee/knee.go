// Package knee finds where a rising load becomes too much. It is pure. What is loosely
// called the knee is two things here, with a name each:
//
//   - Miss, the first step of the load that missed the SLO;
//   - Bend, where latency leaves its plateau and throughput stops following the load,
//     whatever the SLO.
//
// Points are for judge/usl, which looks for the limit of throughput.
package knee

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/record"
)

// Step and Hold are how long scenarios/wave.js rises to the next step, and then
// stays at its highest. A record does not tell them, but by how much they were scaled.
const (
	Step = 9 * time.Second
	Hold = 30 * time.Second
)

// Miss is the first step of a rising load that missed the SLO, in one repetition.
type Miss struct {
	VUs float64 // that the step led to; infinite: all steps held
	RPS float64 // requests per second in the last step that held before; NaN: none did
	Top float64 // VUs of the highest step
}

// step is a part of the load, and to how many VUs it leads.
type step struct {
	vus   float64
	lasts time.Duration
	phase record.Phase
}

// FirstMiss returns the first miss of a repetition, and false if it has no steps, or too
// little of one was recorded to judge it. The time at the highest step, after the rise, is
// a step too: what holds only while the load still rises does not hold it.
func FirstMiss(r *record.Record, slo matrix.SLO) (Miss, bool) {
	all := steps(r)
	if len(all) == 0 {
		return Miss{}, false
	}
	m := Miss{VUs: math.Inf(1), RPS: math.NaN(), Top: all[len(all)-1].vus}
	for _, s := range all {
		held, ok := s.holds(slo)
		switch {
		case !ok:
			return Miss{}, false
		case !held:
			m.VUs = s.vus
			return m, true
		}
		m.RPS = float64(s.phase.Requests) / (s.lasts.Seconds() * r.Scale)
	}
	return m, true
}

// steps lists the steps of a repetition in the order of the load.
func steps(r *record.Record) []step {
	var all []step
	for name, p := range r.Phases {
		digits, rising := strings.CutPrefix(name, "vus_")
		if vus, err := strconv.Atoi(digits); rising && err == nil {
			all = append(all, step{float64(vus), Step, p})
		}
	}
	slices.SortFunc(all, func(a, b step) int { return int(a.vus - b.vus) })
	if p, ok := r.Phases["hold"]; ok && len(all) > 0 {
		all = append(all, step{all[len(all)-1].vus, Hold, p})
	}
	return all
}

// holds says whether the objective was met within a step. A step in which no
// request began did not hold: all users were still waiting.
func (s step) holds(slo matrix.SLO) (held, ok bool) {
	switch {
	case s.phase.Requests == 0:
		return false, true
	case s.phase.Latency == nil:
		return false, false
	}
	bound := float64(slo.P99) / float64(time.Millisecond)
	failed := float64(s.phase.Failed) / float64(s.phase.Requests)
	return failed <= slo.ErrorRatio && s.phase.Latency.P99 <= bound, true
}

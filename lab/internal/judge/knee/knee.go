// Package knee finds where a rising load becomes too much. It is pure. What is loosely
// called the knee is two things here, with a name each:
//
//   - Miss, the first step of the load that missed the SLO;
//   - Saturation, where latency leaves its plateau and throughput stops following the load,
//     whatever the SLO.
//
// Points are for judge/usl, which looks for the limit of throughput. What the load is, VUs
// or requests per second, and how long its steps take, the record says.
package knee

import (
	"math"

	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/record"
)

// minRises is how many phases must rise before the load falls: one alone is no rise in steps.
const minRises = 2

// steps lists the phases of a load that rises in steps, in its order, until it falls; none of
// any other load. The time at a step's height is a step too: what holds only while the load
// still rises does not hold it.
func steps(r *record.Record) []record.NamedPhase {
	var all []record.NamedPhase
	rises := 0
	for _, p := range r.Timeline() {
		if p.Unit == "" {
			continue // it is not known
		}
		if p.To < p.From {
			break
		}
		if p.To > p.From {
			rises++
		}
		if p.Seconds > 0 { // else it is a jump
			all = append(all, p)
		}
	}
	if rises < minRises {
		return nil
	}
	return all
}

// Unit is that of a load that rises in steps, record.UnitVUs or record.UnitRate; "" of another.
func Unit(r *record.Record) string {
	if all := steps(r); len(all) > 0 {
		return all[0].Unit
	}
	return ""
}

// Miss is the first step of a rising load that missed the SLO, in one trial.
type Miss struct {
	Load float64 // that the step led to, in the load's unit; infinite: all steps held
	RPS  float64 // requests per second in the last step that held before; NaN: none did
	Top  float64 // load of the last step
}

// FirstMiss returns the first miss of a trial, and false if it has no steps, or too
// little of one was recorded to judge it. Iterations that an open load has dropped are in no
// phase: where there are any and all phases held, some step missed, and which is not known.
func FirstMiss(r *record.Record, slo matrix.SLO) (Miss, bool) {
	all := steps(r)
	if len(all) == 0 {
		return Miss{}, false
	}
	m := Miss{Load: math.Inf(1), RPS: math.NaN(), Top: all[len(all)-1].To}
	for _, s := range all {
		held, ok := holds(s, slo)
		switch {
		case !ok:
			return Miss{}, false
		case !held:
			m.Load = s.To
			return m, true
		}
		m.RPS = float64(s.Requests) / s.Seconds
	}
	return m, r.Load == nil || r.Load.Dropped == 0
}

// holds says whether the objective was met within a step. A step in which no
// request began did not hold: all users were still waiting.
func holds(s record.NamedPhase, slo matrix.SLO) (held, ok bool) {
	switch {
	case s.Requests == 0:
		return false, true
	case s.Latency == nil:
		return false, false
	}
	failed := float64(s.Failed) / float64(s.Requests)
	return failed <= slo.ErrorRatio && s.Latency.P99 <= slo.P99.Milliseconds(), true
}

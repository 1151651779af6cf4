package knee

import (
	"math"
	"slices"

	"stormwave/lab/internal/judge/usl"
	"stormwave/lab/internal/record"
)

// Of a rising load: where it is still light, and what it takes to have left that.
const (
	lightShare  = 1.0 / 3 // of the highest number of VUs
	leastLight  = 8       // seconds of light load that are needed
	timesLight  = 3       // p99 beyond so many times that of the light load …
	leastRise   = 20      // … and by at least so many milliseconds
	lostShare   = 0.9     // of the requests per VU under light load; less has stopped to follow
	steady      = 5       // seconds that it must last
	settleAfter = 3       // seconds at the start that connections take to open
)

// Curves are what FindBend reads.
var Curves = []string{"vus", "p99_ms", "rps"}

// Rises says whether the load of a repetition rises in steps.
func Rises(r *record.Record) bool { return len(steps(r)) > 0 }

// Bend is the moment of a repetition of a rising load at which p99 leaves its plateau and
// throughput stops following the load, both for some seconds on end.
type Bend struct {
	VUs float64 // infinite: it does not bend
	RPS float64 // requests per second; NaN: it does not bend
	Top float64 // most VUs
}

// FindBend finds the bend in the curves of one repetition. It reports false where the
// curves do not tell.
//
// The plateau is the light third of the load. Unlike FirstMiss it knows no objective, and
// so tells a service that bends from one that is only slow.
func FindBend(s record.Series) (Bend, bool) {
	vus, p99, rps := s.Curves["vus"], s.Curves["p99_ms"], s.Curves["rps"]
	top, ok := s.Peak("vus")
	if !ok || len(p99) < len(vus) || len(rps) < len(vus) {
		return Bend{}, false
	}
	var lightP99, perUser []float64
	for i := settleAfter; i < len(vus); i++ {
		if vus[i] == nil || *vus[i] <= 0 || *vus[i] > lightShare*top {
			continue
		}
		if p99[i] != nil {
			lightP99 = append(lightP99, *p99[i])
		}
		if rps[i] != nil {
			perUser = append(perUser, *rps[i] / *vus[i])
		}
	}
	if len(lightP99) < leastLight || len(perUser) < leastLight {
		return Bend{}, false
	}
	plateau, follow := median(lightP99), median(perUser)
	bent := 0
	for i := settleAfter; i < len(vus); i++ {
		if vus[i] == nil || *vus[i] <= lightShare*top {
			bent = 0
			continue
		}
		slow := p99[i] != nil && *p99[i] > timesLight*plateau && *p99[i] > plateau+leastRise
		lost := rps[i] != nil && *rps[i] < lostShare*follow**vus[i]
		if !slow || !lost {
			bent = 0
			continue
		}
		if bent++; bent == steady {
			at := i - steady + 1
			return Bend{VUs: *vus[at], RPS: *rps[at], Top: top}, true
		}
	}
	return Bend{VUs: math.Inf(1), RPS: math.NaN(), Top: top}, true
}

func median(values []float64) float64 {
	v := slices.Sorted(slices.Values(values))
	if n := len(v); n%2 == 0 {
		return (v[n/2-1] + v[n/2]) / 2
	}
	return v[len(v)/2]
}

// Points are the successful requests per second of each step of a rising load, over the
// requests that were in flight: by Little's law (J. D. C. Little, Operations Research 9,
// 1961) the requests per second times their mean latency, failed ones included. It reports
// false where the record does not hold the mean of every step.
func Points(r *record.Record) ([]usl.Point, bool) {
	var points []usl.Point
	for _, s := range steps(r) {
		if s.phase.Requests == 0 {
			continue // nothing was in flight that began here
		}
		if s.phase.Latency == nil || s.phase.Latency.Mean == nil {
			return nil, false
		}
		lasts := s.lasts.Seconds() * r.Scale
		n := float64(s.phase.Requests) / lasts * *s.phase.Latency.Mean / 1000
		if x := float64(s.phase.Requests-s.phase.Failed) / lasts; x > 0 && n > 0 {
			points = append(points, usl.Point{N: n, X: x})
		}
	}
	return points, true
}

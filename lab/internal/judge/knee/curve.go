package knee

import (
	"math"

	"stormwave/lab/internal/judge/stat"
	"stormwave/lab/internal/judge/usl"
	"stormwave/lab/internal/record"
)

// Of a rising load: where it is still light, and what it takes to have left that.
const (
	lightShare  = 1.0 / 3 // of the highest load
	minLight    = 8       // seconds of light load that are needed
	timesLight  = 3       // p99 beyond so many times that of the light load …
	minRise     = 20      // … and by at least so many milliseconds
	lostShare   = 0.9     // of the requests per unit of light load; less has stopped to follow
	steady      = 5       // seconds that it must last
	settleAfter = 3       // seconds at the start that connections take to open
)

// Curves are what FindSaturation reads.
var Curves = []string{vusCurve, "p99_ms", "rps"}

const vusCurve = "vus"

// Load is how much load there was over the time of a trial, in its unit, and the most: the
// VUs that were seen or, of an open load, the requests per second that were due. How many VUs
// k6 takes for those is up to the answers.
func Load(r *record.Record, s record.Series) (curve []*float64, top float64) {
	if Unit(r) != record.UnitRate {
		top, _ = s.Peak(vusCurve)
		return s.Curves[vusCurve], top
	}
	begin := 0.0
	for _, p := range r.Timeline() {
		for len(curve) < len(s.Curves["rps"]) {
			at := (float64(len(curve)) + 0.5) * s.Step // the middle of a second: its mean
			if at >= begin+p.Seconds {
				break
			}
			curve = append(curve, new(p.From+(p.To-p.From)*(at-begin)/p.Seconds))
		}
		begin += p.Seconds
		top = max(top, p.To)
	}
	return curve, top
}

// Rises says whether the load of a trial rises in steps.
func Rises(r *record.Record) bool { return Unit(r) != "" }

// Saturation is the moment of a trial of a rising load at which p99 leaves its plateau and
// throughput stops following the load, both for some seconds on end.
type Saturation struct {
	Load float64 // in the load's unit; infinite: not reached
	RPS  float64 // requests per second; NaN: not reached
	Top  float64 // most load
}

// FindSaturation finds the saturation in the curves of one trial. It reports false where the
// curves do not tell.
//
// The plateau is the light third of the load. Unlike FirstMiss it knows no objective, and
// so tells a service that saturates from one that is only slow.
func FindSaturation(r *record.Record, s record.Series) (Saturation, bool) {
	p99, rps := s.Curves["p99_ms"], s.Curves["rps"]
	load, top := Load(r, s)
	if top == 0 || len(p99) < len(load) || len(rps) < len(load) {
		return Saturation{}, false
	}
	var lightP99, perLoad []float64
	for i := settleAfter; i < len(load); i++ {
		if load[i] == nil || *load[i] <= 0 || *load[i] > lightShare*top {
			continue
		}
		if p99[i] != nil {
			lightP99 = append(lightP99, *p99[i])
		}
		if rps[i] != nil {
			perLoad = append(perLoad, *rps[i] / *load[i])
		}
	}
	if len(lightP99) < minLight || len(perLoad) < minLight {
		return Saturation{}, false
	}
	plateau, follow := stat.Median(lightP99), stat.Median(perLoad)
	beyond := 0
	for i := settleAfter; i < len(load); i++ {
		if load[i] == nil || *load[i] <= lightShare*top {
			beyond = 0
			continue
		}
		slow := p99[i] != nil && *p99[i] > timesLight*plateau && *p99[i] > plateau+minRise
		lost := rps[i] != nil && *rps[i] < lostShare*follow**load[i]
		if !slow || !lost {
			beyond = 0
			continue
		}
		if beyond++; beyond == steady {
			at := i - steady + 1
			return Saturation{Load: *load[at], RPS: *rps[at], Top: top}, true
		}
	}
	return Saturation{Load: math.Inf(1), RPS: math.NaN(), Top: top}, true
}

// Points are the successful requests per second of each step of a rising load, over the
// requests that were in flight: by Little's law (J. D. C. Little, Operations Research 9,
// 1961) the requests per second times their mean latency, failed ones included. That holds
// of closed loads and of open ones. It reports false where the record does not hold the mean
// of every step.
func Points(r *record.Record) ([]usl.Point, bool) {
	var points []usl.Point
	for _, s := range steps(r) {
		if s.Requests == 0 {
			continue // nothing was in flight that began here
		}
		if s.Latency == nil || s.Latency.Mean == nil {
			return nil, false
		}
		n := float64(s.Requests) / s.Seconds * *s.Latency.Mean / 1000
		if x := float64(s.Requests-s.Failed) / s.Seconds; x > 0 && n > 0 {
			points = append(points, usl.Point{N: n, X: x})
		}
	}
	return points, true
}

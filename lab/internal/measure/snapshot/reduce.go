package snapshot

import (
	"github.com/prometheus/common/model"

	"stormwave/lab/internal/metric"
)

// weight is how a series counts: once, against the others, or not at all.
func weight(m *metric.Metric, t track) float64 {
	switch {
	case m.Less != nil && metric.Match(m.Less, t.labels):
		return -1
	case metric.Match(m.Of, t.labels):
		return 1
	}
	return 0
}

// whole is the metric of what a ratio is of.
func whole(m *metric.Metric) *metric.Metric { return &metric.Metric{Source: metric.Source{Of: m.Per}} }

// reduction makes one number of a family that covers the window. ok is false
// where the number is not defined.
type reduction func(f family, w Window, m *metric.Metric) (value float64, ok bool)

var reductions = map[metric.Reduction]reduction{
	metric.Growth:         growth,
	metric.GrowthIfAny:    anyGrowth,
	metric.Sent:           sent,
	metric.Rate:           rate,
	metric.RateInLoad:     rateInLoad,
	metric.PeakRate:       peakRate,
	metric.TimeInLoad:     timeInLoad,
	metric.TopTimeInLoad:  topTimeInLoad,
	metric.Part:           ratio,
	metric.PartInLoad:     ratioInLoad,
	metric.Highest:        highest,
	metric.HighestIfThere: highestIfThere,
	metric.HighestOne:     topmost,
	metric.MeanOverLoad:   mean,
}

// sent is a counter's growth since before anything was sent.
func sent(f family, w Window, m *metric.Metric) (float64, bool) {
	w.Start = w.Before
	return growth(f, w, m)
}

// growth is a counter's growth until it has settled.
func growth(f family, w Window, m *metric.Metric) (float64, bool) {
	return grown(f, m, func(t track) float64 { return t.growth(w.Start, w.Settled) }), true
}

// inLoad is a counter's growth from the load's start to its end, in a straight line from
// sample to sample.
func inLoad(f family, w Window, m *metric.Metric) (float64, bool) {
	return grown(f, m, w.inLoad), true
}

func (w Window) inLoad(t track) float64 { return t.total(w.End) - t.total(w.Start) }

// seconds is the length of the load.
func (w Window) seconds() float64 { return w.End.Sub(w.Start).Seconds() }

// grown adds up the growth of the series that count.
func grown(f family, m *metric.Metric, of func(track) float64) float64 {
	var sum float64
	for _, t := range f.tracks {
		if n := weight(m, t); n != 0 {
			sum += n * of(t)
		}
	}
	return sum
}

// anyGrowth is growth where there is some: what never happened has no number.
func anyGrowth(f family, w Window, m *metric.Metric) (float64, bool) {
	sum, ok := growth(f, w, m)
	return sum, ok && sum > 0
}

// rate is growth per second of the load.
func rate(f family, w Window, m *metric.Metric) (float64, bool) {
	sum, ok := growth(f, w, m)
	return sum / w.seconds(), ok
}

// rateInLoad is growth in the load per second of it.
func rateInLoad(f family, w Window, m *metric.Metric) (float64, bool) {
	sum, ok := inLoad(f, w, m)
	return sum / w.seconds(), ok
}

// timeInLoad is the share of the load that a clock has run in, at most 1. The kernel
// moves some of its clocks only every two seconds.
func timeInLoad(f family, w Window, m *metric.Metric) (float64, bool) {
	share, ok := rateInLoad(f, w, m)
	return min(1, share), ok
}

// topTimeInLoad is timeInLoad of the series with most.
func topTimeInLoad(f family, w Window, m *metric.Metric) (float64, bool) {
	var top float64
	for _, t := range f.tracks {
		top = max(top, weight(m, t)*w.inLoad(t)/w.seconds())
	}
	return min(1, top), true
}

// peakRate is the highest rate between two samples of the load that follow each other.
func peakRate(f family, w Window, m *metric.Metric) (float64, bool) {
	grown := make(map[model.Time]float64)
	for _, t := range f.tracks {
		for _, s := range t.steps(w.Start, w.End) {
			grown[s.at] += weight(m, t) * s.delta
		}
	}
	var peak float64
	for i := 1; i < len(f.times); i++ {
		peak = max(peak, grown[f.times[i]]/f.times[i].Sub(f.times[i-1]).Seconds())
	}
	return peak, true
}

// ratio is the growth of what counts, per growth of the whole.
func ratio(f family, w Window, m *metric.Metric) (float64, bool) {
	part, _ := growth(f, w, m)
	all, _ := growth(f, w, whole(m))
	return part / all, all != 0
}

// ratioInLoad is ratio of the growth in the load.
func ratioInLoad(f family, w Window, m *metric.Metric) (float64, bool) {
	part, _ := inLoad(f, w, m)
	all, _ := inLoad(f, w, whole(m))
	return part / all, all != 0
}

// highest is a gauge's highest value, its series added up.
func highest(f family, w Window, m *metric.Metric) (float64, bool) {
	sums := sums(f, w, m)
	var top float64
	for _, sum := range sums {
		top = max(top, sum)
	}
	return top, len(sums) > 0
}

// highestIfThere is highest where a series that counts is in the family at all.
func highestIfThere(f family, w Window, m *metric.Metric) (float64, bool) {
	for _, t := range f.tracks {
		if weight(m, t) != 0 {
			return highest(f, w, m)
		}
	}
	return 0, false
}

// topmost is the highest value of a single series.
func topmost(f family, w Window, m *metric.Metric) (float64, bool) {
	var top float64
	for _, t := range f.tracks {
		for _, s := range t.within(w.Start, w.End) {
			top = max(top, weight(m, t)*float64(s.Value))
		}
	}
	return top, true
}

// mean is a gauge's mean, its series added up. A series that is not there at
// times counts as 0 then.
func mean(f family, w Window, m *metric.Metric) (float64, bool) {
	sums := sums(f, w, m)
	var total float64
	for _, sum := range sums {
		total += sum
	}
	return total / float64(len(sums)), len(sums) > 0
}

// sums adds up a gauge's series at each time of the load.
func sums(f family, w Window, m *metric.Metric) map[model.Time]float64 {
	sums := make(map[model.Time]float64)
	for _, at := range f.times {
		if !at.Before(stamp(w.Start)) && !at.After(stamp(w.End)) {
			sums[at] = 0
		}
	}
	for _, t := range f.tracks {
		for _, s := range t.within(w.Start, w.End) {
			sums[s.Timestamp] += weight(m, t) * float64(s.Value)
		}
	}
	return sums
}

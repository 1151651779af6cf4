package snapshot

import "github.com/prometheus/common/model"

// weight says how often a series counts; 0 leaves it out. A nil weight counts
// every series once.
type weight func(model.Metric) float64

func (w weight) of(t track) float64 {
	if w == nil {
		return 1
	}
	return w(t.labels)
}

// reduction makes one number of a family that covers the window. ok is false
// where the number is not defined.
type reduction func(f family, w Window, m metric) (value float64, ok bool)

// sent is a counter's growth since before anything was sent.
func sent(f family, w Window, m metric) (float64, bool) {
	w.Start = w.Before
	return growth(f, w, m)
}

// growth is a counter's growth over the window.
func growth(f family, w Window, m metric) (float64, bool) {
	var sum float64
	for _, t := range f.tracks {
		sum += m.weigh.of(t) * t.growth(w.Start, w.Settled)
	}
	return sum, true
}

// anyGrowth is growth where there is some: what never happened has no number.
func anyGrowth(f family, w Window, m metric) (float64, bool) {
	sum, ok := growth(f, w, m)
	return sum, ok && sum > 0
}

// rate is growth per second of the load.
func rate(f family, w Window, m metric) (float64, bool) {
	sum, ok := growth(f, w, m)
	return sum / w.End.Sub(w.Start).Seconds(), ok
}

// peakRate is the highest rate between two samples that follow each other.
func peakRate(f family, w Window, m metric) (float64, bool) {
	grown := make(map[model.Time]float64)
	for _, t := range f.tracks {
		for _, s := range t.steps(w.Start, w.Settled) {
			grown[s.at] += m.weigh.of(t) * s.delta
		}
	}
	var peak float64
	for i := 1; i < len(f.times); i++ {
		peak = max(peak, grown[f.times[i]]/f.times[i].Sub(f.times[i-1]).Seconds())
	}
	return peak, true
}

// topRate is the highest rate of a single series.
func topRate(f family, w Window, m metric) (float64, bool) {
	var top float64
	for _, t := range f.tracks {
		top = max(top, m.weigh.of(t)*t.growth(w.Start, w.Settled)/w.End.Sub(w.Start).Seconds())
	}
	return top, true
}

// ratio is the growth of what weigh counts, per growth of what per counts.
func ratio(f family, w Window, m metric) (float64, bool) {
	part, _ := growth(f, w, m)
	whole, _ := growth(f, w, metric{weigh: m.per})
	return part / whole, whole != 0
}

// highest is a gauge's highest value, its series added up.
func highest(f family, w Window, m metric) (float64, bool) {
	sums := sums(f, w, m)
	var top float64
	for _, sum := range sums {
		top = max(top, sum)
	}
	return top, len(sums) > 0
}

// highestIfThere is highest where a series that counts is in the family at all.
func highestIfThere(f family, w Window, m metric) (float64, bool) {
	for _, t := range f.tracks {
		if m.weigh.of(t) != 0 {
			return highest(f, w, m)
		}
	}
	return 0, false
}

// topmost is the highest value of a single series.
func topmost(f family, w Window, m metric) (float64, bool) {
	var top float64
	for _, t := range f.tracks {
		for _, s := range t.within(w.Start, w.End) {
			top = max(top, m.weigh.of(t)*float64(s.Value))
		}
	}
	return top, true
}

// mean is a gauge's mean, its series added up. A series that is not there at
// times counts as 0 then.
func mean(f family, w Window, m metric) (float64, bool) {
	sums := sums(f, w, m)
	var total float64
	for _, sum := range sums {
		total += sum
	}
	return total / float64(len(sums)), len(sums) > 0
}

// sums adds up a gauge's series at each time of the load.
func sums(f family, w Window, m metric) map[model.Time]float64 {
	sums := make(map[model.Time]float64)
	for _, at := range f.times {
		if !at.Before(stamp(w.Start)) && !at.After(stamp(w.End)) {
			sums[at] = 0
		}
	}
	for _, t := range f.tracks {
		for _, s := range t.within(w.Start, w.End) {
			sums[s.Timestamp] += m.weigh.of(t) * float64(s.Value)
		}
	}
	return sums
}

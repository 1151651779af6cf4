package snapshot

import (
	"iter"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"

	"stormwave/lab/internal/metric"
)

const (
	// edge is how old the sample at the window's start may be.
	edge = 5 * time.Second
	// lateness is how long before the window's end the last sample may be.
	lateness = 2 * time.Second
)

// family is the series that one selector gives, with their raw samples.
type family struct {
	tracks []track
	times  []model.Time // at which any of them has a sample, in order
}

// track is one series.
type track struct {
	labels  model.Metric
	samples []model.SamplePair
	load    model.Time // start of the load: a series that is new in it was 0 then
}

func newFamily(matrix model.Matrix, load time.Time) family {
	var f family
	for _, stream := range matrix {
		t := track{labels: stream.Metric, load: stamp(load)}
		for _, s := range stream.Values {
			f.times = append(f.times, s.Timestamp)
			if !math.IsNaN(float64(s.Value)) { // how exporters write SQL's NULL
				t.samples = append(t.samples, s)
			}
		}
		f.tracks = append(f.tracks, t)
	}
	slices.Sort(f.times)
	f.times = slices.Compact(f.times)
	return f
}

// covers reports whether the family was read before the window and until its
// end. Only then is a series without an earlier sample a new one, which began
// at 0, and one without any a series of zeros.
func (f family) covers(w Window) bool {
	before := slices.ContainsFunc(f.times, func(t model.Time) bool {
		return !t.Before(stamp(w.Before.Add(-edge))) && !t.After(stamp(w.Before))
	})
	return before && !f.times[len(f.times)-1].Before(stamp(w.End.Add(-lateness)))
}

// by splits the family by a label's value, and names each part as it follows the
// metric's name: {label="value"}. What has no sample in the window is left out.
// Without a label there is one part.
func (f family) by(label string, w Window) iter.Seq2[string, family] {
	return func(yield func(string, family) bool) {
		if label == "" {
			yield("", f)
			return
		}
		parts := make(map[model.LabelValue][]track)
		for _, t := range f.tracks {
			if value, ok := t.labels[model.LabelName(label)]; ok && len(t.within(w.Start, w.End)) > 0 {
				parts[value] = append(parts[value], t)
			}
		}
		for value, tracks := range parts {
			if !yield(metric.Suffix(label, string(value)), family{tracks: tracks, times: f.times}) {
				return
			}
		}
	}
}

// within returns the samples from one time to another, both included.
func (t track) within(from, to time.Time) []model.SamplePair {
	var in []model.SamplePair
	for _, s := range t.samples {
		if !s.Timestamp.Before(stamp(from)) && !s.Timestamp.After(stamp(to)) {
			in = append(in, s)
		}
	}
	return in
}

// step is by how much a counter has grown since its sample before.
type step struct {
	at    model.Time
	delta float64
}

// steps returns the growth of a counter after from, up to and including to. One without
// a sample before began at 0, and so did one that was restarted. A fall that is no
// restart is no growth, and what comes next counts from the highest value before it.
func (t track) steps(from, to time.Time) []step {
	var steps []step
	high := 0.0
	for _, s := range t.samples {
		value := float64(s.Value)
		if s.Timestamp.After(stamp(to)) {
			break
		}
		delta := value - high
		switch {
		case delta >= 0:
			high = value
		case t.restarted(high, value):
			delta, high = value, value
		default:
			delta = 0
		}
		if s.Timestamp.After(stamp(from)) {
			steps = append(steps, step{s.Timestamp, delta})
		}
	}
	return steps
}

// dipping are the prefixes of counters that add up what the kernel tells of CPUs and of
// processes: one of these is missed for a moment, or corrected.
var dipping = []string{"node_", "lab_service_"}

// restarted says whether a counter that has fallen began anew at 0. One that dips does so by
// a small part of it; a fall below half is a restart. All others only fall when their program
// is started anew, or when the lab resets them.
func (t track) restarted(high, value float64) bool {
	name := string(t.labels[model.MetricNameLabel])
	dips := slices.ContainsFunc(dipping, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
	return !dips || value < high/2
}

// growth is the sum of a counter's steps.
func (t track) growth(from, to time.Time) float64 {
	var sum float64
	for _, s := range t.steps(from, to) {
		sum += s.delta
	}
	return sum
}

func stamp(t time.Time) model.Time { return model.TimeFromUnixNano(t.UnixNano()) }

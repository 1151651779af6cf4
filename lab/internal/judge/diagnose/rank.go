package diagnose

import (
	"cmp"
	"math"
	"slices"

	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/record"
)

// Diagnosis is what one repetition says.
type Diagnosis struct {
	N     int   `json:"n"` // the record's
	Cause Cause `json:"cause"`
	// Claimed are the causes with evidence enough, the strongest first. RuledOut are the
	// others, with the figures that speak against them.
	Claimed  []Finding `json:"claimed"`
	RuledOut []Finding `json:"ruled_out"`
	// Missing are the metrics for want of which some cause could not be judged.
	Missing []string `json:"missing,omitempty"`
	// Symptoms are what the users saw.
	Symptoms []Evidence `json:"symptoms"`
}

// outside are the causes that make every other claim worthless: the numbers are not
// those of the system under test.
var outside = []signature{
	{GeneratorSaturated, generator},
	{NoisyHost, neighbours},
}

// inside are the causes within the system.
var inside = []signature{
	{ComponentFailed, failure},
	{AppCPUBound, appCPU},
	{AppPoolStarved, appPool},
	{PgBouncerCPUBound, poolerCPU},
	{PgBouncerPoolStarved, poolerPool},
	{NetworkLatency, network},
	{DBConnectionsExhausted, connections},
	{DBLockContention, locks},
	{DBIOBound, io},
	{SlowQuery, slowQuery},
	{DBCPUBound, computing},
	{ReplicaLagging, lagging},
	{MemoryPressure, memory},
	{HostCPUSaturated, hostCPU},
}

// explains maps a cause to those that bring it about: the latter go before it. Who
// waits, waits for what is further down the way; a busy host is busy with something.
var explains = map[Cause][]Cause{
	AppPoolStarved: {
		AppCPUBound, PgBouncerCPUBound, PgBouncerPoolStarved, NetworkLatency, DBConnectionsExhausted, DBLockContention, DBIOBound, SlowQuery, DBCPUBound,
	},
	PgBouncerPoolStarved: {PgBouncerCPUBound, DBConnectionsExhausted, DBLockContention, DBIOBound, SlowQuery, DBCPUBound},
	NetworkLatency:       {AppCPUBound, PgBouncerCPUBound, DBConnectionsExhausted, HostCPUSaturated},
	DBCPUBound:           {SlowQuery},
	HostCPUSaturated:     {AppCPUBound, PgBouncerCPUBound, DBConnectionsExhausted, SlowQuery, DBCPUBound, DBIOBound},
	ReplicaLagging:       {ComponentFailed},
}

// Record diagnoses one repetition. One without a load (it went wrong before) has no
// figures; then only a service that ended can be told.
func Record(r record.Record, slo matrix.SLO) Diagnosis {
	o := &observation{Record: r, slo: slo}
	if r.Load == nil {
		o.Load = &record.Load{}
	}
	d := Diagnosis{N: r.N}
	if r.Load == nil {
		return d.conclude(o.findings(inside[:1]), Undetermined)
	}
	d.Symptoms = []Evidence{o.errorRatio(), o.p99()}
	if first := o.findings(outside); first[0].Score >= Certain {
		return d.conclude(first, Undetermined)
	}
	all := append(o.findings(inside), o.findings(outside)...)
	if !o.missed() {
		// What hurts nobody limits nothing; but that something failed, or reads left the
		// replica, is worth a word even so.
		for i := range all {
			if c := all[i].Cause; c != ComponentFailed && c != ReplicaLagging {
				all[i].Score = math.Min(all[i].Score, 0)
			}
		}
		return d.conclude(all, None)
	}
	return d.conclude(all, Undetermined)
}

// findings judges causes, and lets those that explain others go before them. They
// come in the order of their scores.
func (o *observation) findings(signatures []signature) []Finding {
	var all []Finding
	raw := make(map[Cause]float64)
	for _, s := range signatures {
		o.missing = nil
		score, evidence := s.judge(o)
		f := Finding{Cause: s.cause, Score: score, Evidence: known(evidence), Missing: o.missing}
		if math.IsNaN(score) {
			f.Score = 0
		} else {
			f.Missing = nil
		}
		raw[s.cause] = f.Score
		all = append(all, f)
	}
	for i := range all {
		deeper := 0.0
		for _, c := range explains[all[i].Cause] {
			deeper = math.Max(deeper, raw[c])
		}
		all[i].Score *= 1 - rise(deeper, 0.4, 0.9)
	}
	slices.SortStableFunc(all, func(a, b Finding) int { return cmp.Compare(b.Score, a.Score) })
	return all
}

// known leaves out the evidence whose figure is not in the record.
func known(all []Evidence) []Evidence {
	return slices.DeleteFunc(all, func(e Evidence) bool { return math.IsNaN(e.Value) || math.IsInf(e.Value, 0) })
}

// conclude sorts the findings into those that are claimed and those that are not.
func (d Diagnosis) conclude(all []Finding, otherwise Cause) Diagnosis {
	d.Cause = otherwise
	for _, f := range all {
		switch {
		case f.Score >= Certain:
			d.Claimed = append(d.Claimed, f)
		case len(f.Missing) > 0:
			for _, name := range f.Missing {
				if !slices.Contains(d.Missing, name) {
					d.Missing = append(d.Missing, name)
				}
			}
		default:
			d.RuledOut = append(d.RuledOut, f)
		}
	}
	if len(d.Claimed) > 0 {
		d.Cause = d.Claimed[0].Cause
	}
	slices.Sort(d.Missing)
	return d
}

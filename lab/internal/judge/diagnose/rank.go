package diagnose

import (
	"cmp"
	"math"
	"slices"

	"stormwave/lab/internal/backend"
	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/record"
)

// Diagnosis is what one trial says.
type Diagnosis struct {
	N     int   `json:"n"` // the record's
	Cause Cause `json:"cause"`
	// Together are the causes of a Mixed one, the strongest first.
	Together []Cause `json:"together,omitempty"`
	// Claimed are the causes with evidence enough, the strongest first. RuledOut are the
	// others, with what speaks against them.
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
func inside(poolers []matrix.Service) []signature {
	all := []signature{
		{ComponentFailed, failure},
		{AppCPUBound, appCPU},
		{GarbageCollection, collecting},
		{OverloadShed, shed},
		{AppPoolStarved, appPool},
	}
	for _, p := range poolers {
		all = append(all, signature{CPUBound(p.Name), poolerCPU(p)}, signature{PoolStarved(p.Name), poolerPool(p)})
	}
	if slices.ContainsFunc(poolers, losesPrepared) {
		all = append(all, signature{PreparedStatementLost, prepared})
	}
	return append(all, []signature{
		{IdleConnectionsEnded, idleEnded},
		{ConnectionChurn, churn},
		{NetworkLatency, network},
		{DBConnectionsExhausted, connections},
		{DBLockContention, locks},
		{DBCommitWait, commits},
		{DBIOBound, io},
		{SlowQuery, slowQuery},
		{DBCPUBound, computing},
		{ReplicaLagging, lagging},
		{MemoryPressure, memory},
		{HostCPUSaturated, hostCPU},
	}...)
}

// explanations maps a cause to those that bring it about: the latter go before it. Who
// waits, waits for what is further down the way; a busy host is busy with something.
func explanations(poolers []matrix.Service) map[Cause][]Cause {
	var cpu, poolersOwn []Cause
	for _, p := range poolers {
		cpu = append(cpu, CPUBound(p.Name))
		poolersOwn = append(poolersOwn, CPUBound(p.Name), PoolStarved(p.Name))
	}
	// Of equally strong ones the first is named: the nearest to the client.
	after := func(nearer []Cause, further ...Cause) []Cause {
		return slices.Concat([]Cause{AppCPUBound}, nearer, further)
	}
	behind := []Cause{
		ConnectionChurn, NetworkLatency, DBConnectionsExhausted, DBLockContention, DBCommitWait, DBIOBound, SlowQuery,
		DBCPUBound,
	}
	all := map[Cause][]Cause{
		OverloadShed:   after(append([]Cause{AppPoolStarved}, poolersOwn...), behind...),
		AppPoolStarved: after(poolersOwn, behind...),
		AppCPUBound:    {GarbageCollection},
		// The servers' statistics end with a statement's execution, before its commit.
		NetworkLatency: after(cpu, DBConnectionsExhausted, DBCommitWait, HostCPUSaturated),
		// Queries are given up because they are slow, and then leave sessions behind that fill the server.
		ConnectionChurn: {
			AppCPUBound, DBLockContention, DBCommitWait, DBIOBound, SlowQuery, DBCPUBound,
		},
		DBConnectionsExhausted: {ConnectionChurn},
		DBIOBound:              {SlowQuery}, // who reads a whole table, reads it from disk
		DBCPUBound:             {SlowQuery},
		HostCPUSaturated:       after(cpu, GarbageCollection, DBConnectionsExhausted, SlowQuery, DBCPUBound, DBIOBound),
		ReplicaLagging:         {ComponentFailed},
	}
	for _, p := range poolers {
		all[PoolStarved(p.Name)] = []Cause{
			CPUBound(p.Name), DBConnectionsExhausted, DBLockContention, DBCommitWait, DBIOBound, SlowQuery, DBCPUBound,
		}
	}
	return all
}

// alone are the causes that go with any other: a service that ended is named first, and every busy host is busy with
// something. They are never one of two causes.
var alone = []Cause{GeneratorSaturated, NoisyHost, ComponentFailed, HostCPUSaturated}

// asStrong is the share of the strongest cause's score from which another is about as strong.
const asStrong = 0.8

// diagnose judges one trial. One without a load (it went wrong before) has no
// figures; then only a service that ended can be told.
func diagnose(r record.Record, slo matrix.SLO, poolers []matrix.Service, b *backend.Backend) Diagnosis {
	poolers = seen(poolers, r)
	o := &observation{Record: r, slo: slo, poolers: poolers, backend: b, explains: explanations(poolers)}
	inside := inside(poolers)
	if r.Load == nil {
		o.Load = &record.Load{}
	}
	d := Diagnosis{N: r.N}
	if r.Load == nil {
		return o.conclude(d, o.findings(inside[:1]), Undetermined)
	}
	d.Symptoms = []Evidence{o.errorRatio(), o.p99()}
	if first := o.findings(outside); first[0].Score >= Certain {
		return o.conclude(d, first, Undetermined)
	}
	all := append(o.findings(inside), o.findings(outside)...)
	if !o.missed() {
		// What hurts nobody limits nothing; but that something failed, or reads left the
		// replica, is worth a word even so.
		for i := range all {
			if f := &all[i]; f.Cause != ComponentFailed && f.Cause != ReplicaLagging {
				if f.Score >= Certain {
					f.Why = "the objective was met"
				}
				f.Score = math.Min(f.Score, 0)
			}
		}
		return o.conclude(d, all, None)
	}
	return o.conclude(d, all, Undetermined)
}

// findings judges causes, and lets those that explain others go before them. They
// come in the order of their scores.
func (o *observation) findings(signatures []signature) []Finding {
	var all []Finding
	raw := make(map[Cause]float64)
	for _, s := range signatures {
		o.missing = nil
		c, evidence := s.judge(o)
		f := Finding{Cause: s.cause, Score: c.score, Evidence: known(evidence), Missing: o.missing, Why: c.words}
		if math.IsNaN(c.score) {
			f.Score = 0
		} else {
			f.Missing = nil
		}
		raw[s.cause] = f.Score
		all = append(all, f)
	}
	for i := range all {
		f := &all[i]
		var deepest Cause
		for _, c := range o.explains[f.Cause] {
			if deepest == "" || raw[c] > raw[deepest] {
				deepest = c
			}
		}
		f.Score *= 1 - rise(raw[deepest], 0.4, 0.9)
		switch {
		case raw[f.Cause] == 0: // its own figures rule it out
		case raw[deepest] >= Certain:
			f.Why = "explained by " + string(deepest)
		case raw[f.Cause] < Certain:
			f.Why += ": too little to claim it"
		}
	}
	slices.SortStableFunc(all, func(a, b Finding) int { return cmp.Compare(b.Score, a.Score) })
	return all
}

// known leaves out the evidence whose figure is not in the record.
func known(all []Evidence) []Evidence {
	return slices.DeleteFunc(all, func(e Evidence) bool { return math.IsNaN(e.Value) || math.IsInf(e.Value, 0) })
}

// conclude sorts the findings into those that are claimed and those that are not.
func (o *observation) conclude(d Diagnosis, all []Finding, otherwise Cause) Diagnosis {
	d.Cause = otherwise
	for _, f := range all {
		switch {
		case f.Score >= Certain:
			f.Why = ""
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
	if d.Together = o.mix(d.Claimed); d.Together != nil {
		d.Cause = Mixed
	}
	slices.Sort(d.Missing)
	return d
}

// mix returns the causes that limit a trial together: the strongest, and those that are about as strong and that
// neither it nor another of them explains, nor is explained by. It is nil if there is one cause only.
func (o *observation) mix(claimed []Finding) []Cause {
	var together []Cause
	for _, f := range claimed {
		related := func(c Cause) bool {
			return slices.Contains(o.explains[c], f.Cause) || slices.Contains(o.explains[f.Cause], c)
		}
		switch {
		case slices.Contains(alone, f.Cause) && len(together) == 0:
			return nil
		case slices.Contains(alone, f.Cause) || f.Score < asStrong*claimed[0].Score || slices.ContainsFunc(together, related):
		default:
			together = append(together, f.Cause)
		}
	}
	if len(together) < 2 {
		return nil
	}
	return together
}

// Causes are those that limit the trial: more than one where it is Mixed.
func (d Diagnosis) Causes() []Cause {
	if d.Cause == Mixed {
		return d.Together
	}
	return []Cause{d.Cause}
}

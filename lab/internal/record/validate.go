package record

import (
	"errors"
	"fmt"
	"math"
)

// most is more of anything that is counted than a run can have.
const most = 10_000_000

// possible says whether the counts and shares are such as could have been measured.
func (l *Load) possible() bool {
	for _, n := range l.Status {
		if n < 0 {
			return false
		}
	}
	return l.Requests >= 0 && l.Failed >= 0 && l.Failed <= l.Requests && l.ErrorRatio >= 0 && l.ErrorRatio <= 1 &&
		part(l.Slow, l.Requests) &&
		l.RPSMean >= 0 && l.GoodputRPS >= 0 && l.VUsMax >= 0 && l.Dropped >= 0 && l.Interrupted >= 0 &&
		l.SetupRequests >= 0 &&
		l.Latency.possible() && l.OKLatency.possible()
}

func (p *Phase) possible() bool {
	return p.Requests >= 0 && p.Failed >= 0 && p.Failed <= p.Requests && part(p.Slow, p.Requests) &&
		p.Latency.possible() && p.OKLatency.possible() && (p.Offer == nil || p.Possible())
}

// part says whether a count, if there is one, can be of so many.
func part(count *int64, all int64) bool { return count == nil || *count >= 0 && *count <= all }

func (l *Latency) possible() bool {
	return l == nil || l.P50 >= 0 && l.P95 >= 0 && l.P99 >= 0 && l.Max >= 0 && (l.Mean == nil || *l.Mean >= 0)
}

// reads says whether this package knows a schema.
func reads(schema int) bool { return schema >= 1 && schema <= Schema }

// Validate reports everything that keeps a record from being written or read.
func (r Record) Validate() error {
	var errs []error
	want := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	want(reads(r.Schema), "schema is %d, this program reads 1 to %d", r.Schema, Schema)
	want(ValidName(r.Run), "run %q is not a run's name", r.Run)
	want(r.N >= 1 && r.N <= most, "n is %d, must be at least 1 and at most %d", r.N, most)
	want(r.Block >= 1 && r.Block <= most, "block is %d, must be at least 1 and at most %d", r.Block, most)
	want(r.Attempt >= 0 && r.Attempt <= most, "attempt is %d, must not be negative, and at most %d", r.Attempt, most)
	want(r.Cell != "", "cell is empty")
	want(r.Scenario != "", "scenario is empty")
	want(r.Scale > 0 && !math.IsInf(r.Scale, 0), "scale is %v, must be above 0", r.Scale)
	want(r.LoadFactor >= 0 && !math.IsInf(r.LoadFactor, 0), "load_factor is %v, must not be negative", r.LoadFactor)
	want(!r.End.Before(r.Start), "end %v is before start %v", r.End, r.Start)
	switch r.Verdict {
	case Valid:
		want(r.Load != nil, "load is missing, so the verdict cannot be valid")
	case Failed, Suspect, Invalid:
		want(len(r.Reasons) > 0, "reasons are missing for the verdict %s", r.Verdict)
	default:
		want(false, "verdict is %q, must be one of %v", r.Verdict, Verdicts)
	}
	if r.Load != nil {
		want(r.Load.possible(), "load is impossible: %+v", *r.Load)
	}
	for name, phase := range r.Phases {
		want(phase.possible(), "phase %q is impossible: %+v", name, phase)
	}
	for _, numbers := range []map[string]float64{r.Metrics, r.Lab} {
		for name, v := range numbers {
			want(!math.IsNaN(v) && !math.IsInf(v, 0), "%s is %v: leave it out and name it in reasons", name, v)
		}
	}
	return errors.Join(errs...)
}

package record

import (
	"errors"
	"fmt"
	"math"
)

// Validate reports every fault that keeps a record from being written or read.
func (r Record) Validate() error {
	var faults []error
	want := func(ok bool, format string, args ...any) {
		if !ok {
			faults = append(faults, fmt.Errorf(format, args...))
		}
	}
	want(r.Schema == Schema, "schema is %d, this program reads %d", r.Schema, Schema)
	want(ValidName(r.Run), "run %q is not a run's name", r.Run)
	want(r.N >= 1, "n is %d, must be at least 1", r.N)
	want(r.Block >= 1, "block is %d, must be at least 1", r.Block)
	want(r.Attempt >= 0, "attempt is %d, must not be negative", r.Attempt)
	want(r.Cell != "", "cell is empty")
	want(r.Scenario != "", "scenario is empty")
	want(r.Scale > 0 && !math.IsInf(r.Scale, 0), "scale is %v, must be above 0", r.Scale)
	want(!r.End.Before(r.Start), "end %v is before start %v", r.End, r.Start)
	switch r.Verdict {
	case Valid:
		want(r.Load != nil, "load is missing, so the verdict cannot be valid")
	case Suspect, Invalid:
		want(len(r.Reasons) > 0, "reasons are missing for the verdict %s", r.Verdict)
	default:
		want(false, "verdict is %q, must be %s, %s or %s", r.Verdict, Valid, Suspect, Invalid)
	}
	for _, numbers := range []map[string]float64{r.Metrics, r.Lab} {
		for name, v := range numbers {
			want(!math.IsNaN(v) && !math.IsInf(v, 0), "%s is %v: leave it out and name it in reasons", name, v)
		}
	}
	return errors.Join(faults...)
}

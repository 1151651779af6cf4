package runner

import (
	"time"

	"stormwave/lab/internal/measure/snapshot"
	"stormwave/lab/internal/record"
)

// recovery returns the seconds from the end of the rise until p95 is back under
// the bound for good: 0 when it never leaves it, nil when it does not come back.
func recovery(curves record.Series, rise, bound time.Duration) *float64 {
	p95 := curves.Curves[snapshot.P95]
	if len(p95) == 0 || curves.Step <= 0 {
		return nil
	}
	from := int(rise.Seconds() / curves.Step)
	recovered := 0.0
	seen, above := false, false
	for i := min(from, len(p95)); i < len(p95); i++ {
		if p95[i] == nil {
			continue // nothing was answered in this second, or it could not be read
		}
		seen = true
		above = *p95[i] > float64(bound)/float64(time.Millisecond)
		if above {
			recovered = float64(i+1-from) * curves.Step
		}
	}
	if !seen || above {
		return nil
	}
	return &recovered
}

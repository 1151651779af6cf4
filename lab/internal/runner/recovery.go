package runner

import (
	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/measure/load"
	"stormwave/lab/internal/metric"
	"stormwave/lab/internal/record"
)

// recovery returns the seconds from the end of the rise until the service is within the
// objective for good: 0 when it never leaves it, nil when it does not come back. A second is
// outside when p95 is above the bound of p99, when more requests fail than may, or when
// nothing is answered although there are VUs.
func recovery(curves record.Series, script load.Script, slo matrix.SLO) *float64 {
	seconds := len(curves.Curves[metric.P95Curve.Name])
	if seconds == 0 || curves.Step <= 0 {
		return nil
	}
	value := func(curve string, i int) (v float64, ok bool) {
		if points := curves.Curves[curve]; i < len(points) && points[i] != nil {
			return *points[i], true
		}
		return 0, false
	}
	// After its end a load still has VUs that think, and ask no more.
	end := int(script.Nominal.Seconds() / curves.Step)
	from := min(int(script.Ramp.Seconds()/curves.Step), seconds)
	recovered := 0.0
	seen, outside := false, false
	for i := from; i < seconds; i++ {
		p95, answered := value(metric.P95Curve.Name, i)
		failed, sent := value(metric.ErrorRatio.Name, i)
		rps, _ := value(metric.RPS.Name, i)
		vus, _ := value(metric.VUs.Name, i)
		silent := i < end && vus > 0 && rps == 0
		if !answered && !sent && !silent {
			continue // it could not be read
		}
		seen = true
		outside = silent || failed > slo.ErrorRatio || p95 > slo.P99.Milliseconds()
		if outside {
			recovered = float64(i+1-from) * curves.Step
		}
	}
	if !seen || outside {
		return nil
	}
	return &recovered
}

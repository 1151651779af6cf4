package plot

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	gonum "gonum.org/v1/plot"
)

// steps is a ticker for so many ticks at most, at round numbers.
func steps(most int) gonum.Ticker {
	return gonum.TickerFunc(func(lo, hi float64) []gonum.Tick {
		step := roundStep((hi - lo) / float64(max(1, most)))
		first := math.Ceil(lo/step - 1e-9)
		var ticks []gonum.Tick
		for i := range max(1, most) + 2 { // a count ends even where a step is too small to be seen
			v := (first + float64(i)) * step
			if v > hi+1e-9*step {
				break
			}
			ticks = append(ticks, gonum.Tick{Value: v, Label: Number(v)})
		}
		return ticks
	})
}

// roundStep is the least of 1, 2, 5 × a power of ten that is not below a step.
func roundStep(least float64) float64 {
	if !(least > 0) {
		return 1
	}
	power := math.Pow10(int(math.Floor(math.Log10(least))))
	for _, f := range []float64{1, 2, 5, 10} {
		if f*power >= least*(1-1e-9) {
			return f * power
		}
	}
	return 10 * power
}

// decades is a ticker for a logarithmic axis: at powers of ten, and between them where
// these are few.
func decades(most int) gonum.Ticker {
	return gonum.TickerFunc(func(lo, hi float64) []gonum.Tick {
		for _, among := range [][]float64{{1, 2, 5}, {1, 3}, {1}} {
			if ticks := logTicks(lo, hi, 1, among); len(ticks) <= most {
				return ticks
			}
		}
		for every := 2; ; every++ {
			if ticks := logTicks(lo, hi, every, []float64{1}); len(ticks) <= max(2, most) {
				return ticks
			}
		}
	})
}

func logTicks(lo, hi float64, every int, among []float64) []gonum.Tick {
	var ticks []gonum.Tick
	for e := int(math.Floor(math.Log10(lo))); e <= int(math.Ceil(math.Log10(hi))); e++ {
		if e%every != 0 {
			continue
		}
		for _, f := range among {
			if v := f * math.Pow10(e); v >= lo*(1-1e-9) && v <= hi*(1+1e-9) {
				ticks = append(ticks, gonum.Tick{Value: v, Label: Number(v)})
			}
		}
	}
	return ticks
}

// clockSteps are the distances of ticks on an axis of times.
var clockSteps = []time.Duration{
	5 * time.Second, 10 * time.Second, 30 * time.Second, time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute,
	30 * time.Minute, time.Hour, 2 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour,
}

// clock is a ticker for seconds since 1970, told as the time of day in UTC.
func clock(most int) gonum.Ticker {
	return gonum.TickerFunc(func(lo, hi float64) []gonum.Tick {
		i := slices.IndexFunc(clockSteps, func(d time.Duration) bool { return (hi-lo)/d.Seconds() <= float64(max(1, most)) })
		if i < 0 {
			return steps(most).Ticks(lo, hi)
		}
		step, format := clockSteps[i].Seconds(), "15:04"
		if step < 60 {
			format = "15:04:05"
		}
		first := math.Ceil(lo / step)
		var ticks []gonum.Tick
		for i := range max(1, most) + 2 {
			at := (first + float64(i)) * step
			if at > hi {
				break
			}
			ticks = append(ticks, gonum.Tick{Value: at, Label: time.Unix(int64(at), 0).UTC().Format(format)})
		}
		return ticks
	})
}

// names is a ticker that writes names at 0, 1, 2, …
func names(all []string) gonum.Ticker {
	ticks := make(gonum.ConstantTicks, len(all))
	for i, name := range all {
		ticks[i] = gonum.Tick{Value: float64(i), Label: short(name)}
		if name == "" {
			ticks[i].Label = " " // without a label it would be a minor tick
		}
	}
	return ticks
}

// Number writes a number of an axis: 1,500 · 0.25 · -3.
func Number(v float64) string {
	if v == 0 {
		return "0" // -0 too
	}
	text := strconv.FormatFloat(math.Round(v*1e6)/1e6, 'f', -1, 64)
	whole, part, fraction := strings.Cut(text, ".")
	whole, negative := strings.CutPrefix(whole, "-")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if negative {
		whole = "-" + whole
	}
	if fraction {
		whole += "." + part
	}
	return whole
}

// longest is how many characters of a name a picture has room for.
const longest = 38

// short cuts a name.
func short(name string) string {
	if runes := []rune(name); len(runes) > longest {
		return string(runes[:longest-1]) + "…"
	}
	return name
}

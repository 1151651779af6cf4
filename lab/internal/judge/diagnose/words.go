package diagnose

import (
	"fmt"
	"math"
	"strconv"
)

// Numbers in evidence, short enough for a sentence.

func percent(ratio float64) string { return short(100*ratio) + "%" }

func millis(ms float64) string {
	if ms >= 9_995 {
		return short(ms/1000) + " s"
	}
	return short(ms) + " ms"
}

func cores(v float64) string { return short(v) + " cores" }

func count(v float64) string { return strconv.FormatFloat(math.Round(v), 'f', 0, 64) }

// short writes three digits, and what is missing as such.
func short(v float64) string {
	switch size := math.Abs(v); {
	case math.IsNaN(v):
		return "an unknown number of"
	case math.IsInf(v, 1):
		return "unlimited"
	case size >= 99.95, v == math.Trunc(v):
		return count(v)
	case size >= 9.995:
		return strconv.FormatFloat(v, 'f', 1, 64)
	case size < 0.005:
		return "0"
	}
	return strconv.FormatFloat(v, 'f', 2, 64)
}

func say(format string, args ...any) string { return fmt.Sprintf(format, args...) }

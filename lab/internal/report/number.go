package report

import (
	"math"
	"strconv"

	"stormwave/lab/internal/report/numeral"
)

// ratio writes a ratio, more closely near 1 than figure does: 0.984 · 1.012 · 4.15.
func ratio(v float64) string {
	if v >= 0.0995 && v < 1.9995 {
		return strconv.FormatFloat(v, 'f', 3, 64)
	}
	return numeral.Figure(v)
}

// signed writes a difference with its sign: +0.52 · -12.7.
func signed(v float64) string {
	sign := "+"
	if v < 0 {
		sign = "-"
	}
	switch size := math.Abs(v); {
	case v == 0:
		return "0"
	case size < 0.005:
		return sign + "<0.01"
	case size < 9.995:
		return sign + strconv.FormatFloat(size, 'f', 2, 64)
	default:
		return sign + numeral.Figure(size)
	}
}

// plural counts a noun: 1 block, 2 blocks.
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return numeral.Count(float64(n)) + " " + noun + "s"
}

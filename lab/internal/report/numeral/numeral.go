// Package numeral writes numbers, in one way for reports and for the live page. It is
// pure.
package numeral

import (
	"math"
	"strconv"
	"strings"
)

// Missing stands for a number that is not there. It is never 0.
const Missing = "–"

// Count writes a whole number with thousands separators: 85,358.
func Count(v float64) string { return separate(strconv.FormatFloat(math.Round(v), 'f', 0, 64)) }

// Figure writes a measured number with about three digits: 1,650 · 57.3 · 0.42 ·
// 0.052. What is not 0 is not written as 0.
func Figure(v float64) string {
	size := math.Abs(v)
	switch {
	case v == 0:
		return "0"
	case math.IsInf(v, 1):
		return "∞"
	case size < 0.0005:
		return "<0.001"
	case size < 0.0995:
		return strconv.FormatFloat(v, 'f', 3, 64)
	case size < 9.995:
		return strconv.FormatFloat(v, 'f', 2, 64)
	case size < 99.95:
		return strconv.FormatFloat(v, 'f', 1, 64)
	default:
		return Count(v)
	}
}

// Percent writes a ratio in hundredths, without the sign. What is not quite all
// or nothing is not written so: 99.97 · >99.99 · <0.01.
func Percent(ratio float64) string {
	v := 100 * ratio
	switch {
	case v == 0 || v == 100:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case v > 0 && v < 0.005:
		return "<0.01"
	case v >= 99.995 && v < 100:
		return ">99.99"
	default:
		return strconv.FormatFloat(v, 'f', 2, 64)
	}
}

// Tick writes a value of an axis, to a millionth: 1,500 · 0.25 · -3.
func Tick(v float64) string {
	v = math.Round(v*1e6) / 1e6
	if v < 0 {
		return "-" + Tick(-v)
	}
	whole, fraction, cut := strings.Cut(strconv.FormatFloat(v, 'f', -1, 64), ".")
	if cut {
		return separate(whole) + "." + fraction
	}
	return separate(whole) // "-0" too
}

// Megabytes writes bytes as MB, the unit of networks and disks.
func Megabytes(bytes float64) string { return Figure(bytes / 1e6) }

// Mebibytes writes bytes as MiB, the unit of memory.
func Mebibytes(bytes float64) string { return Figure(bytes / (1 << 20)) }

// separate puts commas between the thousands of a whole number.
func separate(digits string) string {
	digits, negative := strings.CutPrefix(digits, "-")
	var b strings.Builder
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	if negative && digits != "0" {
		return "-" + b.String()
	}
	return b.String()
}

package report

import (
	"math"
	"strconv"
	"strings"
)

// missing stands for a number that is not there. It is never 0.
const missing = "–"

// count writes a whole number with thousands separators: 85,358.
func count(v float64) string { return separate(strconv.FormatFloat(math.Round(v), 'f', 0, 64)) }

// figure writes a measured number with about three digits: 1,650 · 57.3 · 0.42 ·
// 0.052. What is not 0 is not written as 0.
func figure(v float64) string {
	size := math.Abs(v)
	switch {
	case v == 0:
		return "0"
	case size < 0.0005:
		return "<0.001"
	case size < 0.0995:
		return strconv.FormatFloat(v, 'f', 3, 64)
	case size < 9.995:
		return strconv.FormatFloat(v, 'f', 2, 64)
	case size < 99.95:
		return strconv.FormatFloat(v, 'f', 1, 64)
	default:
		return count(v)
	}
}

// percent writes a ratio in hundredths, without the sign. What is not quite all
// or nothing is not written so: 99.97 · >99.99 · <0.01.
func percent(ratio float64) string {
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

// ratio writes a ratio, more closely near 1 than figure does: 0.984 · 1.012 · 4.15.
func ratio(v float64) string {
	if v >= 0.0995 && v < 1.9995 {
		return strconv.FormatFloat(v, 'f', 3, 64)
	}
	return figure(v)
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
		return sign + figure(size)
	}
}

// megabytes writes bytes as MB, the unit of networks and disks.
func megabytes(bytes float64) string { return figure(bytes / 1e6) }

// mebibytes writes bytes as MiB, the unit of memory.
func mebibytes(bytes float64) string { return figure(bytes / (1 << 20)) }

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

// plural counts a noun: 1 block, 2 blocks.
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return count(float64(n)) + " " + noun + "s"
}

package page

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// none stands for a number that is not there. It is never 0.
const none = "–"

// count writes a whole number with thousands separators: 85,358.
func count(v float64) string {
	text := strconv.FormatFloat(math.Round(v), 'f', 0, 64)
	digits := strings.TrimPrefix(text, "-")
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	if math.Round(v) < 0 {
		return "-" + digits
	}
	return digits
}

func whole(n int64) string { return count(float64(n)) }

// figure writes a number with about three digits; what is not 0 is not written so.
func figure(v float64) string {
	switch size := math.Abs(v); {
	case math.IsNaN(v):
		return none
	case v == 0:
		return "0"
	case size < 0.005:
		return "<0.01"
	case size < 9.995:
		return strconv.FormatFloat(v, 'f', 2, 64)
	case size < 99.95:
		return strconv.FormatFloat(v, 'f', 1, 64)
	default:
		return count(v)
	}
}

// percent writes a ratio in hundredths: 1.25 %.
func percent(ratio float64) string { return figure(100*ratio) + " %" }

// plain writes a number for a program.
func plain(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

// clock writes a time of the day, moment one of any day, both in UTC.
func clock(t time.Time) string { return t.UTC().Format("15:04:05") }

func moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") }

// span writes how long something takes: 45 s, 12 min, 3 h 20 min.
func span(d time.Duration) string {
	switch {
	case d < 90*time.Second:
		return strconv.Itoa(int(d.Round(time.Second).Seconds())) + " s"
	case d < 90*time.Minute:
		return strconv.Itoa(int(d.Round(time.Minute).Minutes())) + " min"
	default:
		minutes := int(d.Round(time.Minute).Minutes())
		return strconv.Itoa(minutes/60) + " h " + strconv.Itoa(minutes%60) + " min"
	}
}

// briefly is how much of a text a table's cell holds.
const briefly = 160

// brief is the beginning of a text's first line.
func brief(text string) string {
	line, _, more := strings.Cut(text, "\n")
	if r := []rune(line); len(r) > briefly {
		line, more = string(r[:briefly]), true
	}
	if more {
		line += " …"
	}
	return line
}

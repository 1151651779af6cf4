package page

import (
	"math"
	"strconv"
	"strings"
	"time"

	"stormwave/lab/internal/report/numeral"
)

func whole(n int64) string { return numeral.Count(float64(n)) }

// figure writes a number, of which there may be none.
func figure(v float64) string {
	if math.IsNaN(v) {
		return numeral.Missing
	}
	return numeral.Figure(v)
}

// percent writes a ratio in hundredths: 1.25 %.
func percent(ratio float64) string { return numeral.Percent(ratio) + " %" }

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

package spectest

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"
)

func words(from ...string) func(*rand.Rand) string {
	return func(rng *rand.Rand) string { return pick(rng, from) }
}

func oneOf(draws ...func(*rand.Rand) string) func(*rand.Rand) string {
	return func(rng *rand.Rand) string { return pick(rng, draws)(rng) }
}

// between draws a number, small ones as often as large ones.
func between(rng *rand.Rand, least, most float64) float64 {
	span := most - least
	if span <= 0 {
		return least
	}
	return min(most, least+math.Expm1(rng.Float64()*math.Log1p(min(span, 1e15))))
}

// whole draws a whole number.
func whole(least, most int) func(*rand.Rand) string {
	return func(rng *rand.Rand) string {
		return strconv.FormatFloat(math.Floor(between(rng, float64(least), float64(most))), 'f', -1, 64)
	}
}

// goTime draws a time limit in milliseconds, as Go spells it.
func goTime(least, most int) func(*rand.Rand) string {
	return func(rng *rand.Rand) string {
		ms := math.Floor(between(rng, float64(least), float64(most)))
		return pick(rng, []string{
			fmt.Sprintf("%.0fms", ms),
			fmt.Sprintf("%.3fs", ms/1000),
			(time.Duration(ms) * time.Millisecond).String(),
		})
	}
}

// scriptTime draws a time in milliseconds, as the scripts read it.
func scriptTime(least, most int) func(*rand.Rand) string {
	return func(rng *rand.Rand) string {
		ms := math.Floor(between(rng, float64(least), float64(most)))
		return pick(rng, []string{fmt.Sprintf("%.0fms", ms), fmt.Sprintf("%.3fs", ms/1000)})
	}
}

// boolean draws one in the spellings of postgresql.conf.
func boolean(rng *rand.Rand) string {
	return inAnyCase(words("on", "off", "true", "false", "yes", "no", "1", "0", "tr", "f", "of"))(rng)
}

// inAnyCase spells a word in capitals now and then.
func inAnyCase(draw func(*rand.Rand) string) func(*rand.Rand) string {
	return func(rng *rand.Rand) string {
		text := draw(rng)
		if rng.IntN(4) == 0 {
			return strings.ToUpper(text)
		}
		return text
	}
}

// units are those that PostgreSQL takes beside a parameter's own, with their sizes in bytes or microseconds.
var units = []map[string]float64{
	{"B": 1, "kB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30, "TB": 1 << 40},
	{"us": 1, "ms": 1e3, "s": 1e6, "min": 60e6, "h": 3_600e6, "d": 86_400e6},
}

// inUnit spells a value of a parameter's unit (8kB, ms, …) in another one.
func inUnit(rng *rand.Rand, unit string, v float64) (string, bool) {
	name := strings.TrimLeft(unit, "0123456789")
	times, err := strconv.ParseFloat(strings.TrimSuffix(unit, name), 64)
	if err != nil {
		times = 1
	}
	for _, family := range units {
		size, ok := family[name]
		if !ok {
			continue
		}
		other := pick(rng, slices.Sorted(maps.Keys(family)))
		n := strconv.FormatFloat(v*times*size/family[other], 'f', -1, 64)
		return n + pick(rng, []string{"", " "}) + other, len(n) < 16
	}
	return "", false
}

// number draws a number of PostgreSQL in one of its spellings, now and then one that is out of its range.
func number(unit string, least, most float64, usual string, fraction bool) func(*rand.Rand) string {
	return func(rng *rand.Rand) string {
		var v float64
		switch rng.IntN(12) {
		case 0:
			return usual
		case 1:
			v = least
		case 2:
			v = most
		case 3:
			v = most + 1
		default:
			v = between(rng, least, most)
		}
		if !fraction {
			v = math.Floor(v)
		}
		plain := strconv.FormatFloat(v, 'f', -1, 64)
		if v > 1e15 {
			plain = strconv.FormatFloat(v, 'g', -1, 64)
		}
		switch rng.IntN(6) {
		case 0:
			return strconv.FormatFloat(v, 'e', -1, 64)
		case 1:
			if !fraction && v >= 0 {
				return fmt.Sprintf("0x%x", int64(v))
			}
		case 2, 3:
			if text, ok := inUnit(rng, unit, v); ok {
				return text
			}
		case 4:
			if fraction && v <= 1e15 {
				return strconv.FormatFloat(v, 'f', 2, 64)
			}
		}
		return plain
	}
}

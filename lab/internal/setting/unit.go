package setting

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// unit is one that PostgreSQL takes behind a number.
type unit struct {
	name string
	size float64 // in bytes, or in microseconds
}

// memory and times are PostgreSQL's units, the largest first (guc.c: memory_unit_conversion_table,
// time_unit_conversion_table). Their case counts.
var (
	memory = []unit{{"TB", 1 << 40}, {"GB", 1 << 30}, {"MB", 1 << 20}, {"kB", 1 << 10}, {"B", 1}}
	times  = []unit{{"d", 86_400e6}, {"h", 3_600e6}, {"min", 60e6}, {"s", 1e6}, {"ms", 1e3}, {"us", 1}}
)

// family returns the units among which a name is; nil if it is none.
func family(name string) []unit {
	for _, units := range [][]unit{memory, times} {
		if slices.ContainsFunc(units, func(u unit) bool { return u.name == name }) {
			return units
		}
	}
	return nil
}

// base is the unit of a parameter as pg_settings names it ("kB", "8kB", "ms"): the units that go with it, and
// its size among them. units is nil for "", a plain number.
func base(name string) (units []unit, size float64, err error) {
	if name == "" {
		return nil, 1, nil
	}
	digits := strings.TrimRight(name, "BkMGTuminhds")
	times := 1.0
	if digits != "" {
		if times, err = strconv.ParseFloat(digits, 64); err != nil {
			return nil, 0, fmt.Errorf("unknown unit %q", name)
		}
	}
	rest := strings.TrimPrefix(name, digits)
	for _, u := range family(rest) {
		if u.name == rest {
			return family(rest), times * u.size, nil
		}
	}
	return nil, 0, fmt.Errorf("unknown unit %q", name)
}

var errNoNumber = errors.New("it is no number")

// number reads a number as PostgreSQL does (guc.c: parse_int, parse_real), and converts it to the unit that
// pg_settings names. A whole one may be octal or hexadecimal.
func number(text, in string, whole bool) (float64, error) {
	units, size, err := base(in)
	if err != nil {
		return 0, err
	}
	text = strings.TrimSpace(text)
	end := numberEnd(text)
	value, err := parseNumber(text[:end], whole)
	if err != nil {
		return 0, errNoNumber
	}
	name := strings.TrimSpace(text[end:])
	if name != "" {
		i := slices.IndexFunc(units, func(u unit) bool { return u.name == name })
		if i < 0 {
			return 0, fmt.Errorf("it takes no unit %q", name)
		}
		value *= units[i].size
		if i+1 < len(units) { // 30.1GB is a whole number of MB
			value = math.RoundToEven(value/units[i+1].size) * units[i+1].size
		}
		value /= size
	}
	if whole {
		value = math.RoundToEven(value)
	}
	return value, nil
}

// numberEnd is where the number at the beginning of text ends.
func numberEnd(text string) int {
	i := 0
	if i < len(text) && strings.IndexByte("+-", text[i]) >= 0 {
		i++
	}
	if hex := strings.ToLower(text[i:]); strings.HasPrefix(hex, "0x") {
		return i + 2 + len(hex[2:]) - len(strings.TrimLeft(hex[2:], "0123456789abcdef"))
	}
	for ; i < len(text); i++ {
		c := text[i]
		exponent := strings.IndexByte("eE", c) >= 0 && i+1 < len(text) && strings.IndexByte("+-0123456789", text[i+1]) >= 0
		if exponent {
			i++ // its sign, or its first digit
			continue
		}
		if c != '.' && (c < '0' || c > '9') {
			break
		}
	}
	return i
}

func parseNumber(text string, whole bool) (float64, error) {
	if whole && !strings.ContainsAny(text, ".") && !strings.Contains(text, "_") {
		if n, err := strconv.ParseInt(text, 0, 64); err == nil {
			return float64(n), nil
		}
	}
	v, err := strconv.ParseFloat(text, 64)
	if err == nil && math.IsNaN(v) {
		err = errNoNumber
	}
	return v, err
}

// Number reads a whole number without a unit as postgresql.conf takes it: "100", "0x64", "1e2".
func Number(text string) (int64, error) {
	v, err := number(text, "", true)
	return int64(v), err
}

// Bytes reads a size as GOMEMLIMIT takes it: a whole number of bytes, or with B, KiB, MiB, GiB or TiB.
// https://pkg.go.dev/runtime#hdr-Environment_Variables
func Bytes(text string) (int64, error) {
	digits := strings.TrimRight(text, "BKMGTi")
	shift, ok := map[string]int{"": 0, "B": 0, "KiB": 10, "MiB": 20, "GiB": 30, "TiB": 40}[text[len(digits):]]
	n, err := strconv.ParseInt(digits, 10, 64)
	if !ok || err != nil || n < 0 || n > math.MaxInt64>>shift {
		return 0, fmt.Errorf("%q is no size such as 24MiB", text)
	}
	return n << shift, nil
}

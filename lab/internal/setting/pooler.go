package setting

import (
	"slices"
	"strconv"
	"strings"
)

// PoolerTook says whether a pooler has understood a key as what it tells (PgBouncer's SHOW CONFIG, Pgpool-II's PGPOOL
// SHOW ALL): booleans as 0 and 1, times in seconds with or without a fraction, or with the largest unit that fits,
// words without regard to case, lists without regard to blanks.
func PoolerTook(asked, shown string) bool {
	asked, shown = strings.TrimSpace(asked), strings.TrimSpace(shown)
	if strings.EqualFold(asked, shown) || sameInUnit(asked, shown) {
		return true
	}
	a, okA := poolerNumber(asked)
	b, okB := poolerNumber(shown)
	if okA || okB {
		return okA && okB && near(a, b)
	}
	return slices.EqualFunc(strings.Split(asked, ","), strings.Split(shown, ","), func(a, b string) bool {
		return strings.EqualFold(strings.TrimSpace(a), strings.TrimSpace(b))
	})
}

// poolerUnits are those that Pgpool-II takes bare numbers in (pool_config_variables.c); it does not tell which.
var poolerUnits = []string{"ms", "s", "min", "B", "kB"}

// sameInUnit compares with a number that is shown with its unit.
func sameInUnit(asked, shown string) bool {
	if numberEnd(shown) == len(shown) {
		return false
	}
	return slices.ContainsFunc(poolerUnits, func(unit string) bool {
		a, errA := number(asked, unit, false)
		b, errB := number(shown, unit, false)
		return errA == nil && errB == nil && near(a, b)
	})
}

// poolerNumber reads a number, or a boolean as one.
func poolerNumber(text string) (float64, bool) {
	text = strings.ToLower(text)
	switch text {
	case "on", "yes", "true":
		return 1, true
	case "off", "no", "false":
		return 0, true
	}
	if n, err := strconv.ParseInt(text, 0, 64); err == nil && !strings.Contains(text, "_") {
		return float64(n), true
	}
	v, err := strconv.ParseFloat(text, 64)
	return v, err == nil
}

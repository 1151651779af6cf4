// Package setting reads the text of a setting as the program does that takes it: its units, booleans, words,
// numbers and lists. So what was asked for can be held against what was read back, however either is spelled.
package setting

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Reading is what the programs say of the settings of a cell, by the settings' names.
type Reading struct {
	Values      map[string]string `json:"values"`                // read back, as the program writes them
	Same        []string          `json:"same,omitempty"`        // of these: what was asked for, however that is spelled
	Unconfirmed []string          `json:"unconfirmed,omitempty"` // asked for, and no program tells them
}

// Note adds a setting that a program tells; same says whether the program means what was asked for. Where another
// program has told it before, all must tell the same.
func (r *Reading) Note(name, program, value string, same bool) {
	if r.Values == nil {
		r.Values = make(map[string]string)
	}
	before, told := r.Values[name]
	if told && before != value {
		value, same = before+", "+value+" on the "+program, false
	}
	r.Values[name] = value
	if i := slices.Index(r.Same, name); same && i < 0 && !told {
		r.Same = append(r.Same, name)
	} else if !same && i >= 0 {
		r.Same = slices.Delete(r.Same, i, i+1)
	}
}

// Unconfirm adds a setting that no program tells.
func (r *Reading) Unconfirm(name string) {
	if !slices.Contains(r.Unconfirmed, name) {
		r.Unconfirmed = append(r.Unconfirmed, name)
	}
}

// Same says whether two texts mean the same to a program of Go: the same text, number, boolean, duration or
// size in bytes.
func Same(asked, read string) bool {
	if asked == read {
		return true
	}
	if a, ok := Bool(asked); ok {
		b, also := Bool(read)
		return also && a == b
	}
	return sameNumber(asked, read) || sameAs(time.ParseDuration)(asked, read) || sameAs(Bytes)(asked, read)
}

// sameAs compares two texts by what reads them.
func sameAs[T comparable](parse func(string) (T, error)) func(a, b string) bool {
	return func(a, b string) bool {
		x, errX := parse(a)
		y, errY := parse(b)
		return errX == nil && errY == nil && x == y
	}
}

// sameNumber compares two decimal numbers.
func sameNumber(a, b string) bool {
	x, errX := strconv.ParseFloat(strings.TrimSpace(a), 64)
	y, errY := strconv.ParseFloat(strings.TrimSpace(b), 64)
	return errX == nil && errY == nil && near(x, y)
}

// near says whether two numbers are the same to six digits, as many as %g writes.
func near(a, b float64) bool {
	return a == b || math.Abs(a-b) <= 5e-6*math.Max(math.Abs(a), math.Abs(b))
}

// booleans are the words of a boolean; PostgreSQL takes each beginning of one that is of no other.
var booleans = []struct {
	word  string
	least int // of its letters
	value bool
}{
	{"true", 1, true}, {"false", 1, false},
	{"yes", 1, true}, {"no", 1, false},
	{"on", 2, true}, {"off", 2, false},
	{"1", 1, true}, {"0", 1, false},
}

// Bool reads a boolean as PostgreSQL does: on, true, yes and 1, and their opposites, in whatever case, also cut
// short. ok is false for text that is none.
func Bool(text string) (value, ok bool) {
	text = strings.ToLower(strings.TrimSpace(text))
	for _, b := range booleans {
		if len(text) >= b.least && strings.HasPrefix(b.word, text) {
			return b.value, true
		}
	}
	return false, false
}

package backend

import (
	"fmt"
	"strconv"
	"time"
)

// Units of a duration, as programs want it.
const (
	unitGo      = "go" // 1.5s
	unitMS      = "ms"
	unitSeconds = "s"
	unitMinutes = "min"
)

var units = map[string]time.Duration{
	unitGo:      time.Millisecond,
	unitMS:      time.Millisecond,
	unitSeconds: time.Second,
	unitMinutes: time.Minute,
}

// Spell returns a value of the setting as the program spells it, or an error that says why it cannot.
func (s Setting) Spell(value string) (string, error) {
	word, wordless := "", ""
	switch {
	case value == Unlimited && s.Kind == Limit:
		word, wordless = s.Unlimited, "no limit"
	case value == None && s.isTime():
		word, wordless = s.None, "no such limit"
	}
	switch {
	case word != "":
		return word, nil
	case s.OnRole():
		return value, nil
	case wordless != "":
		return "", fmt.Errorf("%s: the program cannot be told that there is %s", s.Name, wordless)
	case s.Kind == Choice && s.Spelled != nil:
		if word, ok := s.Spelled[value]; ok {
			return word, nil
		}
		return "", fmt.Errorf("%s: the program has no %s", s.Name, value)
	case s.isTime():
		return s.time(value)
	}
	return value, nil
}

func (s Setting) isTime() bool { return s.Kind == Duration || s.Kind == Milliseconds }

func (s Setting) time(value string) (string, error) {
	d, err := time.ParseDuration(value)
	if err != nil {
		return "", fmt.Errorf("%s: %w", s.Name, err)
	}
	if s.Unit == unitGo {
		return value, nil
	}
	unit := units[s.Unit]
	if d%unit != 0 {
		return "", fmt.Errorf("%s: the program takes whole %s, not %s", s.Name, s.Unit, value)
	}
	return strconv.FormatInt(int64(d/unit), 10), nil
}

// Meant returns what a word of the program means, as a spec writes it: the inverse of Spell. A word that is none is
// returned as it is.
func (s Setting) Meant(word string) string {
	switch {
	case s.Kind == Limit && s.Unlimited != "" && word == s.Unlimited:
		return Unlimited
	case s.isTime() && s.None != "" && word == s.None:
		return None
	case s.isTime() && s.Unit != unitGo:
		if n, err := strconv.ParseInt(word, 10, 32); err == nil {
			return (time.Duration(n) * units[s.Unit]).String()
		}
	}
	for _, value := range s.Values {
		if s.Spelled[value] == word {
			return value
		}
	}
	return word
}

// Durations says which durations the program can be told.
func (s Setting) Durations() string {
	unit := map[string]string{unitGo: "milliseconds, such as 500ms", unitMS: "milliseconds, such as 500ms",
		unitSeconds: "seconds, such as 5s", unitMinutes: "minutes, such as 5m"}[s.Unit]
	if s.None == "" {
		return "a duration in whole " + unit
	}
	return "none or a duration in whole " + unit
}

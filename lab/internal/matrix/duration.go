package matrix

import (
	"fmt"
	"strings"
	"time"
)

// Duration is a time.Duration that is written as short text ("500ms", "1m30s")
// in JSON and YAML.
type Duration time.Duration

// String returns the shortest text that time.ParseDuration reads back: "2m", not "2m0s".
func (d Duration) String() string {
	s := time.Duration(d).String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// MarshalText implements encoding.TextMarshaler.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("parse duration %q: want a number with a unit, like 500ms", text)
	}
	*d = Duration(v)
	return nil
}

// Milliseconds is the duration as latencies are recorded.
func (d Duration) Milliseconds() float64 { return float64(d) / float64(time.Millisecond) }

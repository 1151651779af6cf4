package matrix

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"stormwave/lab/internal/backend"
	"stormwave/lab/internal/route"
)

// Names of settings that every cell has, and that the lab does something about.
const (
	PoolSize         = "pool_size"
	PoolMin          = "pool_min"
	ExecMode         = "exec_mode"
	LockTimeout      = "lock_timeout"
	StatementTimeout = "statement_timeout"
	HTTPTimeout      = "http_timeout"
	MaxInflight      = "max_inflight"
	MaxQueue         = "max_queue"
	QueueTimeout     = "queue_timeout"
	ReplicaMaxLag    = "replica_max_lag"
	Cancel           = "cancel"
	Topology         = "topology"
	SSLMode          = "sslmode"
	Commit           = "commit"
)

// Prefixes of the settings that are passed on by name.
const (
	PostgresPrefix = "postgres." // postgres.<guc>
	ScenarioPrefix = "scenario." // scenario.<ENV>
	AppPrefix      = "app."      // app.<ENV>
)

// ExecAuto is the value of ExecMode with which the lab chooses one that works.
const ExecAuto = "auto"

// Values of SSLMode; the first is its default, where the backend knows it.
const (
	sslPrefer  = "prefer"
	sslDisable = "disable"
)

// Setting describes one thing that a spec can set.
type Setting struct {
	Name    string // a name with <…> in it stands for a family
	Type    Type
	Default string // "" where there is none: a family's, and that of commit
	Env     string // variable of the backend that is its own, "" if there is none
	Meaning string
}

// Type is what the text of a setting's value may be.
type Type struct {
	Allowed string                      // in words, for messages and documentation
	Parse   func(string) (string, bool) // to the canonical text; false for text that is not allowed
}

func (t Type) String() string { return t.Allowed }

// ofBackend are the settings that the backend takes, and among their values what the lab adds.
func ofBackend(b *backend.Backend) []Setting {
	var settings []Setting
	for _, s := range b.Settings {
		if s.Name == ExecMode {
			s.Values = append(slices.Clone(s.Values), ExecAuto)
			s.Help += "; auto: what works through the pooler that is found"
		}
		settings = append(settings, Setting{s.Name, typeOf(s), s.Spec, s.Env, s.Help})
	}
	return settings
}

// typeOf is what a spec may give a setting of the backend: what the lab means by it, as far as the program has a word
// for it.
func typeOf(s backend.Setting) Type {
	kind := kindOf(s)
	parse := kind.Parse
	kind.Parse = func(text string) (string, bool) {
		value, ok := parse(text)
		if !ok || s.Name == ExecMode && value == ExecAuto {
			return value, ok
		}
		_, err := s.Spell(value)
		return value, err == nil
	}
	switch {
	case s.OnRole():
	case s.Kind == backend.Limit && s.Unlimited == "":
		kind.Allowed = fmt.Sprintf("a whole number from 1 to %d", backend.MaxCount)
	case s.Kind == backend.Duration && (s.None == "" || s.Unit != "go"):
		kind.Allowed = s.Durations()
	}
	return kind
}

func kindOf(s backend.Setting) Type {
	switch s.Kind {
	case backend.Limit:
		return limit
	case backend.Count:
		return count
	case backend.Duration, backend.Milliseconds:
		return timeout
	case backend.Choice:
		return choice(s.Values...)
	}
	panic("a spec cannot give a setting of the kind " + string(s.Kind))
}

var (
	limit = Type{fmt.Sprintf("unlimited or a whole number from 1 to %d", backend.MaxCount), func(s string) (string, bool) {
		if s == backend.Unlimited {
			return s, true
		}
		return whole(s, 1)
	}}
	count = Type{fmt.Sprintf("a whole number from 0 to %d", backend.MaxCount), func(s string) (string, bool) {
		return whole(s, 0)
	}}
	timeout = Type{"none or a duration in whole milliseconds, such as 500ms", func(s string) (string, bool) {
		if s == backend.None {
			return s, true
		}
		d, err := time.ParseDuration(s)
		// PostgreSQL counts in milliseconds: a finer value would not be what is set.
		if err != nil || d <= 0 || d%time.Millisecond != 0 {
			return "", false
		}
		return Duration(d).String(), true
	}}
	commit = Type{
		"the hash of a commit, 7 to 40 of 0-9 and a-f", func(s string) (string, bool) { return s, commitText.MatchString(s) },
	}
	text = Type{"one line of 1 to 256 bytes", func(s string) (string, bool) {
		return s, s != "" && len(s) <= 256 && !strings.ContainsFunc(s, unprintable)
	}}
)

var commitText = regexp.MustCompile(`^[0-9a-f]{7,40}$`)

func choice(values ...string) Type {
	return Type{"one of " + strings.Join(values, ", "), func(s string) (string, bool) {
		return s, slices.Contains(values, s)
	}}
}

func unprintable(r rune) bool { return !unicode.IsPrint(r) }

// whole reads a decimal number and spells it without leading zeros.
func whole(s string, least int) (string, bool) {
	n, err := strconv.Atoi(s)
	return strconv.Itoa(n), err == nil && n >= least && n <= backend.MaxCount
}

// Canonical returns the one spelling of a value ("0.5s" → "500ms"), or an error
// that says what is allowed.
func (s Setting) Canonical(value string) (string, error) {
	v, ok := s.Type.Parse(value)
	if !ok {
		return "", fmt.Errorf("%s must be %s, not %s", s.Name, s.Type.Allowed, quote(value))
	}
	return v, nil
}

// Defaults returns the settings of a cell for which a spec sets nothing.
func (c *Catalog) Defaults() Settings {
	d := Settings{Topology: route.Direct, SSLMode: cmp.Or(c.backend.SSLMode, sslPrefer)}
	for _, s := range c.backend.Settings {
		d[s.Name] = s.Spec
	}
	return d
}

// with returns the settings overlaid by others; neither is changed.
func (s Settings) with(others ...Settings) Settings {
	all := maps.Clone(s)
	for _, other := range others {
		maps.Copy(all, other)
	}
	return all
}

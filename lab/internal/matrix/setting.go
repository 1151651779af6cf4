package matrix

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"stormwave/lab/internal/backend"
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
	Topology         = "topology"
	SSLMode          = "sslmode"
	Backend          = "backend"
)

// Prefixes of the settings that are passed on by name.
const (
	PostgresPrefix  = "postgres."  // postgres.<guc>
	PgBouncerPrefix = "pgbouncer." // pgbouncer.<key>
	ScenarioPrefix  = "scenario."  // scenario.<ENV>
	AppPrefix       = "app."       // app.<ENV>
)

// ExecAuto is the value of ExecMode with which the lab chooses one that works.
const ExecAuto = "auto"

// Values of Topology: the way of a query from the backend to a server.
const (
	Direct           = "direct"            // backend → primary
	Replica          = "replica"           // and reads → replica
	Pooled           = "pgbouncer"         // backend → PgBouncer → primary
	PooledAndReplica = "pgbouncer+replica" // and reads → PgBouncer → replica
)

// Setting describes one thing that a spec can set.
type Setting struct {
	Name    string // a name with <…> in it stands for a family
	Type    Type
	Default string // "" where there is none: a family's, and that of backend
	Env     string // variable of the backend that carries it, "" if it is not the backend's
	Meaning string
}

// Type is what the text of a setting's value may be.
type Type struct {
	Allowed string                      // in words, for messages and documentation
	parse   func(string) (string, bool) // to the canonical text
}

func (t Type) String() string { return t.Allowed }

// Table lists every setting, in the order that documentation shows them. It is
// the single source for names, types and defaults.
var Table = slices.Concat(ofBackend(), []Setting{
	{Topology, choice(Direct, Replica, Pooled, PooledAndReplica), Direct, "", "servers between the backend and the data"},
	{SSLMode, choice("prefer", "disable"), "prefer", "", "whether the backend asks each server for TLS first, and connects again without, as URLs without sslmode do"},
	{Backend, commit, "", "", "commit of this repository whose backend runs, built for it; without one it is bin/app of the checkout"},
	{PostgresPrefix + "<guc>", text, "", "", "parameter of both PostgreSQL servers"},
	{PgBouncerPrefix + "<key>", text, "", "", "key of PgBouncer's [pgbouncer] section"},
	{ScenarioPrefix + "<ENV>", text, "", "", "variable of the k6 script (__ENV)"},
	{AppPrefix + "<ENV>", text, "", "", "environment variable of the backend"},
}, faults)

// ofBackend are the settings that the backend takes, and among their values what the lab adds.
func ofBackend() []Setting {
	var settings []Setting
	for _, s := range backend.Bundled.Settings {
		if s.Spec == "" {
			continue
		}
		if s.Name == ExecMode {
			s.Values = append(slices.Clone(s.Values), ExecAuto)
			s.Help += "; auto: what works with the PgBouncer version and pool mode found"
		}
		settings = append(settings, Setting{s.Name, typeOf(s), s.Spec, s.Env, s.Help})
	}
	return settings
}

// typeOf is what a spec may give a setting of the backend.
func typeOf(s backend.Setting) Type {
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
	commit = Type{"the hash of a commit, 7 to 40 of 0-9 and a-f", func(s string) (string, bool) { return s, commitText.MatchString(s) }}
	text   = Type{"one line of 1 to 256 bytes", func(s string) (string, bool) {
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

var families = []struct {
	prefix string
	name   *regexp.Regexp
}{
	{PostgresPrefix, regexp.MustCompile(`^[a-z_]+(\.[a-z_]+)?$`)},
	{PgBouncerPrefix, regexp.MustCompile(`^[a-z_]+$`)},
	{ScenarioPrefix, regexp.MustCompile(`^[A-Z][A-Z0-9_]*$`)},
	{AppPrefix, regexp.MustCompile(`^[A-Z][A-Z0-9_]*$`)},
}

// The lab sets these itself: a spec that did so too would make a label lie.
var reserved = map[string]string{
	AppPrefix + backend.Bundled.Variables.Addr:       "the lab chooses the address",
	AppPrefix + backend.Bundled.Variables.PrimaryURL: "use " + Topology,
	AppPrefix + backend.Bundled.Variables.ReplicaURL: "use " + Topology,

	// The backend's role has its own, which a server's default does not reach.
	PostgresPrefix + StatementTimeout: "use " + StatementTimeout + "; this one would end the lab's own work alone",
	PostgresPrefix + LockTimeout:      "use " + LockTimeout + "; this one would end the lab's own work alone",
}

// longestMember is far above the longest name of a PostgreSQL parameter.
const longestMember = 100

// Lookup finds the setting of a name; for a member of a family, its name is the
// one asked for. The error says which names there are.
func Lookup(name string) (Setting, error) {
	variable, ofApp := strings.CutPrefix(name, AppPrefix)
	for _, s := range Table {
		if s.Name == name && !strings.Contains(name, "<") {
			return s, nil
		}
		if ofApp && s.Env != "" && variable == s.Env {
			return Setting{}, fmt.Errorf("is not for a spec to set: use %s", s.Name)
		}
	}
	if why, ok := reserved[name]; ok {
		return Setting{}, fmt.Errorf("is not for a spec to set: %s", why)
	}
	if err := refuse(name); err != nil {
		return Setting{}, err
	}
	for _, family := range families {
		rest, ok := strings.CutPrefix(name, family.prefix)
		if !ok {
			continue
		}
		if len(rest) > longestMember {
			return Setting{}, fmt.Errorf("is too long: at most %d bytes after %q", longestMember, family.prefix)
		}
		if !family.name.MatchString(rest) {
			return Setting{}, fmt.Errorf("must match %s after %q", family.name, family.prefix)
		}
		i := slices.IndexFunc(Table, func(s Setting) bool { return strings.HasPrefix(s.Name, family.prefix+"<") })
		s := Table[i]
		s.Name = name
		if known, ok := members[name]; ok {
			s.Type = known
		}
		return s, nil
	}
	var names []string
	for _, s := range Table {
		// Faults are only for who asks for one.
		if strings.HasPrefix(s.Name, FaultPrefix) == strings.HasPrefix(name, FaultPrefix) {
			names = append(names, s.Name)
		}
	}
	return Setting{}, errors.New("is not a setting: " + suggest(name, names))
}

// Canonical returns the one spelling of a value ("0.5s" → "500ms"), or an error
// that says what is allowed.
func (s Setting) Canonical(value string) (string, error) {
	v, ok := s.Type.parse(value)
	if !ok {
		return "", fmt.Errorf("%s must be %s, not %s", s.Name, s.Type.Allowed, quote(value))
	}
	return v, nil
}

// Defaults returns the settings of a cell for which a spec sets nothing.
func Defaults() Settings {
	d := Settings{}
	for _, s := range Table {
		if s.Default != "" {
			d[s.Name] = s.Default
		}
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

package matrix

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"stormwave/app/contract"
	"stormwave/lab/internal/route"
)

// Names of the settings that every cell has.
const (
	PoolSize         = "pool_size"
	PoolMin          = "pool_min"
	ExecMode         = "exec_mode"
	AcquireTimeout   = "acquire_timeout"
	LockTimeout      = "lock_timeout"
	StatementTimeout = "statement_timeout"
	QueryTimeout     = "query_timeout"
	HTTPTimeout      = "http_timeout"
	Cancel           = "cancel"
	MaxInflight      = "max_inflight"
	MaxQueue         = "max_queue"
	QueueTimeout     = "queue_timeout"
	ReplicaMaxLag    = "replica_max_lag"
	ReplicaWait      = "replica_wait"
	ReplicaFallback  = "replica_fallback"
	Topology         = "topology"
	SSLMode          = "sslmode"
	Backend          = "backend"
)

// Prefixes of the settings that are passed on by name.
const (
	PostgresPrefix = "postgres." // postgres.<guc>
	ScenarioPrefix = "scenario." // scenario.<ENV>
	AppPrefix      = "app."      // app.<ENV>
)

// ExecAuto is the value of ExecMode with which the lab chooses one that works.
const ExecAuto = "auto"

// sslPrefer is the default of SSLMode.
const sslPrefer = "prefer"

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

// fixed are the settings that depend on no service but the backend, which reads each from its variable.
var fixed = []Setting{
	{PoolSize, limit, contract.Unlimited, contract.EnvPoolSize, "most database connections of the backend, per server"},
	{PoolMin, count, "0", contract.EnvPoolMin, "connections opened before the backend calls itself ready"},
	{ExecMode, choice(slices.Concat(contract.ExecModes, []string{ExecAuto})...), "cache_statement", contract.EnvExecMode, "how the backend sends a query (pgx's names); auto: what works with the PgBouncer version and pool mode found"},
	{AcquireTimeout, timeout, contract.None, contract.EnvAcquireTimeout, "longest wait for a connection of the pool"},
	{LockTimeout, timeout, contract.None, contract.EnvLockTimeout, "longest wait for a lock, kept by the server"},
	{StatementTimeout, timeout, contract.None, contract.EnvStatementTimeout, "longest run of a statement, kept by the server"},
	{QueryTimeout, timeout, contract.None, contract.EnvQueryTimeout, "longest wait of the backend for a query's answer"},
	{HTTPTimeout, timeout, contract.None, contract.EnvHTTPTimeout, "budget of one request, first byte to answer"},
	{Cancel, choice(contract.CancelModes...), "close", contract.EnvCancel, "what becomes of a query whose time is up: close the connection, or ask the server to cancel it"},
	{MaxInflight, limit, contract.Unlimited, contract.EnvMaxInflight, "most requests that the backend works on at once"},
	{MaxQueue, count, "0", contract.EnvMaxQueue, "most requests that wait to be worked on; what comes beyond is turned away at once"},
	{QueueTimeout, timeout, contract.None, contract.EnvQueueTimeout, "longest such wait"},
	{ReplicaMaxLag, timeout, contract.None, contract.EnvReplicaMaxLag, "lag of the replica beyond which reads go to the primary"},
	{ReplicaWait, timeout, "100ms", contract.EnvReplicaWait, "longest wait for the replica to have what the session wrote; none: ask the primary at once"},
	{ReplicaFallback, limit, "16", contract.EnvReplicaFallback, "most reads at once that the primary takes for the replica"},
}

// mostCount bounds every number of connections or requests.
const mostCount = 100_000

var (
	limit = Type{fmt.Sprintf("unlimited or a whole number from 1 to %d", mostCount), func(s string) (string, bool) {
		if s == contract.Unlimited {
			return s, true
		}
		return whole(s, 1)
	}}
	count   = Type{fmt.Sprintf("a whole number from 0 to %d", mostCount), func(s string) (string, bool) { return whole(s, 0) }}
	timeout = Type{"none or a duration in whole milliseconds, such as 500ms", func(s string) (string, bool) {
		if s == contract.None {
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
	return strconv.Itoa(n), err == nil && n >= least && n <= mostCount
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
	d := Settings{Topology: route.Direct, SSLMode: sslPrefer}
	for _, s := range fixed {
		d[s.Name] = s.Default
	}
	return d
}

// OfBackend maps the settings that the backend reads to the variable of each.
func OfBackend() map[string]string {
	all := make(map[string]string)
	for _, s := range fixed {
		all[s.Name] = s.Env
	}
	return all
}

// with returns the settings overlaid by others; neither is changed.
func (s Settings) with(others ...Settings) Settings {
	all := maps.Clone(s)
	for _, other := range others {
		maps.Copy(all, other)
	}
	return all
}

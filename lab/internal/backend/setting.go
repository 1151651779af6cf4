package backend

// Kind says what the text of a setting may be.
type Kind string

// Kinds of settings.
const (
	Limit        Kind = "limit"    // "unlimited" or a number from 1 to MaxCount
	Count        Kind = "count"    // a number from 0 to MaxCount
	Duration     Kind = "duration" // "none" or a duration in whole milliseconds
	Milliseconds Kind = "ms"       // the same, and PostgreSQL keeps it
	Choice       Kind = "choice"   // one of the setting's values
)

// Words and bounds of a setting's value.
const (
	Unlimited = "unlimited" // of a Limit
	None      = "none"      // of a Duration
	MaxCount  = 100_000     // of a Limit or Count
)

// Unset is the word of a value for which the program is told nothing.
const Unset = "unset"

// Setting is something that a spec can set of a backend: what the lab means by it, and how this program is told it.
type Setting struct {
	Name   string
	Help   string
	Kind   Kind
	Values []string // of a Choice
	Spec   string   // default in a spec

	Needs  string   // a limit without which it has no effect
	AtMost string   // a setting that it must not exceed
	Under  []string // the time limits around it, the closest first: what lies further in gives up first
	Unlike string   // a time limit that it must differ from
	Way    string   // "replica" if it has an effect only where reads go to a replica

	// How the program is told: one of Env, Flag, URL, unless it is OnRole.
	Env  string // variable of its environment
	Flag string // argument that is followed by the value
	URL  string // parameter of the URLs of its servers

	Unit      string            // of a duration: "go" (1.5s), "ms", "s", "min"
	Unlimited string            // its word for Unlimited, or Unset; empty: it knows none
	None      string            // its word for None, or Unset; empty: it knows none
	Spelled   map[string]string // of a Choice: value → the program's word; nil: the value itself
	Read      Read
}

// OnRole says whether the lab sets it on the backend's role, which works for any program and through any pooler.
// Its Env, if it has one, is then not for a spec either.
func (s Setting) OnRole() bool { return s.Name == statementTimeout || s.Name == lockTimeout }

// Read is how a setting is read back from the running program. Zero: it is not.
type Read struct {
	Config  bool   // from Backend.Config, by the variable
	Environ bool   // from the environment that the kernel has of its process, by the variable
	Metric  string // value of this sample, named with its labels as its page of metrics has it
	HTTP    string // path of a page of JSON …
	Pointer string // … and where it is on that, a JSON pointer (RFC 6901)
}

const (
	statementTimeout = "statement_timeout"
	lockTimeout      = "lock_timeout"
)

// vocabulary is what a backend may be told, and what the lab means by it.
var vocabulary = []Setting{
	{
		Name: "pool_size", Kind: Limit,
		Help: "most database connections of the backend, per server",
	},
	{
		Name: "pool_min", Kind: Count, AtMost: "pool_size",
		Help: "connections opened before the backend calls itself ready",
	},
	{
		Name: "exec_mode", Kind: Choice,
		Values: []string{"cache_statement", "cache_describe", "describe_exec", "exec", "simple_protocol"},
		Help:   "how the backend sends a query (pgx's names)",
	},
	{
		Name: "acquire_timeout", Kind: Duration, Under: []string{"http_timeout"},
		Help: "longest wait for a connection of the pool",
	},
	{
		Name: lockTimeout, Kind: Milliseconds, Under: []string{statementTimeout, "query_timeout", "http_timeout"},
		Help: "longest wait for a lock, kept by the server",
	},
	{
		Name: statementTimeout, Kind: Milliseconds, Under: []string{"http_timeout"}, Unlike: "query_timeout",
		Help: "longest run of a statement, kept by the server",
	},
	{
		Name: "query_timeout", Kind: Duration, Under: []string{"http_timeout"},
		Help: "longest wait of the backend for a query's answer",
	},
	{
		Name: "http_timeout", Kind: Duration,
		Help: "budget of one request, first byte to answer",
	},
	{
		Name: "cancel", Kind: Choice, Values: []string{"close", "cancel_request"},
		Help: "what becomes of a query whose time is up: close the connection, or ask the server to cancel it",
	},
	{
		Name: "max_inflight", Kind: Limit,
		Help: "most requests that the backend works on at once",
	},
	{
		Name: "max_queue", Kind: Count, Needs: "max_inflight",
		Help: "most requests that wait to be worked on; what comes beyond is turned away at once",
	},
	{
		Name: "queue_timeout", Kind: Duration, Under: []string{"http_timeout"},
		Help: "longest such wait",
	},
	{
		Name: "replica_max_lag", Kind: Duration, Way: Replica,
		Help: "lag of the replica beyond which reads go to the primary",
	},
	{
		Name: "replica_wait", Kind: Duration, Way: Replica,
		Help: "longest wait for the replica to have what the session wrote; none: ask the primary at once",
	},
	{
		Name: "replica_fallback", Kind: Limit, Way: Replica,
		Help: "most reads at once that the primary takes for the replica",
	},
}

// unset is what a setting of a kind is where nobody sets it, unless the manifest has another default.
var unset = map[Kind]string{Limit: Unlimited, Count: "0", Duration: None, Milliseconds: None}

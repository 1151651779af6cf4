package contract

import (
	_ "embed"
	"reflect"
	"strings"
	"time"
)

// Words for a bound that does not bind.
const (
	Unlimited = "unlimited" // of a number
	None      = "none"      // of a time
)

// Values of slow_route.
const (
	Off = "off"
	On  = "on"
)

// MaxCount bounds every number of connections or requests. It is far above any sensible
// value and fits the pool's int32.
const MaxCount = 100_000

// Settings is everything that the backend can be told. A limit of 0 is no limit. Whoever adds a
// setting adds its field here, and its use: the backend loads, checks and shows it, and the lab
// takes it in specs and documents it, by what the field says. Its comment is the help. Its tags are
//
//	name      in a spec; its variable is APP_ and the name in capitals
//	kind      how its text is read, a Kind; a choice has values instead, the default first
//	default   what an empty variable stands for, if not "unlimited", "none", 0 or the first value
//	required  there is no default
//	spec      its default in a spec, if that is another; "-" if a spec cannot name it
//	needs     a limit without which the setting has no effect, and else why
//	atmost    a setting that it must not exceed
//	under     the time limits around it, the closest first: what lies further in gives up first,
//	          so that the layer around it still has time to say why
//	unlike    a time limit that it must differ from: either may be the shorter, which is what
//	          server-first and client-first mean
//	way       "replica" if it has an effect only where reads go to a replica
//
// The backend holds itself to needs and atmost; under, unlike and way are for who plans a measurement.
type Settings struct {
	// listen address, host:port; port 0 picks a free one
	Addr string `name:"addr" kind:"address" default:"127.0.0.1:8080" spec:"-"`

	// postgres:// URL that takes writes (may lead through a pooler)
	PrimaryURL string `name:"primary_url" kind:"database" required:"true" spec:"-"`

	// postgres:// URL that takes reads; empty: reads go to the primary
	ReplicaURL string `name:"replica_url" kind:"database" spec:"-"`

	// most database connections of the backend, per server
	PoolSize int `name:"pool_size" kind:"limit"`

	// connections opened before the backend calls itself ready
	PoolMin int `name:"pool_min" kind:"count" atmost:"pool_size"`

	// how the backend sends a query (pgx's names)
	ExecMode string `name:"exec_mode" values:"cache_statement cache_describe describe_exec exec simple_protocol"`

	// longest wait for a connection of the pool
	AcquireTimeout time.Duration `name:"acquire_timeout" kind:"duration" under:"http_timeout"`

	// longest wait for a lock, kept by the server
	LockTimeout time.Duration `name:"lock_timeout" kind:"ms" under:"statement_timeout query_timeout http_timeout"`

	// longest run of a statement, kept by the server
	StatementTimeout time.Duration `name:"statement_timeout" kind:"ms" under:"http_timeout" unlike:"query_timeout"`

	// longest wait of the backend for a query's answer
	QueryTimeout time.Duration `name:"query_timeout" kind:"duration" under:"http_timeout"`

	// budget of one request, first byte to answer
	HTTPTimeout time.Duration `name:"http_timeout" kind:"duration"`

	// what becomes of a query whose time is up: close the connection, or ask the server to cancel it
	Cancel string `name:"cancel" values:"close cancel_request"`

	// most requests that the backend works on at once
	MaxInflight int `name:"max_inflight" kind:"limit"`

	// most requests that wait to be worked on; what comes beyond is turned away at once
	MaxQueue int `name:"max_queue" kind:"count" needs:"max_inflight" else:"nobody ever waits"`

	// longest such wait
	QueueTimeout time.Duration `name:"queue_timeout" kind:"duration" under:"http_timeout"`

	// lag of the replica beyond which reads go to the primary
	ReplicaMaxLag time.Duration `name:"replica_max_lag" kind:"duration" way:"replica"`

	// longest wait for the replica to have what the session wrote; none: ask the primary at once
	ReplicaWait time.Duration `name:"replica_wait" kind:"duration" spec:"100ms" way:"replica"`

	// most reads at once that the primary takes for the replica
	ReplicaFallback int `name:"replica_fallback" kind:"limit" spec:"16" way:"replica"`

	// whether /api/slow is served, a query that takes as long as it is asked to
	SlowRoute string `name:"slow_route" values:"off on" spec:"-"`
}

// Kind says what the text of a setting may be.
type Kind string

// Kinds. "0" and an empty value are no limit too.
const (
	Address      Kind = "address"  // host:port
	Database     Kind = "database" // a postgres:// URL, which is a secret
	Limit        Kind = "limit"    // "unlimited" or a number from 1 to MaxCount
	Count        Kind = "count"    // a number from 0 to MaxCount
	Duration     Kind = "duration" // "none" or a Go duration ("800ms")
	Milliseconds Kind = "ms"       // the same, without a finer part: PostgreSQL would round it
	Choice       Kind = "choice"   // one of the field's values
)

// Field is what a field of Settings says of itself by its comment and its tags, which Settings explains.
type Field struct {
	Name     string
	Env      string // its variable
	Help     string
	Kind     Kind
	Values   []string
	Default  string // "" if there is none
	Spec     string // default in a spec, "" if a spec cannot name it
	Required bool
	Needs    string
	Else     string
	AtMost   string
	Under    []string
	Unlike   string
	Way      string
}

// Fields describes the fields of Settings, in their order.
var Fields = fields()

//go:embed settings.go
var source string

func fields() []Field {
	unset := map[Kind]string{Limit: Unlimited, Count: "0", Duration: None, Milliseconds: None}
	settings := reflect.TypeFor[Settings]()
	all := make([]Field, settings.NumField())
	for i := range all {
		tag := settings.Field(i).Tag.Get
		f := Field{
			Name:     tag("name"),
			Env:      "APP_" + strings.ToUpper(tag("name")),
			Help:     help(tag("name")),
			Kind:     Kind(tag("kind")),
			Values:   strings.Fields(tag("values")),
			Default:  tag("default"),
			Required: tag("required") == "true",
			Needs:    tag("needs"),
			Else:     tag("else"),
			AtMost:   tag("atmost"),
			Under:    strings.Fields(tag("under")),
			Unlike:   tag("unlike"),
			Way:      tag("way"),
		}
		if len(f.Values) > 0 {
			f.Kind, f.Default = Choice, f.Values[0]
		}
		if f.Default == "" {
			f.Default = unset[f.Kind]
		}
		switch spec := tag("spec"); spec {
		case "-":
		case "":
			f.Spec = f.Default
		default:
			f.Spec = spec
		}
		all[i] = f
	}
	return all
}

// help is the comment above a field of Settings.
func help(name string) string {
	var comment []string
	for line := range strings.Lines(source) {
		text, isComment := strings.CutPrefix(strings.TrimSpace(line), "// ")
		switch {
		case isComment:
			comment = append(comment, text)
		case strings.Contains(line, "`name:\""+name+`"`):
			return strings.Join(comment, " ")
		default:
			comment = nil
		}
	}
	return ""
}

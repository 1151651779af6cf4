// Package backend says what the lab knows of the backend under test. A Backend holds data
// alone, as a manifest could: which settings it takes, how it is asked, measured and reset. It is the only
// package of the lab that imports the contract of the bundled backend.
package backend

import "stormwave/app/contract"

// Backend is a program that the lab can start, set, load, measure and reset.
type Backend struct {
	Program   string // name of its file
	Package   string // of Go, in this repository, that it is built from
	Settings  []Setting
	Variables Variables
	Schema    []string // arguments with which it prints the SQL of its tables, data set and rights
	Role      string   // that it logs in as, and that its schema gives rights to
	Ready     string   // path that answers 200 once it can serve
	ReadBack  string   // path of its Config
	Refusal   string   // status of an answer that turns a request away, for want of a connection or of room
	Rows      int      // of its longest answer
	Authors   int      // in its data set, whom loads ask for
	Slow      Slow
	Metrics   Metrics
	Labels    Labels
	Routes    []string // values of the label route that are of the workload
	Unrouted  string   // its value for a request that matched no route
	State     State
	Faults    Faults
}

// Slow is the variable, and its value, without which the backend does not serve the slow queries that loads can
// ask for.
type Slow struct{ Variable, Value string }

// Setting is what a spec can set of a backend, in the words of the bundled one.
type Setting = contract.Field

// Kinds of the settings that a spec can name.
const (
	Limit        = contract.Limit
	Count        = contract.Count
	Duration     = contract.Duration
	Milliseconds = contract.Milliseconds
	Choice       = contract.Choice
)

// Words and bounds of a setting's value.
const (
	Unlimited = contract.Unlimited // of a Limit
	None      = contract.None      // of a Duration
	MaxCount  = contract.MaxCount  // of a Limit or Count
)

// Variables of a backend's environment that carry no setting of a spec.
type Variables struct {
	Addr       string   // listen address
	PrimaryURL string   // of the server, or pooler, that takes writes
	ReplicaURL string   // of the one that takes reads; unset: the primary does
	Others     []string // that a spec may set by their own names
}

// Config is what a backend tells of itself to be read back.
type Config = contract.Config

// Pool is what a live session of a pool tells.
type Pool = contract.Pool

// Metrics names what Prometheus has of a backend. Durations are in seconds.
type Metrics struct {
	Requests        string // counter by route and code
	RequestDuration string // native histogram by route
	Shed            string // counter: turned away by admission control
	InFlight        string // requests, by route
	Queued          string // requests that wait to be worked on

	PoolAcquired    string // connections in use
	PoolIdle        string // connections
	PoolOpening     string // connections
	PoolMax         string // connections
	PoolWaiting     string // requests that wait for one
	PoolAcquires    string // counter: successful
	PoolNewConns    string // counter
	PoolClosed      string // counter
	AcquireDuration string // native histogram by outcome
	QueryDuration   string // native histogram by statement
	QueryOKDuration string // the same, of successful queries
	QueryErrors     string // counter by sqlstate
	QueryCancels    string // counter

	Reads           string // counter by target
	ReadFallbacks   string // counter by reason
	StaleReads      string // counter
	ReplicaUsable   string // 1: reads go to the replica
	ReplicaLag      string // in seconds
	ReplicaLagBytes string
	ReplicaProbes   string // counter
}

// Labels are values of the metrics' labels that mean something to the lab.
type Labels struct {
	Primary        string   // of target; of Config.Pools too
	Replica        string   // the same
	AcquireTimeout string   // of sqlstate: the wait for a connection was given up
	Unsent         []string // of sqlstate: there was no connection to send the query on
	Lagging        []string // of reason: the replica was behind
}

// State is how the data set is told apart and brought back, in SQL.
type State struct {
	Dataset string   // one line of text, the same before every trial
	Remove  string   // deletes what a load has written
	Restart string   // in the same transaction: what is written next begins behind the data set
	Tidy    []string // statements, each alone, that give back the room of what was deleted
}

// Faults are where the lab injects some.
type Faults struct {
	Lock  string // SQL that locks what writes of the load need
	Table string // whose rows are made dear to read
}

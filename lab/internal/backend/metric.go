package backend

import (
	"reflect"
	"strings"
)

// The lab's own names of what a backend tells, under which Prometheus keeps it whatever the program calls it.
// Durations are in seconds.
var Series = struct {
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
}{
	Requests:        "app_http_requests_total",
	RequestDuration: "app_http_request_duration_seconds",
	Shed:            "app_http_shed_requests_total",
	InFlight:        "app_http_in_flight_requests",
	Queued:          "app_http_queued_requests",
	PoolAcquired:    "app_pool_acquired_conns",
	PoolIdle:        "app_pool_idle_conns",
	PoolOpening:     "app_pool_constructing_conns",
	PoolMax:         "app_pool_max_conns",
	PoolWaiting:     "app_pool_waiting",
	PoolAcquires:    "app_pool_acquires_total",
	PoolNewConns:    "app_pool_new_conns_total",
	PoolClosed:      "app_pool_closed_conns_total",
	AcquireDuration: "app_pool_acquire_duration_seconds",
	QueryDuration:   "app_query_duration_seconds",
	QueryOKDuration: "app_query_ok_duration_seconds",
	QueryErrors:     "app_query_errors_total",
	QueryCancels:    "app_query_cancels_total",
	Reads:           "app_reads_total",
	ReadFallbacks:   "app_read_fallbacks_total",
	StaleReads:      "app_stale_reads_total",
	ReplicaUsable:   "app_replica_usable",
	ReplicaLag:      "app_replica_lag_seconds",
	ReplicaLagBytes: "app_replica_lag_bytes",
	ReplicaProbes:   "app_replica_probes_total",
}

// seriesPrefix begins each of Series; a manifest leaves it out.
const seriesPrefix = "app_"

// IsSeries says whether a name is one of the lab's own.
func IsSeries(name string) bool { return strings.HasPrefix(name, seriesPrefix) }

// Values of the series' labels that mean something to the lab.
const (
	Primary        = "primary"         // of target; of Config.Pools too
	Replica        = "replica"         // the same
	Unrouted       = "other"           // of route: the request matched none
	AcquireTimeout = "acquire_timeout" // of sqlstate: the wait for a connection was given up
)

var (
	// Unsent are values of sqlstate: there was no connection to send the query on.
	Unsent = []string{AcquireTimeout, "connect", "53300"}
	// Lagging are values of reason: the replica was behind.
	Lagging = []string{"session", "late"}
)

// Metrics says what Prometheus gets of a backend.
type Metrics struct {
	Path  string            // of its page; empty: it has none
	Port  string            // name of the port that serves it; empty: its first
	Names map[string]string // of Series → the program's own; those that are not there it does not tell
}

// presets are what widely used pools tell, by the names of Series.
var presets = map[string]map[string]string{
	"lab":  own(),
	"none": {},
	// github.com/IBM/pgxpoolprometheus
	"pgxpool": {
		Series.PoolAcquired: "pgxpool_acquired_conns",
		Series.PoolIdle:     "pgxpool_idle_conns",
		Series.PoolOpening:  "pgxpool_constructing_conns",
		Series.PoolMax:      "pgxpool_max_conns",
		Series.PoolAcquires: "pgxpool_acquire_count",
		Series.PoolNewConns: "pgxpool_new_conns_count",
	},
	// collectors.NewDBStatsCollector of github.com/prometheus/client_golang
	"dbsql": {
		Series.PoolAcquired: "go_sql_in_use_connections",
		Series.PoolIdle:     "go_sql_idle_connections",
		Series.PoolMax:      "go_sql_max_open_connections",
	},
}

// own are the names of a program that calls its metrics as the lab does.
func own() map[string]string {
	names := make(map[string]string)
	all := reflect.ValueOf(Series)
	for i := range all.NumField() {
		name := all.Field(i).String()
		names[name] = name
	}
	return names
}

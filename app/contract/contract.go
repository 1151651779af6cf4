// Package contract names what the backend shows to the outside: the settings that it
// reads from its environment, the routes it serves and the metrics it exports. It is the
// one package of the backend that the lab imports, and it imports only the standard
// library, so that another backend can be held against the same list.
package contract

// Variables of the backend that say where it listens and which servers it talks to.
const (
	EnvAddr       = "APP_ADDR"
	EnvPrimaryURL = "APP_PRIMARY_URL"
	EnvReplicaURL = "APP_REPLICA_URL"
)

// EnvSlowRoute is the variable of the setting slow_route.
const EnvSlowRoute = "APP_SLOW_ROUTE"

// Routes of the backend, as net/http patterns without the method.
const (
	RouteUsers    = "/api/users"      // POST: create a user
	RouteSessions = "/api/sessions"   // POST: log in, answers a bearer token
	RouteFeed     = "/api/feed"       // GET: the newest posts, FeedPage of them
	RoutePost     = "/api/posts/{id}" // GET: one post
	RoutePosts    = "/api/posts"      // POST: write a post
	RouteSlow     = "/api/slow"       // GET: a query that takes as long as SlowTime says; only with slow_route
	RouteHealth   = "/healthz"        // GET: the process answers
	RouteReady    = "/readyz"         // GET: the primary answers and the pool is warm
	RouteMetrics  = "/metrics"        // GET: Prometheus exposition
	RouteConfig   = "/debug/config"   // GET: effective settings, no secrets
)

// APIRoutes are the routes that carry the workload. Only they, and paths that
// match no route (RouteOther), are counted in the request metrics.
var APIRoutes = []string{RouteUsers, RouteSessions, RouteFeed, RoutePost, RoutePosts, RouteSlow}

// RouteOther is the route label of a request that matched no route.
const RouteOther = "other"

// FeedPage is the number of posts in one answer of RouteFeed.
const FeedPage = 50

// FeedAuthor is RouteFeed's query parameter that narrows it to one author's
// posts. Without it the newest posts of everybody are answered.
const FeedAuthor = "author"

// SlowTime is RouteSlow's query parameter: how long the query takes, a Go duration.
const SlowTime = "time"

// Users and Posts are how many there are in the data set, unless it is asked for another.
const (
	Users = 10_000
	Posts = 500_000
)

// AuthorShare is how many users of the data set there are to one that writes:
// authors have the ids 1 … users/AuthorShare, and as many posts each.
const AuthorShare = 10

// DatasetSQL tells what the data set holds, in one line of text: the same before
// every trial, or the trials cannot be compared. Users and sessions come and go.
const DatasetSQL = `SELECT format('%s posts, checksum %s', count(*), sum(hashtextextended(body, author_id))) FROM posts`

// ResetSQL removes the posts that a load has written, so that DatasetSQL tells the
// same before every trial. The data set ends where the ids of written posts start.
const ResetSQL = `DELETE FROM posts WHERE id >= ` +
	`(SELECT start_value FROM pg_sequences WHERE sequencename = 'posts_id_seq')`

// RestartSQL makes the ids of written posts begin behind the data set again, in the transaction of ResetSQL.
const RestartSQL = "ALTER TABLE posts ALTER id RESTART"

// TidySQL are the statements, each to be run alone, that give back the room of what ResetSQL
// has removed: VACUUM refuses to be one of several.
var TidySQL = []string{"VACUUM (ANALYZE) posts"}

// Role is whom the schema gives its rights to, and as whom the backend is to log in.
const Role = "app"

// Metrics of the backend. Every duration is in seconds.
const (
	// labelled route, method and code (exact status; 499: the client went away)
	MetricRequests        = "app_http_requests_total"
	MetricRequestDuration = "app_http_request_duration_seconds" // histogram, labelled route
	MetricInFlight        = "app_http_in_flight_requests"       // labelled route
	MetricQueued          = "app_http_queued_requests"          // waiting to be worked on
	MetricShed            = "app_http_shed_requests_total"      // turned away by admission control, labelled reason

	// Pools, labelled target (TargetPrimary, TargetReplica).
	MetricPoolAcquired        = "app_pool_acquired_conns"
	MetricPoolIdle            = "app_pool_idle_conns"
	MetricPoolConstructing    = "app_pool_constructing_conns"
	MetricPoolTotal           = "app_pool_total_conns"
	MetricPoolMax             = "app_pool_max_conns"
	MetricPoolWaiting         = "app_pool_waiting"                      // requests waiting for a connection now
	MetricPoolAcquires        = "app_pool_acquires_total"               // successful
	MetricPoolAcquireSeconds  = "app_pool_acquires_seconds_total"       // of successful acquires
	MetricPoolCanceled        = "app_pool_canceled_acquires_total"      // given up by the caller
	MetricPoolEmpty           = "app_pool_empty_acquires_total"         // successful, but had to wait
	MetricPoolEmptySeconds    = "app_pool_empty_acquires_seconds_total" // their wait
	MetricPoolNewConns        = "app_pool_new_conns_total"              // attempts
	MetricPoolLifetimeDestroy = "app_pool_max_lifetime_destroys_total"  // closed for their age
	MetricPoolIdleDestroy     = "app_pool_max_idle_time_destroys_total" // closed for being idle
	MetricPoolClosed          = "app_pool_closed_conns_total"           // closed, for whatever reason
	MetricAcquireDuration     = "app_pool_acquire_duration_seconds"     // histogram, also labelled outcome
	MetricQueryDuration       = "app_query_duration_seconds"            // histogram, labelled statement and target
	// histogram of the queries that succeeded, labelled target
	MetricQueryOKDuration = "app_query_ok_duration_seconds"
	// labelled target and sqlstate: a SQLSTATE, or one of the State words
	MetricQueryErrors = "app_query_errors_total"
	// queries whose context ended before them, labelled target
	MetricQueryCancels = "app_query_cancels_total"

	// Reads, and the replica that they go to. What is of the replica is absent without one.
	MetricReads          = "app_reads_total"          // labelled target, whose answer was given
	MetricReadFallbacks  = "app_read_fallbacks_total" // reads that the primary took for the replica, labelled reason
	MetricStaleReads     = "app_stale_reads_total"    // answers that lacked what their session had written before: 0
	MetricReplicaUsable  = "app_replica_usable"       // 1 while reads go to it
	MetricReplicaLag     = "app_replica_lag_seconds"  // age of the newest heartbeat that the replica has
	MetricReplicaLagSize = "app_replica_lag_bytes"    // WAL that it has not replayed
	MetricReplicaProbes  = "app_replica_probes_total" // statements of the probe, labelled target
)

// Metrics lists every metric above.
var Metrics = []string{
	MetricRequests, MetricRequestDuration, MetricInFlight, MetricQueued, MetricShed,
	MetricPoolAcquired, MetricPoolIdle, MetricPoolConstructing, MetricPoolTotal, MetricPoolMax, MetricPoolWaiting,
	MetricPoolAcquires, MetricPoolAcquireSeconds, MetricPoolCanceled, MetricPoolEmpty, MetricPoolEmptySeconds,
	MetricPoolNewConns, MetricPoolLifetimeDestroy, MetricPoolIdleDestroy,
	MetricPoolClosed, MetricAcquireDuration, MetricQueryDuration, MetricQueryOKDuration, MetricQueryErrors,
	MetricQueryCancels,
	MetricReads, MetricReadFallbacks, MetricStaleReads,
	MetricReplicaUsable, MetricReplicaLag, MetricReplicaLagSize, MetricReplicaProbes,
}

// Words in the sqlstate label for failures that the server gave no SQLSTATE for.
const (
	StateAcquireTimeout = "acquire_timeout" // no connection within acquire_timeout
	StateQueryTimeout   = "query_timeout"   // query_timeout passed
	StateBudget         = "http_timeout"    // http_timeout passed
	StateCanceled       = "canceled"        // the client went away
	StateConnect        = "connect"         // connecting failed
	StateNetwork        = "network"         // an open connection broke
	StateOther          = "other"           // anything else, and rare SQLSTATEs
)

// Values of the target label.
const (
	TargetPrimary = "primary"
	TargetReplica = "replica"
)

// Outcomes of an acquire, the values of the outcome label.
const (
	OutcomeOK       = "ok"
	OutcomeTimeout  = "timeout"  // the acquire timeout passed
	OutcomeCanceled = "canceled" // the caller went away or its budget was spent
	OutcomeError    = "error"    // connecting failed
)

// Reasons to turn a request away, the values of the reason label of MetricShed.
const (
	ShedFull    = "queue_full"    // as many wait as may
	ShedTimeout = "queue_timeout" // it waited as long as it may
)

// Sheds lists the reasons above.
var Sheds = []string{ShedFull, ShedTimeout}

// Reasons to read from the primary although there is a replica, the values of the
// reason label of MetricReadFallbacks.
const (
	FallbackGone     = "gone"     // the replica does not answer its probe
	FallbackLate     = "late"     // it lags more than replica_max_lag
	FallbackSession  = "session"  // it lacks what the session wrote
	FallbackFailed   = "failed"   // the read broke on it
	FallbackConflict = "conflict" // the read was cancelled for the sake of replay, twice
)

// Fallbacks lists the reasons above.
var Fallbacks = []string{FallbackGone, FallbackLate, FallbackSession, FallbackFailed, FallbackConflict}

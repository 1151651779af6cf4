// Package contract names what the backend shows to the outside: the environment
// it reads, the routes it serves and the metrics it exports. It is the one
// package of the backend that the lab imports, and it imports only the standard
// library, so that another backend can be held against the same list.
package contract

// Environment of the backend. Durations are Go durations ("800ms"); "none", "0"
// and an empty value mean "no limit".
const (
	EnvAddr             = "APP_ADDR"              // listen address, host:port; port 0 picks a free one
	EnvPrimaryURL       = "APP_PRIMARY_URL"       // postgres:// URL that takes writes (may lead through a pooler)
	EnvReplicaURL       = "APP_REPLICA_URL"       // postgres:// URL that takes reads; empty: reads go to the primary
	EnvPoolSize         = "APP_POOL_SIZE"         // most connections per pool: "unlimited" or a positive number
	EnvPoolMin          = "APP_POOL_MIN"          // connections opened before the backend calls itself ready
	EnvExecMode         = "APP_EXEC_MODE"         // pgx query exec mode, one of ExecModes
	EnvAcquireTimeout   = "APP_ACQUIRE_TIMEOUT"   // longest wait for a pooled connection
	EnvQueryTimeout     = "APP_QUERY_TIMEOUT"     // context of one query, waiting for the connection excluded
	EnvStatementTimeout = "APP_STATEMENT_TIMEOUT" // statement_timeout asked of the server on connect
	EnvLockTimeout      = "APP_LOCK_TIMEOUT"      // lock_timeout asked of the server on connect
	EnvHTTPTimeout      = "APP_HTTP_TIMEOUT"      // budget of one request, from first byte to answer
	EnvMaxInflight      = "APP_MAX_INFLIGHT"      // most requests worked on at once; "unlimited" or a positive number
	EnvReplicaMaxLag    = "APP_REPLICA_MAX_LAG"   // replica lag beyond which reads go to the primary
)

// Unlimited is the value of EnvPoolSize and EnvMaxInflight that sets no bound.
const Unlimited = "unlimited"

// None is the value of a duration that sets no limit.
const None = "none"

// ExecModes are the values of EnvExecMode: pgx's names for how a query is sent.
var ExecModes = []string{"cache_statement", "cache_describe", "describe_exec", "exec", "simple_protocol"}

// Routes of the backend, as net/http patterns without the method.
const (
	RouteUsers    = "/api/users"      // POST: create a user
	RouteSessions = "/api/sessions"   // POST: log in, answers a bearer token
	RouteFeed     = "/api/feed"       // GET: the newest posts, FeedPage of them
	RoutePost     = "/api/posts/{id}" // GET: one post
	RoutePosts    = "/api/posts"      // POST: write a post
	RouteHealth   = "/healthz"        // GET: the process answers
	RouteReady    = "/readyz"         // GET: the primary answers and the pool is warm
	RouteMetrics  = "/metrics"        // GET: Prometheus exposition
	RouteConfig   = "/debug/config"   // GET: effective settings, no secrets
)

// APIRoutes are the routes that carry the workload. Only they, and paths that
// match no route (RouteOther), are counted in the request metrics.
var APIRoutes = []string{RouteUsers, RouteSessions, RouteFeed, RoutePost, RoutePosts}

// RouteOther is the route label of a request that matched no route.
const RouteOther = "other"

// FeedPage is the number of posts in one answer of RouteFeed.
const FeedPage = 50

// FeedAuthor is RouteFeed's query parameter that narrows it to one author's
// posts. Without it the newest posts of everybody are answered.
const FeedAuthor = "author"

// AuthorShare is how many users of the data set there are to one that writes:
// authors have the ids 1 … users/AuthorShare, and as many posts each.
const AuthorShare = 10

// DatasetSQL tells what the data set holds, in one line of text: the same before
// every shot, or the shots cannot be compared. Users and sessions come and go.
const DatasetSQL = `SELECT format('%s posts, checksum %s', count(*), sum(hashtextextended(body, author_id))) FROM posts`

// Metrics of the backend. Every duration is in seconds.
const (
	MetricRequests        = "app_http_requests_total"           // labelled route, method and code (exact status; 499: the client went away)
	MetricRequestDuration = "app_http_request_duration_seconds" // histogram, labelled route
	MetricInFlight        = "app_http_in_flight_requests"       // labelled route

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
	MetricAcquireDuration     = "app_pool_acquire_duration_seconds"     // histogram, also labelled outcome
	MetricQueryDuration       = "app_query_duration_seconds"            // histogram, labelled statement and target
	MetricQueryErrors         = "app_query_errors_total"                // labelled target and sqlstate: a SQLSTATE, or one of the State words
)

// Metrics lists every metric above.
var Metrics = []string{
	MetricRequests, MetricRequestDuration, MetricInFlight,
	MetricPoolAcquired, MetricPoolIdle, MetricPoolConstructing, MetricPoolTotal, MetricPoolMax, MetricPoolWaiting,
	MetricPoolAcquires, MetricPoolAcquireSeconds, MetricPoolCanceled, MetricPoolEmpty, MetricPoolEmptySeconds,
	MetricPoolNewConns, MetricPoolLifetimeDestroy, MetricPoolIdleDestroy,
	MetricAcquireDuration, MetricQueryDuration, MetricQueryErrors,
}

// Words in the sqlstate label for failures that the server gave no SQLSTATE for.
const (
	StateAcquireTimeout = "acquire_timeout" // no connection within EnvAcquireTimeout
	StateQueryTimeout   = "query_timeout"   // EnvQueryTimeout passed
	StateBudget         = "http_timeout"    // EnvHTTPTimeout passed
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

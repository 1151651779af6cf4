package diagnose

import (
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"stormwave/lab/internal/backend"
	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/route"
)

// proposal is a change of settings, and why it may help.
type proposal struct {
	words    string
	settings matrix.Settings
}

// Where to start from a setting without a limit, for each CPU; to measure from, not laws. PostgreSQL's wiki gives two
// busy connections a core: https://wiki.postgresql.org/wiki/Number_Of_Database_Connections
const (
	statementsPerCPU  = 2
	connectionsPerCPU = 4
	requestsPerCPU    = 32
)

// Names and defaults of settings that are passed on by name.
const (
	maxConnections    = matrix.PostgresPrefix + "max_connections"
	sharedBuffers     = matrix.PostgresPrefix + "shared_buffers"
	synchronousCommit = matrix.PostgresPrefix + "synchronous_commit"
	commitDelay       = matrix.PostgresPrefix + "commit_delay"
	gcPercent         = matrix.AppPrefix + "GOGC"
	memoryLimit       = matrix.AppPrefix + "GOMEMLIMIT"
)

var passedOn = map[string]string{
	maxConnections: "100",
	sharedBuffers:  "128MB",
	commitDelay:    "0",
	gcPercent:      "100",
	memoryLimit:    "off",
}

// tuning is a cell on a machine: what may help is computed from the cell's own values.
type tuning struct {
	matrix.Settings
	cpus    float64
	poolers []matrix.Service // that there are
	refused bool             // the pooler on the way takes no more clients
}

// proposals are what may help against a cause in a cell, the best first. Each moves a setting from its value in the
// direction that the words say, and takes along what would stand against it; whether a cell can have it is for
// matrix.Parse to say.
func (t tuning) proposals(cause Cause) []proposal {
	if p, ok := onTheWay(t.poolers, t.Route()); ok && cause == PoolStarved(p.Name) {
		return t.morePooled(p)
	} else if ok && cause == CPUBound(p.Name) {
		return t.withoutPooler(p)
	}
	switch cause {
	case DBConnectionsExhausted:
		return append(t.fewerSessions("have fewer connections to the servers: cap them", connectionsPerCPU), t.pooler()...)
	case AppPoolStarved:
		return t.moreConnections("give the backend's pool more connections")
	case NetworkLatency:
		if t.Settings[matrix.PoolSize] == backend.Unlimited {
			return []proposal{{words: "bring the backend nearer to its database; no setting of the matrix shortens the way"}}
		}
		return t.moreConnections("a connection is held for the whole way there and back (Little's law): have more of them, " +
			"or bring the backend nearer")
	case DBLockContention:
		return t.shorter(matrix.LockTimeout, "give up waiting for a lock early, and find who holds it", 200*time.Millisecond)
	case DBCommitWait:
		return t.shorterCommits()
	case PreparedStatementLost:
		return t.fittingExecMode()
	case IdleConnectionsEnded:
		return t.idleForEver()
	case ConnectionChurn:
		return []proposal{{
			"ask the server to cancel what is given up, and keep the connection",
			matrix.Settings{matrix.Cancel: "cancel_request"},
		}}
	case DBIOBound:
		return t.largerBuffers()
	case SlowQuery:
		return t.shorter(matrix.StatementTimeout,
			"find the statement and the index that it lacks; until then, cut it off after a shorter time", 250*time.Millisecond)
	case DBCPUBound, HostCPUSaturated:
		words := "let fewer statements run at once, so that each is done sooner"
		return append(t.fewerSessions(words, statementsPerCPU), t.fewerRequests()...)
	case AppCPUBound:
		return t.fewerRequests()
	case GarbageCollection:
		return t.largerHeap()
	case OverloadShed:
		return t.moreRequests()
	case MemoryPressure:
		return t.fewerSessions("have fewer sessions", connectionsPerCPU)
	case ReplicaLagging:
		if !t.Route().ReadsFrom(route.Replica) {
			return nil
		}
		return append(
			t.shorter(matrix.ReplicaMaxLag, "leave a late replica alone: after a shorter lag", 500*time.Millisecond),
			proposal{"read from the primary", matrix.Settings{matrix.Topology: t.Route().Without(route.Replica).String()}},
		)
	case GeneratorSaturated:
		return []proposal{{words: "give k6 more CPU (cpus in the spec, or a machine of its own): what it measured is itself"}}
	case NoisyHost:
		return []proposal{{words: "measure again on a quiet machine: what was measured is its neighbours too"}}
	case ComponentFailed:
		return []proposal{{words: "read the log of the service that ended: lab logs SERVICE"}}
	}
	return nil
}

// text is a setting's value, or the default of one that is passed on by name.
func (t tuning) text(name string) string {
	if value, ok := t.Settings[name]; ok {
		return value
	}
	for _, p := range t.poolers {
		if key, ok := strings.CutPrefix(name, p.Settings.Prefix); ok {
			return p.Settings.Defaults[key]
		}
	}
	return passedOn[name]
}

// number is a setting's value, +Inf where it sets no limit; ok is false where it is no number.
func (t tuning) number(name string) (n float64, ok bool) {
	text := t.text(name)
	if text == backend.Unlimited {
		return math.Inf(1), true
	}
	whole, err := strconv.Atoi(text)
	return float64(whole), err == nil
}

// amount is a setting's number, NaN where it is none.
func (t tuning) amount(name string) float64 {
	if n, ok := t.number(name); ok {
		return n
	}
	return math.NaN()
}

// room is how many connections the backend may have to a server: less than the server takes by those that are
// reserved for superusers, and some for the lab's own sessions. It is +Inf where the limit is no number.
func (t tuning) room() float64 {
	most, ok := t.number(maxConnections)
	if !ok {
		return math.Inf(1)
	}
	return max(1, most-max(reserved, math.Min(spare, math.Floor(most/2))))
}

const (
	reserved = 3  // superuser_reserved_connections, unless set
	spare    = 10 // with those
)

// fewer are values below a number, the best first: where to start, and half of it.
func fewer(now, start float64) []float64 {
	var values []float64
	if start < now {
		values = append(values, start)
	}
	if half := math.Floor(now / 2); half >= 1 && half != start && !math.IsInf(half, 1) {
		values = append(values, half)
	}
	return values
}

// fewerSessions proposes fewer sessions on the servers: by the limit that binds, of the backend's pool or of a
// pooler's whose clients share its connections.
func (t tuning) fewerSessions(words string, perCPU float64) []proposal {
	setting, floor := matrix.PoolSize, matrix.PoolMin
	now, ok := t.number(setting)
	if p, on := onTheWay(t.poolers, t.Route()); on && !p.Pool.Queues {
		size := p.Settings.Prefix + p.Pool.Size
		if pooled, isNumber := t.number(size); isNumber && pooled < now {
			setting, floor, now = size, p.Settings.Prefix+p.Pool.Least, pooled
		}
	}
	if !ok {
		return nil
	}
	var all []proposal
	for _, n := range fewer(now, math.Min(perCPU*t.cpus, t.room())) {
		change := matrix.Settings{setting: whole(n)}
		if least, ok := t.number(floor); ok && least > n {
			change[floor] = whole(n)
		}
		all = append(all, proposal{words, change})
	}
	return all
}

// more are twice, four times and eight times a number.
func more(now float64) []float64 {
	if math.IsInf(now, 1) {
		return nil
	}
	return []float64{2 * now, 4 * now, 8 * now}
}

// moreConnections proposes a larger pool of the backend's, and room for it where its connections lead to.
func (t tuning) moreConnections(words string) []proposal {
	now, ok := t.number(matrix.PoolSize)
	if !ok {
		return nil
	}
	var all []proposal
	for _, n := range more(now) {
		change := matrix.Settings{matrix.PoolSize: whole(n)}
		p, on := onTheWay(t.poolers, t.Route())
		if on {
			t.makeRoom(change, p.Settings.Prefix+p.Pool.Clients, 2*n) // there may be a pool for each server
		}
		if (!on || p.Pool.Queues) && n > t.room() {
			change[maxConnections] = whole(n + spare)
		}
		all = append(all, proposal{words, change})
	}
	return all
}

// makeRoom raises a limit along with what it must hold.
func (t tuning) makeRoom(change matrix.Settings, limit string, n float64) {
	if most, ok := t.number(limit); ok && most > 0 && most < n+spare {
		change[limit] = whole(n + spare)
	}
}

// shorterCommits proposes what makes a commit wait for less.
func (t tuning) shorterCommits() []proposal {
	var all []proposal
	if delay, ok := t.number(commitDelay); ok && delay > 0 {
		all = append(all, proposal{"commit without a delay", matrix.Settings{commitDelay: "0"}})
	}
	return append(all,
		proposal{"wait for the primary's disk alone, where losing the newest commits with it is allowed",
			matrix.Settings{synchronousCommit: "local"}},
		proposal{"do not wait for the disk, where losing the last second of commits is allowed",
			matrix.Settings{synchronousCommit: "off"}},
	)
}

// largerHeap proposes to collect garbage less often: without a limit of memory, and with a larger share of new memory
// between two collections, Go's own at least. https://go.dev/doc/gc-guide
func (t tuning) largerHeap() []proposal {
	const own = 100
	now, ok := t.number(gcPercent)
	var all []proposal
	if t.text(memoryLimit) != "off" {
		change := matrix.Settings{memoryLimit: "off"}
		if !ok {
			change[gcPercent] = whole(own) // something must end the growth
		}
		all = append(all, proposal{"let the heap grow larger, where there is memory for it", change})
	}
	values := more(now)
	if now < own {
		values = append([]float64{own}, values...)
	}
	for _, n := range values {
		if ok && n > now {
			words := "let the heap grow larger between two collections"
			all = append(all, proposal{words, matrix.Settings{gcPercent: whole(n)}})
		}
	}
	return all
}

// idleForEver proposes to end no connection that idles.
func (t tuning) idleForEver() []proposal {
	var all []proposal
	for _, limit := range matrix.IdleLimits(t.poolers) {
		if limit.Ends(t.Settings[limit.Setting]) {
			all = append(all, proposal{"end no connection that idles", matrix.Settings{limit.Setting: "0"}})
		}
	}
	return append(all, proposal{words: "keep connections that idle, or let the backend end them before anybody else does"})
}

// moreRequests proposes to work on more requests at once.
func (t tuning) moreRequests() []proposal {
	now, ok := t.number(matrix.MaxInflight)
	if !ok {
		return nil
	}
	var all []proposal
	for _, n := range more(now) {
		all = append(all, proposal{"work on more requests at once", matrix.Settings{matrix.MaxInflight: whole(n)}})
	}
	return all
}

// fewerRequests proposes to work on fewer requests at once, and a queue where there is none.
func (t tuning) fewerRequests() []proposal {
	const patience = 250 * time.Millisecond
	now, ok := t.number(matrix.MaxInflight)
	if !ok {
		return nil
	}
	var all []proposal
	for _, n := range fewer(now, requestsPerCPU*t.cpus) {
		change := matrix.Settings{matrix.MaxInflight: whole(n)}
		if t.Settings[matrix.MaxQueue] == "0" {
			change[matrix.MaxQueue] = whole(4 * n)
		}
		if t.timeout(matrix.QueueTimeout) == 0 {
			wait := patience
			if budget := t.timeout(matrix.HTTPTimeout); budget > 0 {
				wait = min(wait, (budget / 2).Truncate(time.Millisecond))
			}
			change[matrix.QueueTimeout] = matrix.Duration(wait).String()
		}
		all = append(all, proposal{"work on fewer requests at once, let some wait, and turn the rest away early", change})
	}
	return all
}

// timeout is the limit that a setting sets, 0 if it sets none.
func (t tuning) timeout(name string) time.Duration {
	d, _ := time.ParseDuration(t.Settings[name]) // fails, and is 0, for none
	return d
}

// shorter proposes shorter values of a time limit: half of it, or where there is none the one to start from; and then
// others, between the cell's other limits: matrix.Parse knows the order that they must be in.
func (t tuning) shorter(name, words string, start time.Duration) []proposal {
	now := t.timeout(name)
	values := []time.Duration{now / 2, now * 3 / 4, now * 9 / 10, now - time.Millisecond}
	if now == 0 {
		values = []time.Duration{start, start / 2, start / 4}
	}
	for _, setting := range slices.Sorted(maps.Keys(t.Settings)) {
		if d := t.timeout(setting); d > 0 && setting != name {
			values = append(values, d/2, d*3/4, d*3/2, 2*d)
		}
	}
	var all []proposal
	seen := map[time.Duration]bool{}
	for _, d := range values {
		d = d.Truncate(time.Millisecond)
		if d < time.Millisecond || now > 0 && d >= now || seen[d] {
			continue
		}
		seen[d] = true
		all = append(all, proposal{words, matrix.Settings{name: matrix.Duration(d).String()}})
	}
	return all
}

// sizeText is a size as PostgreSQL reads it; without a unit it counts blocks of 8 kB.
var sizeText = regexp.MustCompile(`^ *([0-9.]+) *(B|kB|MB|GB|TB)? *$`)

// largerBuffers proposes more shared buffers: 1 GB, or twice as much.
func (t tuning) largerBuffers() []proposal {
	m := sizeText.FindStringSubmatch(t.text(sharedBuffers))
	if m == nil {
		return nil
	}
	now, err := strconv.ParseFloat(m[1], 64)
	if err != nil {
		return nil
	}
	const mb = 1 << 20
	now *= map[string]float64{"": 8 << 10, "B": 1, "kB": 1 << 10, "MB": mb, "GB": 1 << 30, "TB": 1 << 40}[m[2]]
	size := math.Max(1<<30, 2*now) / mb
	text := fmt.Sprintf("%.0fMB", size)
	if size == 1024*math.Trunc(size/1024) {
		text = fmt.Sprintf("%.0fGB", size/1024)
	}
	return []proposal{{"give the servers larger shared buffers", matrix.Settings{sharedBuffers: text}}}
}

func whole(n float64) string { return strconv.FormatFloat(math.Floor(n), 'f', 0, 64) }

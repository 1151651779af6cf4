package diagnose

import (
	"math"
	"slices"
	"strings"

	"stormwave/lab/internal/backend"
	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/metric"
	"stormwave/lab/internal/route"
)

// Signatures of the database servers: what the sessions that execute something do
// meanwhile. By Little's law statements per second × seconds of one are the sessions
// that execute at any moment.

// busy is the mean number of sessions that execute a statement, on both servers. The servers' statistics leave out
// each statement that failed: one that a limit of theirs cut off has executed until then; and where many failed, the
// sessions that were seen active, less those that waited for their client, are more if others gave up. More than there
// were connections cannot be.
func (o *observation) busy() float64 {
	succeeded, _ := statements(o.Record)
	ms := o.get(metric.Execution)
	for _, end := range serverEnds {
		ms += o.or(metric.QueryErrors.At(end.sqlstate), 0) / math.Max(1, succeeded) * o.limit(end.limit)
	}
	busy := (o.get(metric.OfPrimary.QPS) + o.get(metric.OfReplica.QPS)) * ms / 1000
	if failing(o.Record) {
		clients, _ := o.waits("Client")
		busy = math.Max(busy, o.or(metric.OfPrimary.ActiveMean, 0)+o.or(metric.OfReplica.ActiveMean, 0)-clients)
	}
	return math.Min(busy, o.or(metric.OfPrimary.Connections, math.Inf(1))+o.or(metric.OfReplica.Connections, 0))
}

// serverEnds are the limits by which a server ends a statement, and the SQLSTATE that it then gives.
var serverEnds = []struct{ sqlstate, limit string }{
	{"57014", matrix.StatementTimeout},
	{"55P03", matrix.LockTimeout},
}

// commitWaits are events that a session waits for which commits: WAL that is to be on the disk, a standby that is
// to have it. They are no events of their type. The names are those of PostgreSQL 13 to 18.
var commitWaits = []string{"IPC:SyncRep", "IO:WALSync", "IO:WalSync", "IO:WALWrite", "IO:WalWrite", "LWLock:WALWrite"}

// toCommit is a type of wait events that is made of those.
const toCommit = "a commit"

// waits is the mean number of sessions that wait for events of a type ("Lock"), on
// both servers, and the event with the most.
func (o *observation) waits(kind string) (sum float64, most Evidence) {
	for _, server := range metric.Servers {
		events := server.WaitEvents.Values(o.Metrics)
		for _, event := range sorted(events) {
			if commits := slices.Contains(commitWaits, event); commits != (kind == toCommit) ||
				!commits && !strings.HasPrefix(event, kind+":") {
				continue
			}
			sum += events[event]
			if most.Name == "" || events[event] > most.Value {
				words := say("%s sessions waited for %s", short(events[event]), event)
				most = o.metric(server.WaitEvents.At(event), words)
			}
		}
	}
	if most.Name == "" {
		most = Evidence{metric.OfPrimary.WaitEvents.Key(), 0, "no session was seen waiting for " + kind}
	}
	return sum, most
}

// waiting claims that the sessions that execute wait for events of a type. What counts is their share, for more
// sessions execute on a larger machine; but a session seen once in a while is no queue.
func (o *observation) waiting(kind string) (claim, Evidence) {
	mean, event := o.waits(kind)
	share := mean / math.Max(0.01, math.Max(o.busy(), mean))
	words := event.Words
	if mean > 0 {
		words = say("%s, %s of those that executed", event.Words, percent(share))
	}
	return both(claim{rise(mean, 0.1, 0.5), words}, claim{rise(share, 0.2, 0.5), words}), event
}

// executing says how much of a query's time on its connection is on the server: without that no cause there can be
// what limits. Queries that failed are in both times.
func (o *observation) executing() (claim, Evidence) {
	ms := 1000 * o.busy() / math.Max(0.1, o.perSecond())
	share := math.Min(1, ms/o.breakdown().held)
	words := say("a statement executes for %s, %s of its query's time on the connection", millis(ms), percent(share))
	if failing(o.Record) {
		words += ", those that failed included"
	}
	c := both(claim{rise(ms, 0.3, 2), words}, claim{rise(share, 0.15, 0.5), words})
	return c, o.metric(metric.Execution, words)
}

// locks: sessions wait for each other. A wait for a lock is part of the execution.
func locks(o *observation) (claim, []Evidence) {
	most := o.get(metric.OfPrimary.LockWaiting)
	waiting, event := o.waiting("Lock")
	_, executing := o.executing()
	_, cutOff := o.cutOff("55P03", matrix.LockTimeout)
	words := say("up to %s sessions waited for a lock", count(most))
	return both(waiting, claim{rise(most, 0, 2), words}), []Evidence{
		event,
		o.metric(metric.OfPrimary.LockWaiting, words),
		executing,
		cutOff,
	}
}

// commits: sessions have executed, and wait for WAL to be on a disk, or on a standby, before they answer.
func commits(o *observation) (claim, []Evidence) {
	waiting, event := o.waiting(toCommit)
	var set []string
	for _, name := range commitSettings {
		if value, ok := o.Effective[name]; ok {
			set = append(set, name+" is "+value)
		}
	}
	if len(set) > 0 {
		event.Words += " (" + strings.Join(set, ", ") + ")"
	}
	written := metric.OfPrimary.RowsWritten
	return waiting, []Evidence{
		event,
		o.metric(written, say("%s rows written a second", short(o.or(written, math.NaN())))),
	}
}

// commitSettings are what a wait in a commit depends on.
var commitSettings = []string{
	synchronousCommit,
	matrix.PostgresPrefix + "synchronous_standby_names",
	commitDelay,
	matrix.PostgresPrefix + "wal_sync_method",
}

// io: sessions wait for blocks that are not in shared buffers, nor in the system's cache.
func io(o *observation) (claim, []Evidence) {
	hit := math.Min(o.or(metric.OfPrimary.CacheHit, 1), o.or(metric.OfReplica.CacheHit, 1))
	waiting, event := o.waiting("IO")
	busy := o.or(metric.HostDiskBusy, math.NaN())
	cached := say("%s of the blocks were in shared buffers", percent(hit))
	disk := claim{rise(busy, 0.4, 0.8), say("the busiest disk was %s busy", percent(busy))}
	read := o.or(metric.HostDiskRead, math.NaN()) / 1e6
	pressure := o.or(metric.HostDiskPressure, math.NaN())
	return both(claim{rise(1-hit, 0.01, 0.05), cached}, either(waiting, disk)), []Evidence{
		event,
		o.metric(metric.OfPrimary.CacheHit, cached),
		o.metric(metric.HostDiskRead, say("%s MB/s read from disk", short(read))),
		o.metric(metric.HostDiskPressure, say("%s of the time something waited for a disk (PSI)", percent(pressure))),
	}
}

// rowsPerStatement is how many rows and index entries a statement reads. A server that no query goes to is read by
// the lab alone.
func (o *observation) rowsPerStatement() float64 {
	rows := o.get(metric.OfPrimary.RowsReturned)
	if o.route().ReadsFrom(route.Replica) {
		rows += o.get(metric.OfReplica.RowsReturned)
	}
	return rows / math.Max(0.1, o.perSecond())
}

// slowQuery: a statement reads far more than it answers, or sleeps. The longest answer is a page of the feed: six
// times its rows are an index that is not quite the right one, sixty times a table that is read from end to end.
func slowQuery(o *observation) (claim, []Evidence) {
	rows := o.rowsPerStatement()
	sleeping, event := o.waiting("Timeout")
	executing, execution := o.executing()
	name, slowest := o.slowest()
	_, cutOff := o.cutOff("57014", matrix.StatementTimeout)
	words := say("a statement reads %s rows", short(rows))
	reading := claim{
		score: rise(rows/float64(backend.Bundled.Rows), 6, 60),
		words: say("%s, and the longest answer has %d", words, backend.Bundled.Rows),
	}
	reading = both(reading, executing)
	c := either(reading, sleeping)
	if math.IsNaN(reading.score) && c.score < Certain {
		c.score = math.NaN() // that nobody sleeps does not rule out that much is read
	}
	return c, []Evidence{
		o.metric(metric.OfPrimary.RowsReturned, words),
		execution,
		o.metric(metric.StatementMean.At(name), say("the slowest, %s, takes %s", name, millis(slowest))),
		event,
		cutOff,
	}
}

// slowest is the statement of the backend that takes the longest.
func (o *observation) slowest() (name string, ms float64) {
	all := metric.StatementMean.Values(o.Metrics)
	for _, statement := range sorted(all) {
		if name == "" || all[statement] > ms {
			name, ms = statement, all[statement]
		}
	}
	if name == "" {
		return "unknown", math.NaN()
	}
	return name, ms
}

// computing: sessions execute, and do not wait; and that takes most of the CPU that the servers can get: what they
// have used, and what was left idle, within what they may use. Both servers have the same CPUs.
func computing(o *observation) (claim, []Evidence) {
	used := o.get(metric.CPUCores.At("postgres")) + o.or(metric.CPUCores.At("replica"), 0)
	cpus := o.cpus()
	limit := o.or(metric.CPULimit.At("postgres"), cpus)
	left := limit
	if free := cpus * (1 - o.or(metric.HostBusy, math.NaN())); used+free < limit {
		left = used + free
	}
	locked, _ := o.waits("Lock")
	reading, _ := o.waits("IO")
	committing, _ := o.waits(toCommit)
	busy, idle := o.busy(), locked+reading+committing
	waiting := idle / math.Max(0.01, math.Max(busy, idle))
	executing, execution := o.executing()
	cpu := say("the servers used %s of %s", short(math.Min(used, limit)), cores(limit))
	sessions := say("%s sessions executed at any moment, %s of them waiting for locks or disks",
		short(busy), percent(waiting))
	c := both(
		claim{rise(used/limit, 0.3, 0.55), cpu},
		claim{rise(used/left, 0.7, 0.9), say("%s, and could have had %s more", cpu, cores(left-used))},
		executing,
		claim{1 - rise(waiting, 0.3, 0.7), sessions},
	)
	return c, []Evidence{
		o.metric(metric.CPUCores.At("postgres"), cpu),
		execution,
		o.metric(metric.OfPrimary.QPS, sessions),
	}
}

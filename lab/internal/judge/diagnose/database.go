package diagnose

import (
	"math"
	"strings"
)

// Signatures of the database servers: what the sessions that execute something do
// meanwhile. By Little's law statements per second × seconds of one are the sessions
// that execute at any moment.

// busy is the mean number of sessions that execute a statement, on both servers.
func (o *observation) busy() float64 {
	return (o.get("primary_qps") + o.get("replica_qps")) * o.get("execution_mean_ms") / 1000
}

// waits is the mean number of sessions that wait for events of a type ("Lock"), on
// both servers, and the event with the most.
func (o *observation) waits(kind string) (sum float64, most Evidence) {
	for _, server := range []string{"primary", "replica"} {
		events := o.labelled(server+"_wait_events", "event")
		for _, event := range sorted(events) {
			if !strings.HasPrefix(event, kind+":") {
				continue
			}
			sum += events[event]
			if most.Name == "" || events[event] > most.Value {
				most = o.metric(of(server+"_wait_events", "event", event), say("%s sessions waited for %s", short(events[event]), event))
			}
		}
	}
	if most.Name == "" {
		most = Evidence{"primary_wait_events", 0, "no session was seen waiting for " + kind}
	}
	return sum, most
}

// executing says how much of a query's time on its connection is on the server: without
// that no cause there can be what limits.
func (o *observation) executing() float64 {
	s := o.stations()
	return both(rise(s.execution, 0.3, 2), rise(s.onConnection(s.execution), 0.15, 0.5))
}

func (o *observation) executionEvidence() Evidence {
	s := o.stations()
	return o.metric("execution_mean_ms", say("a statement executes for %s, %s of its query's time on the connection", millis(s.execution), percent(s.onConnection(s.execution))))
}

// locks: sessions wait for each other. A wait for a lock is part of the execution.
func locks(o *observation) (float64, []Evidence) {
	mean, event := o.waits("Lock")
	most := o.get("primary_lock_waiting_max")
	return both(rise(mean, 0.3, 1.5), rise(most, 0, 2)), []Evidence{
		event,
		o.metric("primary_lock_waiting_max", say("up to %s sessions waited for a lock", count(most))),
		o.executionEvidence(),
	}
}

// io: sessions wait for blocks that are not in shared buffers, nor in the system's cache.
func io(o *observation) (float64, []Evidence) {
	mean, event := o.waits("IO")
	hit := math.Min(o.or("primary_cache_hit_ratio", 1), o.or("replica_cache_hit_ratio", 1))
	share := mean / math.Max(0.01, math.Max(o.busy(), mean))
	return both(rise(1-hit, 0.01, 0.05), either(both(rise(mean, 0.2, 1), rise(share, 0.2, 0.5)), rise(o.or("host_disk_busy_ratio", math.NaN()), 0.4, 0.8))), []Evidence{
		event,
		o.metric("primary_cache_hit_ratio", say("%s of the blocks were in shared buffers", percent(hit))),
		o.metric("host_disk_read_bytes_per_second", say("%s MB/s read from disk", short(o.or("host_disk_read_bytes_per_second", math.NaN())/1e6))),
		o.metric("host_psi_io_ratio", say("%s of the time something waited for a disk (PSI)", percent(o.or("host_psi_io_ratio", math.NaN())))),
	}
}

// rowsPerStatement is how many rows and index entries a statement reads.
func (o *observation) rowsPerStatement() float64 {
	rows := o.get("primary_rows_returned_per_second") + o.get("replica_rows_returned_per_second")
	return rows / math.Max(0.1, o.get("primary_qps")+o.get("replica_qps"))
}

// slowQuery: a statement reads far more than it answers, or sleeps.
func slowQuery(o *observation) (float64, []Evidence) {
	rows := o.rowsPerStatement()
	sleeping, event := o.waits("Timeout")
	name, slowest := o.slowest()
	return either(both(rise(rows, 300, 3000), o.executing()), both(rise(sleeping, 0.3, 1.5), rise(sleeping/math.Max(0.01, o.busy()), 0.3, 0.6))), []Evidence{
		o.metric("primary_rows_returned_per_second", say("a statement reads %s rows", short(rows))),
		o.executionEvidence(),
		o.metric(of("statement_mean_ms", "statement", name), say("the slowest, %s, takes %s", name, millis(slowest))),
		event,
	}
}

// slowest is the statement of the backend that takes the longest.
func (o *observation) slowest() (name string, ms float64) {
	all := o.labelled("statement_mean_ms", "statement")
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

// computing: sessions execute, and do not wait; and that takes most of a CPU.
func computing(o *observation) (float64, []Evidence) {
	used := o.get(of("cpu_cores", "service", "postgres")) + o.or(of("cpu_cores", "service", "replica"), 0)
	locked, _ := o.waits("Lock")
	reading, _ := o.waits("IO")
	busy := o.busy()
	waiting := (locked + reading) / math.Max(0.01, busy)
	return both(rise(used, 0.6, 1.1), o.executing(), 1-rise(waiting, 0.3, 0.7)), []Evidence{
		o.metric(of("cpu_cores", "service", "postgres"), say("the servers used %s", cores(used))),
		o.executionEvidence(),
		o.metric("primary_qps", say("%s sessions executed at any moment, %s of them waiting for locks or disks", short(busy), percent(math.Min(1, waiting)))),
	}
}

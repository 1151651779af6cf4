package metric

import (
	"stormwave/lab/internal/backend"
	"stormwave/lab/internal/record"
	"stormwave/lab/internal/route"
	lab "stormwave/lab/internal/series"
)

// The replica, beside what a server tells.
var (
	ReplicaLag = add("replica_lag_seconds_max", Seconds, "time from flush on the primary to replay on the replica").
			from(series("lab", lab.PGReplicaLagSeconds), Highest).in(Replica, "Lag max s")
	ReplicaLagBytes = add("replica_lag_bytes_max", Bytes, "WAL that the replica has not replayed").
			from(series("lab", lab.PGReplicaLagBytes), Highest).in(Replica, "Lag max MB")
	ReplicaBehind = add("replica_lag_bytes", Bytes, "WAL that the replica has not replayed").
			from(series("lab", lab.PGReplicaLagBytes), Unread).kept()
	// The backend's own view, where it has a replica; the number of probes is always there.
	HeartbeatLag = add("replica_heartbeat_lag_seconds_max", Seconds, "age of the newest heartbeat that the replica has").
			from(series("app", app.ReplicaLag, app.ReplicaProbes), HighestIfThere).counting(Named(app.ReplicaLag)).
			in(Replica, "Heartbeat lag max s").later().because(noReads)
	ReadsReplica = add("reads_replica", Things, "reads that the replica answered").
			from(appReads, Growth).counting(Is("target", backend.Replica)).
			in(Replica, "Reads of the replica").later().because(noReads)
	ReadsPrimary = add("reads_primary", Things, "reads that the primary answered").
			from(appReads, Growth).counting(Is("target", backend.Primary)).
			in(Replica, "Reads of the primary").later().because(noReads)
	StaleReads = add("stale_reads", Things, "answers that lacked what their session had written before").
			from(series("app", app.StaleReads), Growth).in(Replica, "Stale reads (backend)").later().because(noReads)
	ReadFallbacks = add("read_fallbacks", Things, "reads that the primary took for the replica").
			from(appFallbacks, Growth).in(Replica, "Fall-backs").later().because(noReads)
	FallbackReasons = add("read_fallbacks", Things, "reads that the primary took for the replica, by reason").
			from(appFallbacks, Growth).by("reason").later().because(noReads)
	ReadsReplicaRate = add("reads_replica_per_second", EventsASec, "reads that the replica answered").
				from(appReads, Unread).drawn(Speed).counting(Is("target", backend.Replica)).kept()
	ReadsPrimaryRate = add("reads_primary_per_second", EventsASec, "reads that the primary answered").
				from(appReads, Unread).drawn(Speed).counting(Is("target", backend.Primary)).kept()
	// Over the statements of both servers.
	Execution = add("execution_mean_ms", Milliseconds, "mean time of a statement on its server").
			from(series("lab", lab.PGStatements, lab.PGStatementSeconds), Part).counting(Named(lab.PGStatementSeconds)).
			per(Named(lab.PGStatements)).times(milli)

	Executed = live(Seconds, "executing", series("lab", lab.PGStatementSeconds), Speed)

	Reads        = live(EventsASec, "reads by the server whose answer was given", appReads, Speed)
	ReplicaShare = live(Ratio, "share of the reads that the replica has answered", appReads, Share).
			counting(Is("target", backend.Replica))
	Fallbacks     = live(EventsASec, "reads that the primary took for the replica, by reason", appFallbacks, Speed)
	ReplicaUsable = live(Things, "whether the backend sends reads to the replica", series("app", app.ReplicaUsable), Level)
	LagBytesSeen  = live(Bytes, "WAL that the replica lacks, by the backend's probe",
		series("app", app.ReplicaLagBytes), Level)
)

func noReads(r *record.Record) string {
	if !r.Route().ReadsFrom(route.Replica) {
		return "no reads go to the replica"
	}
	return ""
}

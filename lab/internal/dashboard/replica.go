package dashboard

import (
	"github.com/grafana/grafana-foundation-sdk/go/common"

	"stormwave/lab/internal/metric"
)

var replica = board{
	name:        "replica",
	title:       "Replica",
	description: "Where reads go, how far the replica is behind, and what that costs.",
	rows: []row{
		{"Reads", []*panel{
			lines("Reads by target", 8, "when the replica is there and takes few.",
				of("{{target}}", metric.Reads)),
			lines("Share of the replica", 8, "when it falls: what falls back loads the primary.",
				of("share", metric.ReplicaShare)).upTo(1),
			lines("Fall-backs", 8, "about all but session (lacks what the session wrote): gone (no answer to the probe), "+
				"late (lag beyond the bound), failed (broke on it), conflict (cancelled for the sake of replay, twice).",
				of("{{reason}}", metric.Fallbacks)),
			lines("Stale reads", 4, "about a single one: reads must see their session's writes.",
				of("stale", metric.StaleReads).as(metric.StaleReads.Increase("$__range"))).
				figure(common.BigValueTextModeValue).worryAbove(0.5),
			lines("Replica usable", 10, "while it does not: all reads go to the primary.",
				of("usable", metric.ReplicaUsable)).states("not usable", "usable"),
			lines("Conflicts", 10, "when they come with every wave of writes: see max_standby_streaming_delay.",
				raw("40001 on the replica", metric.QueryFailures.Only(metric.Is("target", "replica"),
					metric.Is("sqlstate", "40001")).Query(window), metric.EventsASec,
					"reads that the replica has cancelled because replay needed their rows (SQLSTATE 40001, tried once more)"),
				raw("fell back", metric.Fallbacks.Only(metric.Is("reason", "conflict")).Query(window), metric.EventsASec,
					"those that then fell back to the primary"),
				raw("cancelled by the replica", `sum(rate(pg_stat_database_conflicts{server="replica"}[15s]))`,
					metric.EventsASec, "cancels as the server counts them")),
		}},
		{"Lag", []*panel{
			lines("Lag in bytes", 8, "above 64 MB.",
				of("as the primary sees it", metric.ReplicaLagBytes),
				of("as the backend sees it", metric.LagBytesSeen)).worryAbove(64e6),
			lines("Lag in seconds", 8, "above a second; the first one is 0 when nothing is written, the second one is not.",
				of("as the primary sees it", metric.ReplicaLag),
				of("as the backend sees it", metric.HeartbeatLag)).worryAbove(1),
			lines("Replay", 8, "when the second lies below the first: the lag grows by what is between.",
				of("written, primary", metric.OfPrimary.WAL),
				of("replayed, replica", metric.OfReplica.WAL)),
		}},
		{"The replica's work", []*panel{
			sessions("the replica", 6, metric.OfReplica),
			lines("QPS of both", 6, "when the primary's does not fall with the replica taking reads. The probe's are "+
				"among them.",
				of("{{server}}", every.QPS)),
			lines("Query duration of both", 6, "when the replica is slower than the primary: replay and queries compete.",
				of("{{server}}", every.QueryMean)),
			lines("CPU of both", 6, "when they take all of it. Both are on one host here: a replica adds no CPU, so no gain "+
				"in throughput is to be read from this.",
				of("{{service}}", metric.CPUCores.Only(metric.Like("service", "postgres|replica")))),
		}},
	},
}

// sessions is a server's, by state.
func sessions(whose string, width uint32, s metric.Server) *panel {
	return lines("Sessions of "+whose, width, "near the limit, and about many that are idle in transaction: they hold "+
		"locks and do nothing.",
		of("{{state}}", s.Sessions),
		of("limit", s.MaxConnections)).stack()
}

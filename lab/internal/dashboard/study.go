package dashboard

import (
	"github.com/grafana/grafana-foundation-sdk/go/common"

	"stormwave/lab/internal/metric"
	"stormwave/lab/internal/series"
)

// chosen are the servers that the viewer has chosen, every both.
var (
	chosen = metric.OfServers(metric.Like("server", "$server"))
	every  = metric.OfServers()
)

var server = &variable{
	label:       "server",
	title:       "Server",
	description: "PostgreSQL servers to show: the primary, the replica.",
	from:        series.PGUp,
}

var study = board{
	name:        "study",
	title:       "Study",
	description: "The layers that the study watched: host, backend and database, beside the load that k6 sends.",
	variable:    server,
	rows: []row{
		{"Load, as k6 sees it", []*panel{
			lines("Virtual users", 6, "when it lies below the scenario's plan: k6 is short of CPU. "+
				"The study saw latency rise from 300 to 350 of them on.",
				of("VUs", metric.VUs)),
			lines("Requests sent", 6, "when the first falls while the users rise: a closed model sends less to a slow backend.",
				of("requests", metric.RPS),
				of("failed", metric.FailedRPS).as(metric.FailedRPS.OrZero(window))),
			lines("Failed share", 6, "above the SLO's 1%. The study saw 11 to 13%.",
				of("failed", metric.FailedShare)).worryAbove(0.01),
			lines("Latency at k6", 6, "above the SLO's 500 ms. Compare with the backend's own: what is between was spent "+
				"on the way, or in k6.",
				of("p95", metric.P95Curve),
				of("p99", metric.P99Curve)).worryAbove(500),
		}},
		{"Host", []*panel{
			lines("CPU", 8, "above 90%, or when anything is stolen: then the machine is measured, not the system.",
				of("busy", metric.HostBusy),
				of("stolen", metric.HostSteal)).worryAbove(0.9).upTo(1),
			lines("Load average", 8, "when it lies above the number of CPUs while these are not busy: threads are blocked, "+
				"not computing, as in the study.",
				of("load, 1 min", metric.HostLoad),
				raw("CPUs", `count(`+metric.HostCPUs.Only(metric.Is("mode", "idle")).Family.String()+`)`, metric.Mean,
					metric.HostCPUs.Help)),
			lines("Memory", 8, "when it grows through a trial and does not come back, or comes near the total.",
				of("used", metric.HostMemory),
				of("total", metric.MemoryTotal)),
			lines("Network", 8, "when it is flat at what a device can do.",
				of("received", metric.HostNetwork.Only(metric.Received)),
				of("transmitted", metric.HostNetwork.Only(metric.Transmitted))),
			lines("Disk", 8, "about reads in a load that should be in memory. Devices that only pass on to others are left out.",
				of("read", metric.HostDiskRead),
				of("written", metric.HostDiskWritten)),
			lines("Disk busy", 8, "above 90%: PostgreSQL then waits for it.",
				of("busiest disk", metric.HostDiskBusy)).worryAbove(0.9),
		}},
		{"Backend", []*panel{
			lines("Requests", 3, "when k6 has sent more.",
				of("requests", metric.HTTPRequests).as(metric.HTTPRequests.Increase("$__range"))).
				figure(common.BigValueTextModeValue),
			lines("Requests answered", 7, "about any 5xx; 503 is a refusal on purpose, see Pools.",
				of("requests", metric.HTTPRate),
				of("5xx", metric.HTTPErrorRate)),
			lines("Share of errors", 7, "above the SLO's 1%.",
				of("5xx", metric.ErrorPart)).worryAbove(0.01),
			lines("Latency in the backend", 7, "above the SLO's 500 ms, and look in Pools for where it is spent.",
				of("p95", metric.HTTPP95),
				of("p99", metric.HTTPP99)).worryAbove(500),
		}},
		{"Database", []*panel{
			lines("Connections", 8, "when all come near the limit: the next client is refused, which was the study's failure.",
				of("all, {{server}}", chosen.Sessions).dash(),
				of("{{server}}", chosen.AtWork),
				of("limit", chosen.MaxConnections)),
			lines("QPS", 8, "when it is far below twice the requests, of each of which the session is one: the rest never "+
				"reached the database.",
				of("{{server}}", chosen.QPS)),
			lines("Query duration", 8, "when it rises with the load while the CPU is free: see wait events in Pools.",
				of("{{server}}", chosen.QueryMean)),
			lines("Cache hit ratio", 8, "below 90% in the middle of a load; a dip at its start is usual. What the operating "+
				"system had cached counts as a miss.",
				of("{{server}}", chosen.CacheHit)).worryBelow(0.9).upTo(1),
			lines("Rows read", 8, "when returned is far above fetched: an index is missing.",
				of("returned", chosen.RowsReturned),
				of("fetched", chosen.RowsFetched)),
			lines("Rows written", 8, "about writes in a load that only reads.",
				of("inserted", chosen.RowsWritten.Only(metric.Named(series.PGRowsInserted))),
				of("updated", chosen.RowsWritten.Only(metric.Named(series.PGRowsUpdated))),
				of("deleted", chosen.RowsWritten.Only(metric.Named(series.PGRowsDeleted)))),
		}},
	},
}

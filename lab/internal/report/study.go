package report

import (
	"stormwave/lab/internal/metric"
	"stormwave/lab/internal/record"
	"stormwave/lab/internal/route"
)

// beside is a number of the study next to the run's own.
type beside struct {
	head string
	// As the study and its prototype give them; "": not given. Source: the study's
	// account of its second stage, and the table of the throw-away prototype in it.
	study, unlimited, capped string
	ours                     column
}

// stormFacts are of the study's storm: 1000 VUs within 8 s. Of the rows per second
// the study gives the peak of both kinds together.
var stormFacts = []beside{
	{"Requests", "78,029", "51,578", "85,358", of(metric.Requests)},
	{"Failed %", "12.7", "12.60", "0", measured(metric.ErrorRatio)},
	{"RPS peak", "1,980", "", "", of(metric.RequestPeak)},
	{"p99 ms", "1,020", "3,720", "197", measured(metric.P99)},
	{"QPS", "321", "", "", overServers(metric.OfPrimary.QPS, metric.OfReplica.QPS)},
	{"Rows fetched/s", "150,000 to 160,000", "", "", overServers(
		metric.OfPrimary.RowsFetched, metric.OfReplica.RowsFetched,
	)},
	{"Rows returned/s", "150,000 to 160,000", "", "", overServers(
		metric.OfPrimary.RowsReturned, metric.OfReplica.RowsReturned,
	)},
	{"Connections max", "55 to 60", "", "", connectionsColumn},
	{"Connection attempts", "", "6,601", "8", attemptsColumn},
}

// The wave of the study: 500 VUs within 1.5 minutes. Where it broke stands with the first
// misses of the run.
const (
	studyMissVUs = "300 to 350"
	studyHeldRPS = "600"
)

// waveFacts are of the study's wave, and follow the first miss.
var waveFacts = []beside{
	{"Failed %", "11", "1.61", "", measured(metric.ErrorRatio)},
	{"p99 ms", "above 1,000", "756", "", measured(metric.P99)},
	{"QPS", "1,300", "", "", overServers(metric.OfPrimary.QPS, metric.OfReplica.QPS)},
	{"CPU busy %", "below 50", "", "", of(metric.HostBusy)},
}

// studyLoad is the study's load average, as a share of the processors.
const studyLoad = "above 100"

// measured is the column without the trials in which the system failed.
func measured(m *metric.Metric) column {
	c := of(m)
	c.worst = nil
	return c
}

// overServers adds a metric up over the servers that queries go to. For the highest
// of two servers it is an upper bound: they need not have been highest together.
func overServers(primary, replica *metric.Metric) column {
	c := of(primary)
	c.value = func(r *record.Record) (float64, bool) {
		sum, ok := primary.Value(r)
		if r.Route().ReadsFrom(route.Replica) {
			v, read := replica.Value(r)
			sum, ok = sum+v, ok && read
		}
		return sum, ok
	}
	return c
}

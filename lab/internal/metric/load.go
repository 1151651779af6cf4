package metric

import (
	"math"

	"stormwave/lab/internal/judge/stat"
	"stormwave/lab/internal/record"
)

// What k6 has written of the load, each second, and what it tells at its end.
var (
	ofLoad     = Is("scenario", record.LoadScenario)
	k6Requests = Selector{[]string{"k6_http_reqs_total"}, []Matcher{ofLoad}}
	k6Due      = Selector{[]string{"k6_http_reqs_total", "k6_dropped_iterations_total"}, []Matcher{ofLoad}}
	k6Wait     = Selector{[]string{"k6_request_wait_seconds"}, []Matcher{ofLoad}} // connecting included
	k6Failed   = Is("expected_response", "false")
)

// Percentiles are the points of a distribution over the slowest share of the requests.
var Percentiles = []struct {
	Name string
	Of   func(*record.Latency) float64
}{
	{"p50", p50},
	{"p95", p95},
	{"p99", p99},
	{"max", func(l *record.Latency) float64 { return l.Max }},
}

func p50(l *record.Latency) float64 { return l.P50 }
func p95(l *record.Latency) float64 { return l.P95 }
func p99(l *record.Latency) float64 { return l.P99 }

// What the users saw.
var (
	MaxVUs = load("vus_max", "VUs max", Things, "the most users at once",
		func(l *record.Load) float64 { return float64(l.VUsMax) })
	Requests = load("requests", "Requests", Things, "requests sent",
		func(l *record.Load) float64 { return float64(l.Requests) })
	Successes = load("failed", "Successes", Things, "requests that succeeded",
		func(l *record.Load) float64 { return float64(l.Requests - l.Failed) }).
		judged(Judged{
			Better: stat.HigherIsBetter,
			Noun:   "successes",
			Gate:   "successes",
			Worst:  new(0.0),
			Bench:  "successes",
		})
	ErrorRatio = load("error_ratio", "Failed %", Ratio, "share of the requests that failed or were dropped",
		func(l *record.Load) float64 { return l.ErrorRatio }).
		from(k6Due, Unread).drawn(Share).counting(Not("expected_response", "true")).kept().
		judged(Judged{
			Better: stat.LowerIsBetter,
			Noun:   "failed requests",
			Gate:   "error_ratio",
			Points: true,
			Worst:  new(1.0),
			Bench:  "fail-ratio",
		})
	SlowRatio = add("slow", Ratio, "share of the requests later than the SLO's p99 bound, failed or not").
			in(Users, "Slow %").made(slowRatio).later()
	ShedPart = add("requests_shed", Ratio, "share of the requests that were turned away").
			in(Users, "Shed %").made(ofShed(func(_, shed float64) float64 { return shed })).later().because(notApart)
	FailedPart = add("requests_shed", Ratio, "share of the requests that failed, and were not turned away").
			in(Users, "Errors %").made(ofShed(func(failed, shed float64) float64 { return failed - shed })).later().
			because(notApart)
	StaleAnswers = add("stale_reads", Things, "answers that lacked what their session had written, as the users saw").
			in(Users, "Stale reads").made(staleAnswers).later()
	RequestRate = load("rps_mean", "RPS mean", RequestsASec, "requests sent, on average",
		func(l *record.Load) float64 { return l.RPSMean }).
		judged(Judged{Better: stat.HigherIsBetter, Bench: "rate-req/s"})
	RequestPeak = add("rps_peak", RequestsASec, "the most requests that ended in a second").
			in(Users, "RPS peak").made(requestPeak)
	Goodput = load("goodput_rps", "Goodput RPS", RequestsASec, "requests that succeeded within the SLO's p99 bound",
		func(l *record.Load) float64 { return l.GoodputRPS }).
		judged(Judged{
			Better: stat.HigherIsBetter,
			Noun:   "goodput",
			Gate:   "goodput",
			Worst:  new(0.0),
			Bench:  "goodput-req/s",
		})
	P50 = load("latency_ms", "p50 ms", Milliseconds, "median of the users' waits",
		func(l *record.Load) float64 { return l.Latency.P50 }).
		judged(Judged{Better: stat.LowerIsBetter, Bench: "p50-ms"})
	P95 = load("latency_ms", "p95 ms", Milliseconds, "95th percentile of the users' waits",
		func(l *record.Load) float64 { return l.Latency.P95 }).
		judged(Judged{Better: stat.LowerIsBetter, Bench: "p95-ms"})
	P99 = load("latency_ms", "p99 ms", Milliseconds, "99th percentile of the users' waits", (*record.Load).ServedP99).
		judged(Judged{
			Better: stat.LowerIsBetter,
			Noun:   "p99",
			Gate:   "p99",
			Worst:  new(math.Inf(1)),
			Bench:  "p99-ms",
		})
	OKP50   = ofSuccesses("p50 ms (successes)", p50)
	OKP95   = ofSuccesses("p95 ms (successes)", p95)
	OKP99   = ofSuccesses("p99 ms (successes)", p99).judged(Judged{Better: stat.LowerIsBetter, Bench: "ok-p99-ms"})
	Longest = load("latency_ms", "max ms", Milliseconds, "the longest wait of a user",
		func(l *record.Load) float64 { return l.Latency.Max }).in(None, "max ms")
)

// Curves of the load.
var (
	RPS = add("rps", RequestsASec, "requests that k6 has finished").from(k6Requests, Unread).drawn(Speed).kept()
	VUs = add("vus", Things, "users that k6 plays at this moment").
		from(Selector{Names: []string{"k6_vus"}}, Unread).kept()
	P95Curve = add("p95_ms", Milliseconds, "95th percentile of the users' waits, connecting included").
			from(k6Wait, Unread).drawn(Spread).ofHistogram(p95Of).kept()
	P99Curve = add("p99_ms", Milliseconds, "99th percentile of the users' waits, connecting included").
			from(k6Wait, Unread).drawn(Spread).ofHistogram(p99Of).kept()
	FailedRPS = live(RequestsASec, "requests that failed: no answer, or not the expected status", k6Requests, Speed).
			counting(k6Failed)
	FailedShare = live(Ratio, "share of the requests that failed", k6Requests, Share).counting(k6Failed)
)

// Judging are the metrics that cells are compared by. Goodput names the best.
var Judging = []*Metric{Goodput, Successes, P99, ErrorRatio}

// Benched are those that benchstat reads.
var Benched = []*Metric{Goodput, RequestRate, Successes, ErrorRatio, P50, P95, P99, OKP99}

// OfTrial are those that stand in the table of a cell's trials.
var OfTrial = []*Metric{Requests, ErrorRatio, RequestRate, Goodput, P50, P95, P99, Longest}

// load is a number of the load, which every trial has that was measured.
func load(name, head string, unit Unit, help string, value func(*record.Load) float64) *Metric {
	return add(name, unit, help).in(Users, head).
		made(func(r *record.Record) (float64, bool) { return value(r.Load), true })
}

// ofSuccesses is a percentile of the successful requests, which there may be none of.
func ofSuccesses(head string, of func(*record.Latency) float64) *Metric {
	return add("ok_latency_ms", Milliseconds, "percentile of the waits that ended in success").in(Users, head).
		made(func(r *record.Record) (float64, bool) {
			if r.Load.OKLatency == nil {
				return 0, false
			}
			return of(r.Load.OKLatency), true
		}).
		because(func(r *record.Record) string {
			if r.Load.Failed == r.Load.Requests {
				return "no request succeeded"
			}
			return ""
		})
}

func slowRatio(r *record.Record) (float64, bool) {
	if r.Load.Slow == nil || r.Load.Requests == 0 {
		return 0, false
	}
	return float64(*r.Load.Slow) / float64(r.Load.Requests), true
}

func staleAnswers(r *record.Record) (float64, bool) {
	if r.Load.StaleReads == nil {
		return 0, false
	}
	return float64(*r.Load.StaleReads), true
}

func requestPeak(r *record.Record) (float64, bool) {
	if r.Load.RPSPeak == nil {
		return 0, false
	}
	return *r.Load.RPSPeak, true
}

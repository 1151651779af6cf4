package load

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"stormwave/lab/internal/record"
)

// metrics are k6's metrics by name, as it aggregates them: name of the value
// ("count", "p(99)") → value. A part of a metric has its tags in its name.
type metrics map[string]struct {
	Values map[string]float64 `json:"values"`
}

const (
	requests = "http_reqs"
	failures = "http_req_failed"

	// Of scenarios/lib/request.js.
	latency   = "request_wait"
	okLatency = "request_wait_ok"
	failed    = "failed_requests"
	slow      = "slow_requests"
	good      = "good_requests"

	stale = "stale_reads" // of the scripts that check what a session sees

	unanswered = requests + "{status:0}" // setup() included
)

// Parse reads the summary that scenarios/lib/summary.js writes. It refuses one
// whose counts do not agree. nominal is the script's length, from which rates are made.
func Parse(data []byte, nominal time.Duration) (Summary, error) {
	var in struct {
		StartMS    *float64 `json:"start_ms"`
		DurationMS *float64 `json:"duration_ms"`
		Metrics    metrics  `json:"metrics"`
	}
	if err := json.Unmarshal(data, &in); err != nil {
		return Summary{}, fmt.Errorf("parse summary of k6: %w", err)
	}
	var s Summary
	if in.StartMS == nil || in.DurationMS == nil {
		return Summary{}, errors.New("parse summary of k6: it does not say when the load began: did setup() fail?")
	}
	if !(*in.DurationMS >= 1) || *in.DurationMS > maxMS || math.Abs(*in.StartMS) > maxMS {
		return Summary{}, fmt.Errorf(
			"parse summary of k6: start %g ms and duration %g ms are out of range", *in.StartMS, *in.DurationMS,
		)
	}
	s.Start = time.UnixMilli(int64(*in.StartMS)).UTC()
	s.End = s.Start.Add(time.Duration(*in.DurationMS * float64(time.Millisecond)))

	r := reader{metrics: in.Metrics}
	s.Load = r.load(nominal.Seconds())
	s.Phases = r.phases()
	s.FailedChecks = r.optional("checks", "fails")
	s.Untimed = s.Load.Requests - r.count(whole.of(latency), "count")
	if _, ok := in.Metrics[unanswered]; ok { // scripts of earlier commits give up at the first
		s.SetupUnanswered = r.count(unanswered, "count") - s.Load.Status["0"]
	}
	r.agree(s)
	if err := errors.Join(r.faults...); err != nil {
		return Summary{}, fmt.Errorf("parse summary of k6: %w", err)
	}
	return s, nil
}

// maxMS keeps times within what JSON can write: until the year 9999.
const maxMS = 253402300799999 / 2

// reader looks values up, and collects what is wrong with them.
type reader struct {
	metrics metrics
	faults  []error
}

// whole is all of the load.
var whole = part{"scenario:" + record.LoadScenario}

func (r *reader) load(seconds float64) record.Load {
	l := record.Load{
		Requests: r.count(whole.of(requests), "count"),
		Failed:   r.count(whole.of(failures), "passes"), // of the statement "it failed"
		Slow:     new(r.count(whole.of(slow), "count")),
		Status:   r.statuses(),
		VUsMax:   r.count("vus", "max"),
		Dropped:  r.optional("dropped_iterations", "count"),
	}
	l.SetupRequests = r.count(requests, "count") - l.Requests
	if l.Requests < 1 {
		r.fault("no request was sent")
		return l
	}
	l.ErrorRatio = float64(l.Failed) / float64(l.Requests)
	l.RPSMean = float64(l.Requests) / seconds
	l.GoodputRPS = float64(r.optional(good, "count")) / seconds
	l.Latency = *r.latency(whole.of(latency), l.Requests)
	l.OKLatency = r.latency(whole.of(okLatency), l.Requests-l.Failed)
	if _, checked := r.metrics[stale]; checked {
		l.StaleReads = new(r.count(stale, "count"))
	}
	return l
}

// statuses returns the count of each HTTP status that came up.
func (r *reader) statuses() map[string]int64 {
	statuses := make(map[string]int64)
	prefix := requests + "{scenario:" + record.LoadScenario + ",status:"
	for name := range r.metrics {
		if status, ok := enclosed(name, prefix); ok {
			if n := r.count(name, "count"); n != 0 {
				statuses[status] = n
			}
		}
	}
	return statuses
}

func (r *reader) phases() map[string]record.Phase {
	phases := make(map[string]record.Phase)
	prefix := requests + "{scenario:" + record.LoadScenario + ",phase:"
	for name := range r.metrics {
		if phase, ok := enclosed(name, prefix); ok {
			at := whole.with("phase:" + phase)
			p := record.Phase{
				Requests: r.count(at.of(requests), "count"),
				Failed:   r.count(at.of(failures), "passes"),
				Slow:     new(r.count(at.of(slow), "count")),
			}
			p.Latency = r.latency(at.of(latency), p.Requests)
			p.OKLatency = r.latency(at.of(okLatency), p.Requests-p.Failed)
			phases[phase] = p
		}
	}
	return phases
}

// latency returns the percentiles of a metric that holds so many requests; nil for
// none, where k6 writes zeros.
func (r *reader) latency(name string, count int64) *record.Latency {
	if count == 0 {
		return nil
	}
	l := record.Latency{
		P50: r.value(name, "med"),
		P95: r.value(name, "p(95)"),
		P99: r.value(name, "p(99)"),
		Max: r.value(name, "max"),
	}
	if !(0 <= l.P50 && l.P50 <= l.P95 && l.P95 <= l.P99 && l.P99 <= l.Max) {
		r.fault("percentiles of %s are out of order: %+v", name, l)
	}
	if mean, ok := r.metrics[name].Values["avg"]; ok { // scripts of earlier commits do not ask for it
		l.Mean = &mean
		if !(0 <= mean && mean <= l.Max) {
			r.fault("the mean of %s is %g, and the highest %g", name, mean, l.Max)
		}
	}
	return &l
}

// agree checks the counts against each other: k6's own, and those of the script, which lack
// the requests that are untimed.
func (r *reader) agree(s Summary) {
	var byStatus, byPhase, failedByPhase, slowByPhase int64
	for _, n := range s.Load.Status {
		byStatus += n
	}
	for _, p := range s.Phases {
		byPhase += p.Requests
		failedByPhase += p.Failed
		slowByPhase += *p.Slow
	}
	if byStatus != s.Load.Requests {
		r.fault(
			"%d requests, but %d by status: add the missing status to the list in scenarios/lib/load.js", s.Load.Requests,
			byStatus,
		)
	}
	if byPhase != s.Load.Requests || failedByPhase != s.Load.Failed {
		r.fault("%d requests, %d failed, but %d and %d by phase", s.Load.Requests, s.Load.Failed, byPhase, failedByPhase)
	}
	if slowByPhase != *s.Load.Slow {
		r.fault("%d slow requests, but %d by phase", *s.Load.Slow, slowByPhase)
	}
	if s.Untimed < 0 {
		r.fault("%d requests, but %d more were timed", s.Load.Requests, -s.Untimed)
	}
	if n := r.count(whole.of(failed), "count"); n > s.Load.Failed || n < s.Load.Failed-s.Untimed {
		r.fault("%d requests failed, but the script counted %d", s.Load.Failed, n)
	}
	ok := r.optional(good, "count")
	most := s.Load.Requests - max(s.Load.Failed, *s.Load.Slow)
	if least := s.Load.Requests - s.Load.Failed - *s.Load.Slow - s.Untimed; ok < least || ok > most {
		r.fault("%d good requests, but of %d there are %d failed and %d slow",
			ok, s.Load.Requests, s.Load.Failed, *s.Load.Slow)
	}
	if s.Load.Failed > s.Load.Requests || s.SetupUnanswered < 0 || s.SetupUnanswered > s.Load.SetupRequests {
		r.fault("%d of %d requests failed, %d were in setup(), %d of those without an answer",
			s.Load.Failed, s.Load.Requests, s.Load.SetupRequests, s.SetupUnanswered)
	}
}

func (r *reader) value(metric, key string) float64 {
	v, ok := r.metrics[metric].Values[key]
	if !ok {
		r.fault("it lacks %s of %s", key, metric)
	}
	return v
}

func (r *reader) count(metric, key string) int64 {
	v := r.value(metric, key)
	if v < 0 || v > 1<<53 || v != math.Trunc(v) {
		r.fault("%s of %s is %g: not a count", key, metric, v)
		return 0
	}
	return int64(v)
}

// optional is the count of a metric that k6 leaves out while it is 0.
func (r *reader) optional(metric, key string) int64 {
	if _, ok := r.metrics[metric]; !ok {
		return 0
	}
	return r.count(metric, key)
}

func (r *reader) fault(format string, args ...any) {
	r.faults = append(r.faults, fmt.Errorf(format, args...))
}

// part is the tags that select a part of k6's metrics, as the script names them.
type part []string

func (p part) of(metric string) string { return metric + "{" + strings.Join(p, ",") + "}" }

func (p part) with(tag string) part { return append(slices.Clip(p), tag) }

// enclosed returns what is between the prefix and the closing brace, if that is
// one word.
func enclosed(name, prefix string) (string, bool) {
	rest, ok := strings.CutPrefix(name, prefix)
	if !ok {
		return "", false
	}
	word, ok := strings.CutSuffix(rest, "}")
	return word, ok && !strings.ContainsAny(word, ",:{}")
}

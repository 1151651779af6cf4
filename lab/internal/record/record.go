// Package record keeps what a run has measured: one line of JSON per trial,
// appended whole and synced, never changed afterwards.
package record

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"stormwave/lab/internal/route"
)

// Schema is the version of the record format that this package writes; it reads all before it.
// Since 2 phases hold what their script declares.
const Schema = 2

// Verdict says how far a trial can be trusted.
type Verdict string

// The verdicts. Valid and failed trials enter the statistics.
const (
	Valid   Verdict = "valid"
	Failed  Verdict = "failed"  // the system under test failed: the objective is missed, as badly as can be
	Suspect Verdict = "suspect" // it was measured, but under conditions that may have changed the numbers
	Invalid Verdict = "invalid" // the lab failed to measure it
)

// Verdicts are all of them, the best first.
var Verdicts = []Verdict{Valid, Failed, Suspect, Invalid}

// Record is one trial: one scenario on one cell in one block. A number that
// could not be read is absent and named in Reasons; it is never 0.
type Record struct {
	Schema int    `json:"schema"`
	Run    string `json:"run"`
	N      int    `json:"n"`
	Block  int    `json:"block"`
	// 2 when the block was interrupted, and begun again; absent: the first
	Attempt  int     `json:"attempt,omitempty"`
	Cell     string  `json:"cell"`
	Baseline bool    `json:"baseline,omitempty"`
	Scenario string  `json:"scenario"`
	Scale    float64 `json:"scale"`
	Model    string  `json:"model,omitempty"` // of the load, ClosedModel or OpenModel; absent: not recorded
	// LoadFactor is by what the users or the rates of the script were multiplied; absent: 1.
	LoadFactor float64           `json:"load_factor,omitempty"`
	Settings   map[string]string `json:"settings"`
	Effective  map[string]string `json:"attested"` // settings, as they were read back
	Start      time.Time         `json:"start"`    // of the load, UTC
	End        time.Time         `json:"end"`
	Dataset    string            `json:"dataset,omitempty"` // what the tables held before the trial
	Verdict    Verdict           `json:"verdict"`
	Reasons    []string          `json:"reasons"`
	Load       *Load             `json:"load,omitempty"`
	// Metrics maps a canonical metric to its value over the whole
	// window. A labelled one is written like a series: `cpu_cores{service="app"}`.
	Metrics map[string]float64 `json:"metrics,omitempty"`
	// Phases maps a part of the load ("ramp", "hold") to what the script declares of it and k6
	// saw in it. Timeline has their order.
	Phases map[string]Phase `json:"phases,omitempty"`
	// Recovery is the time in seconds from the end of the rise until the service is within the
	// SLO for good: p95 under its bound, no more failures than it allows, answers at all.
	// Absent where it does not come back. Where Load has no Slow it goes by p95 alone.
	Recovery *float64 `json:"recovery_s,omitempty"`
	// Lab holds the lab's own costs in seconds, "turnaround_s", "warmup_s", …, and how
	// idle the host was before the trial: "idle_busy_ratio", …
	Lab map[string]float64 `json:"lab,omitempty"`
}

// LoadScenario is the name of the one k6 scenario in every script, as scenarios/lib/load.js
// gives it: its tag tells the load from setup().
const LoadScenario = "load"

// Models of a load. In a closed one a user who waits for an answer sends nothing, so that a
// slow server is asked less; in an open one requests are due whether or not it answers.
const (
	ClosedModel = "closed"
	OpenModel   = "open"
)

// Route is the way of the trial's queries.
func (r Record) Route() route.Route { return route.Of(r.Settings["topology"]) }

// UnderTest says whether a service belongs to the system that the trial tests: it lies
// on the way of the cell's queries. The others belong to the lab, or stand idle.
func (r Record) UnderTest(service string) bool { return r.Route().Through(service) }

// Deaths is the name of the metric that counts how often a service ended unasked in a
// trial.
func Deaths(service string) string { return fmt.Sprintf("service_deaths{service=%q}", service) }

// HasFailed says whether the system under test failed. Before there was a verdict of its
// own, a trial in which one of its services ended was invalid.
func (r Record) HasFailed() bool {
	if r.Verdict != Invalid {
		return r.Verdict == Failed
	}
	ended := false
	for name := range r.Metrics {
		if rest, ok := strings.CutPrefix(name, "service_deaths{service="); ok {
			service, err := strconv.Unquote(strings.TrimSuffix(rest, "}"))
			if err != nil || !r.UnderTest(service) {
				return false
			}
			ended = true
		}
	}
	return ended
}

// IsResult says whether a trial tells of the system under test: it was measured, or the
// system failed.
func (r Record) IsResult() bool { return r.Verdict == Valid || r.HasFailed() }

// Load is what the generator measured over the whole trial, setup excluded.
//
// Rates are per second of the script's nominal length, which is the same in every cell: how
// long after it the last answer comes is not. Dropped iterations count as failed requests
// (in no status and no phase) unless k6 had no CPU to spare. A latency is how long the client
// has waited, for its connection too.
//
// Records without Slow are older: their rates are per second from Start to End, their dropped
// iterations in no other count, and their latencies begin with the connection.
type Load struct {
	Requests   int64            `json:"requests"`
	Failed     int64            `json:"failed"`
	ErrorRatio float64          `json:"error_ratio"` // Failed / Requests, 0…1
	Status     map[string]int64 `json:"status"`      // by HTTP status; "0": no answer
	RPSMean    float64          `json:"rps_mean"`
	RPSPeak    *float64         `json:"rps_peak,omitempty"`      // highest of the 1 s steps
	GoodputRPS float64          `json:"goodput_rps"`             // successful within the SLO's p99 bound, per second
	Latency    Latency          `json:"latency_ms"`              // of all requests
	OKLatency  *Latency         `json:"ok_latency_ms,omitempty"` // of successful ones; absent if there were none
	VUsMax     int64            `json:"vus_max"`
	Dropped    int64            `json:"dropped_iterations"`
	// Interrupted iterations were cut off at the end; a request in them is not counted.
	Interrupted   int64  `json:"interrupted_iterations"`
	SetupRequests int64  `json:"setup_requests"` // before the load, in none of the counts above
	Slow          *int64 `json:"slow,omitempty"` // later than the SLO's p99 bound, failed or not
	// that lacked what their session had written; absent if the scenario does not check
	StaleReads *int64   `json:"stale_reads,omitempty"`
	CPUCores   *float64 `json:"k6_cpu_cores,omitempty"` // CPU seconds of k6 per second that it ran
}

// ServedP99 is the 99th percentile of all requests in milliseconds. Where none succeeded it is
// +Inf, that of a service which never answers: how soon the refusals came says nothing of it.
func (l *Load) ServedP99() float64 {
	if l.Failed == l.Requests {
		return math.Inf(1)
	}
	return l.Latency.P99
}

// Latency holds percentiles and the mean in milliseconds, computed by k6 over every sample.
type Latency struct {
	P50  float64  `json:"p50"`
	P95  float64  `json:"p95"`
	P99  float64  `json:"p99"`
	Max  float64  `json:"max"`
	Mean *float64 `json:"mean,omitempty"` // absent in records from before it was kept
}

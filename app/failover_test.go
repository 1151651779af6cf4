//go:build services

package main

import (
	"flag"
	"fmt"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"

	"stormwave/app/contract"
	"stormwave/internal/test/pgtest"
)

var waveScale = flag.Float64("wave-scale", 0.15, "factor of the duration of the wave with a failover: 1 is two minutes")

const (
	waveTime    = 120 * time.Second // of scenarios/wave.js at its full scale
	failureSpan = 2 * time.Second   // after the replica's end, for every failed request
	lookEvery   = 50 * time.Millisecond
)

// The replica is killed in the middle of a wave, and comes back. At full size:
//
//	go test ./app -run TestReplicaKilled -wave-scale 1
func TestReplicaKilledInMidWave(t *testing.T) {
	r := pgtest.StartReplica(t)
	a := start(t, map[string]string{
		contract.EnvReplicaURL: r.URL("app"),
		"APP_POOL_SIZE":        "8",
		"APP_REPLICA_WAIT":     "100ms",
		"APP_REPLICA_FALLBACK": "16",
	})
	length := seconds(*waveScale * waveTime.Seconds())
	killAt := length * 2 / 5
	startAt := killAt + max(3*time.Second, length/10)

	k6 := a.startLoad("wave.js", length+2*time.Minute, map[string]string{"SCALE": fmt.Sprint(*waveScale), "AUTHORS": "2"})
	a.await("the wave begins", func() bool { return a.metric(contract.MetricRequests, feedCode("200")) > 0 })
	begin := time.Now()
	looks := []look{a.look(begin)}
	// until looks again and again until it is time, or the wave is over.
	until := func(end time.Duration) (last look) {
		for ended := false; !ended && time.Since(begin) < end; {
			select {
			case <-k6.done:
				ended = true
			case <-time.After(lookEvery):
			}
			looks = append(looks, a.look(begin))
		}
		return looks[len(looks)-1]
	}

	alone := until(killAt)
	killed := time.Since(begin)
	r.Kill(t)
	gone := until(startAt)
	r.Start(t)
	back := a.look(begin)
	looks = append(looks, back)
	end := until(time.Hour) // k6 has a limit of its own
	load := k6.read()

	from, to := failed(looks)
	t.Logf("%.0f requests, %.0f failed; the replica was killed after %v, back after %v, and read from again after %v",
		load.value("http_reqs{scenario:load}", "count"), end.failed, killed, back.at, returned(looks, back))
	t.Logf("reads of the replica: %.0f before, %.0f without it, %.0f after; of the primary: %.0f, %.0f, %.0f; "+
		"fall-backs: gone %.0f, %.0f, %.0f; failed %.0f, %.0f, %.0f",
		alone.replica, back.replica-alone.replica, end.replica-back.replica,
		alone.primary, back.primary-alone.primary, end.primary-back.primary,
		alone.gone, back.gone-alone.gone, end.gone-back.gone, alone.broke, back.broke-alone.broke, end.broke-back.broke)
	if end.failed > 0 {
		t.Logf("requests failed in the %v from %v after the kill", to-from, from-killed)
		if from < alone.at || to > killed+failureSpan {
			t.Errorf("requests failed from %v to %v, want all within %v after %v", from, to, failureSpan, killed)
		}
	}
	unanswered := load.value("http_reqs{scenario:load,status:0}", "count")
	if n := load.value("http_req_failed{scenario:load}", "passes"); n != end.failed+unanswered {
		t.Errorf(
			"k6 saw %.0f requests fail, %.0f of them without an answer; the backend failed %.0f", n, unanswered, end.failed,
		)
	}
	if unanswered > 0 {
		t.Errorf("%.0f requests had no answer", unanswered)
	}
	if alone.replica == 0 || alone.gone > 0 {
		t.Errorf("before: %.0f reads of the replica, %.0f fall-backs", alone.replica, alone.gone)
	}
	if gone.primary == alone.primary || gone.gone == alone.gone {
		t.Errorf(
			"without the replica: %.0f reads of the primary, %.0f fall-backs, want some", gone.primary-alone.primary,
			gone.gone-alone.gone,
		)
	}
	if end.replica == back.replica {
		t.Error("reads did not return to the replica")
	}
}

// look is what the backend has counted so far.
type look struct {
	at               time.Duration // since the wave began
	failed           float64       // requests answered 5xx
	primary, replica float64       // reads
	gone, broke      float64       // reads that fell back
}

func (a *app) look(begin time.Time) look {
	a.t.Helper()
	all := a.scrape()
	reads, fallbacks := byLabel(all[contract.MetricReads], "target"), byLabel(all[contract.MetricReadFallbacks], "reason")
	l := look{
		at:      time.Since(begin),
		primary: reads[contract.TargetPrimary], replica: reads[contract.TargetReplica],
		gone: fallbacks[contract.FallbackGone], broke: fallbacks[contract.FallbackFailed],
	}
	for code, n := range byLabel(all[contract.MetricRequests], "code") {
		if code >= "500" {
			l.failed += n
		}
	}
	return l
}

// byLabel sums counters by one of their labels.
func byLabel(family *dto.MetricFamily, name string) map[string]float64 {
	sums := map[string]float64{}
	for _, metric := range family.GetMetric() {
		for _, pair := range metric.Label {
			if pair.GetName() == name {
				sums[pair.GetValue()] += metric.GetCounter().GetValue()
			}
		}
	}
	return sums
}

// failed returns the span in which requests failed, as wide as the looks leave
// it: from the last look before the first of them to the first look after the last.
func failed(looks []look) (from, to time.Duration) {
	for i := 1; i < len(looks); i++ {
		if looks[i].failed == looks[i-1].failed {
			continue
		}
		if to == 0 {
			from = looks[i-1].at
		}
		to = looks[i].at
	}
	return from, to
}

// returned tells when the replica was read from again after it was back; 0 if never.
func returned(looks []look, back look) time.Duration {
	for _, l := range looks {
		if l.at > back.at && l.replica > back.replica {
			return l.at
		}
	}
	return 0
}

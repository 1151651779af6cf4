//go:build services

package snapshot

import (
	"errors"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"stormwave/lab/internal/measure/load"
)

// A real k6 runs the load, and writes to a real Prometheus what is then read back.
func TestCurvesOfARealStorm(t *testing.T) {
	var answers atomic.Int64
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/users", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusCreated) })
	mux.HandleFunc(
		"POST /api/sessions", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"token":"t"}`) },
	)
	mux.HandleFunc("GET /api/feed", func(w http.ResponseWriter, _ *http.Request) {
		if answers.Add(1)%4 == 0 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		_, _ = io.WriteString(w, `{"posts":[0`+strings.Repeat(",0", 49)+`]}`)
	})
	backend := httptest.NewServer(mux)
	defer backend.Close()
	reader, url := onEmpty(t, nil)
	k6 := tools(t).Path("k6")
	script, err := load.Inspect(t.Context(), k6, checkout+"/scenarios", "storm", 0.1, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := reader.Live(t.Context()); !errors.Is(err, ErrNoLoad) {
		t.Errorf("Live before the load = %v; want ErrNoLoad", err)
	}

	trial, live := runLoad(t, reader, load.Config{
		K6: k6, Script: script, BaseURL: backend.URL, Seed: 1, SLO: time.Second, Log: filepath.Join(t.TempDir(), "k6.log"),
		RemoteWrite: url + "/api/v1/write", Tags: map[string]string{"shot": "7"},
	})
	if live.VUs < 1 || live.VUs > 1000 || live.RPS <= 0 || live.P99 <= 0 || math.Abs(live.ErrorRatio-0.25) > 0.1 {
		t.Errorf("in the middle of it: %+v; want VUs, requests, a p99 and a quarter failed", live)
	}
	got, err := reader.Read(
		t.Context(), Window{Before: trial.Start, Start: trial.Start, End: trial.End, Settled: time.Now()},
	)
	if err != nil {
		t.Fatal(err)
	}
	var requests float64
	for _, v := range got.Series.Curves["rps"] {
		if v != nil {
			requests += *v
		}
	}
	if math.Abs(requests-float64(trial.Load.Requests)) > 0.01 {
		t.Errorf("the curve holds %.2f requests; k6 counted %d", requests, trial.Load.Requests)
	}
	if peak, ok := got.Series.Peak("rps"); !ok || peak < trial.Load.RPSMean || peak > 3*trial.Load.RPSMean {
		t.Errorf("peak = %.0f, %v; the mean is %.0f", peak, ok, trial.Load.RPSMean)
	}
	if p99, ok := got.Series.Peak("p99_ms"); !ok || p99 <= 0 || p99 > 1.1*trial.Load.Latency.Max {
		t.Errorf("highest p99 = %.1f ms, %v; k6 saw at most %.1f", p99, ok, trial.Load.Latency.Max)
	}
	if vus, ok := got.Series.Peak("vus"); !ok || vus != 1000 {
		t.Errorf("highest number of VUs = %.0f, %v", vus, ok)
	}
	written, err := reader.samples(t.Context(), `{__name__=~"k6_.+",shot="7"}`, trial.Start, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if n := len(written); n == 0 || n > 150 {
		t.Errorf("k6 wrote %d series; want few", n)
	}
}

// runLoad runs the load and looks at it while it holds.
func runLoad(t *testing.T, reader *Reader, cfg load.Config) (load.Result, Now) {
	t.Helper()
	done := make(chan struct{})
	var result load.Result
	var err error
	go func() {
		defer close(done)
		result, err = load.Run(t.Context(), cfg)
	}()
	var last Now
	for looking := true; looking; {
		select {
		case <-done:
			looking = false
		case <-time.After(200 * time.Millisecond):
			if now, err := reader.Live(t.Context()); err == nil && now.VUs == 1000 {
				last = now
			}
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return result, last
}

//go:build services

package main

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"stormwave/app/contract"
	"stormwave/internal/test/pgtest"
)

func feedCode(code string) map[string]string {
	return map[string]string{"route": contract.RouteFeed, "method": "GET", "code": code}
}

// The study's failure: an unlimited pool against a server with few connections.
func TestExhaustedServerAnswers503(t *testing.T) {
	a := start(t, map[string]string{"APP_POOL_SIZE": contract.Unlimited})
	token := a.token()
	unlock := pgtest.LockPosts(t) // each request keeps its connection until all have asked
	const clients = 60
	answers := make(chan answer, clients)
	var wg sync.WaitGroup
	for range clients {
		wg.Go(func() {
			got, err := a.try(t.Context(), "GET", "/api/feed", token, "")
			if err != nil {
				t.Error(err)
			}
			answers <- got
		})
	}
	a.await("the server is full", func() bool {
		return a.metric(contract.MetricQueryErrors, map[string]string{"target": "primary", "sqlstate": "53300"}) > 0
	})
	unlock()
	wg.Wait()
	close(answers)
	counts := map[int]int{}
	for got := range answers {
		counts[got.status]++
		if got.status == http.StatusServiceUnavailable &&
			(got.header.Get("Retry-After") != "1" || got.code() != "unavailable") {
			t.Errorf("503 with Retry-After %q and code %s", got.header.Get("Retry-After"), got.code())
		}
	}
	if counts[200] == 0 || counts[503] == 0 || counts[200]+counts[503] != clients {
		t.Errorf("answers %v, want some 200 and some 503 and nothing else", counts)
	}
	for code, want := range map[string]int{"200": counts[200], "503": counts[503]} {
		if n := a.metric(contract.MetricRequests, feedCode(code)); n != float64(want) {
			t.Errorf("%s counted %v times, want %d", code, n, want)
		}
	}
	if n := a.metric(contract.MetricQueryErrors, map[string]string{"sqlstate": "53300"}); n != float64(counts[503]) {
		t.Errorf("53300 counted %v times for %d refused requests", n, counts[503])
	}
	if n := a.metric(contract.MetricAcquireDuration, map[string]string{"outcome": "error"}); n != float64(counts[503]) {
		t.Errorf("outcome error counted %v times, want %d", n, counts[503])
	}
	a.want(http.StatusOK, nil, "GET", "/api/feed", token, "") // and it is over with the load
}

func TestTimeoutsByStatus(t *testing.T) {
	tests := []struct {
		name   string
		env    map[string]string
		status int
		code   string
		state  string
	}{
		{"statement timeout", map[string]string{
			"APP_STATEMENT_TIMEOUT": "80ms",
			"APP_QUERY_TIMEOUT":     "5s",
		}, 504, "timeout", "57014"},
		{"query timeout", map[string]string{
			"APP_STATEMENT_TIMEOUT": "5s",
			"APP_QUERY_TIMEOUT":     "80ms",
		}, 504, "timeout", "query_timeout"},
		{"http timeout", map[string]string{
			"APP_QUERY_TIMEOUT": "5s",
			"APP_HTTP_TIMEOUT":  "300ms",
		}, 504, "timeout", "http_timeout"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := start(t, tt.env)
			token := start(t, nil).token() // a password can outlast the budget
			unlock := pgtest.LockPosts(t)
			defer unlock()
			got := a.do("GET", "/api/feed", token, "")
			if got.status != tt.status || got.code() != tt.code {
				t.Errorf("got %d %s, want %d %s", got.status, got.code(), tt.status, tt.code)
			}
			if n := a.metric(contract.MetricQueryErrors, map[string]string{"sqlstate": tt.state}); n != 1 {
				t.Errorf("%s counted %v times, want 1", tt.state, n)
			}
		})
	}
}

func TestAcquireTimeoutAnswers503(t *testing.T) {
	a := start(t, map[string]string{"APP_POOL_SIZE": "1", "APP_ACQUIRE_TIMEOUT": "100ms"})
	token := a.token()
	unlock := pgtest.LockPosts(t)
	var holder sync.WaitGroup
	holder.Go(func() {
		if got, err := a.try(t.Context(), "GET", "/api/feed", token, ""); err != nil || got.status != 200 {
			t.Errorf("who held the connection got %d, %v", got.status, err)
		}
	})
	a.await("the query runs", func() bool {
		return a.metric(contract.MetricPoolAcquired, nil) == 1 && a.metric(
			contract.MetricQueryDuration, map[string]string{"statement": "select_session"},
		) == 1
	})
	got := a.do("GET", "/api/feed", token, "")
	if got.status != 503 || got.code() != "unavailable" || got.header.Get("Retry-After") != "1" {
		t.Errorf(
			"got %d %s with Retry-After %q, want 503 unavailable with 1", got.status, got.code(), got.header.Get("Retry-After"),
		)
	}
	for name, labels := range map[string]map[string]string{
		contract.MetricAcquireDuration: {"outcome": "timeout"},
		contract.MetricQueryErrors:     {"sqlstate": "acquire_timeout"},
		contract.MetricPoolCanceled:    {"target": "primary"},
	} {
		if n := a.metric(name, labels); n != 1 {
			t.Errorf("%s%v = %v, want 1", name, labels, n)
		}
	}
	unlock()
	holder.Wait()
}

func TestInflightBound(t *testing.T) {
	a := start(t, map[string]string{"APP_MAX_INFLIGHT": "2"})
	token := a.token()
	unlock := pgtest.LockPosts(t)
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			if got, err := a.try(t.Context(), "GET", "/api/feed", token, ""); err != nil || got.status != 200 {
				t.Errorf("an admitted request got %d, %v", got.status, err)
			}
		})
	}
	inFlight := map[string]string{"route": contract.RouteFeed}
	a.await("two requests are in", func() bool { return a.metric(contract.MetricInFlight, inFlight) == 2 })
	got := a.do("GET", "/api/feed", token, "")
	if got.status != 503 || got.code() != "overloaded" || got.header.Get("Retry-After") != "1" {
		t.Errorf("got %d %s, want 503 overloaded", got.status, got.code())
	}
	a.want(http.StatusOK, nil, "GET", "/readyz", "", "") // stands outside
	unlock()
	wg.Wait()
	a.want(http.StatusOK, nil, "GET", "/api/feed", token, "")
	a.await("nothing is in flight", func() bool { return a.metric(contract.MetricInFlight, nil) == 0 })
}

func TestQueueIsBounded(t *testing.T) {
	a := start(t, map[string]string{"APP_MAX_INFLIGHT": "1", "APP_MAX_QUEUE": "2", "APP_QUEUE_TIMEOUT": "300ms"})
	token := a.token()
	unlock := pgtest.LockPosts(t)
	answers := make(chan answer, 3)
	ask := func() {
		got, err := a.try(t.Context(), "GET", "/api/feed", token, "")
		if err != nil {
			t.Error(err)
		}
		answers <- got
	}
	go ask()
	a.await("one is worked on", func() bool { return a.metric(contract.MetricPoolAcquired, nil) == 1 })
	for waiting := range 2 {
		go ask()
		a.await("the next one waits", func() bool { return a.metric(contract.MetricQueued, nil) == float64(waiting+1) })
	}
	if got := a.do("GET", "/api/feed", token, ""); got.status != 503 || got.code() != "overloaded" ||
		got.header.Get("Retry-After") != "1" {
		t.Errorf("beyond the queue: %d %s, want 503 overloaded", got.status, got.code())
	}
	for range 2 { // those who waited, as long as they may
		if got := <-answers; got.status != 503 || got.code() != "overloaded" {
			t.Errorf("after its time in the queue: %d %s, want 503 overloaded", got.status, got.code())
		}
	}
	for reason, n := range map[string]float64{contract.ShedFull: 1, contract.ShedTimeout: 2} {
		if got := a.metric(contract.MetricShed, map[string]string{"reason": reason}); got != n {
			t.Errorf("%s counted %v times, want %v", reason, got, n)
		}
	}
	go ask()
	a.await("one waits again", func() bool { return a.metric(contract.MetricQueued, nil) == 1 })
	unlock()
	for range 2 {
		if got := <-answers; got.status != 200 {
			t.Errorf("who waited got %d, want 200", got.status)
		}
	}
	if n := a.metric(contract.MetricQueued, nil); n != 0 {
		t.Errorf("%v are still counted as waiting", n)
	}
}

// A query whose time is up: closing its connection costs a new one, asking the
// server to cancel it keeps it.
func TestCancelStrategies(t *testing.T) {
	for strategy, closed := range map[string]float64{"close": 1, "cancel_request": 0} {
		t.Run(strategy, func(t *testing.T) {
			a := start(t, map[string]string{
				"APP_CANCEL":        strategy,
				"APP_QUERY_TIMEOUT": "200ms",
				"APP_SLOW_ROUTE":    "on",
				"APP_POOL_SIZE":     "1",
			})
			token := a.token()
			if got := a.do("GET", "/api/slow?time=30s", token, ""); got.status != 504 || got.code() != "timeout" {
				t.Errorf("got %d %s, want 504 timeout", got.status, got.code())
			}
			a.want(http.StatusOK, nil, "GET", "/api/feed", token, "")
			a.await(
				"the connection is closed, or is not", func() bool { return a.metric(contract.MetricPoolClosed, nil) == closed },
			)
			if n := a.metric(contract.MetricPoolNewConns, nil); n != 1+closed {
				t.Errorf("%v connections were opened, want %v", n, 1+closed)
			}
			if n := a.metric(contract.MetricQueryCancels, nil); n != 1 {
				t.Errorf("%v cancels counted, want 1", n)
			}
			if n := a.metric(contract.MetricQueryErrors, map[string]string{"sqlstate": "query_timeout"}); n != 1 {
				t.Errorf("query_timeout counted %v times, want 1", n)
			}
			server := pgtest.Connect(t, "postgres")
			a.await("the server has ended the query", func() bool {
				var running int
				err := server.QueryRow(
					t.Context(),
					"select count(*) from pg_stat_activity where usename = 'app' and query like '%pg_sleep%' and state = 'active'",
				).Scan(&running)
				return err == nil && running == 0
			})
		})
	}
}

func TestSlowRouteIsOffByDefault(t *testing.T) {
	a := start(t, nil)
	token := a.token()
	if got := a.do("GET", "/api/slow?time=1ms", token, ""); got.status != 404 {
		t.Errorf("off: %d, want 404", got.status)
	}
	a = start(t, map[string]string{"APP_SLOW_ROUTE": "on"})
	began := time.Now()
	a.want(http.StatusOK, nil, "GET", "/api/slow?time=150ms", token, "")
	if took := time.Since(began); took < 150*time.Millisecond {
		t.Errorf("a query of 150 ms took %s", took)
	}
	for _, query := range []string{"", "?time=fast", "?time=-1s", "?time=2h"} {
		if got := a.do("GET", "/api/slow"+query, token, ""); got.status != 400 || got.code() != "bad_time" {
			t.Errorf("%q: %d %s, want 400 bad_time", query, got.status, got.code())
		}
	}
	if got := a.do("GET", "/api/slow?time=1ms", "", ""); got.status != 401 {
		t.Errorf("nobody: %d, want 401", got.status)
	}
}

func TestClientThatGoesAwayIsCounted(t *testing.T) {
	a := start(t, nil)
	token := a.token()
	unlock := pgtest.LockPosts(t)
	defer unlock()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if got, err := a.try(ctx, "GET", "/api/feed", token, ""); err == nil {
		t.Fatalf("got %d, want no answer in time", got.status)
	}
	a.await("it is counted as 499", func() bool { return a.metric(contract.MetricRequests, feedCode("499")) == 1 })
	if n := a.metric(contract.MetricQueryErrors, map[string]string{"sqlstate": "canceled"}); n != 1 {
		t.Errorf("canceled counted %v times, want 1", n)
	}
	if log := a.log.String(); strings.Contains(log, "request failed") {
		t.Errorf("logged as a failure:\n%s", log)
	}
}

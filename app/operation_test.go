//go:build services

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"stormwave/app/contract"
	"stormwave/internal/test/pgtest"
)

func TestMetricsKeepTheContract(t *testing.T) {
	a := start(t, map[string]string{contract.EnvReplicaURL: pgtest.URL("app"), "APP_REPLICA_WAIT": "2s"})
	token := a.login("metrics")
	for range 3 {
		a.want(http.StatusOK, nil, "GET", "/api/feed?author=1", token, "")
	}
	for _, path := range []string{"/healthz", "/readyz", "/debug/config", "/metrics"} {
		a.want(http.StatusOK, nil, "GET", path, "", "")
	}
	a.do("GET", "/nowhere/in/particular", "", "")

	families := a.scrape()
	for _, name := range contract.Metrics {
		if families[name] == nil {
			t.Errorf("%s is not exposed", name)
		}
	}
	for _, name := range []string{"go_goroutines", "process_cpu_seconds_total"} {
		if families[name] == nil {
			t.Errorf("%s is not exposed", name)
		}
	}
	routes := map[string]float64{}
	for _, metric := range families[contract.MetricRequests].GetMetric() {
		for _, pair := range metric.Label {
			if pair.GetName() == "route" {
				routes[pair.GetValue()] += metric.GetCounter().GetValue()
			}
		}
	}
	want := map[string]float64{
		contract.RouteUsers: 1, contract.RouteSessions: 1, contract.RouteFeed: 3,
		contract.RoutePost: 0, contract.RoutePosts: 0, contract.RouteOther: 1,
	}
	for route, n := range want {
		if routes[route] != n {
			t.Errorf("%s was requested %v times, want %v", route, routes[route], n)
		}
	}
	if len(routes) != len(want) {
		t.Errorf("routes %v, want those of the API and other", routes)
	}
	if n := a.metric(contract.MetricRequestDuration, map[string]string{"route": contract.RouteFeed}); n != 3 {
		t.Errorf("%v durations of the feed, want 3", n)
	}
	for target, n := range map[string]float64{contract.TargetPrimary: 0, contract.TargetReplica: 3} {
		if got := a.metric(
			contract.MetricQueryDuration, map[string]string{"statement": "select_author_feed", "target": target},
		); got != n {
			t.Errorf("%v feeds from the %s, want %v", got, target, n)
		}
	}
}

func TestConfigShowsWhatHoldsAndNoSecret(t *testing.T) {
	a := start(t, map[string]string{
		contract.EnvReplicaURL: pgtest.URL("app"), "APP_POOL_SIZE": "3", "APP_EXEC_MODE": "exec",
		"APP_STATEMENT_TIMEOUT": "800ms", "APP_LOCK_TIMEOUT": "1m30s", "APP_HTTP_TIMEOUT": "2s",
	})
	// When it begins to be trusted, its pool is emptied once.
	a.await("the replica is trusted", func() bool { return a.metric(contract.MetricReplicaUsable, nil) == 1 })
	var got contract.Config
	body := a.want(http.StatusOK, &got, "GET", contract.RouteConfig, "", "").body
	if strings.Contains(body, pgtest.Password) {
		t.Errorf("password shown: %s", body)
	}
	for name, want := range map[string]string{
		"APP_POOL_SIZE": "3", "APP_EXEC_MODE": "exec", "APP_STATEMENT_TIMEOUT": "800ms",
		"APP_HTTP_TIMEOUT": "2s", "APP_QUERY_TIMEOUT": "none", "APP_MAX_INFLIGHT": "unlimited",
	} {
		if got.Settings[name] != want {
			t.Errorf("%s = %q, want %q", name, got.Settings[name], want)
		}
	}
	if len(got.Pools) != 2 {
		t.Errorf("pools %v, want primary and replica", got.Pools)
	}
	for target, pool := range got.Pools {
		if pool.MaxConns != 3 || pool.TotalConns != 1 || pool.StatementTimeout != "800ms" || pool.LockTimeout != "90s" ||
			pool.InRecovery || pool.ServerVersion == "" {
			t.Errorf("%s is %+v", target, pool)
		}
	}
	if log := a.log.String(); strings.Contains(log, pgtest.Password) {
		t.Errorf("password logged: %s", log)
	}
}

func TestReadiness(t *testing.T) {
	t.Run("primary gone", func(t *testing.T) {
		a := start(
			t,
			map[string]string{contract.EnvPrimaryURL: "postgres://app:" + pgtest.Password + "@127.0.0.1:1/lab?sslmode=disable"},
		)
		a.want(http.StatusOK, nil, "GET", "/healthz", "", "")
		for _, path := range []string{"/readyz", "/debug/config"} {
			if got := a.do("GET", path, "", ""); got.status != 503 || got.code() != "not_ready" {
				t.Errorf("%s = %d %s, want 503 not_ready", path, got.status, got.code())
			}
		}
		if log := a.log.String(); !strings.Contains(log, "not ready") || strings.Contains(log, pgtest.Password) {
			t.Errorf("the log must say why, and no password:\n%s", log)
		}
	})
	t.Run("warm", func(t *testing.T) {
		a := start(t, map[string]string{"APP_POOL_MIN": "4", "APP_POOL_SIZE": "6"})
		a.await("it is ready", func() bool { return a.do("GET", "/readyz", "", "").status == 200 })
		if n := a.metric(contract.MetricPoolTotal, nil); n < 4 {
			t.Errorf("ready with %v connections, want 4", n)
		}
	})
}

func TestShutdownDrains(t *testing.T) {
	a := start(t, nil)
	token := a.token()
	unlock := pgtest.LockPosts(t)
	var request sync.WaitGroup
	request.Go(func() {
		if got, err := a.try(t.Context(), "GET", "/api/feed", token, ""); err != nil || got.status != 200 {
			t.Errorf("a request under way got %d %s, %v", got.status, got.body, err)
		}
	})
	a.await("the request is in", func() bool {
		return a.metric(contract.MetricInFlight, map[string]string{"route": contract.RouteFeed}) == 1
	})
	a.stop()
	a.await("nobody is let in any more", func() bool {
		_, err := a.try(t.Context(), "GET", "/healthz", "", "")
		return err != nil
	})
	select {
	case err := <-a.ended:
		t.Fatalf("run = %v with a request under way", err)
	default:
	}
	unlock()
	request.Wait()
}

func TestShutdownIsBounded(t *testing.T) {
	a := start(t, nil)
	token := a.token()
	unlock := pgtest.LockPosts(t)
	defer unlock()
	var request sync.WaitGroup
	request.Go(func() {
		if got, err := a.try(context.Background(), "GET", "/api/feed", token, ""); err == nil {
			t.Errorf("a request that cannot end got %d", got.status)
		}
	})
	a.await("the request is in", func() bool {
		return a.metric(contract.MetricInFlight, map[string]string{"route": contract.RouteFeed}) == 1
	})
	begin := time.Now()
	a.stop()
	request.Wait()
	if took := time.Since(begin); took < drainTimeout || took > drainTimeout+closeTimeout {
		t.Errorf("cut off after %v, want %v", took, drainTimeout)
	}
}

func TestRunRefusesWrongUsage(t *testing.T) {
	tests := []struct {
		name string
		args []string
		want string
	}{
		{"unknown command", []string{"migrate"}, "use serve or schema"},
		{"serve with an argument", []string{"serve", "8080"}, "set the environment instead"},
		{"serve without settings", []string{"serve"}, contract.EnvPrimaryURL + " is not set"},
		{"unknown flag", []string{"schema", "--rows", "1"}, "flag provided but not defined"},
		{"flag without number", []string{"schema", "--posts", "many"}, "invalid value"},
		{"schema with an argument", []string{"schema", "now"}, "use --users and --posts"},
		{"too few posts", []string{"schema", "--users", "100", "--posts", "1"}, "give at least 500"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := run(t.Context(), tt.args, func(string) string { return "" }, io.Discard, io.Discard)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("run(%q) = %v, want %q in it", tt.args, err, tt.want)
			}
		})
	}
}

func TestSchemaCommand(t *testing.T) {
	var byDefault, bySize, log bytes.Buffer
	for args, out := range map[string]*bytes.Buffer{"schema": &byDefault, "schema --users 10000 --posts 500000": &bySize} {
		if err := run(t.Context(), strings.Fields(args), nil, out, &log); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(byDefault.Bytes(), bySize.Bytes()) ||
		!strings.Contains(byDefault.String(), "generate_series(1, 500000)") {
		t.Errorf("the default is not 10000 users and 500000 posts:\n%s", byDefault.String())
	}
	if log.Len() != 0 {
		t.Errorf("stderr got %q", log.String())
	}
}

func TestListenAddressIsOneJSONLine(t *testing.T) {
	a := start(t, nil)
	line, _, _ := strings.Cut(a.log.String(), "\n")
	var entry struct{ Msg, Addr string }
	if err := json.Unmarshal([]byte(line), &entry); err != nil || entry.Msg != "listening" ||
		"http://"+entry.Addr != a.url {
		t.Errorf("first line is %s (%v)", line, err)
	}
}

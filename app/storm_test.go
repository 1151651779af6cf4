//go:build services

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"stormwave/app/contract"
	"stormwave/internal/test/pgtest"
)

var (
	storms     = flag.Int("storms", 2, "storms through PgBouncer")
	stormScale = flag.Float64("scale", 0.1, "factor of a storm's duration: 1.2 is a minute")
)

const (
	poolerSize = 8                // PgBouncer's connections to the server
	poolerRest = 20 * time.Second // after a storm, until they are all that is left; 0.3 s on an idle machine
)

// Clients that give up early make a backend close connections in the middle of
// queries and ask for these to be cancelled, all of it through PgBouncer. It must
// neither end nor leak a connection. CI runs short storms; the soak is
//
//	go test ./app -run TestPoolerSurvives -storms 20 -scale 1.2 -timeout 40m
func TestPoolerSurvivesImpatientClients(t *testing.T) {
	size := strconv.Itoa(poolerSize)
	b := pgtest.StartPgBouncer(t, nil, "default_pool_size="+size, "min_pool_size="+size, "max_client_conn=3000")
	console, server := b.Console(t), pgtest.Connect(t, "postgres")
	a := start(t, map[string]string{
		contract.EnvPrimaryURL: b.URL("app"),
		"APP_POOL_SIZE":        "200",
		"APP_POOL_MIN":         "1", // without a client, PgBouncer keeps no minimum
		"APP_QUERY_TIMEOUT":    "50ms",
		"APP_SLOW_ROUTE":       contract.On,
	})
	p := pooler{app: a, console: console, server: server}
	token := a.login("storm")
	p.awaitRest()
	for n := range *storms {
		before := a.harm()
		k6 := a.startLoad("storm.js", seconds(50**stormScale)+time.Minute, map[string]string{
			"SCALE": fmt.Sprint(*stormScale), "HTTP_TIMEOUT": "300ms", "AUTHORS": "2",
			"SLOW_SHARE": "0.01", "SLOW_TIME": "1s",
		})
		<-k6.done
		load := k6.read()
		rest := p.awaitRest()
		after := a.harm()
		got := harm{after.cancels - before.cancels, after.closed - before.closed, after.gone - before.gone}
		failed := load.value("http_req_failed{scenario:load}", "passes")
		t.Logf("storm %d: %.0f requests, %.0f failed; %.0f cancels, %.0f connections closed, %.0f clients gone; at rest "+
			"%v after it",
			n+1, load.value("http_reqs{scenario:load}", "count"), failed, got.cancels, got.closed, got.gone, rest)
		if got.cancels == 0 || got.closed == 0 || failed == 0 {
			t.Errorf("storm %d was no provocation", n+1)
		}
		a.await(
			"the backend answers", func() bool { return a.do("GET", "/api/feed?author=1", token, "").status == http.StatusOK },
		)
	}
}

// seconds is time.Duration of a number that has a fraction.
func seconds(n float64) time.Duration { return time.Duration(n * float64(time.Second)) }

// harm counts what impatient clients do.
type harm struct {
	cancels, closed float64 // of queries; of connections
	gone            float64 // clients, before their answer
}

func (a *app) harm() harm {
	a.t.Helper()
	return harm{
		a.metric(contract.MetricQueryCancels, nil), a.metric(contract.MetricPoolClosed, nil),
		a.metric(contract.MetricRequests, feedCode("499")),
	}
}

// pooler looks at PgBouncer from both sides, over connections from before the
// storms: were PgBouncer another process since, its console would be broken.
type pooler struct {
	*app
	console, server *pgx.Conn
}

// awaitRest asks the backend whether it is ready, as an orchestrator does all the
// time, for pgxpool may not see that its minimum is gone, and waits until the role app has as many sessions on the
// server as the
// pool is to hold, none of them busy, and no client waits. It returns how long that took.
func (p pooler) awaitRest() time.Duration {
	p.t.Helper()
	for begin := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		ready := p.do("GET", contract.RouteReady, "", "").status
		var sessions, active int
		err := p.server.QueryRow(p.t.Context(),
			"select count(*), count(*) filter (where state <> 'idle') from pg_stat_activity where usename = "+
				"'app'").Scan(&sessions, &active)
		if err != nil {
			p.t.Fatal(err)
		}
		waiting := p.waiting()
		took := time.Since(begin).Round(time.Millisecond)
		if ready == http.StatusOK && sessions == poolerSize && active == 0 && waiting == 0 {
			return took
		}
		if took > poolerRest {
			p.t.Errorf("after %v: readiness %d, %d sessions on the server, %d of them busy, and %d clients wait; want 200, "+
				"%d, 0 and 0",
				took, ready, sessions, active, waiting, poolerSize)
			return took
		}
	}
}

// waiting counts the clients, and their cancel requests, that PgBouncer lets wait.
func (p pooler) waiting() (n int32) {
	p.t.Helper()
	rows, err := p.console.Query(p.t.Context(), "SHOW POOLS")
	if err != nil {
		p.t.Fatalf("ask PgBouncer: %v", err)
	}
	pools, err := pgx.CollectRows(rows, pgx.RowToMap)
	if err != nil {
		p.t.Fatalf("ask PgBouncer: %v", err)
	}
	for _, pool := range pools {
		n += pool["cl_waiting"].(int32) + pool["cl_waiting_cancel_req"].(int32)
	}
	return n
}

// k6Run is k6 with a scenario.
type k6Run struct {
	t       *testing.T
	done    chan struct{} // closed when k6 has ended
	err     error         // how it ended; not before done
	log     bytes.Buffer  // not before done
	summary string        // path
}

// startLoad starts k6, which may take as long as limit and is ended by the end of the test.
func (a *app) startLoad(scenario string, limit time.Duration, env map[string]string) *k6Run {
	a.t.Helper()
	s := &k6Run{t: a.t, done: make(chan struct{}), summary: filepath.Join(a.t.TempDir(), "summary.json")}
	args := []string{"run", "--quiet", "--no-color", "--no-usage-report", "--address=",
		"-e", "BASE_URL=" + a.url, "-e", "SUMMARY_FILE=" + s.summary}
	for name, value := range env {
		args = append(args, "-e", name+"="+value)
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	cmd := exec.CommandContext(ctx, pgtest.K6(a.t), append(args, filepath.Join("..", "scenarios", scenario))...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	cmd.Stdout, cmd.Stderr = &s.log, &s.log
	go func() {
		defer close(s.done)
		// The kernel sends Pdeathsig when the thread that started k6 ends: keep it.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		s.err = cmd.Run()
	}()
	a.t.Cleanup(func() {
		cancel()
		<-s.done
	})
	return s
}

// summary is what k6 has counted, by metric and by name of the value.
type summary map[string]struct{ Values map[string]float64 }

// value is 0 for what k6 had nothing to count.
func (s summary) value(metric, name string) float64 { return s[metric].Values[name] }

// read returns the summary of k6, which has ended.
func (s *k6Run) read() summary {
	s.t.Helper()
	if s.err != nil {
		log := s.log.Bytes()
		s.t.Fatalf("k6: %v\n%s", s.err, log[max(0, len(log)-4<<10):])
	}
	text, err := os.ReadFile(s.summary)
	if err != nil {
		s.t.Fatal(err)
	}
	var all struct{ Metrics summary }
	if err := json.Unmarshal(text, &all); err != nil {
		s.t.Fatalf("read k6's summary: %v", err)
	}
	if all.Metrics.value("http_reqs{scenario:load}", "count") == 0 {
		s.t.Fatal("k6 sent no request")
	}
	return all.Metrics
}

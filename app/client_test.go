//go:build services

package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"stormwave/app/contract"
	"stormwave/internal/test/pgtest"
)

// raw is a connection that sends what a test likes.
func (a *app) raw() net.Conn {
	a.t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(a.url, "http://"))
	if err != nil {
		a.t.Fatal(err)
	}
	return conn
}

// drip sends bytes one by one until the backend hangs up, and returns how long that
// took and what it had said.
func drip(conn net.Conn, first string, every, most time.Duration) (time.Duration, string, error) {
	begin := time.Now()
	defer conn.Close()
	if _, err := io.WriteString(conn, first); err != nil {
		return 0, "", err
	}
	said := make(chan string, 1)
	go func() {
		_ = conn.SetReadDeadline(begin.Add(most))
		text, err := io.ReadAll(conn)
		if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
			text = append(text, " and holds the line"...)
		}
		said <- string(text)
	}()
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case text := <-said:
			return time.Since(begin), text, nil
		case <-tick.C:
			_, _ = conn.Write([]byte("x")) // the end is seen by who reads
		}
	}
}

// Clients that send a byte now and then hold neither the backend nor each other: the
// few places of admission stay free, and each is hung up on in time.
func TestSlowClientsAreCutOff(t *testing.T) {
	a := start(t, map[string]string{"APP_MAX_INFLIGHT": "2", "APP_POOL_SIZE": "2"})
	token := a.token()
	const each = 40
	attacks := map[string]struct {
		first    string
		atLeast  time.Duration
		atMost   time.Duration
		sayingIn string // of what is said at the end
	}{
		"header":       {"GET /api/feed HTTP/1.1\r\nHost: x\r\nX: ", 4 * time.Second, 8 * time.Second, ""},
		"request line": {"GET /", 4 * time.Second, 8 * time.Second, ""},
		"body": {
			"POST /api/sessions HTTP/1.1\r\nHost: x\r\nContent-Length: 10000\r\n\r\n{", 9 * time.Second, 14 * time.Second, "408",
		},
		"body of who is logged in": {
			"POST /api/posts HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + token + "\r\nContent-Length: 10000\r\n\r\n{",
			9 * time.Second, 14 * time.Second, "408",
		},
		"body where none is read": {
			"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 10000\r\n\r\n{", 0, 14 * time.Second, "200",
		},
		"body of what is not there": {
			"POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 10000\r\n\r\n{", 0, 14 * time.Second, "404",
		},
		"chunk": {
			"POST /api/users HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2000\r\n{", 9 * time.Second,
			14 * time.Second, "408",
		},
		"body whose method is not ours": {
			"PUT /api/users HTTP/1.1\r\nHost: x\r\nContent-Length: 10000\r\n\r\n{", 0, 14 * time.Second, "405",
		},
	}
	var slow sync.WaitGroup
	for name, attack := range attacks {
		for range each {
			conn := a.raw()
			slow.Go(func() {
				took, said, err := drip(conn, attack.first, 300*time.Millisecond, 20*time.Second)
				if err != nil || took < attack.atLeast || took > attack.atMost || !strings.Contains(said, attack.sayingIn) {
					t.Errorf(
						"%s: after %v, %v: %q; want an end between %v and %v, with %s", name, took, err, said, attack.atLeast,
						attack.atMost, attack.sayingIn,
					)
				}
			})
		}
	}
	ended := make(chan struct{})
	go func() { defer close(ended); slow.Wait() }()
	served := 0
	for waiting := true; waiting; {
		select {
		case <-ended:
			waiting = false
		default:
			begin := time.Now()
			a.want(http.StatusOK, nil, "GET", "/api/feed", token, "")
			if took := time.Since(begin); took > 2*time.Second {
				t.Errorf("a good client waited %v", took)
			}
			served++
			time.Sleep(20 * time.Millisecond) // a pace, not a wait for something
		}
	}
	if served < 20 {
		t.Errorf("%d good requests were served beside the slow ones", served)
	}
	a.await("nothing is in flight", func() bool { return a.metric(contract.MetricInFlight, nil) == 0 })
}

// What is too large is refused before it is read.
func TestLargeRequestsAreRefused(t *testing.T) {
	a := start(t, nil)
	huge := strings.Repeat("x", 64<<10)
	for name, test := range map[string]struct {
		request string
		status  int
	}{
		"header":         {"GET /healthz HTTP/1.1\r\nHost: x\r\nX: " + huge + "\r\n\r\n", 431},
		"many headers":   {"GET /healthz HTTP/1.1\r\nHost: x\r\n" + strings.Repeat("X: y\r\n", 10_000) + "\r\n", 431},
		"path":           {"GET /" + huge + " HTTP/1.1\r\nHost: x\r\n\r\n", 431},
		"endless line":   {huge, 431},
		"body":           {"POST /api/users HTTP/1.1\r\nHost: x\r\nContent-Length: 65536\r\n\r\n" + huge, 413},
		"announced body": {"POST /api/users HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000000\r\n\r\n" + huge, 413},
		"body that we wait": {
			"POST /api/users HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 1000000000000\r\n\r\n" + huge, 413,
		},
		"chunks": {"POST /api/users HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + strings.Repeat(
			"1000\r\n"+huge[:0x1000]+"\r\n", 16,
		), 413},
		"body of a GET": {"GET /api/feed HTTP/1.1\r\nHost: x\r\nContent-Length: 65536\r\n\r\n" + huge, 413},
	} {
		t.Run(name, func(t *testing.T) {
			a.t = t
			conn := a.raw()
			defer conn.Close()
			if err := conn.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
				t.Fatal(err)
			}
			sent := make(chan struct{})
			go func() { // may be hung up on in the middle
				defer close(sent)
				_, _ = io.WriteString(conn, test.request)
			}()
			in := bufio.NewReader(conn)
			got, err := http.ReadResponse(in, nil)
			if err == nil && got.StatusCode == http.StatusContinue {
				got, err = http.ReadResponse(in, nil)
			}
			if err != nil {
				t.Fatal(err)
			}
			if got.StatusCode != test.status {
				t.Errorf("got %s, want %d", got.Status, test.status)
			}
			_ = got.Body.Close()
			_ = conn.Close()
			<-sent
		})
	}
	a.t = t
	a.want(http.StatusOK, nil, "GET", "/healthz", "", "")
}

// footprint is what requests could leave behind.
type footprint struct {
	goroutines, files                     int
	connections, sessions, users, postsIn int
}

func (a *app) footprint() (f footprint) {
	a.t.Helper()
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		a.t.Fatal(err)
	}
	f.goroutines, f.files = runtime.NumGoroutine(), len(files)
	super := pgtest.Connect(a.t, "postgres")
	defer super.Close(a.t.Context())
	err = super.QueryRow(a.t.Context(), `select (select count(*) from pg_stat_activity where usename = 'app'),
		(select count(*) from sessions), (select count(*) from users), (select count(*) from posts)`,
	).Scan(&f.connections, &f.sessions, &f.users, &f.postsIn)
	if err != nil {
		a.t.Fatal(err)
	}
	return f
}

// Ten thousand requests that are refused, and as many ways to be refused as there are,
// leave no goroutine, file, connection, session or row.
func TestTenThousandBadRequestsLeaveNothing(t *testing.T) {
	const requests, clients, poolSize = 10_000, 8, 4
	a := start(t, map[string]string{
		"APP_POOL_SIZE":    fmt.Sprint(poolSize),
		"APP_POOL_MIN":     fmt.Sprint(poolSize),
		"APP_HTTP_TIMEOUT": "10s",
	})
	token := a.token()
	a.await("the pool is warm", func() bool { return a.do("GET", "/readyz", "", "").status == http.StatusOK })
	a.client.CloseIdleConnections()
	before := a.footprint()

	long := strings.Repeat("x", 20<<10)
	ask := func(method, path, token, body string, statuses ...int) func() error {
		return func() error {
			got, err := a.try(t.Context(), method, path, token, body)
			if err == nil && !slices.Contains(statuses, got.status) {
				err = fmt.Errorf("%s %s: got %d %s, want %v", method, path, got.status, got.body, statuses)
			}
			return err
		}
	}
	hangUp := func(request string) func() error {
		return func() error {
			conn, err := net.Dial("tcp", strings.TrimPrefix(a.url, "http://"))
			if err != nil {
				return err
			}
			_, err = io.WriteString(conn, request)
			return errors.Join(err, conn.Close())
		}
	}
	kinds := []func() error{
		ask("GET", "/nowhere", "", "", 404),
		ask("DELETE", "/api/feed", token, "", 405),
		ask("BREW", "/api/posts/1", token, "", 405),
		ask("GET", "/api/feed", "", "", 401),
		ask("GET", "/api/feed", "made-up", "", 401),
		ask("GET", "/api/feed", long[:8<<10], "", 401),
		ask("POST", "/api/posts", "made-up", `{"body":"x"}`, 401),
		ask("POST", "/api/posts", token, `{"body":""}`, 400),
		ask("POST", "/api/posts", token, `{"body":`, 400),
		ask("POST", "/api/users", "", `[]`, 400),
		ask("POST", "/api/users", "", `{"name":"X","password":"long enough"}`, 400),
		ask("POST", "/api/sessions", "", `{"name":"","password":""}`, 400),
		ask("GET", "/api/feed?author=x", token, "", 400),
		ask("GET", "/api/posts/0", token, "", 400),
		ask("GET", "/api/posts/9223372036854775807", token, "", 404),
		hangUp("GET /api/feed HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + token + "\r\n\r\n"),
		hangUp("POST /api/posts HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"),
		hangUp("GET /api/feed HTTP/1.1\r\nHo"),
		hangUp("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"), // TLS
		hangUp(""),
	}
	// A password costs 60 ms: of each of these some.
	rare := []func() error{
		ask("POST", "/api/sessions", "", `{"name":"tester","password":"wrong horse"}`, 401),
		ask("POST", "/api/sessions", "", `{"name":"nobody-there","password":"wrong horse"}`, 401),
		ask("POST", "/api/users", "", `{"name":"tester","password":"wrong horse"}`, 409),
		ask("POST", "/api/users", "", `{"name":"someone","password":"`+long+`"}`, 413),
	}
	var wait sync.WaitGroup
	for client := range clients {
		wait.Go(func() {
			for i := client; i < requests; i += clients {
				do := kinds[i/clients%len(kinds)]
				if i%2500 < clients {
					do = rare[(i/2500+client)%len(rare)]
				}
				if err := do(); err != nil {
					t.Errorf("request %d: %v", i, err)
					return
				}
			}
		})
	}
	wait.Wait()
	a.client.CloseIdleConnections()

	a.await("nothing is in flight", func() bool {
		return a.metric(contract.MetricInFlight, nil) == 0 && a.metric(contract.MetricPoolAcquired, nil) == 0
	})
	var after footprint
	a.await("goroutines and files are as before", func() bool {
		a.client.CloseIdleConnections()
		after = a.footprint()
		return after.goroutines <= before.goroutines && after.files <= before.files
	})
	if after.connections > poolSize || after.sessions != before.sessions || after.users != before.users ||
		after.postsIn != before.postsIn {
		t.Errorf("before %+v, after %+v", before, after)
	}
	if log := a.log.String(); strings.Contains(log, "request failed") || strings.Contains(log, "panic") {
		t.Errorf("a client's error was logged as the backend's:\n%.2000s", log)
	}
	a.want(http.StatusOK, nil, "GET", "/api/feed", token, "")
}

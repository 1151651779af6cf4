//go:build services

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"stormwave/app/contract"
	"stormwave/app/internal/store"
	"stormwave/internal/test/pgtest"
)

const (
	seededPosts = 2000
	password    = "correct horse"
)

func TestMain(m *testing.M) {
	serveInstead()
	os.Exit(pgtest.Run(m, func(w io.Writer) error { return store.WriteSchema(w, 20, seededPosts) }))
}

// app is a running backend and a client of it.
type app struct {
	t      *testing.T
	url    string
	client *http.Client
	stop   context.CancelFunc
	ended  chan error // what run returned
	log    *logBuffer
}

// start runs the backend as main does, on the test database unless env says else.
func start(t *testing.T, env map[string]string) *app {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	a := &app{
		t:      t,
		client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 100}, Timeout: 20 * time.Second},
		stop:   stop,
		ended:  make(chan error, 1),
		log:    &logBuffer{addr: make(chan string, 1)},
	}
	getenv := func(name string) string {
		if value, ok := env[name]; ok {
			return value
		}
		switch name {
		case contract.EnvAddr:
			return "127.0.0.1:0"
		case contract.EnvPrimaryURL:
			return pgtest.URL("app")
		}
		return ""
	}
	go func() { a.ended <- run(ctx, nil, getenv, io.Discard, a.log) }()
	select {
	case addr := <-a.log.addr:
		a.url = "http://" + addr
	case err := <-a.ended:
		t.Fatalf("backend ended: %v", err)
	case <-time.After(10 * time.Second):
		t.Fatal("backend does not listen")
	}
	t.Cleanup(func() {
		a.client.CloseIdleConnections()
		stop()
		select {
		case err := <-a.ended:
			if err != nil {
				t.Errorf("run = %v", err)
			}
		case <-time.After(10 * time.Second):
			t.Error("backend does not end")
		}
	})
	return a
}

// logBuffer keeps the log and picks the listen address from it.
type logBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
	addr chan string
}

func (l *logBuffer) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text.Write(line)
	var entry struct{ Msg, Addr string }
	if json.Unmarshal(line, &entry) == nil && entry.Msg == "listening" {
		l.addr <- entry.Addr
	}
	return len(line), nil
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// answer is what the backend sent back.
type answer struct {
	status int
	header http.Header
	body   string
}

// code returns the code of a JSON error.
func (a answer) code() string {
	var e struct {
		Error struct{ Code, Message string }
	}
	if err := json.Unmarshal([]byte(a.body), &e); err != nil || e.Error.Message == "" {
		return "not a JSON error: " + a.body
	}
	return e.Error.Code
}

func (a *app) try(ctx context.Context, method, path, token, body string) (answer, error) {
	req, err := http.NewRequestWithContext(ctx, method, a.url+path, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := a.client.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return answer{resp.StatusCode, resp.Header, string(text)}, err
}

func (a *app) do(method, path, token, body string) answer {
	a.t.Helper()
	got, err := a.try(a.t.Context(), method, path, token, body)
	if err != nil {
		a.t.Fatal(err)
	}
	return got
}

// want does a request, checks its status and decodes its JSON into dest.
func (a *app) want(status int, dest any, method, path, token, body string) answer {
	a.t.Helper()
	got := a.do(method, path, token, body)
	if got.status != status {
		a.t.Fatalf("%s %s = %d %s, want %d", method, path, got.status, got.body, status)
	}
	if dest != nil {
		if err := json.Unmarshal([]byte(got.body), dest); err != nil {
			a.t.Fatalf("%s %s: %v in %s", method, path, err, got.body)
		}
	}
	return got
}

// login signs a user up, if need be, and in, and returns its token. A time limit of the
// test's may cut that off, on a busy machine: it asks again.
func (a *app) login(name string) string {
	a.t.Helper()
	credentials := `{"name":"` + name + `","password":"` + password + `"}`
	patient := func(route string) (got answer) {
		a.await("POST "+route+" within its time limits", func() bool {
			got = a.do("POST", route, "", credentials)
			return got.status != http.StatusGatewayTimeout
		})
		return got
	}
	if got := patient(contract.RouteUsers); got.status != http.StatusCreated && got.status != http.StatusConflict {
		a.t.Fatalf("sign up: %d %s", got.status, got.body)
	}
	got := patient(contract.RouteSessions)
	var session struct{ Token string }
	if err := json.Unmarshal([]byte(got.body), &session); err != nil || got.status != http.StatusCreated {
		a.t.Fatalf("log in: %d %s", got.status, got.body)
	}
	return session.Token
}

// testerToken outlives the backend that gave it: sessions are in the database.
var testerToken string

// token returns the token of a user that most tests share, for passwords are slow.
func (a *app) token() string {
	a.t.Helper()
	if testerToken == "" {
		testerToken = a.login("tester")
	}
	return testerToken
}

func (a *app) scrape() map[string]*dto.MetricFamily {
	a.t.Helper()
	got := a.want(http.StatusOK, nil, "GET", contract.RouteMetrics, "", "")
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(got.body))
	if err != nil {
		a.t.Fatal(err)
	}
	return families
}

// metric sums the series of a name that have the labels; a histogram gives its count.
func (a *app) metric(name string, labels map[string]string) (sum float64) {
	a.t.Helper()
	found := false
	for _, metric := range a.scrape()[name].GetMetric() {
		matched := 0
		for _, pair := range metric.Label {
			if labels[pair.GetName()] == pair.GetValue() {
				matched++
			}
		}
		if matched != len(labels) {
			continue
		}
		found = true
		sum += metric.GetCounter().GetValue() + metric.GetGauge().GetValue() + float64(metric.GetHistogram().GetSampleCount())
	}
	if !found {
		a.t.Fatalf("there is no %s%v", name, labels)
	}
	return sum
}

func (a *app) await(what string, done func() bool) {
	a.t.Helper()
	for deadline := time.Now().Add(5 * time.Second); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			a.t.Fatalf("timed out: %s", what)
		}
	}
}

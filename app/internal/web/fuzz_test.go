//go:build services

package web

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"stormwave/app/contract"
	"stormwave/app/internal/config"
	"stormwave/app/internal/store"
	"stormwave/app/internal/telemetry"
	"stormwave/internal/test/pgtest"
)

// backend is the whole API on a real server and a real database.
type backend struct {
	addr string
	log  logged
}

// logged keeps what is worth an error, from handlers and from net/http itself.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logged) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(line)
}

// failures returns the lines that tell of the backend's own fault.
func (l *logged) failures() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var bad []string
	for line := range strings.Lines(l.text.String()) {
		if strings.Contains(line, "level=ERROR") || strings.Contains(line, "panic") {
			bad = append(bad, line)
		}
	}
	l.text.Reset()
	return strings.Join(bad, "")
}

func serve(t testing.TB, env map[string]string) *backend {
	t.Helper()
	cfg, err := config.Load(func(name string) string {
		if name == contract.EnvPrimaryURL {
			return pgtest.URL("app")
		}
		return env[name]
	})
	if err != nil {
		t.Fatal(err)
	}
	b := &backend{}
	log := slog.New(slog.NewTextHandler(&b.log, nil))
	metrics := telemetry.New()
	st, err := store.Open(t.Context(), cfg, metrics)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b.addr = listener.Addr().String()
	server := NewServer(cfg, NewHandler(cfg, st, metrics, log), log)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
		if err := <-served; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := st.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	return b
}

// patience is how long an answer is waited for before the request is ended, and how
// long the connection may then take to end.
const (
	patience      = 400 * time.Millisecond
	answerTimeout = 10 * time.Second
)

// send writes bytes to the backend and returns every answer until it hangs up. What is
// no whole request gets none, and is then ended.
func (b *backend) send(raw []byte) (answers []*http.Response, err error) {
	conn, err := net.Dial("tcp", b.addr)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	if err := conn.SetWriteDeadline(time.Now().Add(answerTimeout)); err != nil {
		return nil, err
	}
	// Who is refused while it sends may be hung up on.
	_, _ = conn.Write(raw)
	in := bufio.NewReader(conn)
	if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return nil, err
	}
	_, _ = in.Peek(1)
	_ = conn.(*net.TCPConn).CloseWrite()
	if err := conn.SetReadDeadline(time.Now().Add(answerTimeout)); err != nil {
		return nil, err
	}
	for {
		answer, err := http.ReadResponse(in, nil)
		if err != nil {
			if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
				return answers, fmt.Errorf("the backend does not hang up: %w", err)
			}
			return answers, nil
		}
		body, err := io.ReadAll(answer.Body)
		if err != nil {
			return answers, nil // hung up on
		}
		answer.Body = io.NopCloser(bytes.NewReader(body))
		answers = append(answers, answer)
	}
}

// token signs a user up and in.
func (b *backend) token(t testing.TB) string {
	t.Helper()
	user := []byte(`{"name":"fuzz","password":"correct horse"}`)
	var session struct{ Token string }
	for _, path := range []string{contract.RouteUsers, contract.RouteSessions} {
		answer, err := http.Post("http://"+b.addr+path, "application/json", bytes.NewReader(user))
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		if path == contract.RouteSessions {
			if err := json.NewDecoder(answer.Body).Decode(&session); err != nil || session.Token == "" {
				t.Fatalf("log in: %s, %v", answer.Status, err)
			}
		}
	}
	http.DefaultClient.CloseIdleConnections()
	return session.Token
}

// Whatever is sent: an answer that is not 500, or none; no panic, nothing that the
// backend itself would call a failure, and the next request is served.
func FuzzRoutes(f *testing.F) {
	b := serve(f, map[string]string{
		"APP_POOL_SIZE": "4", "APP_HTTP_TIMEOUT": "2s", "APP_ACQUIRE_TIMEOUT": "1s", "APP_SLOW_ROUTE": contract.On,
	})
	token := serve(f, nil).token(f) // a password may outlast a budget
	f.Cleanup(http.DefaultClient.CloseIdleConnections)
	for _, seed := range []struct{ method, target, header, body string }{
		{"GET", "/api/feed", "Accept: */*", ""},
		{"GET", "/api/feed?author=1", "Accept: */*", ""},
		{"GET", "/api/feed?author=%zz&author=-1;x", "Accept: */*", ""},
		{"GET", "/api/feed?author=9223372036854775807", "Range: bytes=0-1", ""},
		{"GET", "/api/posts/1", "If-None-Match: *", ""},
		{"GET", "/api/posts/0x1", "Connection: keep-alive", ""},
		{"GET", "/api/posts/%00", "Accept: */*", ""},
		{"GET", "/api/posts/%2e%2e%2f%2e%2e%2fetc", "Accept: */*", ""},
		{"GET", "/api//posts/../feed", "Accept: */*", ""},
		{"GET", "/api/slow?time=1ms", "Accept: */*", ""},
		{"GET", "/api/slow?time=-1ns", "Accept: */*", ""},
		{"GET", "/healthz", "Accept: */*", ""},
		{"GET", "/readyz", "Accept: */*", ""},
		{"GET", "/metrics",
			"Accept: application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited", ""},
		{"GET", "/debug/config", "Accept-Encoding: gzip", ""},
		{"GET", "http://elsewhere/api/feed", "Host: elsewhere", ""},
		{"CONNECT", "elsewhere:80", "Accept: */*", ""},
		{"OPTIONS", "*", "Accept: */*", ""},
		{"HEAD", "/api/feed", "Accept: */*", ""},
		{"PRI", "*", "Accept: */*", ""},
		{"brew", "/api/feed", "Accept: */*", ""},
		{"POST", "/api/posts", "Content-Type: application/json", `{"body":"hello"}`},
		{"POST", "/api/posts", "Content-Type: application/json", `{"body":"a\u0000b"}`},
		{"POST", "/api/posts", "Content-Type: application/json", `{"body":"\ud800 \udfff"}`},
		{"POST", "/api/posts", "Content-Type: application/json", "{\"body\":\"\xff\xfe\"}"},
		{"POST", "/api/posts", "Content-Type: application/json", `{"body":"a","body":"b","BODY":"c"}`},
		{"POST", "/api/posts", "Transfer-Encoding: chunked", "5\r\nhello\r\n0\r\n\r\n"},
		{"POST", "/api/posts", "Transfer-Encoding: chunked", "ffffffffffffffff\r\n"},
		{"POST", "/api/posts", "Expect: 100-continue", `{"body":"hello"}`},
		{"POST", "/api/users", "Content-Type: application/json", `{"name":"a-b","password":"correct horse"}`},
		{"POST", "/api/users", "Content-Type: application/json", `{"name":"fuzz","password":"correct horse"}`},
		{"POST", "/api/users", "Content-Type: application/json", `{"name":null,"password":{}}`},
		{"POST", "/api/sessions", "Content-Type: application/json", `{"name":"fuzz","password":"wrong horse"}`},
		{"POST", "/api/sessions", "Content-Type: application/json", `{"name":"\u0000","password":"\u0000"}`},
		{"POST", "/api/sessions", "Content-Type: application/json", strings.Repeat("[", 15000)},
		{"POST", "/api/sessions", "Content-Length: -1", `{}`},
		{"GET", "/api/feed", "Authorization: Bearer", ""},
		{"GET", "/api/feed", "Authorization: bearer \x80\x81", ""},
		{"GET", "/api/feed", "X: y\r\n\r\nGET /api/feed HTTP/1.1\r\nHost: x", ""},
	} {
		f.Add(seed.method, seed.target, seed.header, []byte(seed.body), true)
		f.Add(seed.method, seed.target, seed.header, []byte(seed.body), false)
	}
	f.Fuzz(func(t *testing.T, method, target, header string, body []byte, loggedIn bool) {
		var raw bytes.Buffer
		fmt.Fprintf(&raw, "%s %s HTTP/1.1\r\nHost: fuzz\r\nConnection: close\r\n", method, target)
		if loggedIn {
			fmt.Fprintf(&raw, "Authorization: Bearer %s\r\n", token)
		}
		if len(body) > 0 && !strings.Contains(strings.ToLower(header), "transfer-encoding") {
			fmt.Fprintf(&raw, "Content-Length: %d\r\n", len(body))
		}
		fmt.Fprintf(&raw, "%s\r\n\r\n", header)
		raw.Write(body)
		answers, err := b.send(raw.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		for _, answer := range answers {
			text, _ := io.ReadAll(answer.Body) // of memory
			switch answer.StatusCode {
			case http.StatusServiceUnavailable, http.StatusGatewayTimeout,
				http.StatusNotImplemented, http.StatusHTTPVersionNotSupported:
			default:
				if answer.StatusCode >= 500 {
					t.Errorf("%q answers %s: %s", raw.String(), answer.Status, text)
				}
			}
			if bytes.Contains(text, []byte(pgtest.Password)) || bytes.Contains(text, []byte(token)) {
				t.Errorf("%q answers with a secret: %s", raw.String(), text)
			}
		}
		if failures := b.log.failures(); failures != "" {
			t.Errorf("%q: the log tells\n%s", raw.String(), failures)
		}
	})
}

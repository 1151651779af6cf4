package page

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestOnlyThisMachinesOwnReaderGetsThePage(t *testing.T) {
	s := newStage(t)
	s.begin(2)
	for _, c := range []struct {
		name, method, host string
		header             map[string]string
		want               int
	}{
		{"a program", "GET", addr, nil, 200},
		{"a program, head only", "HEAD", addr, nil, 200},
		{"by name", "GET", "localhost:4711", nil, 200},
		{"by IPv6", "GET", "[::1]:4711", nil, 200},
		{"the address bar", "GET", addr, map[string]string{"Sec-Fetch-Site": "none"}, 200},
		{"the page's script", "GET", addr, map[string]string{
			"Sec-Fetch-Site": "same-origin",
			"Origin":         "http://" + addr,
		}, 200},
		{"a link on another server of this machine", "GET", addr,
			map[string]string{"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}, 200},

		{"a rebound name", "GET", "evil.example:4711", nil, 403},
		{"a rebound name that begins well", "GET", "127.0.0.1.evil.example:4711", nil, 403},
		{"without a port", "GET", "127.0.0.1", nil, 403},
		{"another port", "GET", "127.0.0.1:4712", nil, 403},
		{"no host", "GET", "", nil, 403},
		{"all addresses", "GET", "0.0.0.0:4711", nil, 403},
		{"a foreign origin", "GET", addr, map[string]string{"Origin": "http://evil.example"}, 403},
		{"a foreign origin of this machine", "GET", addr, map[string]string{"Origin": "http://127.0.0.1:4712"}, 403},
		{"the same by https", "GET", addr, map[string]string{"Origin": "https://" + addr}, 403},
		{"an origin that hides itself", "GET", addr, map[string]string{"Origin": "null"}, 403},
		{"another site's link", "GET", addr, map[string]string{
			"Sec-Fetch-Site": "cross-site",
			"Sec-Fetch-Mode": "navigate",
			"Sec-Fetch-Dest": "document",
		}, 403},
		{"another site's script", "GET", addr, map[string]string{
			"Sec-Fetch-Site": "cross-site",
			"Sec-Fetch-Mode": "no-cors",
		}, 403},
		{"a script of another server of this machine", "GET", addr, map[string]string{
			"Sec-Fetch-Site": "same-site",
			"Sec-Fetch-Mode": "cors",
		}, 403},
		{"a frame of another server of this machine", "GET", addr,
			map[string]string{"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}, 403},
		{"a site that is not known", "GET", addr, map[string]string{"Sec-Fetch-Site": "elsewhere"}, 403},
		{"a foreign post", "POST", addr, map[string]string{"Origin": "http://evil.example"}, 403},

		{"a post", "POST", addr, nil, 405},
		{"a deletion", "DELETE", addr, nil, 405},
		{"a question for rights", "OPTIONS", addr, map[string]string{"Origin": "http://" + addr}, 405},
	} {
		for _, path := range []string{"/", "/live", "/page.js", "/style.css"} {
			w := httptest.NewRecorder()
			r := httptest.NewRequest(c.method, path, nil)
			r.Host = c.host
			for name, value := range c.header {
				r.Header.Set(name, value)
			}
			s.page.ServeHTTP(w, r)
			if w.Code != c.want {
				t.Errorf("%s: %s %s answers %d; want %d", c.name, c.method, path, w.Code, c.want)
			}
			if c.want != 200 && strings.Contains(w.Body.String(), run) {
				t.Errorf("%s: %s is told of the run: %s", c.name, path, w.Body)
			}
			for name, want := range map[string]string{
				"X-Content-Type-Options":       "nosniff",
				"Referrer-Policy":              "no-referrer",
				"X-Frame-Options":              "DENY",
				"Cache-Control":                "no-store",
				"Cross-Origin-Resource-Policy": "same-origin",
				"Access-Control-Allow-Origin":  "",
			} {
				if got := w.Header().Get(name); got != want {
					t.Errorf("%s: %s has %s %q; want %q", c.name, path, name, got, want)
				}
			}
			got := w.Header().Get("Content-Security-Policy")
			if !strings.HasPrefix(got, "default-src 'none'; script-src 'self';") || strings.Contains(got, "unsafe") {
				t.Errorf("%s: %s has the policy %q", c.name, path, got)
			}
		}
	}
}

func TestWhatIsNotThereIsNotFound(t *testing.T) {
	s := newStage(t)
	for _, path := range []string{"/index.html", "/live/", "/assets/page.js", "/../page.go", "/results", "/debug/pprof/"} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodGet, "http://"+addr, nil)
		r.URL.Path, r.Host = path, addr
		s.page.ServeHTTP(w, r)
		if w.Code != http.StatusNotFound && w.Code/100 != 3 {
			t.Errorf("GET %s answers %d; want 404", path, w.Code)
		}
	}
}

// The real server, and clients that want to keep it busy.
func TestNoClientKeepsTheServerBusy(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := Server(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") }))
	served := make(chan error)
	go func() { served <- server.Serve(listener) }()
	defer func() {
		_ = server.Close()
		<-served
	}()
	for name, bound := range map[string]time.Duration{
		"read":  server.ReadTimeout,
		"write": server.WriteTimeout,
		"idle":  server.IdleTimeout,
	} {
		if bound <= 0 || bound > time.Minute {
			t.Errorf("%s timeout = %s; want one of at most a minute", name, bound)
		}
	}
	dial := func() net.Conn {
		conn, err := net.Dial("tcp", listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		_ = conn.SetDeadline(time.Now().Add(15 * time.Second))
		return conn
	}

	slow := dial()
	defer func() { _ = slow.Close() }()
	began := time.Now()
	fmt.Fprint(slow, "GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ") // and nothing more
	if _, err := io.ReadAll(slow); err != nil {
		t.Errorf("a client that never ends its headers: %v; want its connection closed", err)
	}
	if took := time.Since(began); took > 8*time.Second {
		t.Errorf("a client that never ends its headers was closed after %s; want 5 s", took)
	}

	large := dial()
	defer func() { _ = large.Close() }()
	fmt.Fprintf(large, "GET / HTTP/1.1\r\nHost: a\r\nX-Large: %s\r\n\r\n", strings.Repeat("x", 64<<10))
	if answer, err := io.ReadAll(large); !strings.HasPrefix(string(answer), "HTTP/1.1 431") && err == nil {
		t.Errorf("headers of 64 KiB are answered %.60q; want 431", answer)
	}
}

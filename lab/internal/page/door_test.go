package page

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// Prometheus takes a form's POST from anywhere, and deletes by it. Through the door it is read, by this machine alone.
func TestTheDoorToPrometheusOnlyReads(t *testing.T) {
	var reached []string
	prometheus := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		body, _ := io.ReadAll(r.Body)
		reached = append(reached, strings.Join([]string{user, password, r.Method, r.URL.RequestURI(), string(body)}, " "))
	}))
	defer prometheus.Close()
	behind, err := url.Parse(prometheus.URL)
	if err != nil {
		t.Fatal(err)
	}
	behind.User = url.UserPassword("lab", "secret")
	const addr = "127.0.0.1:19090"
	door, err := NewDoor(addr, behind.String())
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		method, path, host, body string
		header                   map[string]string
		want                     string // that reaches Prometheus; empty: it is refused
	}{
		"a query": {
			method: http.MethodGet,
			path:   "/api/v1/query?query=up",
			want:   "lab secret GET /api/v1/query?query=up ",
		},
		"a long query": {
			method: http.MethodPost,
			path:   "/api/v1/query",
			body:   "query=up",
			want:   "lab secret POST /api/v1/query query=up",
		},
		"another password": {
			method: http.MethodGet,
			path:   "/graph",
			header: map[string]string{"Authorization": "Basic eDp5"},
			want:   "lab secret GET /graph ",
		},
		"its own page": {
			method: http.MethodPost,
			path:   "/api/v1/series",
			header: map[string]string{"Origin": "http://" + addr, "Sec-Fetch-Site": "same-origin"},
			want:   "lab secret POST /api/v1/series ",
		},
		"deletion":           {method: http.MethodPost, path: "/api/v1/admin/tsdb/delete_series?match[]=up"},
		"deletion by PUT":    {method: http.MethodPut, path: "/api/v1/admin/tsdb/delete_series?match[]=up"},
		"a path in disguise": {method: http.MethodPost, path: "/api/v1/query/../%61dmin/tsdb/delete_series"},
		"samples":            {method: http.MethodPost, path: "/api/v1/write"},
		"an end":             {method: http.MethodPost, path: "/-/quit"},
		"a foreign name":     {method: http.MethodGet, path: "/api/v1/query?query=up", host: "evil.example"},
		"a foreign site": {
			method: http.MethodGet,
			path:   "/api/v1/query?query=up",
			header: map[string]string{"Origin": "http://evil.example"},
		},
		"a form of a foreign site": {
			method: http.MethodPost,
			path:   "/api/v1/query",
			header: map[string]string{"Sec-Fetch-Site": "cross-site"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			reached = nil
			r := httptest.NewRequest(test.method, test.path, strings.NewReader(test.body))
			if r.Host = addr; test.host != "" {
				r.Host = test.host
			}
			for name, value := range test.header {
				r.Header.Set(name, value)
			}
			w := httptest.NewRecorder()
			door.ServeHTTP(w, r)
			switch got := strings.Join(reached, "; "); {
			case got != test.want:
				t.Errorf("%q reaches Prometheus; want %q", got, test.want)
			case test.want == "" && w.Code != http.StatusForbidden, test.want != "" && w.Code != http.StatusOK:
				t.Errorf("status %d", w.Code)
			}
		})
	}
	prometheus.CloseClientConnections()
	http.DefaultClient.CloseIdleConnections()
}

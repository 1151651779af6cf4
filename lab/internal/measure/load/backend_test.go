package load

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// backend answers like the real one and keeps its own count. Of the feed's
// answers every 10th is refused, every 25th slow and every 100th breaks off.
type backend struct {
	*httptest.Server

	mu      sync.Mutex
	status  map[string]int64 // of the feed; "0": broken off
	slow    int64
	setup   int64
	authors map[string]bool
	faults  []string
	first   time.Time     // feed request
	began   chan struct{} // closed at that moment
	healthy bool          // every answer is right
}

const slowness = 120 * time.Millisecond

func newBackend(t *testing.T) *backend {
	t.Helper()
	b := &backend{status: make(map[string]int64), authors: make(map[string]bool), began: make(chan struct{})}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/users", b.user)
	mux.HandleFunc("POST /api/sessions", b.session)
	mux.HandleFunc("GET /api/feed", b.feed)
	b.Server = httptest.NewServer(mux)
	t.Cleanup(b.Close)
	return b
}

func (b *backend) credentials(r *http.Request) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.setup++
	var in struct{ Name, Password string }
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil || len(in.Password) < 8 {
		b.faults = append(b.faults, fmt.Sprintf("%s: credentials %+v, %v", r.URL, in, err))
	}
	return in.Name
}

func (b *backend) user(w http.ResponseWriter, r *http.Request) {
	b.credentials(r)
	w.WriteHeader(http.StatusConflict)
}

func (b *backend) session(w http.ResponseWriter, r *http.Request) {
	name := b.credentials(r)
	w.WriteHeader(http.StatusCreated)
	_ = json.NewEncoder(w).Encode(map[string]string{"token": "token-of-" + name})
}

var page = `{"posts":[{"id":1}` + strings.Repeat(`,{"id":2}`, 49) + `]}`

func (b *backend) feed(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	if b.first.IsZero() {
		b.first = time.Now()
		close(b.began)
	}
	var n int64 = 1
	for _, c := range b.status {
		n += c
	}
	status := "200"
	switch {
	case b.healthy:
	case n%100 == 0:
		status = "0"
	case n%10 == 0:
		status = "503"
	case n%25 == 0:
		b.slow++
	}
	b.status[status]++
	b.authors[r.URL.Query().Get("author")] = true
	if !strings.HasPrefix(r.Header.Get("Authorization"), "Bearer token-of-") {
		b.faults = append(b.faults, "Authorization: "+r.Header.Get("Authorization"))
	}
	b.mu.Unlock()

	switch {
	case status == "0":
		// Not before the first byte: k6 would send the request again, unseen.
		_, _ = w.Write([]byte(page[:100]))
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	case status == "503":
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	case n%25 == 0 && !b.healthy:
		time.Sleep(slowness)
	}
	_, _ = w.Write([]byte(page))
}

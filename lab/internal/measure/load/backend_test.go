//go:build services

package load

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// fakeBackend answers like the real one and keeps its own count. Of the feed's
// answers every 10th is refused, every 25th slow and every 100th breaks off.
type fakeBackend struct {
	*httptest.Server

	mu       sync.Mutex
	status   map[string]int64 // of the load; "0": broken off
	slow     int64            // feeds
	queries  map[string]int64 // slow ones, by their time
	setup    int64
	authors  map[string]bool
	posts    []string // bodies, by id
	sessions map[string]bool
	stale    int64 // posts that were not found although they are there
	faults   []string
	first    time.Time     // feed request
	began    chan struct{} // closed at that moment
	ready    chan struct{} // closed when two users have logged in

	healthy bool          // every answer is right
	late    bool          // every 5th post is not found when it is read
	delay   time.Duration // of every feed
	// elsewhere is where every feed is redirected to, if it is set.
	elsewhere string
}

const slowness = 120 * time.Millisecond

func newBackend(t *testing.T) *fakeBackend {
	t.Helper()
	b := &fakeBackend{
		status: make(map[string]int64), queries: make(map[string]int64),
		authors: make(map[string]bool), sessions: make(map[string]bool), began: make(chan struct{}),
		ready: make(chan struct{}),
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/users", b.user)
	mux.HandleFunc("POST /api/sessions", b.session)
	mux.HandleFunc("GET /api/feed", b.feed)
	mux.HandleFunc("GET /api/slow", b.slowQuery)
	mux.HandleFunc("POST /api/posts", b.write)
	mux.HandleFunc("GET /api/posts/{id}", b.read)
	b.Server = httptest.NewServer(mux)
	t.Cleanup(b.Close)
	return b
}

func (b *fakeBackend) credentials(r *http.Request) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.setup++; b.setup == 4 {
		close(b.ready)
	}
	var in struct{ Name, Password string }
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil || len(in.Password) < 8 {
		b.faults = append(b.faults, fmt.Sprintf("%s: credentials %+v, %v", r.URL, in, err))
	}
	return in.Name
}

func (b *fakeBackend) user(w http.ResponseWriter, r *http.Request) {
	b.credentials(r)
	w.WriteHeader(http.StatusConflict)
}

func (b *fakeBackend) session(w http.ResponseWriter, r *http.Request) {
	token := fmt.Sprintf("token-of-%s-%p", b.credentials(r), r) // another for each log-in
	w.WriteHeader(http.StatusCreated)
	_ = json.NewEncoder(w).Encode(map[string]string{"token": token})
}

var page = `{"posts":[{"id":1}` + strings.Repeat(`,{"id":2}`, 49) + `]}`

func (b *fakeBackend) feed(w http.ResponseWriter, r *http.Request) {
	if b.elsewhere != "" {
		http.Redirect(w, r, b.elsewhere, http.StatusTemporaryRedirect)
		return
	}
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
	b.authorize(r)
	b.mu.Unlock()
	time.Sleep(b.delay)

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

// authorize is called with mu held.
func (b *fakeBackend) authorize(r *http.Request) {
	token := r.Header.Get("Authorization")
	if !strings.HasPrefix(token, "Bearer token-of-") {
		b.faults = append(b.faults, "Authorization: "+token)
	}
	b.sessions[token] = true
}

func (b *fakeBackend) slowQuery(_ http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.authorize(r)
	b.status["200"]++
	b.queries[r.URL.Query().Get("time")]++
}

func (b *fakeBackend) write(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.authorize(r)
	var in struct{ Body string }
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil || in.Body == "" {
		b.faults = append(b.faults, fmt.Sprintf("post %+v, %v", in, err))
	}
	b.posts = append(b.posts, in.Body)
	b.status["201"]++
	w.WriteHeader(http.StatusCreated)
	b.answer(w, len(b.posts))
}

func (b *fakeBackend) read(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.authorize(r)
	id, err := strconv.Atoi(r.PathValue("id"))
	if err != nil || id < 1 || id > len(b.posts) {
		b.faults = append(b.faults, "post "+r.PathValue("id"))
	}
	if b.late && id%5 == 0 {
		b.stale++
		b.status["404"]++
		w.WriteHeader(http.StatusNotFound)
		return
	}
	b.status["200"]++
	b.answer(w, id)
}

func (b *fakeBackend) answer(w http.ResponseWriter, id int) {
	_ = json.NewEncoder(w).Encode(map[string]any{"id": id, "author_id": 1, "body": b.posts[id-1]})
}

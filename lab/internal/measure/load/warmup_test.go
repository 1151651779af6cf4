//go:build services

package load

import (
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// before serves the backend behind a handler.
func (b *fakeBackend) before(t *testing.T, handle func(w http.ResponseWriter, r *http.Request, next http.Handler)) {
	t.Helper()
	next := b.Config.Handler
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handle(w, r, next) }))
	t.Cleanup(front.Close)
	b.URL = front.URL
}

// Each script sends what it loads with: some requests of each kind, in its own sessions.
func TestScriptsWarmUp(t *testing.T) {
	names, err := List(scenarios)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		b := newBackend(t)
		b.healthy = true
		note, err := Warm(t.Context(), trial(t, name, 1, b))
		if note != "" || err != nil {
			t.Errorf("%s: Warm = %q, %v", name, note, err)
		}
		want := map[string]int64{"200": 200}
		setup := int64(4)
		if name == "mixed" { // each write is read back
			setup, want["201"] = 42, int64(len(b.posts))
			if n := len(b.posts); n < 5 || n > 50 {
				t.Errorf("%s: %d of 200 iterations wrote; want about 20", name, n)
			}
		}
		if !maps.Equal(b.status, want) || b.setup != setup || len(b.faults) > 0 {
			t.Errorf(
				"%s: answers %v, %d requests to log in, faults %v; want %v, %d", name, b.status, b.setup, b.faults, want, setup,
			)
		}
		if len(b.authors) < 100 {
			t.Errorf("%s: feeds of %d authors were read", name, len(b.authors))
		}
	}
}

// A backend that takes one request at a time turns the others away: they come again.
func TestWarmComesAgainWhereThereIsNoRoom(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	b.healthy, b.delay = true, 30*time.Millisecond
	room, turned := make(chan struct{}, 1), atomic.Int64{}
	b.before(t, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		select {
		case room <- struct{}{}:
			next.ServeHTTP(w, r)
			<-room
		default:
			turned.Add(1)
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	if note, err := Warm(t.Context(), trial(t, "storm", 1, b)); note != "" || err != nil {
		t.Fatalf("Warm = %q, %v", note, err)
	}
	// Without a pause, the three that are turned away would use the 200 up in no time.
	if served := b.status["200"]; served < 15 || served+turned.Load() != 200 {
		t.Errorf("%d requests were served, %d turned away; want 200 together, and many served", served, turned.Load())
	}
}

// What serves nobody is at fault, unless a limit may be.
func TestWarmWhereNothingIsServed(t *testing.T) {
	t.Parallel()
	hang := func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // before its end, a client that is gone is not noticed
		<-r.Context().Done()
	}
	fail := func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) }
	isFeed := func(r *http.Request) bool { return r.URL.Path == "/api/feed" }
	all := func(*http.Request) bool { return true }
	for _, c := range []struct {
		name     string
		instead  http.HandlerFunc // nil: nobody listens
		of       func(*http.Request) bool
		note     string // in it
		unserved string // in the error
	}{
		{"refuses", nil, all, "", "the system does not serve, tried for 15 s: status 0"},
		{"hangs", hang, all, "", "the system does not serve, tried for 15 s: status 0"},
		{"answers 500", fail, all, "", "the system does not serve, tried for 15 s: status 500"},
		{"hangs after the log-in", hang, isFeed, "the warm-up ", ""},
		{"answers 500 after the log-in", fail, isFeed, "", "none of 200 requests was served, by status: 200 × 500"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBackend(t)
			b.before(t, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
				if c.of(r) {
					next = c.instead
				}
				next.ServeHTTP(w, r)
			})
			if c.instead == nil {
				b.URL = "http://127.0.0.1:1"
			}
			began := time.Now()
			note, err := Warm(t.Context(), trial(t, "storm", 1, b))
			if !strings.Contains(note, c.note) || (note == "") != (c.note == "") || (err == nil) != (c.unserved == "") {
				t.Errorf("Warm = %q, %v; want %q, %q", note, err, c.note, c.unserved)
			}
			if err != nil && (!errors.Is(err, ErrUnserved) || !strings.Contains(err.Error(), c.unserved)) {
				t.Errorf("Warm = %v; want %v with %q", err, ErrUnserved, c.unserved)
			}
			if took := time.Since(began); took > 40*time.Second {
				t.Errorf("it took %s", took)
			}
		})
	}
}

// The log-in is tried until it is let in, and is in no figure of the load.
func TestLogInIsPatient(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	b.healthy = true
	var n atomic.Int64
	b.before(t, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if r.URL.Path == "/api/feed" {
			next.ServeHTTP(w, r)
			return
		}
		switch n.Add(1) {
		case 1:
			panic(http.ErrAbortHandler) // no answer
		case 2:
			w.WriteHeader(http.StatusTooManyRequests)
		case 3, 5:
			w.WriteHeader(http.StatusServiceUnavailable)
		case 4:
			w.WriteHeader(http.StatusGatewayTimeout)
		default:
			next.ServeHTTP(w, r)
		}
	})
	got, err := Run(t.Context(), trialWith(t, "storm", 0.03, b, map[string]string{"USERS": "0.05"}))
	if err != nil {
		t.Fatal(err)
	}
	if got.Load.SetupRequests != 9 || got.SetupUnanswered != 1 || b.setup != 4 {
		t.Errorf("%d requests in setup, %d without an answer, %d served; want 9, 1, 4",
			got.Load.SetupRequests, got.SetupUnanswered, b.setup)
	}
	if n := b.status["200"]; got.Load.Requests != n || got.Load.Failed != 0 || !maps.Equal(got.Load.Status, b.status) {
		t.Errorf("the load is %+v; want %d requests, none failed", got.Load, n)
	}
}

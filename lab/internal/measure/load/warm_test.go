package load

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
	"testing"
)

func TestWarmReadsFeedsOfManyAuthors(t *testing.T) {
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	b := newBackend(t)
	b.healthy = true
	if err := Warm(t.Context(), b.URL); err != nil {
		t.Fatal(err)
	}
	if b.status["200"] != warmRequests || len(b.authors) != warmRequests || b.setup != 2 {
		t.Errorf("%d answers for %d authors, %d requests to log in; want %d, as many, 2", b.status["200"], len(b.authors), b.setup, warmRequests)
	}
}

func TestWarmFailsWhereNothingIsServed(t *testing.T) {
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	b := newBackend(t)
	if err := Warm(t.Context(), b.URL); !errors.Is(err, ErrUnserved) {
		t.Errorf("Warm = %v; want %v", err, ErrUnserved)
	}
}

// A backend that takes one request at a time turns the others away: they come again.
func TestWarmComesAgainWhereThereIsNoRoom(t *testing.T) {
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	b := newBackend(t)
	b.healthy = true
	inner := httputil.NewSingleHostReverseProxy(must(url.Parse(b.URL)))
	room := make(chan struct{}, 1)
	turned := atomic.Int64{}
	full := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case room <- struct{}{}:
			inner.ServeHTTP(w, r)
			<-room
		default:
			turned.Add(1)
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer full.Close()
	if err := Warm(t.Context(), full.URL); err != nil {
		t.Fatal(err)
	}
	if b.status["200"] != warmRequests || turned.Load() == 0 {
		t.Errorf("%d requests were served, %d turned away; want %d, and some", b.status["200"], turned.Load(), warmRequests)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

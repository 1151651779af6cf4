package load

import (
	"net/http"
	"strings"
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

func TestWarmFailsOnAWrongAnswer(t *testing.T) {
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	b := newBackend(t)
	err := Warm(t.Context(), b.URL)
	if err == nil || !strings.Contains(err.Error(), "answers 503") {
		t.Errorf("Warm = %v; want the refused request", err)
	}
}

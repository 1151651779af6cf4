package daemon

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"stormwave/lab/internal/service"
	"stormwave/lab/internal/stack"
	"stormwave/lab/internal/stack/exporter"
	"stormwave/lab/internal/stack/proc"
	"stormwave/lab/internal/stack/toolchain"
)

// supervised is a supervisor without services, until the test's end, that tells how often faults were undone.
func supervised(t *testing.T) (s *Supervisor, undone <-chan struct{}, quit context.CancelFunc) {
	t.Helper()
	layout, err := service.NewLayout(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	st, err := stack.New(layout, toolchain.Set{})
	if err != nil {
		t.Fatal(err)
	}
	told := make(chan struct{}, 10)
	life, quit := context.WithCancel(context.Background())
	s = &Supervisor{
		layout:   layout,
		stack:    st,
		exporter: exporter.New(st, service.Servers...),
		progress: newProgress(),
		life:     life,
		quit:     quit,
		watches:  new(sync.WaitGroup),
		undo: func(ctx context.Context) error {
			told <- struct{}{}
			return ctx.Err()
		},
	}
	t.Cleanup(func() {
		quit()
		s.watches.Wait()
	})
	return s, told, quit
}

func order(t *testing.T, s *Supervisor, method, path string, body any) *httptest.ResponseRecorder {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	s.routes().ServeHTTP(w, httptest.NewRequest(method, path, bytes.NewReader(text)))
	return w
}

// A run that is killed says no word. Its faults are undone, its mark is taken off, and the next run may begin.
func TestTheFaultsOfAKilledRunAreUndone(t *testing.T) {
	s, undone, _ := supervised(t)
	process, err := proc.Start(proc.Spec{Name: "run", Path: "/bin/sleep", Args: []string{"60"}})
	if err != nil {
		t.Fatal(err)
	}
	owner, _ := proc.Identify(process.PID())
	first := Run{Name: "first", Owner: owner}
	if w := order(t, s, http.MethodPost, "/run", first); w.Code != http.StatusOK {
		t.Fatalf("begin: %d %s", w.Code, w.Body)
	}
	s.mark(&exporter.Trial{Run: first.Name, N: 1})
	if w := order(t, s, http.MethodPost, "/run", Run{Name: "second", Owner: owner}); w.Code == http.StatusOK {
		t.Error("a second run may begin beside the first")
	}
	select {
	case <-undone:
		t.Error("the faults are undone while the run lives")
	case <-time.After(300 * time.Millisecond): // longer than from one look at the owner to the next
	}
	if err := process.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	select {
	case <-undone:
	case <-time.After(10 * time.Second):
		t.Fatal("the faults of a run whose process is gone are not undone")
	}
	s.mu.Lock()
	run, trial, last := s.run, s.trial, s.lastRun
	s.mu.Unlock()
	if run != nil || trial != nil || last == nil || last.Name != first.Name {
		t.Errorf("run %v, trial %v, last run %v; want only the last", run, trial, last)
	}
}

// A run that ends with a word is no longer watched: what comes after is not its own.
func TestARunThatHasEndedIsNotWatched(t *testing.T) {
	s, undone, _ := supervised(t)
	process, err := proc.Start(proc.Spec{Name: "run", Path: "/bin/sleep", Args: []string{"60"}})
	if err != nil {
		t.Fatal(err)
	}
	owner, _ := proc.Identify(process.PID())
	order(t, s, http.MethodPost, "/run", Run{Name: "first", Owner: owner})
	order(t, s, http.MethodDelete, "/run", nil)
	<-undone
	ended := make(chan struct{})
	go func() {
		s.watches.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-time.After(5 * time.Second):
		t.Error("its process is watched still")
	}
	if err := process.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	<-ended
	select {
	case <-undone:
		t.Error("undone once more, when its process was gone")
	default:
	}
}

// A supervisor that is told to end does not wait for the order in progress.
func TestAnOrderEndsWithTheSupervisor(t *testing.T) {
	life, quit := context.WithCancel(t.Context())
	begun := make(chan struct{})
	slow := handle(life, func(ctx context.Context, _ struct{}) (struct{}, error) {
		close(begun)
		select {
		case <-ctx.Done():
			return struct{}{}, context.Cause(ctx)
		case <-time.After(10 * time.Second):
			return struct{}{}, errors.New("it went on")
		}
	})
	go func() {
		<-begun
		quit()
	}()
	w := httptest.NewRecorder()
	slow(w, httptest.NewRequest(http.MethodPost, "/apply", nil))
	want := errWentDown.Error() + ": " + context.Canceled.Error()
	if w.Code != http.StatusInternalServerError || !strings.Contains(w.Body.String(), want) {
		t.Errorf("%d %s; want %q", w.Code, w.Body, want)
	}
}

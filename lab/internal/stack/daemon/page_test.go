package daemon

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"testing"
	"time"

	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/page"
	"stormwave/lab/internal/service"
	"stormwave/lab/internal/stack"
	"stormwave/lab/internal/stack/exporter"
	"stormwave/lab/internal/stack/proc"
	"stormwave/lab/internal/stack/toolchain"
)

// The page is told what the run's own orders to the supervisor show.
func TestThePageIsToldOfTheRun(t *testing.T) {
	layout, err := service.NewLayout(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	st, err := stack.New(layout, toolchain.Set{})
	if err != nil {
		t.Fatal(err)
	}
	life, quit := context.WithCancel(t.Context())
	s := &Supervisor{
		layout:   layout,
		stack:    st,
		undo:     func(context.Context) error { return nil },
		exporter: exporter.New(st, service.Servers...),
		progress: newProgress(),
		life:     life,
		watches:  new(sync.WaitGroup),
	}
	defer s.watches.Wait()
	defer quit()
	order := func(method, path string, body any) {
		t.Helper()
		text, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		w := httptest.NewRecorder()
		s.routes().ServeHTTP(w, httptest.NewRequest(method, path, bytes.NewReader(text)))
		if w.Code != http.StatusOK {
			t.Fatalf("%s %s: %d %s", method, path, w.Code, w.Body)
		}
	}
	if got := s.pageStatus(); got.Run != nil || got.State != "starting" || len(got.Services) == 0 {
		t.Errorf("before a run: %+v; want the services alone", got)
	}
	me, _ := proc.Identify(os.Getpid())
	run := Run{Name: "2026-11-25T1150Z-quick", Owner: me, Trials: 6, ETA: time.Minute}
	order(http.MethodPost, "/run", run)
	check := func(what string, want page.Run) {
		t.Helper()
		got := s.pageStatus().Run
		if got == nil {
			t.Fatalf("%s: there is no run", what)
		}
		if time.Since(got.Began) > time.Minute {
			t.Errorf("%s: it began at %s; want just now", what, got.Began)
		}
		if got.Name != run.Name || got.Trials != 6 || got.ETA != time.Minute || got.Over != want.Over ||
			got.Stage != want.Stage || got.Cell != want.Cell || got.Scenario != want.Scenario {
			t.Errorf("%s: %+v; want %+v", what, *got, want)
		}
	}
	check("at the start", page.Run{})
	s.applying(matrix.Settings{"pool_size": "8"})
	check("while a cell is applied", page.Run{Stage: matrix.StageApply})
	if got := s.pageStatus().Run.Applied["pool_size"]; got != "8" {
		t.Errorf("pool_size = %q; want that of the cell", got)
	}
	order(
		http.MethodPut, "/trial",
		trialRequest{Trial: &exporter.Trial{Run: run.Name, N: 1, Cell: "pool_size=8", Scenario: "storm"}},
	)
	check("under load", page.Run{Stage: matrix.StageLoad, Cell: "pool_size=8", Scenario: "storm"})
	order(http.MethodPut, "/trial", trialRequest{})
	check("after the load", page.Run{Stage: matrix.StageRead})
	s.end()
	check("after the end", page.Run{Over: true})

	gone := me
	gone.Start++
	order(http.MethodPost, "/run", Run{Name: run.Name, Owner: gone, Trials: 6, ETA: time.Minute})
	check("when its process is gone", page.Run{Over: true})
}

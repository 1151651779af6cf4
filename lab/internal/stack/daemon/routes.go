package daemon

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"time"

	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/service"
	"stormwave/lab/internal/setting"
	"stormwave/lab/internal/stack"
	"stormwave/lab/internal/stack/exporter"
)

// What goes over the control socket: JSON both ways, errors as {"error": "…"}.
type (
	// Status is the answer to `lab status --json`.
	Status struct {
		State      string `json:"state"` // "up", "starting", "stopping" or "down"
		Supervisor int    `json:"supervisor_pid"`
		stack.Status
		OpenFiles uint64  `json:"open_files"` // that each service may have open at once
		Run       *string `json:"run"`
	}

	applyRequest struct {
		Settings matrix.Settings `json:"settings"`
		CPUs     matrix.CPUs     `json:"cpus"`
	}

	trialRequest struct {
		Trial  *exporter.Trial `json:"shot"`   // nil ends the mark
		Guests map[string]int  `json:"guests"` // processes that are not the stack's, by service
	}

	stepEvent struct {
		*stack.Step
		Error string `json:"error,omitempty"`
		Over  bool   `json:"over,omitempty"` // the last event
	}

	failure struct {
		Error string `json:"error"`
	}
)

// stopping is the state of a stack that goes down, or is about to: the process that it
// was started for is gone.
const stopping = "stopping"

func (s *Supervisor) isLeaving() bool {
	return s.life.Err() != nil || s.owner != nil && !s.owner.Alive()
}

// DownStatus is the status of a stack that no supervisor owns.
func DownStatus() Status {
	return Status{
		State:  "down",
		Status: stack.Status{Services: []stack.ServiceStatus{}, Deaths: []stack.Death{}, URLs: map[string]*string{}},
	}
}

func (s *Supervisor) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, _ *http.Request) { answer(w, s.status()) })
	mux.HandleFunc("GET /prometheus", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, s.stack.URL(service.Prometheus))
	})
	mux.HandleFunc("GET /up", s.followUp)
	mux.HandleFunc("POST /down", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, struct{}{})
		s.quit()
	})
	mux.HandleFunc("POST /apply", handle(s.life, func(ctx context.Context, req applyRequest) (setting.Reading, error) {
		s.applying(req.Settings)
		read, err := s.stack.Apply(ctx, req.Settings, req.CPUs)
		if err != nil {
			return setting.Reading{}, err
		}
		return read, s.remember()
	}))
	mux.HandleFunc("POST /reset", handle(s.life, func(ctx context.Context, _ struct{}) (string, error) {
		s.at(matrix.StageWarm)
		return s.stack.Reset(ctx)
	}))
	mux.HandleFunc("POST /quiesce", handle(s.life, func(ctx context.Context, _ struct{}) (struct{}, error) {
		return struct{}{}, s.stack.Quiesce(ctx)
	}))
	mux.HandleFunc("PUT /trial", handle(s.life, func(ctx context.Context, req trialRequest) (struct{}, error) {
		s.exporter.SetTrial(req.Trial, req.Guests)
		s.mark(req.Trial)
		if req.Trial == nil {
			return struct{}{}, s.stack.StopFaults(ctx)
		}
		return struct{}{}, s.stack.StartFaults(ctx)
	}))
	mux.HandleFunc("PUT /progress", handle(s.life, func(_ context.Context, progress exporter.Progress) (struct{}, error) {
		s.exporter.SetProgress(progress)
		return struct{}{}, nil
	}))
	mux.HandleFunc("POST /run", handle(s.life, func(_ context.Context, run Run) (struct{}, error) {
		return struct{}{}, s.begin(run)
	}))
	mux.HandleFunc("DELETE /run", handle(s.life, func(ctx context.Context, _ struct{}) (struct{}, error) {
		s.end()
		return struct{}{}, s.undo(ctx)
	}))
	return mux
}

func (s *Supervisor) status() Status {
	st := Status{State: "starting", Supervisor: os.Getpid(), Status: s.stack.Status(), OpenFiles: s.files}
	st.URLs["page"] = new("http://" + s.stack.PageAddr())
	if over, err := s.progress.outcome(); over && err == nil {
		st.State = "up"
	}
	if s.isLeaving() {
		st.State = stopping
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.run != nil && s.run.Owner.Alive() {
		st.Run = &s.run.Name
	}
	return st
}

// followUp tells each step of the up, a line of JSON each, until all is ready.
func (s *Supervisor) followUp(w http.ResponseWriter, r *http.Request) {
	out := json.NewEncoder(w)
	flusher := http.NewResponseController(w)
	err := s.progress.follow(r.Context(), func(step stack.Step) {
		event := stepEvent{Step: &step}
		if step.Err != nil {
			event.Error = step.Err.Error()
		}
		_ = out.Encode(event)
		_ = flusher.Flush()
	})
	last := stepEvent{Over: true}
	if err != nil {
		last.Error = err.Error()
	}
	_ = out.Encode(last)
}

// begin lets a run use the stack, unless another does, until its end or that of its process.
func (s *Supervisor) begin(run Run) error {
	s.claiming.Lock()
	defer s.claiming.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.run != nil && s.run.Owner.Alive() {
		return errBusy(s.run.Name)
	}
	s.over()
	run.Began = time.Now()
	s.run = &run
	watching, unwatch := context.WithCancel(s.life)
	s.unwatch = unwatch
	s.watches.Go(func() { watch(watching, run.Owner, func() { s.abandon(&run) }) })
	return nil
}

func (s *Supervisor) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over()
}

// over notes that no run uses the stack any more. The lock is held.
func (s *Supervisor) over() {
	if s.run != nil {
		s.lastRun = s.run
		s.unwatch()
	}
	s.run, s.stage, s.applied, s.trial = nil, "", nil, nil
	s.exporter.SetTrial(nil, nil)
}

// abandonTimeout bounds the undoing of what a run has left.
const abandonTimeout = time.Minute

// abandon ends a run whose process is gone without a word, and undoes its faults: nothing outlives its owner. Another
// run waits for that.
func (s *Supervisor) abandon(run *Run) {
	s.claiming.Lock()
	defer s.claiming.Unlock()
	s.mu.Lock()
	its := s.run == run
	if its {
		s.over()
	}
	s.mu.Unlock()
	if !its {
		return
	}
	ctx, cancel := context.WithTimeout(s.life, abandonTimeout)
	defer cancel()
	if err := s.undo(ctx); err != nil {
		slog.Error("undo the faults of a run whose process is gone", "run", run.Name, "err", err)
	}
}

type errBusy string

func (run errBusy) Error() string {
	return "the stack is used by the run " + string(run) + "; wait for its end, or stop it"
}

// handle decodes an order, carries it out, and encodes what becomes of it. No order outlives the supervisor's life.
func handle[In, Out any](life context.Context, do func(context.Context, In) (Out, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var in In
		if r.ContentLength != 0 {
			decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20))
			decoder.DisallowUnknownFields()
			if err := decoder.Decode(&in); err != nil {
				w.WriteHeader(http.StatusBadRequest)
				answer(w, failure{Error: err.Error()})
				return
			}
		}
		ctx, cancel := context.WithCancel(r.Context())
		defer cancel()
		defer context.AfterFunc(life, cancel)()
		out, err := do(ctx, in)
		if err != nil && life.Err() != nil {
			err = fmt.Errorf("%w: %w", errWentDown, err)
		}
		if err != nil {
			w.WriteHeader(http.StatusInternalServerError)
			answer(w, failure{Error: strings.TrimSpace(err.Error())})
			return
		}
		answer(w, out)
	}
}

func answer(w http.ResponseWriter, value any) {
	_ = json.NewEncoder(w).Encode(value)
}

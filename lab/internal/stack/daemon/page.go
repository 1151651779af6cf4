package daemon

import (
	"net/http"
	"path/filepath"

	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/page"
	"stormwave/lab/internal/service"
	"stormwave/lab/internal/stack/exporter"
)

// newPage returns the live page of the stack.
func (s *Supervisor) newPage() (*page.Page, error) {
	return page.New(page.Sources{
		Addr: s.stack.PageAddr(), Prometheus: s.stack.URL(service.Prometheus),
		Results: filepath.Join(s.layout.Root, "results"), Status: s.pageStatus,
	})
}

// pageServer serves the page.
func pageServer(p *page.Page) *http.Server {
	server := page.Server(p)
	server.RegisterOnShutdown(p.Close)
	return server
}

// pageStatus tells the page what it shows.
func (s *Supervisor) pageStatus() page.Status {
	st := s.status()
	told := page.Status{State: st.State, Services: st.Services, Deaths: st.Deaths}
	s.mu.Lock()
	defer s.mu.Unlock()
	run := s.run
	if run == nil {
		run = s.lastRun
	}
	if run == nil {
		return told
	}
	told.Run = &page.Run{
		Name: run.Name, Over: s.run == nil || !run.Owner.Alive(), Began: run.Began, Trials: run.Trials, ETA: run.ETA,
		Stage: s.stage, Applied: s.applied,
	}
	if s.trial != nil {
		told.Run.Cell, told.Run.Scenario = s.trial.Cell, s.trial.Scenario
	}
	return told
}

// applying notes which cell is in progress from now on.
func (s *Supervisor) applying(settings matrix.Settings) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.applied, s.stage = settings, matrix.StageApply
}

// at notes which stage the trial is in.
func (s *Supervisor) at(stage matrix.Stage) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stage = stage
}

// mark notes the trial that is under load; nil: its load is over.
func (s *Supervisor) mark(trial *exporter.Trial) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trial, s.stage = trial, matrix.StageRead
	if trial != nil {
		s.stage = matrix.StageLoad
	}
}

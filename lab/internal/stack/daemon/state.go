package daemon

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/google/renameio/v2"

	"stormwave/lab/internal/service"
	"stormwave/lab/internal/stack/proc"
)

// state is kept for the supervisor that comes after one that was killed.
type state struct {
	Boot       string               `json:"boot"` // of the kernel: no process outlives it
	Supervisor processID            `json:"supervisor"`
	Services   map[string]processID `json:"services"`
}

// processID is a process and the program that it runs.
type processID struct {
	proc.Ident
	Program string `json:"program"`
}

// processIDOf describes a live process; ok is false when there is none.
func processIDOf(pid int) (r processID, ok bool) {
	id, ok := proc.Identify(pid)
	return processID{id, proc.Program(pid)}, ok
}

// lives reports whether exactly this process still runs, and still that program.
func (r processID) lives() bool { return r.Alive() && proc.Program(r.PID) == r.Program }

// left are the processes of it that still run: itself, or what it has left of that program when it was killed.
func (r processID) left() []proc.Ident {
	if r.lives() {
		return []proc.Ident{r.Ident}
	}
	return slices.DeleteFunc(r.Orphans(), func(id proc.Ident) bool { return proc.Program(id.PID) != r.Program })
}

func statePath(layout service.Layout) string { return filepath.Join(layout.Lab, "state.json") }

// remember writes down who runs.
func (s *Supervisor) remember() error {
	boot, err := proc.Boot()
	if err != nil {
		return fmt.Errorf("write state: %w", err)
	}
	now := state{Boot: boot, Services: make(map[string]processID)}
	now.Supervisor, _ = processIDOf(os.Getpid())
	for name, pid := range s.stack.PIDs() {
		if service, ok := processIDOf(pid); ok {
			now.Services[name] = service
		}
	}
	text, err := json.MarshalIndent(now, "", "  ")
	if err != nil {
		return fmt.Errorf("write state: %w", err)
	}
	if err := renameio.WriteFile(statePath(s.layout), append(text, '\n'), 0o600); err != nil {
		return fmt.Errorf("write state: %w", err)
	}
	return nil
}

func forget(layout service.Layout) error {
	if err := os.Remove(statePath(layout)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove state: %w", err)
	}
	return nil
}

// readState reads a state file. One that tells of no process is none.
func readState(path string) (state, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return state{}, err
	}
	var s state
	if err := json.Unmarshal(text, &s); err != nil {
		return state{}, err
	}
	if s.Boot == "" || s.Supervisor.PID == 0 || len(s.Services) == 0 {
		return state{}, errors.New("it does not tell what ran")
	}
	return s, nil
}

// whyDown is ErrDown, with its cause if that is known: a supervisor that ends in order
// leaves no state behind.
func whyDown(layout service.Layout) error {
	old, err := readState(statePath(layout))
	if err != nil || old.Supervisor.lives() {
		return ErrDown
	}
	if boot, err := proc.Boot(); err != nil || boot != old.Boot {
		return ErrDown
	}
	return fmt.Errorf(
		"the supervisor (process %d) was killed: %w; its log: lab logs supervisor", old.Supervisor.PID, ErrDown,
	)
}

// sweepTimeout bounds the wait for what a killed supervisor has left.
const sweepTimeout = 15 * time.Second

// sweep ends what a killed supervisor has left behind. The kernel has told its
// services to end; here is waited for them, and killed what does not.
func sweep(ctx context.Context, layout service.Layout) error {
	old, err := readState(statePath(layout))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read state: %w; look for processes of an old lab, then remove %s", err, statePath(layout))
	}
	boot, err := proc.Boot()
	if err != nil {
		return fmt.Errorf("read state: %w", err)
	}
	if old.Boot != boot {
		return forget(layout)
	}
	const politely = 5 * time.Second
	began := time.Now()
	seen := make(map[proc.Ident]bool)
	for {
		alive := 0
		for _, service := range old.Services {
			for _, id := range service.left() {
				alive++
				seen[id] = true
				if time.Since(began) > politely {
					id.Kill()
				}
			}
		}
		if alive == 0 {
			return errors.Join(proc.SweepAll(slices.Collect(maps.Keys(seen))), forget(layout))
		}
		if time.Since(began) > sweepTimeout {
			return fmt.Errorf("wait for services of an old lab: %d do not end; see %s", alive, statePath(layout))
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}

//go:build services

package pgtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/procfs"
)

// process is a server that runs in the foreground and that a test may stop, kill,
// freeze and start again. One goroutine at a time may use it.
type process struct {
	name    string
	command func() *exec.Cmd
	ready   func(context.Context) error // by the server's own protocol
	ending  syscall.Signal              // asks it to hang up on its clients and end
	log     string                      // path; each start empties it

	cmd   *exec.Cmd  // nil: it does not run
	ended chan error // what its end was, once
}

// Start starts the server again, where it was, and returns when it is ready.
func (p *process) Start(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), startTimeout)
	defer cancel()
	if err := p.start(ctx); err != nil {
		t.Fatal(err)
	}
}

// Stop ends the server in its own quick and clean way, and waits for it.
func (p *process) Stop(t testing.TB) {
	t.Helper()
	if err := p.stop(); err != nil {
		t.Fatal(err)
	}
}

// Kill ends the server and all its children with SIGKILL, and waits until none is left.
// PostgreSQL's shared memory stays until it is started again: end a test with that.
func (p *process) Kill(t testing.TB) {
	t.Helper()
	if err := p.kill(); err != nil {
		t.Fatal(err)
	}
}

// Freeze stops the server and all its children where they are: clients hear
// nothing more, not even that it is gone.
func (p *process) Freeze(t testing.TB) {
	t.Helper()
	if _, err := p.freeze(); err != nil {
		t.Fatal(err)
	}
}

// Thaw lets a frozen server go on.
func (p *process) Thaw(t testing.TB) {
	t.Helper()
	if err := p.thaw(); err != nil {
		t.Fatal(err)
	}
}

// start needs ctx only to come up; stop or kill ends what it has started.
func (p *process) start(ctx context.Context) error {
	if p.cmd != nil {
		return fmt.Errorf("start %s: it runs already", p.name)
	}
	if err := p.launch(); err != nil {
		return err
	}
	for {
		err := p.ready(ctx)
		if err == nil {
			return nil
		}
		select {
		case end := <-p.ended:
			p.cmd = nil
			return fmt.Errorf("start %s: it ended with %v\n%s", p.name, end, p.logged())
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("wait for %s: %w\n%s", p.name, err, p.logged()), p.kill())
		case <-time.After(pollEvery):
		}
	}
}

// launch hands the process to a goroutine that owns it until its end.
func (p *process) launch() error {
	log, err := os.Create(p.log)
	if err != nil {
		return fmt.Errorf("start %s: %w", p.name, err)
	}
	defer log.Close()
	cmd := p.command()
	cmd.Stdout, cmd.Stderr = log, log
	started, ended := make(chan error, 1), make(chan error, 1)
	go func() {
		// The kernel sends Pdeathsig when the thread that started the process ends: keep it.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			ended <- cmd.Wait()
		}
	}()
	if err := <-started; err != nil {
		return fmt.Errorf("start %s: %w", p.name, err)
	}
	p.cmd, p.ended = cmd, ended
	return nil
}

func (p *process) stop() error {
	if p.cmd == nil {
		return nil
	}
	// A frozen process would not hear the signal.
	err := errors.Join(p.thaw(), p.cmd.Process.Signal(p.ending))
	if err != nil {
		return errors.Join(fmt.Errorf("stop %s: %w\n%s", p.name, err, p.logged()), p.kill())
	}
	select {
	case err = <-p.ended:
		p.cmd = nil
	case <-time.After(stopTimeout):
		return errors.Join(fmt.Errorf("stop %s: it is still there after %v\n%s", p.name, stopTimeout, p.logged()), p.kill())
	}
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.Sys().(syscall.WaitStatus).Signal() == p.ending {
		return nil // a program that leaves the signal to the kernel
	}
	if err != nil {
		return fmt.Errorf("stop %s: %w\n%s", p.name, err, p.logged())
	}
	return nil
}

// kill freezes all first, so that no child is born unseen. Each child of
// PostgreSQL leads a process group of its own, so a group will not do.
func (p *process) kill() error {
	if p.cmd == nil {
		return nil
	}
	children, err := p.freeze()
	if errors.Is(err, os.ErrProcessDone) {
		err = nil
	}
	for _, pid := range children {
		_ = syscall.Kill(pid, syscall.SIGKILL) // gone is good
	}
	_ = p.cmd.Process.Kill()
	<-p.ended // SIGKILL leaves no choice
	p.cmd = nil
	for _, pid := range children {
		err = errors.Join(err, awaitState(pid, 'Z'))
	}
	if err != nil {
		return fmt.Errorf("kill %s: %w", p.name, err)
	}
	return nil
}

// freeze returns the children. The parent is stopped first: then there are no more.
func (p *process) freeze() (children []int, err error) {
	if p.cmd == nil {
		return nil, fmt.Errorf("freeze %s: it does not run", p.name)
	}
	if err := p.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		return nil, fmt.Errorf("freeze %s: %w", p.name, err)
	}
	if err := awaitState(p.cmd.Process.Pid, 'T'); err != nil {
		return nil, fmt.Errorf("freeze %s: %w", p.name, err)
	}
	if children, err = childrenOf(p.cmd.Process.Pid); err != nil {
		return nil, fmt.Errorf("freeze %s: %w", p.name, err)
	}
	for _, pid := range children {
		if syscall.Kill(pid, syscall.SIGSTOP) != nil {
			continue // gone meanwhile
		}
		if err := awaitState(pid, 'T'); err != nil {
			return children, fmt.Errorf("freeze %s: %w", p.name, err)
		}
	}
	return children, nil
}

func (p *process) thaw() error {
	if p.cmd == nil {
		return fmt.Errorf("thaw %s: it does not run", p.name)
	}
	children, err := childrenOf(p.cmd.Process.Pid)
	if err != nil {
		return fmt.Errorf("thaw %s: %w", p.name, err)
	}
	for _, pid := range children {
		_ = syscall.Kill(pid, syscall.SIGCONT) // gone: nothing to thaw
	}
	if err := p.cmd.Process.Signal(syscall.SIGCONT); err != nil {
		return fmt.Errorf("thaw %s: %w", p.name, err)
	}
	return nil
}

func (p *process) logged() string {
	text, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-maxLog):])
}

// maxLog is how much of a log's end a failure shows, in bytes.
const maxLog = 4 << 10

// pollEvery is the pause between two looks at what others bring about.
const pollEvery = 10 * time.Millisecond

func childrenOf(parent int) (pids []int, err error) {
	all, err := procfs.AllProcs()
	if err != nil {
		return nil, err
	}
	for _, p := range all {
		if stat, err := p.Stat(); err == nil && stat.PPID == parent { // else it is gone
			pids = append(pids, p.PID)
		}
	}
	return pids, nil
}

// awaitState waits until a process is in a state, as ps names it, or has ended.
func awaitState(pid int, state byte) error {
	for deadline := time.Now().Add(stopTimeout); ; time.Sleep(pollEvery / 10) {
		p, err := procfs.NewProc(pid)
		if err != nil {
			return nil // gone
		}
		stat, err := p.Stat()
		if err != nil || stat.State == "Z" || stat.State == string(state) {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("process %d is in state %s after %v, want %c", pid, stat.State, stopTimeout, state)
		}
	}
}

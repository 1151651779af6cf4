// Package proc starts, watches and stops processes of the operating system. It
// is the only importer of os/exec: every child of the lab has its owner here.
package proc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Spec says how a process is started and how it is stopped.
type Spec struct {
	Name string   // in messages
	Path string   // absolute path of the program
	Args []string // without the program itself
	Env  []string // what it is told besides what every program gets, "NAME=value"; see Environ
	Dir  string   // working directory; empty: the caller's

	Log    string    // file that standard output and error are appended to; empty: discarded
	Stdout io.Writer // takes standard output instead of Log
	Stdin  io.Reader // empty: no input

	Account *Account // runs as this account; nil: as the caller
	CPUs    string   // list of CPUs it may use ("0-1,3"); empty: all
	Quota   float64  // CPUs that it may use at most, in parts too; 0: no limit

	StopSignal  syscall.Signal // polite request to end; 0: SIGTERM
	StopTimeout time.Duration  // until it is killed; 0: DefaultStopTimeout
	DeathSignal syscall.Signal // sent by the kernel when the owner dies; 0: SIGKILL
}

// DefaultStopTimeout is how long a process may take to end after StopSignal.
const DefaultStopTimeout = 10 * time.Second

// killTimeout is how long the kernel may take to remove a killed process.
const killTimeout = 5 * time.Second

// Process is a started process. It leads a process group of its own, which ends with it.
type Process struct {
	spec    Spec
	cmd     *exec.Cmd
	log     *os.File
	logFrom int64 // size of the log before the process wrote to it
	started time.Time
	done    chan struct{}
	exit    Exit // set before done is closed
}

// Start starts the process and returns at once. The caller owns it and must call
// Stop, or wait for Done.
func Start(spec Spec) (*Process, error) {
	p := &Process{spec: spec, started: time.Now(), done: make(chan struct{})}
	p.cmd = &exec.Cmd{
		// By its whole path: PostgreSQL finds its other programs, libraries and share files
		// beside what it was called by, and by a bare name it would look on PATH.
		Path: spec.Path, Args: append([]string{spec.Path}, spec.Args...),
		Env: Environ(spec.Env...), Dir: spec.Dir, Stdin: spec.Stdin,
		// A grandchild may hold the output pipe open for ever: do not wait for it.
		WaitDelay:   2 * time.Second,
		SysProcAttr: &syscall.SysProcAttr{Setpgid: true, Pdeathsig: spec.deathSignal()},
	}
	if spec.Account != nil {
		p.cmd.SysProcAttr.Credential = &syscall.Credential{Uid: spec.Account.UID, Gid: spec.Account.GID}
	}
	if err := p.openLog(); err != nil {
		return nil, err
	}
	started := make(chan error, 1)
	go p.run(started)
	if err := <-started; err != nil {
		return nil, err
	}
	return p, nil
}

// run starts the process on a thread of its own and waits for it there: the
// kernel sends Pdeathsig when the starting thread ends, not the program.
// The thread is not given back, for its CPU affinity is changed.
func (p *Process) run(started chan<- error) {
	runtime.LockOSThread()
	if p.log != nil {
		defer func() { _ = p.log.Close() }()
	}
	if err := pin(p.spec.CPUs); err != nil {
		started <- fmt.Errorf("start %s: %w", p.spec.Name, err)
		return
	}
	release, err := p.start()
	if err != nil {
		started <- fmt.Errorf("start %s: %w", p.spec.Name, err)
		return
	}
	defer release()
	started <- nil
	p.endGroup()
	err = p.cmd.Wait()
	p.exit = exitOf(p.cmd.ProcessState, err, time.Since(p.started))
	close(p.done)
}

// endGroup waits for the end of the process, and ends what that leaves in its group: the children of one that was
// killed. Nobody has waited for the process yet, so that the number is its own still.
func (p *Process) endGroup() {
	for err := error(unix.EINTR); errors.Is(err, unix.EINTR); {
		err = unix.Waitid(unix.P_PID, p.PID(), nil, unix.WEXITED|unix.WNOWAIT, nil)
	}
	left := group(p.PID())
	_ = syscall.Kill(-p.PID(), syscall.SIGKILL)
	_ = killTree(left) // what does not end in time is nobody's to wait for
}

// start starts the process, under its quota if it has one. What it returns gives the
// quota up, when the process has ended.
func (p *Process) start() (release func(), err error) {
	if p.spec.Quota == 0 {
		return func() {}, p.cmd.Start()
	}
	c, err := newCgroup(p.spec.Name, p.spec.Quota)
	if err != nil {
		return nil, fmt.Errorf("limit it to %g CPUs: %w", p.spec.Quota, err)
	}
	if err := p.cmd.Start(); err != nil {
		return nil, errors.Join(err, c.remove())
	}
	if err := c.take(p.PID()); err != nil {
		_ = p.cmd.Process.Kill()
		_ = p.cmd.Wait()
		return nil, errors.Join(fmt.Errorf("limit it to %g CPUs: %w", p.spec.Quota, err), c.remove())
	}
	return func() { _ = c.remove() }, nil
}

func (p *Process) openLog() error {
	if p.spec.Log == "" {
		p.cmd.Stdout = p.spec.Stdout
		return nil
	}
	log, err := os.OpenFile(p.spec.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("open log of %s: %w", p.spec.Name, err)
	}
	if at, err := log.Seek(0, io.SeekEnd); err == nil {
		p.logFrom = at
	}
	p.log, p.cmd.Stdout, p.cmd.Stderr = log, log, log
	if p.spec.Stdout != nil {
		p.cmd.Stdout = p.spec.Stdout
	}
	return nil
}

// pin limits the calling thread, and what it starts, to the listed CPUs.
func pin(list string) error {
	if list == "" {
		return nil
	}
	set, err := ParseCPUs(list)
	if err != nil {
		return err
	}
	if err := unix.SchedSetaffinity(0, set); err != nil {
		return fmt.Errorf("pin to CPUs %q: %w (does this machine have them?)", list, err)
	}
	return nil
}

// PID returns the process id, which is also its group's.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Name returns the name that the process was started under.
func (p *Process) Name() string { return p.spec.Name }

// Started returns when the process was started.
func (p *Process) Started() time.Time { return p.started }

// Done is closed when the process has ended and was waited for.
func (p *Process) Done() <-chan struct{} { return p.done }

// Exit returns how the process ended. It is valid once Done is closed.
func (p *Process) Exit() Exit {
	<-p.done
	return p.exit
}

// Signal sends sig to the process alone.
func (p *Process) Signal(sig syscall.Signal) error {
	if err := p.cmd.Process.Signal(sig); err != nil {
		return fmt.Errorf("signal %s: %w", p.spec.Name, err)
	}
	return nil
}

// Stop asks the process to end, kills it and everything it has started when it
// does not in time or when ctx ends, and returns when nothing of it is left. It
// is an error only when something survives.
func (p *Process) Stop(ctx context.Context) error {
	family := Tree(p.PID())
	select {
	case <-p.done:
	default:
		_ = p.cmd.Process.Signal(p.spec.stopSignal())
	}
	patience := time.NewTimer(p.spec.stopTimeout())
	defer patience.Stop()
	select {
	case <-p.done:
	case <-patience.C:
		family = append(family, p.freeze()...)
	case <-ctx.Done():
		family = append(family, p.freeze()...)
	}
	_ = syscall.Kill(-p.PID(), syscall.SIGKILL)
	if err := killTree(family); err != nil {
		return fmt.Errorf("stop %s: %w", p.spec.Name, err)
	}
	select {
	case <-p.done:
		return nil
	case <-time.After(killTimeout):
		return fmt.Errorf("stop %s: process %d was killed but is not gone after %s", p.spec.Name, p.PID(), killTimeout)
	}
}

// freeze keeps the process from starting any more, and returns it with all that it has started: a server that is to
// end, and does not, goes on to fork for each who connects.
func (p *Process) freeze() []Ident {
	_ = p.cmd.Process.Signal(syscall.SIGSTOP)
	return Tree(p.PID())
}

// Tail returns the last lines that this process wrote to its log.
func (p *Process) Tail(lines int) string { return tail(p.spec.Log, p.logFrom, lines) }

// passwordText is the password of a URL.
var passwordText = regexp.MustCompile(`(://[^/@:\s]*:)[^/@\s]+@`)

// Command returns the command line as a person would type it, but for the passwords of URLs: it stands in errors, and
// with them in records.
func (p *Process) Command() string {
	line := strings.Join(append([]string{p.spec.Path}, p.spec.Args...), " ")
	return passwordText.ReplaceAllString(line, "${1}…@")
}

func (s Spec) stopSignal() syscall.Signal { return either(s.StopSignal, syscall.SIGTERM) }

func (s Spec) deathSignal() syscall.Signal { return either(s.DeathSignal, syscall.SIGKILL) }

func (s Spec) stopTimeout() time.Duration { return either(s.StopTimeout, DefaultStopTimeout) }

func either[T comparable](value, otherwise T) T {
	var zero T
	if value == zero {
		return otherwise
	}
	return value
}

// ErrExited is the cause when a process ended while something was expected of it.
var ErrExited = errors.New("process has ended")

package daemon

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"

	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/service"
	"stormwave/lab/internal/setting"
	"stormwave/lab/internal/stack"
	"stormwave/lab/internal/stack/exporter"
	"stormwave/lab/internal/stack/proc"
	"stormwave/lab/internal/stack/toolchain"
)

// ErrDown means that no supervisor answers: the stack is down.
var ErrDown = errors.New("the stack is down; start it: lab up")

// startTimeout bounds how long a new supervisor may take to answer.
const startTimeout = 20 * time.Second

// answerTimeout bounds how long a supervisor may take to answer what it need not work for, and orderTimeout any
// order: each has a deadline of its own in the supervisor. One that is suspended keeps neither.
const (
	answerTimeout = 5 * time.Second
	orderTimeout  = 5 * time.Minute
)

// Client asks the supervisor of a checkout.
type Client struct {
	layout        service.Layout
	http          *http.Client
	answer, order time.Duration // how long is waited for an answer, and for an order
}

// NewClient returns a client; it connects when it is used.
func NewClient(layout service.Layout) *Client {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", layout.Control())
	}
	return &Client{
		layout: layout,
		http:   &http.Client{Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}},
		answer: answerTimeout,
		order:  orderTimeout,
	}
}

// Start makes sure that a supervisor runs, and follows the up to its end. It
// reports whether it has started one. With bound set, a supervisor that it starts
// ends with the calling process. One that comes or goes is waited for: of those that
// are started at the same time, one stays.
func (c *Client) Start(ctx context.Context, bound bool, each func(stack.Step)) (started bool, err error) {
	if started, err = c.ensureSupervisor(ctx, bound); err != nil {
		return false, err
	}
	return started, c.follow(ctx, each)
}

// ensureSupervisor returns when there is a supervisor that answers and is to stay.
func (c *Client) ensureSupervisor(ctx context.Context, bound bool) (started bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, downTimeout+shutdownGrace+startTimeout)
	defer cancel()
	for {
		st, err := c.find(ctx)
		switch {
		case err == nil && st.State == stopping:
			old, _ := proc.Identify(st.Supervisor)
			if err := awaitEnd(ctx, old); err != nil {
				return false, err
			}
		case err == nil:
			return false, nil
		case !errors.Is(err, ErrDown):
			return false, err
		default:
			if err := c.launch(ctx, bound); !errors.Is(err, ErrRunning) {
				return err == nil, err
			}
		}
	}
}

// find returns the status of the supervisor that holds the lock; one that does not
// answer yet, or any more, is waited for. ErrDown: there is none.
func (c *Client) find(ctx context.Context) (Status, error) {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		exists := claimed(c.layout) // asked first: who ends in between has not been missed
		st, err := c.Status(ctx)
		if err == nil || !exists {
			return st, err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			err = errors.Join(ctx.Err(), err)
			return Status{}, fmt.Errorf("wait for the supervisor's answer: %w; see `lab logs supervisor`", err)
		}
	}
}

// launch starts a supervisor and waits until it answers; one that does not is ended.
// ErrRunning: another was first.
func (c *Client) launch(ctx context.Context, bound bool) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	if err := c.layout.CreateLab(); err != nil {
		return err
	}
	self, err := proc.Self()
	if err != nil {
		return err
	}
	args := []string{"supervise", "--root", c.layout.Root}
	if bound {
		me, _ := proc.Identify(os.Getpid())
		args = append(args, "--owner", fmt.Sprintf("%d:%d", me.PID, me.Start))
	}
	supervisor, err := proc.Detach(proc.Spec{
		Name: "supervisor", Path: self, Args: args, Env: toolchain.FindEnviron(service.Programs()),
		Dir: c.layout.Root, Log: c.layout.Log("supervisor"), StopTimeout: downTimeout,
	})
	if err != nil {
		return err
	}
	err = supervisor.Await(ctx, func(ctx context.Context) error {
		st, err := c.Status(ctx)
		if err == nil && st.Supervisor != supervisor.PID() {
			err = fmt.Errorf("another supervisor (process %d) answers", st.Supervisor)
		}
		return err
	})
	if err == nil {
		return nil
	}
	if err := supervisor.Stop(context.WithoutCancel(ctx)); err != nil {
		return err
	}
	if supervisor.Exit().Code == StatusRunning {
		return ErrRunning
	}
	return err
}

// ParseOwner reads the owner that launch has written: its pid and start time.
func ParseOwner(text string) (*proc.Ident, error) {
	if text == "" {
		return nil, nil
	}
	pid, start, _ := bytes.Cut([]byte(text), []byte(":"))
	id := proc.Ident{}
	var err1, err2 error
	id.PID, err1 = strconv.Atoi(string(pid))
	id.Start, err2 = strconv.ParseUint(string(start), 10, 64)
	if err := errors.Join(err1, err2); err != nil {
		return nil, fmt.Errorf("read owner %q: %w", text, err)
	}
	return &id, nil
}

// follow reads the steps of the up until all is ready.
func (c *Client) follow(ctx context.Context, each func(stack.Step)) error {
	ctx, cancel := context.WithTimeout(ctx, upTimeout+shutdownGrace)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://lab/up", nil)
	if err != nil {
		return err
	}
	resp, err := c.http.Do(req)
	if isDial(err) {
		return errWentDown
	}
	if err != nil {
		return fmt.Errorf("follow the start: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	for events := json.NewDecoder(resp.Body); ; {
		var event stepEvent
		if err := events.Decode(&event); err != nil {
			return fmt.Errorf("follow the start: %w; see `lab logs supervisor`", err)
		}
		if event.Over {
			if event.Error != "" {
				return errors.New(event.Error)
			}
			return nil
		}
		if event.Error != "" {
			event.Err = errors.New(event.Error)
		}
		each(*event.Step)
	}
}

// Status returns the state of the stack, ErrDown when it is down.
func (c *Client) Status(ctx context.Context) (Status, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, c.answer, errSilent)
	defer cancel()
	var st Status
	err := c.call(ctx, http.MethodGet, "/status", nil, &st)
	return st, err
}

// errSilent means that the supervisor has not answered in its time.
var errSilent = errors.New("the supervisor does not answer: it is suspended, or hangs")

// whySilent is errSilent with what is to be done.
func (c *Client) whySilent() error {
	pid := "PID"
	if known, err := readState(statePath(c.layout)); err == nil {
		pid = strconv.Itoa(known.Supervisor.PID)
	}
	return fmt.Errorf("%w; let it go on: kill -CONT %s, or end it: kill -KILL %s (the next `lab up` clears away what it "+
		"leaves)", errSilent, pid, pid)
}

// Prometheus returns the URL of Prometheus, with its password: for a run, which writes to it.
func (c *Client) Prometheus(ctx context.Context) (url string, err error) {
	err = c.call(ctx, http.MethodGet, "/prometheus", nil, &url)
	return url, err
}

// Deaths returns the newest services that ended unasked since the stack is up.
func (c *Client) Deaths(ctx context.Context) ([]stack.Death, error) {
	st, err := c.Status(ctx)
	return st.Deaths, err
}

// Down takes the stack down and returns when nothing of it is left. ErrDown
// means that there was nothing to do.
func (c *Client) Down(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, downTimeout+shutdownGrace)
	defer cancel()
	st, err := c.find(ctx)
	if err != nil {
		return err
	}
	supervisor, _ := proc.Identify(st.Supervisor)
	if st.State != stopping {
		if err := c.call(ctx, http.MethodPost, "/down", nil, nil); err != nil {
			return err
		}
	}
	if err := awaitEnd(ctx, supervisor); err != nil {
		return err
	}
	if _, err := os.Stat(statePath(c.layout)); err == nil {
		return errors.New("the supervisor ended, but not all of its services: see `lab logs supervisor`")
	}
	return nil
}

// awaitEnd waits until the supervisor has ended.
func awaitEnd(ctx context.Context, supervisor proc.Ident) error {
	ctx, cancel := context.WithTimeout(ctx, downTimeout+shutdownGrace)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for supervisor.Alive() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("wait for the supervisor to end: %w; see `lab logs supervisor`", ctx.Err())
		}
	}
	return nil
}

// Apply brings the stack to the settings of a cell and returns what is really set.
func (c *Client) Apply(
	ctx context.Context, settings matrix.Settings, cpus matrix.CPUs,
) (read setting.Reading, err error) {
	err = c.call(ctx, http.MethodPost, "/apply", applyRequest{settings, cpus}, &read)
	return read, err
}

// Reset brings both servers to the same state before each trial, and returns what
// the data set holds.
func (c *Client) Reset(ctx context.Context) (dataset string, err error) {
	err = c.call(ctx, http.MethodPost, "/reset", struct{}{}, &dataset)
	return dataset, err
}

// Quiesce ends the load's traces after a trial.
func (c *Client) Quiesce(ctx context.Context) error {
	return c.call(ctx, http.MethodPost, "/quiesce", struct{}{}, nil)
}

// Mark tells which trial runs, and the generator's process.
func (c *Client) Mark(ctx context.Context, trial exporter.Trial, k6 int) error {
	return c.call(ctx, http.MethodPut, "/trial", trialRequest{Trial: &trial, Guests: map[string]int{"k6": k6}}, nil)
}

// Unmark ends the mark.
func (c *Client) Unmark(ctx context.Context) error {
	return c.call(ctx, http.MethodPut, "/trial", trialRequest{}, nil)
}

// Tell says how far the run is.
func (c *Client) Tell(ctx context.Context, progress exporter.Progress) error {
	return c.call(ctx, http.MethodPut, "/progress", progress, nil)
}

// Begin claims the stack for a run of the calling process, of so many trials, which will
// take about eta.
func (c *Client) Begin(ctx context.Context, run string, trials int, eta time.Duration) error {
	me, _ := proc.Identify(os.Getpid())
	return c.call(ctx, http.MethodPost, "/run", Run{Name: run, Owner: me, Trials: trials, ETA: eta}, nil)
}

// End gives the stack back.
func (c *Client) End(ctx context.Context) error {
	return c.call(ctx, http.MethodDelete, "/run", nil, nil)
}

func (c *Client) call(ctx context.Context, method, path string, in, out any) error {
	ctx, cancel := context.WithTimeoutCause(ctx, c.order, errSilent)
	defer cancel()
	var body io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return fmt.Errorf("ask the supervisor: %w", err)
		}
		body = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://lab"+path, body)
	if err != nil {
		return fmt.Errorf("ask the supervisor: %w", err)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		if isDial(err) {
			return whyDown(c.layout)
		}
		if errors.Is(context.Cause(ctx), errSilent) {
			return c.whySilent()
		}
		return fmt.Errorf("ask the supervisor: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		var f failure
		if err := json.NewDecoder(resp.Body).Decode(&f); err != nil || f.Error == "" {
			return fmt.Errorf("ask the supervisor: it answers %s", resp.Status)
		}
		return errors.New(f.Error)
	}
	if out == nil {
		return nil
	}
	if err := json.NewDecoder(resp.Body).Decode(out); err != nil {
		return fmt.Errorf("ask the supervisor: %w", err)
	}
	return nil
}

// isDial reports whether nobody listens on the control socket.
func isDial(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

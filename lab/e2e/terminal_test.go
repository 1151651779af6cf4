//go:build e2e

package e2e

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// terminal is a real one: a pair of pseudo terminals.
type terminal struct {
	keyboard *os.File
	mu       sync.Mutex
	shown    bytes.Buffer
	read     chan struct{} // closed when nothing more is shown
}

// inTerminal starts a command as a shell in a terminal would, as the leader of a session
// that the terminal controls.
func (c *checkout) inTerminal(name string, args ...string) (*exec.Cmd, *terminal) {
	c.t.Helper()
	keyboard, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	must(c.t, err)
	raw, err := keyboard.SyscallConn() // Fd would make it block, and Close wait for ever
	must(c.t, err)
	var n int
	must(c.t, raw.Control(func(fd uintptr) {
		must(c.t, unix.IoctlSetPointerInt(int(fd), unix.TIOCSPTLCK, 0))
		n, err = unix.IoctlGetInt(int(fd), unix.TIOCGPTN)
	}))
	must(c.t, err)
	screen, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	must(c.t, err)
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.Env = c.root, append(os.Environ(), c.env...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = screen, screen, screen
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	must(c.t, cmd.Start())
	must(c.t, screen.Close())
	term := &terminal{keyboard: keyboard, read: make(chan struct{})}
	go func() {
		defer close(term.read)
		_, _ = io.Copy(term, keyboard) // ends with EIO, when the last program closes its side
	}()
	c.t.Cleanup(func() {
		_ = keyboard.Close()
		if cmd.ProcessState == nil {
			_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
			_ = cmd.Wait()
		}
		<-term.read
	})
	return cmd, term
}

func (t *terminal) Write(text []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.shown.Write(text)
}

func (t *terminal) text() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.shown.String()
}

// awaitMidTrial waits until one trial is recorded, and well into the next one.
func (c *checkout) awaitMidTrial() {
	c.t.Helper()
	eventually(c.t, "a trial is finished", 3*time.Minute, func() bool {
		runs := c.runs()
		return len(runs) == 1 && len(records(c.t, runs[0])) >= 1
	})
	time.Sleep(3 * time.Second)
}

// stopped says that the run has come to a clean end.
func (c *checkout) stopped(what string) {
	c.t.Helper()
	eventually(c.t, what+": no process is left", 15*time.Second, func() bool { return len(c.processes()) == 0 })
	run := c.runs()[0]
	if n := len(records(c.t, run)); n != 1 {
		c.t.Errorf("%s: %d records; want that of the finished trial only", what, n)
	}
	if !exists(run + ".md") {
		c.t.Errorf("%s: there is no report of what is finished", what)
	}
	if r := c.run("resume", filepath.Base(run)); r.status != 0 && r.status != 3 {
		c.t.Errorf("%s: resume: exit status %d\n%s%s", what, r.status, r.stdout, r.stderr)
	}
}

// Ctrl-C in a terminal reaches every process in it: mage, which then waits five seconds
// and no longer, the lab, and k6. The lab comes to its end, whether mage still waits or
// not.
func TestCtrlCUnderMage(t *testing.T) {
	t.Parallel()
	c := newCheckout(t)
	for _, name := range []string{"app", "lab", "bin", "scenarios", "dashboards", "magefile.go", "go.mod", "go.sum"} {
		must(t, os.Remove(filepath.Join(c.root, name))) // go does not build through links
		copyAll(t, "-r", filepath.Join(source, name), filepath.Join(c.root, name))
	}
	c.env = []string{"MATRIX=" + c.tiny("")}
	cmd, term := c.inTerminal("go", "tool", "mage", "bench:matrix")
	c.env = nil
	c.awaitMidTrial()
	began := time.Now()
	_, err := term.keyboard.WriteString("\x03")
	must(t, err)
	_ = cmd.Wait()
	t.Logf("mage ended after %s", time.Since(began).Round(100*time.Millisecond))
	if cmd.ProcessState.Success() {
		t.Errorf("mage says that all is well\n%s", term.text())
	}
	c.stopped("Ctrl-C under mage")
	if !strings.Contains(term.text(), "lab resume") {
		t.Errorf("the terminal shows\n%s\nwant how to go on", term.text())
	}
}

// A terminal that is closed takes its screen away, too: whatever is written fails.
func TestClosedTerminal(t *testing.T) {
	t.Parallel()
	c := newCheckout(t)
	// Who runs the tests by nohup has SIGHUP ignored, and so would the lab.
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	cmd, term := c.inTerminal(filepath.Join(c.root, "bin", "lab"), "run", c.tiny(""))
	c.awaitMidTrial()
	must(t, term.keyboard.Close())
	stop := time.AfterFunc(30*time.Second, func() { _ = cmd.Process.Kill() })
	defer stop.Stop()
	_ = cmd.Wait()
	if got := cmd.ProcessState.ExitCode(); got != 130 {
		t.Errorf("exit status = %d; want 130\n%s", got, term.text())
	}
	c.stopped("a closed terminal")
}

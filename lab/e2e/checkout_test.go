//go:build e2e

// Package e2e tests the lab from outside: the real program, the real servers, in
// a checkout of its own. A test that calls t.Parallel bears others beside it. One that does
// not has the machine to itself: it measures, or takes its memory.
package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"stormwave/lab/internal/service"
)

// detector are the flags that build the lab with the race detector, if the tests have it.
// The backend goes without: it is the load that is measured.
var detector []string

// source is the checkout that the tests are part of, with the programs set up.
var source string

func TestMain(m *testing.M) {
	root, err := filepath.Abs("../..")
	if err != nil {
		panic(err)
	}
	source = root
	for _, program := range [][]string{{"./app"}, append(detector, "./lab")} {
		build := exec.Command("go", append([]string{"build", "-o", "bin/"}, program...)...)
		build.Dir = source
		if out, err := build.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "%v\n%s", err, out)
			os.Exit(1)
		}
	}
	before := orphans()
	status := m.Run()
	for segment := range orphans() {
		if !before[segment] {
			fmt.Fprintf(
				os.Stderr, "System V shared memory is left by one of the tests: segment %s (ipcs -m -i %s)\n", segment, segment,
			)
			status = 1
		}
	}
	if templateCheckout != "" {
		removeHome(templateCheckout)
		_ = os.RemoveAll(templateCheckout)
	}
	os.Exit(status)
}

// templateCheckout is the checkout in which the data set was made.
var templateCheckout string

// template makes the data set, once for all checkouts: it is most of a first up. It
// returns the directory of the templates.
var template = sync.OnceValues(func() (string, error) {
	root, err := os.MkdirTemp("", "template-*")
	if err != nil {
		return "", err
	}
	templateCheckout = root
	if err := link(root); err != nil {
		return "", err
	}
	for _, verb := range []string{"up", "down"} {
		cmd := exec.Command(filepath.Join(root, "bin", "lab"), verb)
		cmd.Dir = root
		if out, err := cmd.CombinedOutput(); err != nil {
			return "", fmt.Errorf("lab %s: %w\n%s", verb, err, out)
		}
	}
	layout, err := service.NewLayout(root)
	return filepath.Join(layout.Home, "template"), err
})

// link makes a checkout of links to the sources, with state of its own.
func link(root string) error {
	for _, name := range []string{
		"magefile.go", "go.mod", "go.sum", "app", "lab", "scenarios", "dashboards", "flake.lock", "bin",
	} {
		if err := os.Symlink(filepath.Join(source, name), filepath.Join(root, name)); err != nil {
			return err
		}
	}
	if err := os.Mkdir(filepath.Join(root, ".lab"), 0o700); err != nil {
		return err
	}
	return os.Symlink(filepath.Join(source, ".lab", "tools"), filepath.Join(root, ".lab", "tools"))
}

// checkout is a checkout of the test's own: its sources are links, its state and
// its results are not.
type checkout struct {
	t    *testing.T
	root string
	as   *syscall.Credential // whom the lab runs as; nil: as the test
	env  []string            // its environment; nil: the test's

	measures bool // its runs wait for an idle machine, as they do for everybody
}

func newCheckout(t *testing.T) *checkout {
	t.Helper()
	return newCheckoutAt(t, t.TempDir())
}

func newCheckoutAt(t *testing.T, root string) *checkout {
	t.Helper()
	c := &checkout{t: t, root: root}
	must(t, os.MkdirAll(root, 0o755))
	must(t, link(root))
	from, err := template()
	must(t, err)
	layout, err := service.NewLayout(root)
	must(t, err)
	must(t, layout.Create())
	copyAll(t, "-a", from, layout.Home)
	t.Cleanup(func() {
		c.run("down")
		if left := c.processes(); len(left) > 0 {
			t.Errorf("processes are left:\n%s", strings.Join(left, "\n"))
		}
		log, _ := os.ReadFile(filepath.Join(c.root, ".lab", "log", "supervisor.log")) // none: it was never up
		for _, fault := range []string{"DATA RACE", "panic:"} {
			if strings.Contains(string(log), fault) {
				t.Errorf("the supervisor had a %s:\n%s", fault, log)
			}
		}
		if os.Geteuid() == 0 {
			removeHome(c.root)
		}
	})
	return c
}

// orphans are the ids of the System V shared memory that no process has attached.
func orphans() map[string]bool {
	found := make(map[string]bool)
	segments, err := os.ReadFile("/proc/sysvipc/shm")
	if err != nil {
		panic(err)
	}
	for line := range strings.Lines(string(segments)) {
		fields := strings.Fields(line) // key, id, permissions, size, creator, last user, attached …
		if len(fields) > 6 && fields[6] == "0" {
			found[fields[1]] = true
		}
	}
	return found
}

// removeHome removes what the lab of a checkout keeps outside it for root.
func removeHome(root string) {
	notes, _ := filepath.Glob("/var/lib/stormwave/*/checkout")
	for _, note := range notes {
		if text, err := os.ReadFile(note); err == nil && string(text) == root {
			_ = os.RemoveAll(filepath.Dir(note))
		}
	}
}

// result is the end of a command.
type result struct {
	stdout, stderr string
	status         int
}

// command prepares `lab args…` in the checkout, in a process group of its own. Beside other
// tests the machine never becomes idle: a run does not wait long for that, unless it measures.
func (c *checkout) command(args ...string) *exec.Cmd {
	if !c.measures && (args[0] == "run" || args[0] == "resume") {
		args = append(slices.Clone(args), "--idle-wait=1s")
	}
	cmd := exec.Command(filepath.Join(c.root, "bin", "lab"), args...)
	cmd.Dir, cmd.Env = c.root, c.env
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: c.as}
	return cmd
}

func (c *checkout) run(args ...string) result {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 8*time.Minute)
	defer cancel()
	cmd := c.command(args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	must(c.t, cmd.Start())
	stop := context.AfterFunc(ctx, func() { _ = cmd.Process.Kill() })
	defer stop()
	err := cmd.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		c.t.Fatalf("lab %v: %v", args, err)
	}
	return result{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
}

// lab runs a command that must succeed, and returns what it prints.
func (c *checkout) lab(args ...string) string {
	c.t.Helper()
	r := c.run(args...)
	if r.status != 0 {
		c.t.Fatalf("lab %v: exit status %d\n%s%s", args, r.status, r.stdout, r.stderr)
	}
	return r.stdout
}

type status struct {
	State      string `json:"state"`
	Supervisor int    `json:"supervisor_pid"`
	Services   []struct {
		Name, Addr, Version string
		PID                 int
		Ready               bool
	} `json:"services"`
	URLs map[string]*string `json:"urls"`
	Run  *string            `json:"run"`
}

func (c *checkout) status() status {
	c.t.Helper()
	var st status
	must(c.t, json.Unmarshal([]byte(c.lab("status", "--json")), &st))
	return st
}

// processes lists the live processes that name the checkout, or the directory
// that the lab keeps for it, in their command line, environment or directory.
func (c *checkout) processes() []string {
	c.t.Helper()
	needles := []string{c.root}
	notes, _ := filepath.Glob("/var/lib/stormwave/*/checkout")
	for _, note := range notes {
		if text, err := os.ReadFile(note); err == nil && string(text) == c.root {
			needles = append(needles, filepath.Dir(note))
		}
	}
	entries, err := os.ReadDir("/proc")
	must(c.t, err)
	var found []string
	for _, entry := range entries {
		dir := filepath.Join("/proc", entry.Name())
		if entry.Name()[0] < '0' || entry.Name()[0] > '9' || entry.Name() == fmt.Sprint(os.Getpid()) {
			continue
		}
		cmdline, _ := os.ReadFile(filepath.Join(dir, "cmdline"))
		environ, _ := os.ReadFile(filepath.Join(dir, "environ"))
		cwd, _ := os.Readlink(filepath.Join(dir, "cwd"))
		for _, needle := range needles {
			if strings.Contains(string(cmdline), needle) || strings.Contains(string(environ), needle) ||
				strings.HasPrefix(cwd, needle) {
				found = append(found, entry.Name()+" "+strings.ReplaceAll(string(cmdline), "\x00", " "))
				break
			}
		}
	}
	return found
}

// eventually waits until the condition holds.
func eventually(t *testing.T, what string, within time.Duration, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(within); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within %s: %s", within, what)
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

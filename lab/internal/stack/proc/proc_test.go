package proc

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	// As another: one that settles, and shows what its children get.
	if os.Getenv("PROC_TEST_SETTLE") != "" {
		files, err := Settle()
		if err == nil {
			const show = "echo $1; ulimit -Sn; umask; ulimit -Sc; ulimit -Sf; ulimit -Ss"
			err = Replace("/bin/bash", []string{"-c", show, "bash", strconv.FormatUint(files, 10)}, nil)
		}
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	// As another process of this same test binary: an owner that is killed.
	if log := os.Getenv("PROC_TEST_OWNER"); log != "" {
		p, err := Start(Spec{Name: "orphan", Path: "/bin/sleep", Args: []string{"60"}})
		if err == nil {
			_ = os.WriteFile(log, []byte(strconv.Itoa(p.PID())), 0o600)
			time.Sleep(time.Minute)
		}
		os.Exit(1)
	}
	if os.Getenv("PROC_TEST_IPC") != "" {
		leaveIPC()
	}
	goleak.VerifyTestMain(m)
}

func shell(script string) Spec {
	return Spec{Name: "shell", Path: "/bin/sh", Args: []string{"-c", script}, Env: []string{"PATH=/usr/bin:/bin"}}
}

func TestRunReturnsOutputOrTellsCommandAndErrorText(t *testing.T) {
	out, err := Run(t.Context(), shell("echo out; echo noise >&2"))
	if err != nil || string(out) != "out\n" {
		t.Fatalf("Run = %q, %v; want out", out, err)
	}
	_, err = Run(t.Context(), shell("echo broken >&2; exit 3"))
	for _, want := range []string{"status 3", "broken", "/bin/sh -c"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Run error = %v; want it to hold %q", err, want)
		}
	}
}

// What a login, a hardened umask or a shell has set for itself is not what is measured with.
func TestChildrenHaveTheLimitsOfTheLab(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	const caller = "umask 077; ulimit -Sn 512; ulimit -Hn 4096; ulimit -Sf 100000; ulimit -Ss 1024; " +
		"ulimit -Sc unlimited; PROC_TEST_SETTLE=1 exec \"$0\""
	out, err := Run(t.Context(), Spec{Name: "low", Path: "/bin/bash", Args: []string{"-c", caller, self}})
	const want = "4096\n4096\n0022\n0\nunlimited\n8192\n"
	if err != nil || string(out) != want {
		t.Errorf("files, its child's, umask, core, file size, stack: %q, %v; want %q", out, err, want)
	}
}

// A program that looks for its own files beside what it was called by must find them,
// whatever else of its name is on PATH.
func TestProgramIsCalledByItsWholePath(t *testing.T) {
	out, err := Run(
		t.Context(),
		Spec{Name: "sh", Path: "/bin/sh", Args: []string{"-c", "cat /proc/$$/cmdline"}, Env: []string{"PATH=/usr/bin:/bin"}},
	)
	if called, _, _ := strings.Cut(string(out), "\x00"); err != nil || called != "/bin/sh" {
		t.Errorf("it was called %q, %v; want /bin/sh", called, err)
	}
}

func TestRunStopsTheProgramWhenItsContextEnds(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := Run(ctx, shell("exec sleep 60"))
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("Run error = %v; want deadline exceeded", err)
	}
}

func TestStopKillsWhatIgnoresTheSignalAndItsChildrenInOtherSessions(t *testing.T) {
	spec := shell("trap '' TERM; setsid sleep 60 & echo ready; while :; do sleep 1; done")
	spec.StopTimeout = 100 * time.Millisecond
	var out lockedBuffer
	spec.Stdout = &out
	p, err := Start(spec)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Await(t.Context(), func(context.Context) error {
		if out.String() != "ready\n" || len(Tree(p.PID())) < 3 {
			return errors.New("not yet")
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	family := Tree(p.PID())
	if err := p.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, id := range family {
		if id.Alive() {
			t.Errorf("process %d outlived Stop", id.PID)
		}
	}
	if got := p.Exit().String(); got != "signal SIGKILL" {
		t.Errorf("Exit = %s; want signal SIGKILL", got)
	}
}

// What a process starts while it is asked to end, in a session of its own, is killed with it.
func TestStopKillsWhatIsStartedMeanwhile(t *testing.T) {
	spec := shell("trap 'setsid sleep 60 & echo $!' TERM; echo ready; while :; do sleep 0.02; done")
	spec.StopTimeout = time.Second
	spec.Log = filepath.Join(t.TempDir(), "log")
	p, err := Start(spec)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Await(t.Context(), func(context.Context) error {
		if p.Tail(1) != "ready" {
			return errors.New("not yet")
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if err := p.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	var child int
	if _, err := fmt.Sscan(p.Tail(1), &child); err != nil {
		t.Fatalf("it has started nothing: %v", err)
	}
	if id, alive := Identify(child); alive {
		id.Kill()
		t.Errorf("process %d outlived Stop", child)
	}
}

// A process that is killed takes along what it has started; its end is known when that is gone.
func TestGroupEndsWithItsProcess(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	spec := shell("sleep 60 & echo $!; wait")
	spec.Log = log
	p, err := Start(spec)
	if err != nil {
		t.Fatal(err)
	}
	var child int
	err = p.Await(t.Context(), func(context.Context) error {
		_, err := fmt.Sscan(p.Tail(1), &child)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	id, _ := Identify(child)
	if err := p.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-p.Done()
	if id.Alive() {
		id.Kill()
		t.Error("its child lives on")
	}
}

func TestStopIsPoliteFirst(t *testing.T) {
	spec := shell("trap 'exit 7' INT; echo ready; while :; do sleep 0.01; done")
	spec.StopSignal = syscall.SIGINT
	var out lockedBuffer
	spec.Stdout = &out
	p, err := Start(spec)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Await(t.Context(), func(context.Context) error {
		if out.String() == "" {
			return errors.New("not yet")
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if err := p.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := p.Exit().Code; got != 7 {
		t.Errorf("exit status = %d; want 7, from the trap", got)
	}
}

func TestAwaitTellsWhyAProcessIsNotReady(t *testing.T) {
	spec := shell("echo cannot bind >&2; exit 1")
	spec.Log = filepath.Join(t.TempDir(), "log")
	p, err := Start(spec)
	if err != nil {
		t.Fatal(err)
	}
	err = p.Await(t.Context(), func(context.Context) error { return errors.New("refused") })
	if !errors.Is(err, ErrExited) || !strings.Contains(err.Error(), "cannot bind") {
		t.Errorf("Await = %v; want ErrExited with the log's tail", err)
	}
}

func TestChildDiesWithItsOwner(t *testing.T) {
	note := filepath.Join(t.TempDir(), "pid")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	owner, err := Start(Spec{Name: "owner", Path: self, Env: []string{"PROC_TEST_OWNER=" + note}})
	if err != nil {
		t.Fatal(err)
	}
	var child Ident
	if err := owner.Await(t.Context(), func(context.Context) error {
		text, err := os.ReadFile(note)
		if err != nil {
			return err
		}
		pid, err := strconv.Atoi(string(text))
		if err != nil {
			return err
		}
		child, _ = Identify(pid)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if !child.Alive() {
		t.Fatal("the child does not run")
	}
	if err := owner.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-owner.Done()
	for deadline := time.Now().Add(5 * time.Second); child.Alive(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			child.Kill()
			t.Fatal("the child outlived its killed owner")
		}
	}
}

func TestCPUCountsChildrenThatHaveEnded(t *testing.T) {
	spec := shell("sh -c 'i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done'; echo done; sleep 60")
	var out lockedBuffer
	spec.Stdout = &out
	p, err := Start(spec)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = p.Stop(context.Background()) }()
	if err := p.Await(t.Context(), func(context.Context) error {
		if out.String() == "" {
			return errors.New("not yet")
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if used := new(Meter).CPU([]int{p.PID()})[p.PID()]; used < 20*time.Millisecond {
		t.Errorf("CPU = %s; want at least 20ms of the ended child", used)
	}
	const nobody = 1 << 30
	sizes := PSS(p.PID(), os.Getpid(), nobody)
	if own, whole := sizes[p.PID()], sizes[os.Getpid()]; len(sizes) != 2 || own < 50<<10 || whole < own+50<<10 {
		t.Errorf("PSS = %v; want at least 50 KiB, with those of this process more, and nothing of nobody", sizes)
	}
}

func TestOwnUsageLeavesChildrenOut(t *testing.T) {
	p, err := Start(shell("i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; exec sleep 60"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := p.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	}()
	me := os.Getpid()
	ownBefore, ok := OwnCPU(me)
	var meter Meter
	before := meter.CPU([]int{me})[me]
	if !ok {
		t.Fatal("this process has used no CPU time")
	}
	used := func() time.Duration { return meter.CPU([]int{p.PID()})[p.PID()] }
	for deadline := time.Now().Add(10 * time.Second); used() < 50*time.Millisecond; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the child uses no CPU time")
		}
	}
	own, _ := OwnCPU(me)
	if all := meter.CPU([]int{me})[me]; own-ownBefore >= all-before {
		t.Errorf("this process alone used %s, with its child %s; want less alone", own-ownBefore, all-before)
	}
	ownPSS, ok := OwnPSS(me)
	if all := PSS(me)[me]; !ok || ownPSS == 0 || ownPSS >= all {
		t.Errorf("this process alone holds %d bytes, with its child %d; want less alone", ownPSS, all)
	}
}

func TestParseCPUs(t *testing.T) {
	for _, c := range []struct {
		list  string
		count int
	}{{"0", 1}, {"0-3", 4}, {"1,3-4", 3}, {"", -1}, {"a", -1}, {"3-1", -1}, {"-1", -1}} {
		set, err := ParseCPUs(c.list)
		switch {
		case c.count < 0 && err == nil:
			t.Errorf("ParseCPUs(%q) succeeded; want an error", c.list)
		case c.count >= 0 && (err != nil || set.Count() != c.count):
			t.Errorf("ParseCPUs(%q) = %v, %v; want %d CPUs", c.list, set, err, c.count)
		}
	}
}

type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// A process is on the CPUs that it was given, and the caller stays where it was.
func TestAffinity(t *testing.T) {
	all, err := CPUs()
	if err != nil {
		t.Fatal(err)
	}
	first := strings.FieldsFunc(all, func(r rune) bool { return r == ',' || r == '-' })[0]
	p, err := Start(Spec{Name: "sleep", Path: "/bin/sleep", Args: []string{"60"}, CPUs: first})
	if err != nil {
		t.Fatal(err)
	}
	list, ok := Affinity(p.PID())
	if err := p.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	if !ok || list != first {
		t.Errorf("it runs on %q, %t; want %s", list, ok, first)
	}
	if list, ok := Affinity(p.PID()); ok {
		t.Errorf("when it has ended it runs on %q", list)
	}
	if now, err := CPUs(); err != nil || now != all {
		t.Errorf("the machine has the CPUs %s, then %s: %v", all, now, err)
	}
	for _, c := range []struct {
		a, b string
		same bool
	}{{"0-2", "0,1,2", true}, {"2,0", "0,2", true}, {"0", "0-1", false}, {"", "", false}} {
		if SameCPUs(c.a, c.b) != c.same {
			t.Errorf("SameCPUs(%q, %q) = %t", c.a, c.b, !c.same)
		}
	}
}

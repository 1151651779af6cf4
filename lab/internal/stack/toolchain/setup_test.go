package toolchain

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// steps shows the steps of a set-up in the test's log.
type steps struct{ t *testing.T }

func (s steps) Step(name string) func(error) {
	began := time.Now()
	s.t.Logf("%s …", name)
	return func(err error) { s.t.Logf("%s: %s, %v", name, time.Since(began).Round(time.Millisecond), err) }
}

// checkout is the root of the project.
func checkout(t *testing.T) string {
	t.Helper()
	root, err := filepath.Abs("../../../..")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(root, "lab", "tools", "go.mod")); err != nil {
		t.Fatal(err)
	}
	return root
}

func TestSetupSaysWhatWouldMend(t *testing.T) {
	root := t.TempDir() // no lab/tools/go.mod
	in := &installer{tools: toolsOf(root), have: Set{"go": found(t, "go")}, progress: silent{}}
	if err := in.tools.create(); err != nil {
		t.Fatal(err)
	}
	err := in.carryOut(t.Context(), plan{ways: []way{{Requirement: required(t, "k6")}}})
	if err == nil {
		t.Fatal("k6 was built from nothing")
	}
	for _, want := range []string{"set up k6: ", "command: ", "lab/tools", "to mend it: "} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %q does not say %q", err, want)
		}
	}
	in.sweep()
	if left, _ := filepath.Glob(in.tools.file("work-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func found(t *testing.T, name string) Program {
	t.Helper()
	set, _ := Find(t.Context(), checkout(t), nil)
	p, ok := set[name]
	if !ok {
		t.Fatalf("no %s here", name)
	}
	return p
}

func TestLockTakesTurns(t *testing.T) {
	built := toolsOf(t.TempDir())
	if err := built.create(); err != nil {
		t.Fatal(err)
	}
	unlock, err := built.lock(t.Context(), func(string) { t.Error("waited for nobody") })
	if err != nil {
		t.Fatal(err)
	}

	ctx, cancel := context.WithCancel(t.Context())
	_, err = built.lock(ctx, func(holder string) {
		if !strings.HasPrefix(holder, "process ") {
			t.Errorf("waits for %q", holder)
		}
		cancel()
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled wait ended with %v", err)
	}

	waited := false
	second, err := built.lock(t.Context(), func(string) {
		waited = true
		unlock()
	})
	if err != nil || !waited {
		t.Fatalf("second lock: %v, waited %t", err, waited)
	}
	second()

	file, err := os.Open(built.file("lock"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	if err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		t.Errorf("still locked after all have let go: %v", err)
	}
}

func TestGoBinary(t *testing.T) {
	for pkg, want := range map[string]string{
		"go.k6.io/k6/v2": "k6",
		"github.com/prometheus/prometheus/cmd/promtool": "promtool",
	} {
		if got := goBinary(pkg); got != want {
			t.Errorf("go build of %s writes %s, want %s", pkg, got, want)
		}
	}
}

func TestNothingWantedInstallsNothing(t *testing.T) {
	missing := []Missing{{Name: "k6", Role: ForLab}, {Name: "nix", Role: ForTests}}
	if got := (Options{}).wanted(missing); len(got) != 1 || got[0].Name != "k6" {
		t.Errorf("without tests: %v, want k6 alone", got)
	}
	if got := (Options{Tests: true}).wanted(missing); len(got) != 2 {
		t.Errorf("with tests: %v, want both", got)
	}
}

package cli

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"stormwave/lab/internal/stack/toolchain"
)

func TestAsk(t *testing.T) {
	for answer, want := range map[string]error{
		"\n": nil, "y\n": nil, "YES\n": nil, "n\n": errDeclined, "no\n": errDeclined, "what?\n": errDeclined, "": errDeclined,
	} {
		var out bytes.Buffer
		if err := ask(t.Context(), strings.NewReader(answer), &out); !errors.Is(err, want) {
			t.Errorf("%q: %v; want %v", answer, err, want)
		}
		if out.String() != "Go on? [Y/n] " {
			t.Errorf("it asks %q", &out)
		}
	}
}

func TestAskEndsWithItsContext(t *testing.T) {
	silent, end := io.Pipe()
	defer func() { _ = end.Close() }()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := ask(ctx, silent, io.Discard); !errors.Is(err, context.Canceled) {
		t.Errorf("ended with %v", err)
	}
}

func TestConsent(t *testing.T) {
	intent := toolchain.Intent{
		Install: []string{"postgresql 15"},
		Build:   []string{"k6 (Go)"},
		Notes:   []string{"Nothing starts."},
	}
	nobody := isTerminal
	t.Cleanup(func() { isTerminal = nobody })
	isTerminal = func(*os.File) bool { return false }
	for _, c := range []struct {
		setup   string
		yes     bool
		allowed bool
	}{{"", false, true}, {"yes", false, true}, {"no", false, false}, {"no", true, true}} {
		t.Setenv(envSetup, c.setup)
		var out bytes.Buffer
		consent, err := (&lab{yes: c.yes}).consent(t.Context(), &out)
		if err != nil {
			t.Fatal(err)
		}
		if err := consent(intent); (err == nil) != c.allowed {
			t.Errorf("%s=%q, --yes %v: %v; want it allowed: %v", envSetup, c.setup, c.yes, err, c.allowed)
		}
		for _, want := range []string{"apt-get: postgresql 15", ".lab/tools:       k6 (Go)", "Nothing starts."} {
			if !strings.Contains(out.String(), want) {
				t.Errorf("%s=%q: it does not name %q:\n%s", envSetup, c.setup, want, &out)
			}
		}
	}
	t.Setenv(envSetup, "maybe")
	if _, err := (&lab{}).consent(t.Context(), io.Discard); !errors.As(err, new(usageError)) {
		t.Errorf("%s=maybe: %v; want wrong usage", envSetup, err)
	}
}

// Who sits at a terminal is asked, also where the output goes to a file: then on standard
// error. Who has said yes beforehand is not.
func TestAPersonIsAsked(t *testing.T) {
	in, answer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	asked, out, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	stdin, stderr, terminals := os.Stdin, os.Stderr, isTerminal
	t.Cleanup(func() {
		os.Stdin, os.Stderr, isTerminal = stdin, stderr, terminals
		_ = errors.Join(in.Close(), answer.Close(), asked.Close())
	})
	os.Stdin, os.Stderr = in, out
	isTerminal = func(f *os.File) bool { return f == in || f == out }
	t.Setenv(envSetup, "")
	consent, err := (&lab{}).consent(t.Context(), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := answer.WriteString("n\n"); err != nil {
		t.Fatal(err)
	}
	if err := consent(toolchain.Intent{Install: []string{"postgresql 15"}}); !errors.Is(err, errDeclined) {
		t.Errorf("answered no: %v", err)
	}
	if consent, err = (&lab{yes: true}).consent(t.Context(), io.Discard); err != nil ||
		consent(toolchain.Intent{}) != nil {
		t.Errorf("--yes: refused, %v", err)
	}
	_ = out.Close()
	text, err := io.ReadAll(asked)
	if err != nil || strings.Count(string(text), "Go on?") != 1 || !strings.Contains(string(text), "postgresql 15") {
		t.Errorf("it asks %q, %v; want the packages named, and one question", text, err)
	}
}

// What only looks sets nothing up: on a machine without any program it says what is
// missing and how to get it, or does without.
func TestLookingSetsNothingUp(t *testing.T) {
	r := newResults(t)
	t.Setenv("PATH", t.TempDir())
	spec := filepath.Join(r.root, "spec.yaml")
	const text = "name: x\nscenarios: [storm]\nfactors: {pool_size: [4, 8]}\nbaseline: {pool_size: 8}\nslo: " +
		"{error_ratio: 0.01, p99: 1s}\n"
	scenarios := filepath.Join(r.root, "scenarios")
	err := errors.Join(
		os.WriteFile(spec, []byte(text), 0o600), os.Mkdir(scenarios, 0o755),
		os.WriteFile(filepath.Join(scenarios, "storm.js"), nil, 0o600),
	)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args   []string
		status int
		says   string
	}{
		{[]string{"plan", spec}, 0, "k6 ≥ 2.0 is missing; get it: lab setup"},
		{[]string{"status"}, 0, "the stack is down"},
		{[]string{"doctor"}, 1, "get them: lab setup"},
		{[]string{"psql", "primary"}, 1, "lab up"},
	} {
		out, errs, status := r.lab(c.args...)
		if status != c.status || !strings.Contains(out+errs, c.says) {
			t.Errorf("lab %v: exit status %d\n%s%s\nwant %d and %q", c.args, status, out, errs, c.status, c.says)
		}
		if strings.Contains(out+errs, "setting up") || strings.Contains(out+errs, "The set-up will") {
			t.Errorf("lab %v sets something up:\n%s%s", c.args, out, errs)
		}
		if _, err := os.Stat(filepath.Join(r.root, ".lab", "tools")); err == nil {
			t.Errorf("lab %v made a directory of tools", c.args)
		}
	}
}

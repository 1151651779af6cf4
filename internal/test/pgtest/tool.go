//go:build services

package pgtest

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// K6 returns the path of k6, for tests that run a scenario against the backend.
func K6(t testing.TB) string {
	t.Helper()
	path, err := findTool("k6")
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// findTool finds a program that the checkout's set-up takes care of. It prefers what
// `lab setup` has built: it builds one only where PATH has none that is new enough.
func findTool(name string) (string, error) {
	root, err := moduleRoot()
	if err != nil {
		return "", fmt.Errorf("find %s: %w", name, err)
	}
	built := filepath.Join(root, ".lab", "tools", "bin", name)
	if _, err := os.Stat(built); !errors.Is(err, fs.ErrNotExist) {
		return built, err
	}
	// Servers are not on every user's PATH.
	for _, candidate := range []string{name, "/usr/local/sbin/" + name, "/usr/sbin/" + name} {
		if path, err := exec.LookPath(candidate); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf(
		"find %s: it is neither on PATH nor in .lab/tools of the checkout: run go tool mage lab:setup", name,
	)
}

// moduleRoot is the nearest directory above that has a go.mod.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("there is no go.mod above the working directory: run the tests with go test")
		}
		dir = parent
	}
}

// copyProgram puts a program where another user can run it, once, and returns its path.
func copyProgram(from string, home place) (string, error) {
	to := filepath.Join(home.dir, filepath.Base(from))
	if _, err := os.Stat(to); err == nil {
		return to, nil
	}
	content, err := os.ReadFile(from)
	if err != nil {
		return "", fmt.Errorf("copy program: %w", err)
	}
	return to, home.give(to, content, 0o700)
}

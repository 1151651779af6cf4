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

// K6 returns the path of k6, for tests that shoot a scenario at the backend.
func K6(t testing.TB) string {
	t.Helper()
	path, err := findK6()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// findK6 prefers what `lab setup` has built in the checkout: it builds one only
// where PATH has none that is new enough.
func findK6() (string, error) {
	root, err := moduleRoot()
	if err != nil {
		return "", fmt.Errorf("find k6: %w", err)
	}
	built := filepath.Join(root, ".lab", "tools", "bin", "k6")
	if _, err := os.Stat(built); !errors.Is(err, fs.ErrNotExist) {
		return built, err
	}
	if path, err := exec.LookPath("k6"); err == nil {
		return path, nil
	}
	return "", errors.New("find k6: it is neither on PATH nor in .lab/tools of the checkout: run go tool mage lab:setup")
}

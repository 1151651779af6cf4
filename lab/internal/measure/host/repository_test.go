//go:build services

package host

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"stormwave/lab/internal/stack/toolchain"
)

// repository makes a git repository with one commit and a flake.lock.
func repository(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "flake.lock"), `{"nodes":{"nixpkgs":{"locked":{"rev":"774debe"}}}}`)
	for _, args := range [][]string{
		{"init", "-q"}, {"add", "."}, {"-c", "user.name=t", "-c", "user.email=t@localhost", "commit", "-qm", "first"},
	} {
		cmd := exec.Command("git", args...)
		cmd.Dir = dir
		cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir} // a GIT_DIR of the caller leads elsewhere
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	return dir
}

func TestReadDescribesMachineCheckoutAndPrograms(t *testing.T) {
	root := repository(t)
	tools := toolchain.Set{
		"k6":       {Path: filepath.Join(root, ".lab/tools/bin/k6"), Version: "2.0.0", SHA256: "ab"},
		"postgres": {Path: "/usr/lib/postgresql/15/bin/postgres", Version: "15.18"},
		"mage":     {Path: "/home/someone/go/bin/mage", Version: "1.17.2"},
	}
	h, err := Read(t.Context(), root, tools)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(h.Kernel, "Linux ") || h.Cores != runtime.NumCPU() || h.MemoryBytes < 1<<28 || h.Distro == "" ||
		h.CPUModel == "" {
		t.Errorf("machine = %+v; want kernel, cores, memory, distribution and CPU", h)
	}
	if len(h.Commit) != 40 || h.Dirty || h.NixpkgsRev != "774debe" || len(h.FlakeLock) != 64 || h.Env != "host" {
		t.Errorf(
			"checkout = %q dirty %v, flake %q %q, env %q; want a clean commit and the pinned revision", h.Commit, h.Dirty,
			h.FlakeLock, h.NixpkgsRev, h.Env,
		)
	}
	var paths []string
	for _, p := range h.Programs {
		paths = append(paths, p.Path)
	}
	if got, want := strings.Join(paths, " "), ".lab/tools/bin/k6 mage /usr/lib/postgresql/15/bin/postgres"; got != want {
		t.Errorf("paths = %q; want %q, which tell nothing of the machine's user", got, want)
	}
}

func TestReadSeesChangesButNotResults(t *testing.T) {
	root := repository(t)
	if err := os.Mkdir(filepath.Join(root, "results"), 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(root, "results", "x.md"), "a report")
	if h, err := Read(t.Context(), root, nil); err != nil || h.Dirty {
		t.Errorf("dirty = %v, %v; want false: results are no change", h.Dirty, err)
	}
	write(t, filepath.Join(root, "app.go"), "package app")
	if h, err := Read(t.Context(), root, nil); err != nil || !h.Dirty {
		t.Errorf("dirty = %v, %v; want true", h.Dirty, err)
	}
}

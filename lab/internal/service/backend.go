package service

import (
	"debug/buildinfo"
	"fmt"
	"path/filepath"
	"runtime/debug"

	"stormwave/lab/internal/backend"
	"stormwave/lab/internal/matrix"
)

// Backend returns the path of the backend's program. commit is that of this repository it was built from, if it is of
// this repository; empty: it is that of the checkout.
func (l Layout) Backend(b *backend.Backend, commit string) string {
	build := b.Build
	switch {
	case commit != "":
		return filepath.Join(l.Commits(), commit, build.Program)
	case build.Package != "":
		return l.Bin(build.Program)
	case filepath.IsAbs(build.Path):
		return build.Path
	case build.Path != "":
		return filepath.Join(b.Dir, build.Path)
	case build.NPM != "":
		return filepath.Join(l.Installed(b), "node_modules", ".bin", build.Program)
	}
	return filepath.Join(l.Installed(b), "bin", build.Program)
}

// Installed is the directory that a backend is installed in, at its version.
func (l Layout) Installed(b *backend.Backend) string {
	return filepath.Join(l.Lab, "backends", b.Name+"@"+b.Build.Version)
}

// Commits is the directory of the backends that were built from commits.
func (l Layout) Commits() string { return filepath.Join(l.Lab, "commits") }

// readBackCommit reads from the running program which commit it was built from. A
// cell that names no commit runs what the checkout has, and is not asked.
func (e *Env) readBackCommit(effective matrix.Settings) error {
	commit := e.Settings[matrix.Commit]
	if commit == "" {
		return nil
	}
	info, err := buildinfo.ReadFile(fmt.Sprintf("/proc/%d/exe", e.Running()[App]))
	if err != nil {
		return fmt.Errorf("read which backend runs: %w", err)
	}
	effective[matrix.Commit] = revision(info, len(commit))
	return nil
}

// revision names the commit that a program was built from by its first digits,
// and says if there were changes on top.
func revision(info *debug.BuildInfo, digits int) string {
	settings := make(map[string]string)
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	hash := settings["vcs.revision"]
	if hash == "" {
		return "of an unknown commit"
	}
	hash = hash[:min(digits, len(hash))]
	if settings["vcs.modified"] != "false" {
		return hash + " with changes"
	}
	return hash
}

package service

import (
	"debug/buildinfo"
	"fmt"
	"path/filepath"
	"runtime/debug"

	"stormwave/lab/internal/backend"
	"stormwave/lab/internal/matrix"
)

// Backend returns the path of the backend's program: that of a commit where one
// is named (matrix.Backend), else that of the checkout.
func (l Layout) Backend(commit string) string {
	if commit == "" {
		return l.Bin(backend.Bundled.Program)
	}
	return filepath.Join(l.Commits(), commit, backend.Bundled.Program)
}

// Commits is the directory of the backends that were built from commits.
func (l Layout) Commits() string { return filepath.Join(l.Lab, "commits") }

// readBackCommit reads from the running program which commit it was built from. A
// cell that names no commit runs what the checkout has, and is not asked.
func (e *Env) readBackCommit(effective matrix.Settings) error {
	commit := e.Settings[matrix.Backend]
	if commit == "" {
		return nil
	}
	info, err := buildinfo.ReadFile(fmt.Sprintf("/proc/%d/exe", e.Running()[App]))
	if err != nil {
		return fmt.Errorf("read which backend runs: %w", err)
	}
	effective[matrix.Backend] = revision(info, len(commit))
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

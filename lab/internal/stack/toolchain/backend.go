package toolchain

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"stormwave/lab/internal/stack/proc"
)

// OnPath returns the path of a program that is installed, empty if there is none.
func OnPath(name string) string { return onPath(name) }

// Checksum is the SHA-256 of a file, hexadecimal.
func Checksum(path string) (string, error) { return sha256Of(path) }

// InstallGo builds a package of Go at one version into dir/bin, by the module proxy, with the compiler at go. What the
// builder says goes to log.
func InstallGo(ctx context.Context, compiler, pkg, version, dir, log string) error {
	if compiler == "" {
		return errors.New("there is no Go ≥ 1.26 on PATH; to mend it: install it, or enter `nix develop`")
	}
	return install(dir, func(fresh string) error {
		_, err := proc.Run(ctx, proc.Spec{
			Name: "go install",
			Path: compiler,
			Args: []string{"install", "-trimpath", "-ldflags=-s -w", pkg + "@" + version},
			Env:  GoEnviron("CGO_ENABLED=0", "GOTOOLCHAIN=local", "GOGC=400", "GOFLAGS=", "GOBIN="+filepath.Join(fresh, "bin")),
			Dir:  fresh,
			Log:  log,
		})
		return err
	})
}

// InstallNPM installs packages of npm, each with its version, into dir. None of their scripts runs.
func InstallNPM(ctx context.Context, packages []string, dir, log string) error {
	npm := onPath("npm")
	if npm == "" {
		return errors.New("there is no npm on PATH; to mend it: install Node.js with npm")
	}
	return install(dir, func(fresh string) error {
		_, err := proc.Run(ctx, proc.Spec{
			Name: "npm install",
			Path: npm,
			Args: append([]string{
				"install", "--prefix", fresh, "--ignore-scripts", "--no-audit", "--no-fund", "--save-exact",
			}, packages...),
			Env: environ(),
			Dir: fresh,
			Log: log,
		})
		return err
	})
}

// install lets make fill a directory, which becomes dir when it is whole.
func install(dir string, make func(fresh string) error) error {
	fresh := dir + ".new"
	if err := errors.Join(os.RemoveAll(fresh), os.MkdirAll(fresh, 0o755)); err != nil {
		return err
	}
	err := make(fresh)
	if err == nil {
		err = os.RemoveAll(dir)
	}
	if err == nil {
		err = os.Rename(fresh, dir)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("install into %s: %w", dir, err), os.RemoveAll(fresh))
	}
	return nil
}

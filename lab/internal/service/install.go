package service

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"stormwave/lab/internal/backend"
	"stormwave/lab/internal/stack/toolchain"
)

// Install makes sure that the program of a backend is there, in the version that its manifest pins. step is told of an
// installation when it begins, and returns what is to be told of its end.
func (l Layout) Install(
	ctx context.Context, b *backend.Backend, tools toolchain.Set, step func(name string) func(error),
) error {
	build := b.Build
	if build.Requires != "" && toolchain.OnPath(build.Requires) == "" {
		return fmt.Errorf("%s needs %s, which is not on PATH: install it", b.Title, build.Requires)
	}
	program := l.Backend(b, "")
	_, err := os.Stat(program)
	switch {
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("find %s: %w", b.Title, err)
	case build.Path != "":
		return checksum(b, program)
	case err == nil || build.Package != "":
		return nil
	}
	done := step(b.Title + " " + build.Version)
	log := l.Log("install-" + b.Name)
	if build.NPM != "" {
		packages := append([]string{build.NPM + "@" + build.Version}, build.With...)
		err = toolchain.InstallNPM(ctx, packages, l.Installed(b), log)
	} else {
		err = toolchain.InstallGo(ctx, tools.Path("go"), build.Go, build.Version, l.Installed(b), log)
	}
	if err == nil {
		if _, err = os.Stat(program); err != nil {
			err = fmt.Errorf("it has no program %s: %w", build.Program, err)
		}
	}
	done(err)
	if err != nil {
		return fmt.Errorf("install %s: %w; see %s", b.Title, err, log)
	}
	return nil
}

// checksum compares a program that is there with the one that the manifest means.
func checksum(b *backend.Backend, program string) error {
	sum, err := toolchain.Checksum(program)
	if err != nil {
		return fmt.Errorf("find the program of %s: %w", b.Title, err)
	}
	if b.Build.SHA256 != "" && sum != b.Build.SHA256 {
		return fmt.Errorf("%s is another program than the manifest of %s means: its SHA-256 is %s", program, b.Title, sum)
	}
	return nil
}

package toolchain

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"time"

	"stormwave/lab/internal/stack/proc"
)

// installPackage installs the distribution's package of the program.
func installPackage(ctx context.Context, in *installer, r requirement) error {
	return in.apt(ctx, r.name, r.pkg)
}

// apt installs packages of the distribution. It brings the package lists up to
// date only where they do not know a package, or what they know is gone.
//
// Nothing is started: the lab runs servers of its own. What a package enables
// for the next boot is left as the distribution wants it.
func (in *installer) apt(ctx context.Context, step string, packages ...string) error {
	if onPath("apt-get") == "" {
		return fmt.Errorf("there is no apt-get here; to mend it: install %s, or enter `nix develop`", strings.Join(packages, " "))
	}
	var updateErr error
	for _, name := range packages {
		if candidate, err := in.aptCandidate(ctx, name); err != nil {
			return err
		} else if candidate == "" {
			updateErr = in.aptUpdate(ctx, step)
		}
	}
	args := append([]string{"-y", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=120", "install"}, packages...)
	err := in.asRoot(ctx, step, "apt-get", args...)
	if err != nil && !in.updated {
		updateErr = in.aptUpdate(ctx, step)
		err = in.asRoot(ctx, step, "apt-get", args...)
	}
	if err != nil {
		return fmt.Errorf("%w\n  to mend it: sudo apt-get update && sudo apt-get install %s", errors.Join(updateErr, err), strings.Join(packages, " "))
	}
	return nil
}

func (in *installer) aptUpdate(ctx context.Context, step string) error {
	if in.updated {
		return nil
	}
	in.updated = true
	return in.asRoot(ctx, step, "apt-get", "-o", "DPkg::Lock::Timeout=120", "update")
}

// aptCandidate returns the version that apt would install, "" if it knows none.
func (in *installer) aptCandidate(ctx context.Context, name string) (string, error) {
	out, err := proc.Run(ctx, proc.Spec{
		Name: "apt-cache policy " + name, Path: onPath("apt-cache"), Args: []string{"policy", name}, Env: environ("LC_ALL=C"),
	})
	if err != nil {
		return "", fmt.Errorf("ask apt for %s: %w", name, err)
	}
	for line := range strings.Lines(string(out)) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), "Candidate: "); ok && value != "(none)" {
			return value, nil
		}
	}
	return "", nil
}

// asRoot runs a command as root, through sudo where the caller is somebody else.
// sudo must not ask for a password: nobody may be there to type it.
func (in *installer) asRoot(ctx context.Context, step, name string, args ...string) error {
	// systemctl starts nothing while offline.
	const quiet, offline = "DEBIAN_FRONTEND=noninteractive", "SYSTEMD_OFFLINE=1"
	spec := proc.Spec{
		Name: name, Path: onPath(name), Args: args, Log: in.log(step), Env: environ(quiet, offline, "LC_ALL=C"),
		StopTimeout: 30 * time.Second, DeathSignal: syscall.SIGTERM, // let dpkg finish what it is at
	}
	if !proc.IsRoot() {
		spec.Path = onPath("sudo")
		if spec.Path == "" {
			return fmt.Errorf("%s must run as root, and there is no sudo here", name)
		}
		spec.Args = append([]string{"-n", quiet, offline, name}, args...)
	}
	_, err := proc.Run(ctx, spec)
	return err
}

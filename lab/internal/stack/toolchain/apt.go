package toolchain

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"stormwave/lab/internal/stack/proc"
)

// DebianPackage is a package of the distribution that brings a program.
type DebianPackage struct {
	Name    string
	Service string // that the package would let start at every boot, by itself; empty: none
	Unpack  string // the program within the package, which is unpacked and not installed; empty: it is installed
}

// offer is what apt would install of a package.
type offer struct {
	version string // as the distribution writes it; empty: apt knows no such package
}

// release is the version that the distribution has packaged: "1:2.3-4" is 2.3.
func (o offer) release() (Version, error) {
	_, rest, hasEpoch := strings.Cut(o.version, ":")
	if !hasEpoch {
		rest = o.version
	}
	return ParseVersion(rest)
}

// offers asks apt for the versions that it would install.
func offers(ctx context.Context, packages []string) (map[string]offer, error) {
	out, err := proc.Run(ctx, proc.Spec{
		Name: "apt-cache policy", Path: onPath("apt-cache"), Args: append([]string{"policy"}, packages...),
		Env: environ(),
	})
	if err != nil {
		return nil, fmt.Errorf("ask apt for %s: %w", strings.Join(packages, ", "), err)
	}
	return parsePolicy(string(out)), nil
}

// parsePolicy reads what `apt-cache policy` prints.
func parsePolicy(text string) map[string]offer {
	known := make(map[string]offer)
	name := ""
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, " ") {
			name = strings.TrimSuffix(strings.TrimSpace(line), ":")
		}
		value, ok := strings.CutPrefix(strings.TrimSpace(line), "Candidate: ")
		if ok && value != "(none)" {
			known[name] = offer{value}
		}
	}
	return known
}

// installed tells which of the packages are installed.
func installed(ctx context.Context, packages []string) map[string]bool {
	there := make(map[string]bool)
	for _, name := range packages {
		out, err := proc.Run(ctx, proc.Spec{
			Name: "dpkg-query", Path: onPath("dpkg-query"), Args: []string{"-W", "-f=${db:Status-Status}", name},
			Env: environ(),
		})
		there[name] = err == nil && string(out) == "installed"
	}
	return there
}

// installScript installs packages and lets nothing of theirs start: not now, and not at the
// next boot. Its first argument is the root directory, its second names the services, the
// others the packages.
//
// PostgreSQL's package makes a cluster unless createcluster.d says otherwise
// (createcluster.conf(5)), and a service is started unless policy-rc.d forbids it
// (/usr/share/doc/init-system-helpers/README.policy-rc.d.gz). Both files are there while
// apt runs alone; what an earlier set-up that was killed has left is removed, too.
//
// Set-ups of two checkouts take turns, for these files are the machine's.
const installScript = `
umask 022
mkdir -p "$1/run/lock"
exec 9>"$1/run/lock/stormwave-apt"
flock 9
cluster=$1/etc/postgresql-common/createcluster.d/stormwave.conf
policy=$1/usr/sbin/policy-rc.d
mark='written by stormwave while it installs packages'
clean() {
	rm -f "$cluster"
	if grep -qs "$mark" "$policy"; then rm -f "$policy"; fi
}
trap clean EXIT
services=$2; shift 2
clean
mkdir -p "${cluster%/*}" "${policy%/*}"
echo 'create_main_cluster = false' >"$cluster"
if ! [ -e "$policy" ]; then
	printf '#!/bin/sh\n# %s\nexit 101\n' "$mark" >"$policy"
	chmod 755 "$policy"
fi
status=0
owned apt-get -y --no-install-recommends -o DPkg::Lock::Timeout=120 install "$@" || status=$?
for service in $services; do
	deb-systemd-helper disable "$service.service" || true
	update-rc.d "$service" disable || true
done
exit $status
`

// ownedScript runs a command that ends with its owner: an ordinary user may not signal what
// sudo has started, but can close its input.
const ownedScript = `
exec 3<&0 </dev/null
child=; told=
trap 'told=yes; [ -z "$child" ] || kill -TERM $child 2>/dev/null || true' INT TERM HUP
owned() {
	"$@" & child=$!
	[ -z "$told" ] || kill -TERM $child
	{ cat <&3; kill -TERM $child; } >/dev/null 2>&1 & watch=$!
	ended=0
	wait $child || ended=$?
	while kill -0 $child 2>/dev/null; do wait $child || ended=$?; done
	trap '' INT TERM HUP # what follows only cleans up
	kill $watch 2>/dev/null || true
	return $ended
}
`

// quiet is the environment of apt and of what it calls: nothing asks, and systemctl, which
// is told to be offline, starts nothing.
var quiet = []string{"DEBIAN_FRONTEND=noninteractive", "SYSTEMD_OFFLINE=1", "LC_ALL=C"}

// aptTimeout is how long dpkg may take to finish what it is at when it is interrupted.
const aptTimeout = 2 * time.Minute

// aptInstall installs packages of the distribution, all at once.
func (in *installer) aptInstall(ctx context.Context, packages, services []string) error {
	args := append([]string{in.system, strings.Join(services, " ")}, packages...)
	if err := in.asRoot(ctx, aptStep, installScript, args...); err != nil {
		return fmt.Errorf(
			"%w\n  to mend it: sudo apt-get update && sudo apt-get install %s", err, strings.Join(packages, " "),
		)
	}
	return nil
}

// aptStep names the log of what apt does.
const aptStep = "packages"

// aptUpdate brings the lists of packages up to date.
func (in *installer) aptUpdate(ctx context.Context) error {
	return in.asRoot(ctx, aptStep, "owned apt-get -o DPkg::Lock::Timeout=120 update")
}

// asRoot runs a shell's script as root, through sudo where the caller is somebody else.
// sudo must not ask for a password: nobody may be there to type it. When ctx ends, or this
// process, so does what the script owns.
func (in *installer) asRoot(ctx context.Context, step, script string, args ...string) error {
	held, hold, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("run %s: %w", step, err)
	}
	defer func() { _ = errors.Join(held.Close(), hold.Close()) }()
	release := context.AfterFunc(ctx, func() { _ = hold.Close() })
	defer release()
	spec := proc.Spec{
		Name: step, Path: onPath("sh"), Args: append([]string{"-euc", ownedScript + script, "sh"}, args...),
		Log: in.log(step), Stdin: held, Env: environ(quiet...), StopTimeout: aptTimeout, DeathSignal: syscall.SIGTERM,
	}
	if !proc.IsRoot() {
		if onPath("sudo") == "" {
			return errors.New("apt-get must run as root, and there is no sudo here")
		}
		spec.Args = slices.Concat([]string{"-n"}, quiet, []string{spec.Path}, spec.Args)
		spec.Path = onPath("sudo")
	}
	_, err = proc.Run(ctx, spec)
	return err
}

// unpackDebian gets a package and takes one program out of it, without root and without
// installing anything. apt checks the signatures.
func (in *installer) unpackDebian(ctx context.Context, r Requirement) error {
	work, err := in.workDir()
	if err != nil {
		return err
	}
	fetch := proc.Spec{
		Name: "apt-get download", Path: onPath("apt-get"),
		Args: []string{"-o", "APT::Sandbox::User=root", "download", r.Debian.Name},
		Dir:  work, Log: in.log(r.Name), Env: environ(quiet...),
	}
	if _, err := proc.Run(ctx, fetch); err != nil {
		return err
	}
	debs, err := fs.Glob(os.DirFS(work), "*.deb") // the path may hold what a pattern does
	if err != nil || len(debs) != 1 {
		return errors.Join(err, fmt.Errorf("apt-get brought %d packages for %s, want 1", len(debs), r.Debian.Name))
	}
	open := proc.Spec{
		Name: "dpkg-deb", Path: onPath("dpkg-deb"),
		Args: []string{"-x", filepath.Join(work, debs[0]), filepath.Join(work, "tree")},
		Log:  in.log(r.Name), Env: environ(quiet...),
	}
	if _, err := proc.Run(ctx, open); err != nil {
		return err
	}
	program := filepath.Join(work, "tree", r.Debian.Unpack)
	if _, err := os.Stat(program); err != nil {
		return fmt.Errorf("unpack %s: %w", r.Debian.Name, err)
	}
	return in.tools.adopt(r, program, unpackedRecipe(r))
}

// unpackedRecipe is how a program comes out of the distribution's package.
func unpackedRecipe(r Requirement) recipe {
	return recipe{Sources: digest("unpacked", r.Debian.Name, r.Debian.Unpack)}
}

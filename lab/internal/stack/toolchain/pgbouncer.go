package toolchain

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"stormwave/lab/internal/stack/proc"
)

// sourceSuite is the Debian release whose source package of PgBouncer is built
// where the distribution's own is too old.
const sourceSuite = "trixie"

// sourceKeys verify what comes from that release.
const sourceKeys = "/usr/share/keyrings/debian-archive-keyring.gpg"

// pgbouncerFlags leave out what the lab does not use: its addresses are numbers,
// and its supervisor is not systemd.
var pgbouncerFlags = []string{"--without-cares", "--without-pam", "--without-systemd"}

var pgbouncerBuildPackages = []string{"dpkg-dev", "gcc", "libc6-dev", "make", "pkg-config", "libevent-dev", "libssl-dev"}

// installPgBouncer installs the distribution's package where that is new enough,
// and else builds a newer Debian source package, security patches included.
func installPgBouncer(ctx context.Context, in *installer, r requirement) error {
	if onPath("apt-get") == "" {
		return fmt.Errorf("there is no apt-get here; to mend it: put pgbouncer %s on PATH, or enter `nix develop`", r.need())
	}
	candidate, err := in.aptCandidate(ctx, "pgbouncer")
	if err == nil && candidate == "" {
		err = in.aptUpdate(ctx, r.name)
		candidate, _ = in.aptCandidate(ctx, "pgbouncer")
	}
	if v, parseErr := parseVersion(candidate); parseErr == nil && !v.less(r.min) {
		return in.apt(ctx, r.name, "pgbouncer")
	}
	if err := errors.Join(err, in.installMissing(ctx, r.name, pgbouncerBuildPackages)); err != nil {
		return err
	}
	work, err := in.workDir()
	if err != nil {
		return err
	}
	if err := in.fetchSource(ctx, r, work); err != nil {
		return fmt.Errorf("%w\n  to mend it: put pgbouncer %s on PATH, or enter `nix develop`", err, r.need())
	}
	built, err := in.compile(ctx, r, work)
	if err != nil {
		return err
	}
	return in.tools.adopt(r.name, built, pgbouncerRecipe())
}

func pgbouncerRecipe() recipe {
	return recipe{Sources: digest(append([]string{sourceSuite}, pgbouncerFlags...)...)}
}

// installMissing installs those packages that are not there yet, so that who may
// not install can still build where they are.
func (in *installer) installMissing(ctx context.Context, step string, packages []string) error {
	var missing []string
	for _, name := range packages {
		out, err := proc.Run(ctx, proc.Spec{Name: "dpkg-query", Path: onPath("dpkg-query"), Args: []string{"-W", "-f=${db:Status-Status}", name}})
		if err != nil || string(out) != "installed" {
			missing = append(missing, name)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return in.apt(ctx, step, missing...)
}

// fetchSource unpacks the source package into work. apt checks the signatures;
// a state of its own keeps the system's sources and lists as they are.
func (in *installer) fetchSource(ctx context.Context, r requirement, work string) error {
	mirror, err := in.debianMirror(ctx)
	if err != nil {
		return err
	}
	sources := fmt.Sprintf("Types: deb-src\nURIs: %s\nSuites: %s\nComponents: main\nSigned-By: %s\n", mirror, sourceSuite, sourceKeys)
	conf := fmt.Sprintf(`Dir::Etc::sourcelist "%[1]s/debian.sources";
Dir::Etc::sourceparts "-";
Dir::State::lists "%[1]s/lists";
Dir::Cache "%[1]s/cache";
APT::Sandbox::User "root";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
`, work)
	for name, text := range map[string]string{"debian.sources": sources, "apt.conf": conf} {
		if err := os.WriteFile(filepath.Join(work, name), []byte(text), 0o600); err != nil {
			return fmt.Errorf("fetch source of %s: %w", r.name, err)
		}
	}
	for _, dir := range []string{"lists/partial", "cache"} {
		if err := os.MkdirAll(filepath.Join(work, dir), 0o755); err != nil {
			return fmt.Errorf("fetch source of %s: %w", r.name, err)
		}
	}
	for _, args := range [][]string{{"update"}, {"-y", "--only-source", "source", r.name}} {
		_, err := proc.Run(ctx, proc.Spec{
			Name: "apt-get", Path: onPath("apt-get"), Args: append([]string{"-c", filepath.Join(work, "apt.conf")}, args...),
			Dir: work, Log: in.log(r.name), Env: environ("LC_ALL=C"),
		})
		if err != nil {
			return fmt.Errorf("fetch source of %s: %w", r.name, err)
		}
	}
	return nil
}

// debianMirror returns the address of the Debian mirror that this machine uses.
func (in *installer) debianMirror(ctx context.Context) (string, error) {
	if _, err := os.Stat(sourceKeys); err != nil {
		return "", fmt.Errorf("verify Debian's source package: %w (this is not Debian?)", err)
	}
	out, err := proc.Run(ctx, proc.Spec{
		Name: "apt-get indextargets", Path: onPath("apt-get"),
		Args: []string{"indextargets", "--format", "$(ORIGIN) $(LABEL) $(COMPONENT) $(REPO_URI)", "Created-By: Packages"},
	})
	if err != nil {
		return "", fmt.Errorf("find Debian mirror: %w", err)
	}
	for line := range strings.Lines(string(out)) {
		if mirror, ok := strings.CutPrefix(strings.TrimSpace(line), "Debian Debian main "); ok {
			return mirror, nil
		}
	}
	return "", errors.New("find Debian mirror: apt's sources name none (main of Debian itself)")
}

// compile builds the unpacked source and returns the path of the program.
func (in *installer) compile(ctx context.Context, r requirement, work string) (string, error) {
	trees, err := filepath.Glob(filepath.Join(work, r.name+"-*", "configure"))
	if err != nil || len(trees) != 1 {
		return "", fmt.Errorf("compile %s: the source package holds %d configure scripts, want 1", r.name, len(trees))
	}
	tree := filepath.Dir(trees[0])
	for _, command := range [][]string{append([]string{trees[0]}, pgbouncerFlags...), {onPath("make"), "-j2", r.name}} {
		_, err := proc.Run(ctx, proc.Spec{
			Name: filepath.Base(command[0]), Path: command[0], Args: command[1:], Dir: tree, Log: in.log(r.name), Env: environ("LC_ALL=C"),
		})
		if err != nil {
			return "", fmt.Errorf("compile %s: %w\n  log: %s", r.name, err, in.log(r.name))
		}
	}
	return filepath.Join(tree, r.name), nil
}

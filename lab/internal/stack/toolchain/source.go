package toolchain

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"stormwave/lab/internal/stack/proc"
)

// SourcePackage is a source package of a Debian release that may be newer than this
// machine's, security patches included, and how a program is built from it.
type SourcePackage struct {
	Name   string
	Suite  string   // the release
	Needs  []string // packages, besides those that every build needs
	Script string   // for a shell, in the source tree
	Result string   // what the script makes: the program, or the directory of an installation
}

// buildPackages are needed to build any source package.
var buildPackages = []string{"dpkg-dev", "gcc", "libc6-dev", "make", "pkg-config"}

// postgresSource makes a second installation for the tests, with no more in it than the
// lab uses. It finds its libraries wherever it is put.
var postgresSource = &SourcePackage{
	Name:  "postgresql-18",
	Suite: "forky",
	Needs: []string{"bison", "flex", "perl"},
	Script: `./configure --prefix=/postgresql-18 --disable-rpath --without-icu --without-readline --without-zlib \
	CFLAGS='-O0 -pipe' LDFLAGS='-Wl,-rpath,\$$ORIGIN/../lib:\$$ORIGIN/..'
export MAKEFLAGS='-s -j2' DESTDIR="$PWD/installed"
make -C src/backend generated-headers
for part in src/backend src/include/catalog src/timezone src/backend/snowball src/backend/utils/mb/conversion_procs src/pl/plpgsql/src \
	src/interfaces/libpq src/backend/replication/libpqwalreceiver src/bin/initdb src/bin/psql src/bin/pg_basebackup \
	src/bin/pg_ctl contrib/pg_stat_statements contrib/pg_prewarm; do
	make -C "$part" install
done
strip installed/postgresql-18/bin/postgres`,
	Result: "installed/postgresql-18",
}

// recipe is how the program is built.
func (p *SourcePackage) recipe() recipe { return recipe{Sources: digest(p.Name, p.Suite, p.Script)} }

// sourceKeys verify what comes from Debian.
const sourceKeys = "/usr/share/keyrings/debian-archive-keyring.gpg"

// buildSource builds a program from a source package.
func (in *installer) buildSource(ctx context.Context, r Requirement) error {
	// Not below the checkout, whose path may hold blanks and quotes: configure and make take none.
	work, err := os.MkdirTemp("", "stormwave-build-")
	if err != nil {
		return fmt.Errorf("create directory for a build: %w", err)
	}
	defer func() { _ = os.RemoveAll(work) }()
	if err := in.fetchSource(ctx, r, work); err != nil {
		return fmt.Errorf("%w\n  to mend it: put %s %s on PATH, or enter `nix develop`", err, r.Name, r.need())
	}
	built, err := in.compile(ctx, r, work)
	if err != nil {
		return err
	}
	staged, err := in.stage(built)
	if err != nil {
		return err
	}
	return in.tools.adopt(r, staged, r.Source.recipe())
}

// stage copies what was built to the file system of the tools.
func (in *installer) stage(built string) (string, error) {
	work, err := in.workDir()
	if err != nil {
		return "", err
	}
	staged := filepath.Join(work, filepath.Base(built))
	info, err := os.Stat(built)
	switch {
	case err != nil:
	case info.IsDir():
		err = os.CopyFS(staged, os.DirFS(built))
	default:
		var program []byte
		if program, err = os.ReadFile(built); err == nil {
			err = os.WriteFile(staged, program, 0o755)
		}
	}
	if err != nil {
		return "", fmt.Errorf("keep what was built: %w", err)
	}
	return staged, nil
}

// fetchSource unpacks the source package into work. apt checks the signatures; that a mirror
// is behind, and its index past its date, only means an older version. A state of its own
// keeps the system's sources and lists as they are.
func (in *installer) fetchSource(ctx context.Context, r Requirement, work string) error {
	mirror, err := in.debianMirror(ctx)
	if err != nil {
		return err
	}
	sources := fmt.Sprintf("Types: deb-src\nURIs: %s\nSuites: %s\nComponents: main\nSigned-By: %s\n",
		mirror, r.Source.Suite, sourceKeys)
	conf := fmt.Sprintf(`Dir::Etc::sourcelist "%[1]s/debian.sources";
Dir::Etc::sourceparts "-";
Dir::State::lists "%[1]s/lists";
Dir::Cache "%[1]s/cache";
APT::Sandbox::User "root";
Acquire::Check-Valid-Until "false";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
`, work)
	for name, text := range map[string]string{"debian.sources": sources, "apt.conf": conf} {
		if err := os.WriteFile(filepath.Join(work, name), []byte(text), 0o600); err != nil {
			return fmt.Errorf("fetch source of %s: %w", r.Name, err)
		}
	}
	for _, dir := range []string{"lists/partial", "cache"} {
		if err := os.MkdirAll(filepath.Join(work, dir), 0o755); err != nil {
			return fmt.Errorf("fetch source of %s: %w", r.Name, err)
		}
	}
	for _, args := range [][]string{{"update"}, {"-y", "--only-source", "source", r.Source.Name}} {
		_, err := proc.Run(ctx, proc.Spec{
			Name: "apt-get", Path: onPath("apt-get"), Args: append([]string{"-c", filepath.Join(work, "apt.conf")}, args...),
			Dir: work, Log: in.log(r.Name), Env: environ(),
		})
		if err != nil {
			return fmt.Errorf("fetch source of %s: %w", r.Name, err)
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
		Env:  environ(),
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

// compile builds the unpacked source and returns the path of the result.
func (in *installer) compile(ctx context.Context, r Requirement, work string) (string, error) {
	trees, err := fs.Glob(os.DirFS(work), "*/configure")
	if err != nil || len(trees) != 1 {
		return "", fmt.Errorf("compile %s: the source package holds %d configure scripts, want 1", r.Name, len(trees))
	}
	tree := filepath.Join(work, filepath.Dir(trees[0]))
	_, err = proc.Run(ctx, proc.Spec{
		Name: "build " + r.Source.Name, Path: onPath("sh"), Args: []string{"-euc", r.Source.Script}, Dir: tree,
		Log: in.log(r.Name), Env: environ(),
	})
	if err != nil {
		return "", fmt.Errorf("compile %s: %w\n  log: %s", r.Name, err, in.log(r.Name))
	}
	return filepath.Join(tree, r.Source.Result), nil
}

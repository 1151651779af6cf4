//go:build services

// Package flake_test enters the real flake.nix without a network: a stub takes
// the place of nixpkgs, whose packages are links to this machine's programs.
package flake_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"stormwave/lab/internal/service"
	"stormwave/lab/internal/stack/toolchain"
)

// commandTimeout bounds one call of a program.
const commandTimeout = 10 * time.Minute

// nixConf lets nix work alone: no daemon, no builders' accounts, no network.
const nixConf = `experimental-features = nix-command flakes
sandbox = false
build-users-group =
substituters =
flake-registry =
warn-dirty = false
max-jobs = 1
cores = 2
`

// host is this machine with a nix store of the test's own.
type host struct {
	tools toolchain.Set
	dir   string // all that the test writes
	clone string // a git checkout of the project
	stub  string // stand-in for nixpkgs
	env   []string
	cover string // a shell's commands that hide the programs outside the store; empty: none
}

// newHost gets the programs, copies the project and its stub, and makes a store.
func newHost(t *testing.T) *host {
	t.Helper()
	root := checkout(t)
	tools, err := toolchain.Setup(t.Context(), root, toolchain.Options{Services: service.Programs(), Tests: true})
	if err != nil {
		t.Fatal(err)
	}
	dir := openTempDir(t)
	h := &host{tools: tools, dir: dir, clone: filepath.Join(dir, "clone"), stub: filepath.Join(dir, "stub")}
	h.env = append(os.Environ(),
		"HOME="+h.mkdir(t, "home"), "XDG_CACHE_HOME="+h.mkdir(t, "home/.cache"), "TMPDIR="+h.mkdir(t, "tmp"),
		"NIX_STORE_DIR="+filepath.Join(dir, "store"), "NIX_STATE_DIR="+filepath.Join(dir, "var"),
		"NIX_LOG_DIR="+filepath.Join(dir, "log"), "NIX_CONF_DIR="+h.mkdir(t, "etc"), "NIX_REMOTE=local",
		"GOMODCACHE="+goEnv(t, "GOMODCACHE"), "GOCACHE="+goEnv(t, "GOCACHE"),
	)
	h.write(t, filepath.Join(dir, "etc", "nix.conf"), []byte(nixConf))
	h.copyProject(t, root)
	h.fillStub(t)
	return h
}

// checkout is the root of the project.
func checkout(t *testing.T) string {
	t.Helper()
	root, err := filepath.Abs("../../../../..")
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// openTempDir makes a directory that other accounts may enter: as root, servers
// run as another.
func openTempDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "flake-")
	if err == nil {
		err = os.Chmod(dir, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		// What is in a store is read-only.
		_ = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
			if err == nil && entry.IsDir() {
				return os.Chmod(path, 0o755)
			}
			return nil
		})
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// copyProject copies what git knows, as it is in the working tree, to a checkout
// of its own: nix sees no other file.
func (h *host) copyProject(t *testing.T, root string) {
	t.Helper()
	for path := range strings.SplitSeq(strings.TrimRight(h.run(t, root, "git", "ls-files", "-z"), "\x00"), "\x00") {
		info, err := os.Stat(filepath.Join(root, path))
		if err != nil {
			continue // deleted, and not yet committed
		}
		content, err := os.ReadFile(filepath.Join(root, path))
		if err != nil {
			t.Fatal(err)
		}
		to := filepath.Join(h.clone, path)
		h.write(t, to, content)
		if err := os.Chmod(to, info.Mode().Perm()); err != nil {
			t.Fatal(err)
		}
	}
	h.run(t, h.clone, "git", "init", "--quiet")
	h.run(t, h.clone, "git", "add", "--all")
	h.run(
		t, h.clone, "git", "-c", "user.name=lab", "-c", "user.email=lab@localhost", "commit", "--quiet", "--message",
		"The project",
	)
}

// fillStub tells the stub which program stands for which package, and gives it
// the modules that the package is built from.
func (h *host) fillStub(t *testing.T) {
	t.Helper()
	if err := os.CopyFS(h.stub, os.DirFS(filepath.Join(h.clone, "nix", "stub"))); err != nil {
		t.Fatal(err)
	}
	mage := filepath.Join(h.dir, "mage")
	h.run(t, h.clone, "go", "build", "-o", mage, "github.com/magefile/mage")
	packages := map[string]map[string]string{
		"bashInteractive": {"bash": h.own(t, look(t, "bash"))},
		"go_1_26": {
			"go":    h.tools.Path("go"),
			"gofmt": filepath.Join(filepath.Dir(h.tools.Path("go")), "gofmt"),
		},
		"mage":                          {"mage": mage},
		"pgbouncer":                     {"pgbouncer": h.tools.Path("pgbouncer")},
		"prometheus":                    {"prometheus": h.tools.Path("prometheus")},
		"prometheus-cli":                {"promtool": h.tools.Path("promtool")},
		"prometheus-node-exporter":      {"node_exporter": h.tools.Path("node_exporter")},
		"prometheus-postgres-exporter":  {"postgres_exporter": h.tools.Path("postgres_exporter")},
		"prometheus-pgbouncer-exporter": {"pgbouncer_exporter": h.tools.Path("pgbouncer_exporter")},
		"k6":                            {"k6": h.tools.Path("k6")},
		"chromium":                      {"chromium": h.tools.Path("chromium")},
		"stdenv-path":                   {}, // what nixpkgs' stdenv puts on PATH
		"git":                           {"git": h.own(t, look(t, "git"))},
		"nodejs":                        {"npm": look(t, "npm")},
		"postgresql_18":                 {},
		// Not installed on every host. What does not tell its version is not taken for
		// Grafana by the lab, which then runs without.
		"grafana":     {"grafana": look(t, "false")},
		"nixfmt-tree": {"treefmt": look(t, "false")},
	}
	for _, name := range []string{"bash", "sh", "cp", "mktemp", "rm"} {
		packages["stdenv-path"][name] = h.own(t, look(t, name))
	}
	for _, name := range []string{"postgres", "initdb", "pg_basebackup", "psql", "pg_ctl"} {
		packages["postgresql_18"][name] = h.tools.Path(name)
	}
	if p, ok := h.tools["grafana"]; ok {
		packages["grafana"]["grafana"] = p.Path
	}
	text, err := json.Marshal(map[string]any{"packages": packages, "goCache": goEnv(t, "GOCACHE")})
	if err != nil {
		t.Fatal(err)
	}
	h.write(t, filepath.Join(h.stub, "host.json"), text)
	h.vendor(t)
}

// vendor does what nixpkgs' buildGoModule does: it vendors the modules of the
// package's own source, which holds less than the checkout.
func (h *host) vendor(t *testing.T) {
	t.Helper()
	source := h.nix(t, "eval", "--raw", ".#packages."+system()+".default.src")
	h.run(t, source, "go", "mod", "vendor", "-o", filepath.Join(h.stub, "vendor"))
}

// nix runs nix on the flake of the clone, offline and with the stub, and returns
// its standard output.
func (h *host) nix(t *testing.T, command string, args ...string) string {
	t.Helper()
	out, err := h.tryNix(t, h.nixArgs(command, args...)...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// tryNix runs nix in the clone.
func (h *host) tryNix(t *testing.T, args ...string) (string, error) {
	t.Helper()
	call := append([]string{h.own(t, h.tools.Path("nix"))}, args...)
	if os.Geteuid() == 0 {
		// Without this right nix stays in its mount namespace. With it, what nix calls gets the
		// root directory of the namespace, which is another than ours in a chroot.
		call = append([]string{h.own(t, look(t, "setpriv")), "--bounding-set=-sys_admin"}, call...)
	}
	if h.cover != "" {
		script := "mount --make-rprivate / 2>/dev/null || true; " + h.cover + ` exec "$@"`
		call = append(
			[]string{look(t, "unshare"), "--mount", "--propagation=unchanged", "/bin/sh", "-euc", script, "sh"}, call...,
		)
	}
	return h.try(t, h.clone, call[0], call[1:]...)
}

// emptySystem lets every later call of nix find sh and env in the system's directories of
// programs, and nothing else. It takes root.
func (h *host) emptySystem(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		return
	}
	empty, few := h.mkdir(t, "empty"), h.mkdir(t, "few")
	for _, name := range []string{"sh", "env"} {
		h.copyProgram(t, look(t, name), filepath.Join(few, name))
	}
	for _, dir := range []string{"/usr/local/bin", "/usr/local/sbin", "/usr/sbin"} {
		h.cover += "mount --bind " + empty + " " + dir + "; "
	}
	h.cover += "mount --bind " + few + " /usr/bin; "              // the last: mount itself is there
	h.cover += "export PATH=" + filepath.Join(h.dir, "own") + ";" // nix calls git
}

// own returns the path of a copy of a program that is not where the system keeps it.
func (h *host) own(t *testing.T, program string) string {
	t.Helper()
	path := filepath.Join(h.mkdir(t, "own"), filepath.Base(program))
	if _, err := os.Stat(path); err != nil {
		h.copyProgram(t, program, path)
	}
	return path
}

func (h *host) copyProgram(t *testing.T, from, to string) {
	t.Helper()
	content, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, content, 0o755); err != nil {
		t.Fatal(err)
	}
}

func (h *host) nixArgs(command string, args ...string) []string {
	options := []string{"--offline", "--no-write-lock-file", "--override-input", "nixpkgs", "path:" + h.stub}
	return slices.Concat(strings.Fields(command), options, args)
}

// develop runs a command in the dev shell and returns its standard output.
func (h *host) develop(t *testing.T, command ...string) string {
	t.Helper()
	return h.nix(t, "develop", append([]string{"--command"}, command...)...)
}

// run runs a program to its end and returns its standard output.
func (h *host) run(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	out, err := h.try(t, dir, name, args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// failure is a command that failed, with what it printed.
type failure struct {
	command string
	err     error
	output  string
}

func (f failure) Error() string { return f.command + ": " + f.err.Error() + "\n" + f.output }

func (h *host) try(t *testing.T, dir, name string, args ...string) (string, error) {
	t.Helper()
	// Not the test's context: that one has ended when clean-up runs.
	ctx, cancel := context.WithTimeout(context.Background(), commandTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env = dir, h.env
	cmd.WaitDelay = 10 * time.Second
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return "", failure{cmd.String(), err, out.String() + errs.String()}
	}
	return out.String(), nil
}

// edit changes a file of the clone until the test ends.
func (h *host) edit(t *testing.T, name, from, to string) {
	t.Helper()
	path := filepath.Join(h.clone, name)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), from) {
		t.Fatalf("%s does not hold %q", name, from)
	}
	h.write(t, path, []byte(strings.Replace(string(text), from, to, 1)))
	t.Cleanup(func() { h.write(t, path, text) })
}

func (h *host) mkdir(t *testing.T, name string) string {
	t.Helper()
	dir := filepath.Join(h.dir, name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

func (h *host) write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
}

// system is nix's name for this machine.
func system() string {
	return map[string]string{"amd64": "x86_64", "arm64": "aarch64"}[runtime.GOARCH] + "-linux"
}

func look(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func goEnv(t *testing.T, name string) string {
	t.Helper()
	out, err := exec.Command("go", "env", name).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

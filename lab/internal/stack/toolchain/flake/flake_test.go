//go:build services

package flake_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the right vendorHash into nix/package.nix")

// systems are those that flake.nix promises.
var systems = []string{"x86_64-linux", "aarch64-linux"}

// The hash changes with each dependency: -update writes the right one.
func TestVendorHash(t *testing.T) {
	h := newHost(t)
	want := strings.TrimSpace(h.run(t, h.dir, h.tools.Path("nix"), "hash", "path", filepath.Join(h.stub, "vendor")))
	file := filepath.Join(checkout(t), "nix", "package.nix")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), `vendorHash = "`)
	got, _, found := strings.Cut(rest, `"`)
	if !found {
		t.Fatal("nix/package.nix has no vendorHash")
	}
	if *update {
		h.write(t, file, []byte(strings.Replace(string(text), got, want, 1)))
		return
	}
	if got != want {
		t.Errorf(
			"vendorHash in nix/package.nix:\n got %s\nwant %s\nwrite it: go test ./lab/internal/stack/toolchain/flake -run "+
				"TestVendorHash -update",
			got, want,
		)
	}
}

func TestFlake(t *testing.T) {
	h := newHost(t)
	t.Run("lock covers flake", func(t *testing.T) { testLock(t, h) })
	t.Run("outputs evaluate and build", func(t *testing.T) { testOutputs(t, h) })
	t.Run("mistakes are refused", func(t *testing.T) { testMistakes(t, h) })
	t.Run("shell has every program", func(t *testing.T) { testShell(t, h) })
	t.Run("lab runs in the shell", func(t *testing.T) { testLab(t, h) })
	if changed := h.run(t, h.clone, "git", "status", "--porcelain"); changed != "" {
		t.Errorf("nix or the lab changed the checkout:\n%s", changed)
	}
}

// With --no-update-lock-file and no network, nix must be content with the lock.
func testLock(t *testing.T, h *host) {
	type locked struct{ Rev, NarHash string }
	type lock struct {
		Nodes struct{ Nixpkgs struct{ Locked locked } }
	}
	var said struct{ Locks lock }
	var written lock
	out, err := h.tryNix(t, "flake", "metadata", "--offline", "--no-update-lock-file", "--json", ".")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(out), &said); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(h.clone, "flake.lock"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &written); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(written, said.Locks); diff != "" || written.Nodes.Nixpkgs.Locked.Rev == "" {
		t.Errorf("what nix would use differs from flake.lock (-written +used):\n%s", diff)
	}
}

func testOutputs(t *testing.T, h *host) {
	for output, names := range map[string][]string{
		"packages":  {"default"},
		"devShells": {"default"},
		"checks":    {"package", "shell"},
	} {
		text := h.nix(
			t, "eval", "--json", ".#"+output, "--apply",
			"builtins.mapAttrs (system: builtins.mapAttrs (name: output: output.drvPath))",
		)
		var drvs map[string]map[string]string // by system and name
		if err := json.Unmarshal([]byte(text), &drvs); err != nil {
			t.Fatal(err)
		}
		for _, system := range systems {
			for _, name := range names {
				if drv := drvs[system][name]; !strings.HasSuffix(drv, ".drv") {
					t.Errorf("%s.%s.%s evaluates to %q", output, system, name, drv)
				}
			}
		}
	}
	h.nix(t, "flake check")
	if usage := h.nix(t, "run", ".", "--", "--help"); !strings.Contains(usage, "doctor") {
		t.Errorf("nix run does not start the lab; it says:\n%s", usage)
	}
}

// What the tests above would miss if the stub were too kind.
func testMistakes(t *testing.T, h *host) {
	for _, c := range []struct {
		name, file, from, to string
		command              []string
		want                 string // in what nix says, as a regular expression
	}{
		{
			"misspelt package", "flake.nix", "pkgs.pgbouncer\n", "pkgs.pgbuncer\n",
			h.nixArgs("eval", ".#devShells.x86_64-linux.default.drvPath"), `'pgbuncer' missing`,
		},
		{
			"stale lock", "flake.nix", "nixos-26.05", "nixos-25.11",
			[]string{"flake", "metadata", "--offline", "--no-update-lock-file", "."}, `nixos-25\.11|lock file`,
		},
		{
			"wrong vendorHash", "nix/package.nix", `vendorHash = "sha256-`,
			`vendorHash = "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="; right = "sha256-`,
			h.nixArgs("eval", ".#packages.x86_64-linux.default.drvPath"), `mismatch`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			h.edit(t, c.file, c.from, c.to)
			out, err := h.tryNix(t, c.command...)
			if err == nil {
				t.Fatalf("nix took it, and said %q", out)
			}
			if !regexp.MustCompile(c.want).MatchString(err.Error()) {
				t.Errorf("refused for another reason than %q:\n%v", c.want, err)
			}
		})
	}
}

func testShell(t *testing.T, h *host) {
	programs := []string{
		"go", "mage", "postgres", "initdb", "pg_basebackup", "psql", "pgbouncer", "prometheus", "promtool",
		"node_exporter", "postgres_exporter", "pgbouncer_exporter", "grafana", "k6", "git", "npm", "chromium", "cp",
	}
	script := `for p in "$@"; do command -v "$p"; done; echo "$GOTOOLCHAIN"; echo "$LAB_GRAFANA_HOME"; echo "$LAB_NIXPKGS_NARHASH"`
	lines := strings.Fields(h.develop(t, append([]string{"sh", "-c", script, "sh"}, programs...)...))
	if len(lines) != len(programs)+3 {
		t.Fatalf("the shell lacks a program or a variable: %q", lines)
	}
	store := filepath.Join(h.dir, "store") + "/"
	for i, name := range programs {
		if !strings.HasPrefix(lines[i], store) || filepath.Base(lines[i]) != name {
			t.Errorf("%s is %s, want one from %s", name, lines[i], store)
		}
	}
	rest := lines[len(programs):]
	if rest[0] != "local" || !strings.HasPrefix(rest[1], store) || !strings.HasPrefix(rest[2], "sha256-") {
		t.Errorf("GOTOOLCHAIN, LAB_GRAFANA_HOME, LAB_NIXPKGS_NARHASH are %q", rest)
	}
}

// The whole stack, brought up by its users' command and programs of the shell only. As on
// NixOS, /bin and /usr/bin hold sh and env, and nothing else.
func testLab(t *testing.T, h *host) {
	h.emptySystem(t)
	if out := h.develop(
		t, "sh", "-c", "echo /bin/* /usr/bin/* /usr/local/bin/*",
	); out != "/bin/env /bin/sh /usr/bin/env /usr/bin/sh /usr/local/bin/*\n" {
		t.Fatalf("outside the store there are %s", out)
	}
	t.Cleanup(func() { h.develop(t, "mage", "lab:down") })
	h.develop(t, "mage", "lab:up")
	got, want := h.states(t), "up"
	if got.State != want || len(got.Services) == 0 || slices.ContainsFunc(got.Services, member.notReady) {
		t.Errorf("after lab:up the stack is %+v, want %s with every service ready", got, want)
	}
	if built, _ := filepath.Glob(filepath.Join(h.clone, ".lab", "tools", "bin", "*")); len(built) > 0 {
		t.Errorf("the shell has every program, and yet the lab built %v", built)
	}
	if out := h.develop(t, "mage", "lab:status"); !strings.Contains(out, "primary") {
		t.Errorf("lab:status names no primary:\n%s", out)
	}
	h.develop(t, "mage", "lab:down")
	if got := h.states(t).State; got != "down" {
		t.Errorf("after lab:down the stack is %s", got)
	}
}

// status is what `lab status --json` tells.
type status struct {
	State    string
	Services []member
}

type member struct {
	Name  string
	Ready bool
}

func (m member) notReady() bool { return !m.Ready }

func (h *host) states(t *testing.T) (s status) {
	t.Helper()
	if err := json.Unmarshal([]byte(h.develop(t, "bin/lab", "status", "--json")), &s); err != nil {
		t.Fatal(err)
	}
	return s
}

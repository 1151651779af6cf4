//go:build services

package cli

import (
	"bytes"
	"debug/buildinfo"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"stormwave/lab/backends"
	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/service"
	"stormwave/lab/internal/stack/toolchain"
)

// repository is a checkout in git with a tiny backend.
type repository struct {
	t      *testing.T
	layout service.Layout
}

func newRepository(t *testing.T) repository {
	t.Helper()
	layout, err := service.NewLayout(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	r := repository{t, layout}
	r.git("init", "-q")
	r.write("go.mod", "module tiny\n\ngo 1.26\n")
	r.write(".gitignore", "/bin/\n/.lab/\n")
	return r
}

func (r repository) git(args ...string) string {
	r.t.Helper()
	cmd := exec.Command("git", append([]string{"-c", "user.name=t", "-c", "user.email=t@localhost"}, args...)...)
	cmd.Dir = r.layout.Root
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + r.layout.Root} // a GIT_DIR of the caller leads elsewhere
	out, err := cmd.CombinedOutput()
	if err != nil {
		r.t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

func (r repository) write(name, text string) {
	r.t.Helper()
	path := filepath.Join(r.layout.Root, name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
		r.t.Fatal(err)
	}
}

// commit makes a backend that prints the schema, and returns its commit.
func (r repository) commit(schema, remark string) string {
	r.t.Helper()
	r.write(
		"app/main.go", "package main\n\nimport \"fmt\"\n\n// "+remark+"\nfunc main() { fmt.Println(\""+schema+"\") }\n",
	)
	r.git("add", ".")
	r.git("commit", "-qm", remark)
	hash, err := resolve(r.t.Context(), r.layout.Root, "HEAD")
	if err != nil {
		r.t.Fatal(err)
	}
	return hash
}

// job is a run over cells with those backends, in a checkout that is built.
func (r repository) job(commits ...string) job {
	r.t.Helper()
	compiler, err := exec.LookPath("go")
	if err != nil {
		r.t.Fatal(err)
	}
	cmd := exec.Command(compiler, "build", "-o", "bin/", "./app")
	cmd.Dir = r.layout.Root
	if out, err := cmd.CombinedOutput(); err != nil {
		r.t.Fatalf("go build: %v\n%s", err, out)
	}
	j := job{
		layout:  r.layout,
		backend: backends.Default(),
		tools:   toolchain.Set{"go": {Path: compiler}},
		out:     &bytes.Buffer{},
	}
	for _, c := range commits {
		for _, cell := range []string{"one", "two"} {
			j.plan.Cells = append(j.plan.Cells, matrix.Cell{Label: cell, Settings: matrix.Settings{matrix.Commit: c}})
		}
	}
	return j
}

func TestBackendsAreBuiltFromTheirCommits(t *testing.T) {
	r := newRepository(t)
	commits := []string{r.commit("CREATE", "first"), r.commit("CREATE", "second")}
	j := r.job(commits...)
	r.write("app/main.go", "this does not compile, and is not committed")
	if err := j.buildCommits(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i, c := range commits {
		info, err := buildinfo.ReadFile(r.layout.Backend(backends.Default(), c))
		if err != nil {
			t.Fatal(err)
		}
		vcs := make(map[string]string)
		for _, s := range info.Settings {
			vcs[s.Key] = s.Value
		}
		if !strings.HasPrefix(vcs["vcs.revision"], c) || vcs["vcs.modified"] != "false" {
			t.Errorf(
				"backend %d knows revision %q, modified %s; want %s, unchanged", i, vcs["vcs.revision"], vcs["vcs.modified"], c,
			)
		}
	}
	// Once more, as after a kill in the middle of it.
	source := filepath.Join(filepath.Dir(r.layout.Backend(backends.Default(), commits[0])), "source")
	if err := checkOut(t.Context(), r.layout.Root, commits[0], source); err != nil {
		t.Fatal(err)
	}
	if err := j.buildCommits(t.Context()); err != nil {
		t.Errorf("after an interrupted build: %v", err)
	}
	if _, err := os.Stat(source); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the sources are left: %v", err)
	}
	if err := removeCommits(r.layout, commits); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(r.layout.Commits()); err != nil || len(left) != 0 {
		t.Errorf("left in %s: %v, %v; want nothing", r.layout.Commits(), left, err)
	}
}

// Git tells its hooks where their repository, index and objects are, and a developer's shell tells go how to build.
func TestBackendsAreBuiltAsWithoutTheCallersVariables(t *testing.T) {
	r := newRepository(t)
	commit := r.commit("CREATE", "first")
	r.write("staged.go", "package tiny\n")
	r.git("add", ".") // as a hook finds it
	objects := filepath.Join(r.layout.Root, ".git", "objects")
	state := func() string {
		return r.git("ls-files", "-s") + r.git("status", "--porcelain") + r.git("count-objects", "-v")
	}
	before := state()
	j := r.job(commit)
	for name, value := range map[string]string{
		"GIT_INDEX_FILE":       filepath.Join(r.layout.Root, ".git", "index"),
		"GIT_DIR":              filepath.Join(r.layout.Root, ".git"),
		"GIT_OBJECT_DIRECTORY": objects,
		"GOFLAGS":              "-mod=vendor",
		"GOWORK":               "/nowhere/go.work",
		"GOOS":                 "darwin",
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(name, value)
			if got, err := resolve(t.Context(), r.layout.Root, "HEAD"); err != nil || got != commit {
				t.Errorf("HEAD is %s, %v; want %s", got, err, commit)
			}
			if err := j.buildCommits(t.Context()); err != nil {
				t.Error(err)
			}
			if now := state(); now != before {
				t.Errorf("the repository has become\n%s\nand was\n%s", now, before)
			}
		})
	}
}

// CI makes shallow clones.
func TestBackendOfAShallowClone(t *testing.T) {
	origin := newRepository(t)
	origin.commit("CREATE", "first")
	commit := origin.commit("CREATE", "second")
	dir := t.TempDir()
	origin.git("clone", "-q", "--depth=1", "file://"+origin.layout.Root, dir)
	layout, err := service.NewLayout(dir)
	if err != nil {
		t.Fatal(err)
	}
	r := repository{t, layout}
	if err := r.job(commit).buildCommits(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestBackendsThatCannotShareAMatrix(t *testing.T) {
	r := newRepository(t)
	other, broken := r.commit("CREATE TABLE other", "other"), r.commit("\" +", "broken")
	r.write("app/main.go", "")
	same := r.commit("CREATE", "same")
	j := r.job(same, other)
	var usage usageError
	if err := j.buildCommits(t.Context()); !errors.As(err, &usage) ||
		!strings.Contains(err.Error(), other+" has another schema") {
		t.Errorf("another schema: %v; want wrong usage that names %s", err, other)
	}
	if err := r.job(same, broken).buildCommits(t.Context()); err == nil ||
		!strings.Contains(err.Error(), "build the backend of "+broken) || !strings.Contains(err.Error(), "main.go") {
		t.Errorf("a commit that does not compile: %v; want the compiler's words", err)
	}
	if err := r.job("0123456789").buildCommits(t.Context()); err == nil ||
		!strings.Contains(err.Error(), "check out 0123456789") {
		t.Errorf("no such commit: %v; want it named", err)
	}
	if err := r.job("").buildCommits(t.Context()); err != nil {
		t.Errorf("a plan without commits: %v; want nothing done", err)
	}
	if _, err := os.Stat(filepath.Join(r.layout.Commits(), "app")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a plan without commits has a backend: %v", err)
	}
}

func TestResolveRevision(t *testing.T) {
	r := newRepository(t)
	hash := r.commit("CREATE", "first")
	r.git("tag", "-am", "annotated", "v1")
	if got, err := resolve(t.Context(), r.layout.Root, "v1"); err != nil || got != hash || len(got) < commitDigits {
		t.Errorf("tag = %q, %v; want its commit %s", got, err, hash)
	}
	for _, bad := range []string{"nope", "--all", "HEAD:app", ""} {
		if got, err := resolve(t.Context(), r.layout.Root, bad); err == nil {
			t.Errorf("%q = %q; want an error", bad, got)
		}
	}
}

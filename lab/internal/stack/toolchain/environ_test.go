package toolchain

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// hooked sets what git tells its hooks, and what a developer's shell may hold.
func hooked(t *testing.T) {
	t.Helper()
	for name, value := range map[string]string{
		"GIT_DIR": "/nowhere/.git", "GIT_INDEX_FILE": "/nowhere/index", "GIT_OBJECT_DIRECTORY": "/nowhere/objects",
		"GIT_CONFIG_COUNT": "0", "GIT_TRACE": "1", "GOFLAGS": "-mod=vendor", "GOWORK": "/nowhere/go.work", "GOOS": "darwin",
		"GOARCH": "wasm", "GOEXPERIMENT": "none", "CGO_CFLAGS": "-broken", "GOMODCACHE": "/modules",
		"HTTPS_PROXY": "http://proxy:1", "PGHOST": "elsewhere", "LAB_GRAFANA_HOME": "/grafana", "LC_ALL": "tlh",
	} {
		t.Setenv(name, value)
	}
}

// check compares the variables, "NAME=value", with those that are wanted: with "NAME" alone, none of that name.
func check(t *testing.T, env []string, want ...string) {
	t.Helper()
	for _, variable := range want {
		name, _, isSet := strings.Cut(variable, "=")
		other := func(e string) bool { return !strings.HasPrefix(e, name+"=") }
		got := slices.DeleteFunc(slices.Clone(env), other)
		if !isSet && len(got) > 0 || isSet && !slices.Equal(got, []string{variable}) {
			t.Errorf("%s: %q; want %q", name, got, variable)
		}
	}
}

func TestABuildIsToldNothingThatChangesIt(t *testing.T) {
	hooked(t)
	check(t, GoEnviron("CGO_ENABLED=0"),
		"GOFLAGS=-mod=readonly", "GOWORK=off", "GOOS="+runtime.GOOS, "GOARCH="+runtime.GOARCH, "CGO_ENABLED=0",
		"GOMODCACHE=/modules", "HTTPS_PROXY=http://proxy:1", "PATH="+os.Getenv("PATH"), "GIT_CONFIG_COUNT=2",
		"GOEXPERIMENT", "CGO_CFLAGS", "GIT_DIR", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "PGHOST")
}

func TestTheSupervisorIsToldOnlyWhereProgramsAre(t *testing.T) {
	hooked(t)
	want := []string{"HOME=" + os.Getenv("HOME"), "LAB_GRAFANA_HOME=/grafana", "PATH=" + os.Getenv("PATH")}
	programs := []Requirement{{Name: "grafana", Home: "LAB_GRAFANA_HOME"}, {Name: "other"}}
	if got := slices.Sorted(slices.Values(FindEnviron(programs))); !slices.Equal(got, want) {
		t.Errorf("%q; want %q", got, want)
	}
}

func TestGitIsToldItsRepositoryByTheDirectoryAlone(t *testing.T) {
	hooked(t)
	bin := t.TempDir()
	script := "#!/bin/sh\necho \"$@\"\nenv\n"
	if err := os.WriteFile(filepath.Join(bin, "git"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+":/usr/bin:/bin")
	out, err := Git(t.Context(), "/a checkout", "rev-parse", "HEAD")
	if err != nil {
		t.Fatal(err)
	}
	args, env, _ := strings.Cut(out, "\n")
	if args != "-C /a checkout rev-parse HEAD" {
		t.Errorf("git is called with %s", args)
	}
	check(t, strings.Split(env, "\n"),
		"GIT_CONFIG_COUNT=2", "GIT_CONFIG_VALUE_0=*", "GIT_CONFIG_VALUE_1=/dev/null", "GIT_OPTIONAL_LOCKS=0", "LC_ALL=C",
		"GIT_DIR", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_TRACE")
}

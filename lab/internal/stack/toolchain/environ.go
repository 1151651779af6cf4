package toolchain

import (
	"context"
	"errors"
	"os"
	"runtime"
	"slices"
	"strings"

	"stormwave/lab/internal/stack/proc"
)

// kept are the variables of the caller that builds and installations get: where to
// find and to keep things, and how to reach the network. What would change what is built
// (CFLAGS, MAKEFLAGS, GOFLAGS, APT_CONFIG, …) is none of them: a recipe tells all.
var kept = []string{
	"PATH", "HOME", "USER", "LOGNAME", "TMPDIR", "TERM", "XDG_CACHE_HOME", "XDG_CONFIG_HOME",
	"http_proxy", "https_proxy", "no_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY",
	"SSL_CERT_FILE", "SSL_CERT_DIR", "NIX_SSL_CERT_FILE",
	"GOPATH", "GOMODCACHE", "GOCACHE", "GOENV", "GOPROXY", "GONOPROXY", "GOPRIVATE", "GOSUMDB", "GONOSUMDB", "GOINSECURE",
	"GOAUTH",
}

// environ is what a build or an installation is told, with some variables set.
func environ(set ...string) []string {
	env := proc.Keep(kept...)
	for _, variable := range os.Environ() {
		if strings.HasPrefix(strings.ToLower(variable), "npm_config_") {
			env = append(env, variable)
		}
	}
	return append(env, set...)
}

// GoEnviron is what a Go build is told, with some variables set: the modules that go.mod pins, for this machine.
// It may read the commit of a checkout of another account.
func GoEnviron(set ...string) []string {
	fixed := []string{"GOFLAGS=-mod=readonly", "GOWORK=off", "GOOS=" + runtime.GOOS, "GOARCH=" + runtime.GOARCH}
	return environ(slices.Concat(fixed, trusting, set)...)
}

// FindEnviron is what a program is told that has to find the programs, the services' included, which the caller
// finds.
func FindEnviron(services []Requirement) []string {
	names := []string{"PATH", "HOME"}
	for _, r := range services {
		if r.Home != "" {
			names = append(names, r.Home)
		}
	}
	return proc.Keep(names...)
}

// trusting lets git, and go through it, read a checkout of another account. Git changes nothing of that, and runs
// none of its hooks.
var trusting = []string{
	"GIT_CONFIG_COUNT=2", "GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0=*",
	"GIT_CONFIG_KEY_1=core.hooksPath", "GIT_CONFIG_VALUE_1=/dev/null", "GIT_OPTIONAL_LOCKS=0",
}

// HasGit reports whether git is there.
func HasGit() bool { return onPath("git") != "" }

// Git runs git in a directory and returns what it prints, without blanks around it. Which repository it reads, the
// directory alone says: not a GIT_DIR of the caller's, who may be a hook of another one.
func Git(ctx context.Context, dir string, args ...string) (string, error) {
	git := onPath("git")
	if git == "" {
		return "", errors.New("git is missing; put it on PATH")
	}
	out, err := proc.Run(ctx, proc.Spec{
		Name: "git",
		Path: git,
		Args: append([]string{"-C", dir}, args...),
		Env:  append(proc.Keep("PATH", "HOME", "XDG_CONFIG_HOME"), trusting...),
	})
	return strings.TrimSpace(string(out)), err
}

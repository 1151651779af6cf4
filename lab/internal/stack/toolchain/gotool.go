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

// goTags halve Prometheus' build: no cloud's service discovery is used here.
const goTags = "remove_all_sd"

// buildGoTool builds the program from the versions pinned in lab/tools/go.mod.
func buildGoTool(ctx context.Context, in *installer, r requirement) error {
	compiler, ok := in.have["go"]
	if !ok {
		return errors.New("there is no Go ≥ 1.26 on PATH; to mend it: install it, or enter `nix develop`")
	}
	work, err := in.workDir()
	if err != nil {
		return err
	}
	args := []string{"build", "-C", in.tools.module(), "-trimpath", "-buildvcs=false", "-tags", goTags, "-o", work + "/", r.pkg}
	_, err = proc.Run(ctx, proc.Spec{
		Name: "go build " + r.pkg, Path: compiler.Path, Args: args, Log: in.log(r.name),
		Env: environ("CGO_ENABLED=0", "GOFLAGS=-mod=readonly", "GOTOOLCHAIN=local", "GOWORK=off", "GOOS=", "GOARCH="),
	})
	if err != nil {
		return fmt.Errorf("%w\n  to mend it: see that the Go module proxy can be reached and the disk has 2 GB free, then repeat; "+
			"or put %s %s on PATH", err, r.name, r.need())
	}
	return in.tools.adopt(r.name, filepath.Join(work, goBinary(r.pkg)), in.tools.goRecipe(compiler.Version))
}

// goBinary is the name that `go build` gives to a package's program: the last
// part of its path, a major version aside.
func goBinary(pkg string) string {
	name := filepath.Base(pkg)
	if _, err := parseVersion(name); err == nil && strings.HasPrefix(name, "v") {
		name = filepath.Base(filepath.Dir(pkg))
	}
	return name
}

func (t tools) goRecipe(goVersion string) recipe {
	mod, _ := os.ReadFile(filepath.Join(t.module(), "go.mod"))
	sum, _ := os.ReadFile(filepath.Join(t.module(), "go.sum"))
	return recipe{Sources: digest(string(mod), string(sum), goTags), Go: goVersion}
}

// environ is the caller's environment with some variables set otherwise.
func environ(set ...string) []string { return append(os.Environ(), set...) }

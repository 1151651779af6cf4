package toolchain

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"stormwave/lab/internal/stack/proc"
)

// goTags halve Prometheus' build: no cloud's service discovery is used here.
const goTags = "remove_all_sd"

// goFlags leave out what only debuggers read. The version of the module stays.
var goFlags = []string{"-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-gcflags=all=-dwarf=false"}

// buildGoTools builds the programs from the versions pinned in lab/tools/go.mod, in one
// call, for they share most of what they are made of. What has come out before a failure
// is kept.
func (in *installer) buildGoTools(ctx context.Context, all []Requirement) error {
	compiler, ok := in.have["go"]
	if !ok {
		return errors.New("there is no Go ≥ 1.26 on PATH; to mend it: install it, or enter `nix develop`")
	}
	work, err := in.workDir()
	if err != nil {
		return err
	}
	args := slices.Concat([]string{"build", "-C", in.tools.module(), "-tags", goTags, "-o", work + "/"}, goFlags)
	for _, r := range all {
		args = append(args, r.GoPackage)
	}
	_, buildErr := proc.Run(ctx, proc.Spec{
		Name: "go build", Path: compiler.Path, Args: args, Log: in.log(goStep),
		// GOGC: the compiler itself collects less garbage, and is done a tenth sooner.
		Env: GoEnviron("CGO_ENABLED=0", "GOTOOLCHAIN=local", "GOGC=400"),
	})
	var errs []error
	if buildErr != nil {
		errs = append(errs, fmt.Errorf("%w\n  to mend it: see that the Go module proxy can be reached and the disk has 2 "+
			"GB free, "+
			"then repeat; or put the programs on PATH", buildErr))
	}
	for _, r := range all {
		built := filepath.Join(work, goBinary(r.GoPackage))
		if _, err := os.Stat(built); err != nil {
			if buildErr == nil {
				errs = append(errs, fmt.Errorf("build %s: %w", r.Name, err))
			}
			continue
		}
		errs = append(errs, in.tools.adopt(r, built, in.tools.goRecipe(compiler.Version)))
	}
	return errors.Join(errs...)
}

// goStep names the log of what the Go compiler says.
const goStep = "go"

// goBinary is the name that `go build` gives to a package's program: the last
// part of its path, a major version aside.
func goBinary(pkg string) string {
	name := filepath.Base(pkg)
	if _, err := ParseVersion(name); err == nil && strings.HasPrefix(name, "v") {
		name = filepath.Base(filepath.Dir(pkg))
	}
	return name
}

func (t tools) goRecipe(goVersion string) recipe {
	mod, _ := os.ReadFile(filepath.Join(t.module(), "go.mod"))
	sum, _ := os.ReadFile(filepath.Join(t.module(), "go.sum"))
	return recipe{Sources: digest(string(mod), string(sum), goTags, strings.Join(goFlags, " ")), Go: goVersion}
}

package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"stormwave/lab/internal/backend"
	"stormwave/lab/internal/matrix"
	"stormwave/lab/internal/service"
	"stormwave/lab/internal/stack/proc"
	"stormwave/lab/internal/stack/toolchain"
)

// commitDigits is how much of a commit's hash a label shows, at least.
const commitDigits = 10

// Bounds of making the backend of a commit.
const (
	gitTimeout    = time.Minute
	buildTimeout  = 10 * time.Minute
	schemaTimeout = time.Minute
)

// commits measures the backends of two commits in one matrix, block by block
// interleaved, and returns the run's name, and their hashes as its labels have
// them. The run's name is there even when the run ends with an error.
func (l *lab) commits(
	ctx context.Context, layout service.Layout, revisions [2]string, spec string, out io.Writer,
) (name string, hashes [2]string, err error) {
	text, _, err := readSpec(layout, spec)
	if err != nil {
		return "", hashes, err
	}
	for i, revision := range revisions {
		if hashes[i], err = resolve(ctx, layout.Root, revision); err != nil {
			return "", hashes, usageError{err}
		}
	}
	if hashes[0] == hashes[1] {
		return "", hashes, usageError{fmt.Errorf("%s and %s are the same commit, %s; every matrix holds its baseline "+
			"twice to compare it with itself: lab run %s",
			revisions[0], revisions[1], hashes[0], spec)}
	}
	if text, err = matrix.WithFactor(text, matrix.Backend, hashes[:]); err != nil {
		return "", hashes, err
	}
	both, err := parseSpec(layout, spec+" with both commits", text)
	if err != nil {
		return "", hashes, err
	}
	j := job{layout: layout, spec: text, plan: both.Plan(), out: out}
	j.begin = func(ctx context.Context, j *job) error {
		if err := newRun(ctx, j); err != nil {
			return err
		}
		name = j.dir.Name()
		return nil
	}
	err = l.run(ctx, j)
	if name != "" { // else another run may be using them
		err = errors.Join(err, removeBackends(layout, hashes[:]))
	}
	return name, hashes, err
}

// resolve returns the hash of a revision, as short as is unmistakable.
func resolve(ctx context.Context, root, revision string) (string, error) {
	if strings.HasPrefix(revision, "-") {
		return "", fmt.Errorf("%q is no revision of git", revision)
	}
	hash, err := git(ctx, root, "rev-parse", "--verify", fmt.Sprintf("--short=%d", commitDigits), revision+"^{commit}")
	if err != nil {
		return "", fmt.Errorf("find commit %q: %w", revision, err)
	}
	return hash, nil
}

// buildBackends builds the backend of each commit that a cell of the plan names.
// All of them must want the data set that the checkout's own backend wants: the
// stack has one for all cells.
func (j job) buildBackends(ctx context.Context) error {
	commits := make(map[string]bool)
	for _, cell := range j.plan.Cells {
		if commit := cell.Settings[matrix.Backend]; commit != "" {
			commits[commit] = true
		}
	}
	if len(commits) == 0 {
		return nil
	}
	want, err := schema(ctx, j.layout.Backend(""))
	if err != nil {
		return err
	}
	for _, cell := range j.plan.Cells {
		commit := cell.Settings[matrix.Backend]
		if !commits[commit] {
			continue // none, or built already
		}
		delete(commits, commit)
		done := (&steps{out: j.out}).Step("the backend of " + commit)
		err := j.buildBackend(ctx, commit)
		done(err)
		if err != nil {
			return err
		}
		got, err := schema(ctx, j.layout.Backend(commit))
		if err != nil {
			return err
		}
		if !bytes.Equal(got, want) {
			return usageError{fmt.Errorf("the backend of %s has another schema or data set than this checkout's, so they "+
				"cannot share one matrix: "+
				"compare commits with the same output of `app schema`, in a checkout that has it too", commit)}
		}
	}
	return nil
}

// buildBackend builds the backend of a commit from a checkout of its own, which is
// gone afterwards. The program knows its commit: it is asked when it runs.
func (j job) buildBackend(ctx context.Context, commit string) (err error) {
	if j.tools.Path("go") == "" {
		return errors.New("build the backend: there is no Go ≥ 1.26 on PATH; install it, or enter `nix develop`")
	}
	program := j.layout.Backend(commit)
	source := filepath.Join(filepath.Dir(program), "source")
	defer func() { err = errors.Join(err, os.RemoveAll(source)) }()
	if err := checkOut(ctx, j.layout.Root, commit, source); err != nil {
		return fmt.Errorf("check out %s: %w", commit, err)
	}
	ctx, cancel := context.WithTimeout(ctx, buildTimeout)
	defer cancel()
	fresh := program + ".new"
	_, err = proc.Run(ctx, proc.Spec{
		Name: "go build", Path: j.tools.Path("go"), Dir: source, Env: toolchain.GoEnviron(),
		Args: []string{"build", "-trimpath", "-buildvcs=true", "-o", fresh, backend.Bundled.Package},
	})
	if err == nil {
		err = os.Rename(fresh, program)
	}
	if err != nil {
		return fmt.Errorf("build the backend of %s: %w", commit, err)
	}
	return nil
}

// checkOut makes a repository that borrows the objects of the one at root, and
// checks a commit out there. It is no worktree: Go does not see that one is a
// repository of its own, and would write the outer one's commit into the program.
func checkOut(ctx context.Context, root, commit, source string) error {
	if err := errors.Join(os.RemoveAll(source), os.MkdirAll(source, 0o700)); err != nil {
		return err
	}
	outer, err := git(ctx, root, "rev-parse", "--path-format=absolute", "--git-common-dir")
	if err != nil {
		return err
	}
	if _, err := git(ctx, source, "init", "--quiet"); err != nil {
		return err
	}
	inner := filepath.Join(source, ".git")
	if err := os.WriteFile(
		filepath.Join(inner, "objects/info/alternates"), []byte(filepath.Join(outer, "objects")+"\n"), 0o600,
	); err != nil {
		return err
	}
	// A shallow clone, as CI makes them, says here which parents it has not got.
	shallow, err := os.ReadFile(filepath.Join(outer, "shallow"))
	if err == nil {
		err = os.WriteFile(filepath.Join(inner, "shallow"), shallow, 0o600)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	_, err = git(ctx, source, "checkout", "--quiet", "--detach", commit)
	return err
}

func removeBackends(layout service.Layout, commits []string) error {
	var errs []error
	for _, commit := range commits {
		errs = append(errs, os.RemoveAll(filepath.Dir(layout.Backend(commit))))
	}
	return errors.Join(errs...)
}

// schema returns the SQL of a backend's tables and data set.
func schema(ctx context.Context, program string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, schemaTimeout)
	defer cancel()
	sql, err := proc.Run(ctx, proc.Spec{Name: "app schema", Path: program, Args: backend.Bundled.Schema})
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("find the backend: %w; build it: go tool mage build", err)
	}
	return sql, err
}

// git runs git in a checkout.
func git(ctx context.Context, root string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, gitTimeout)
	defer cancel()
	return toolchain.Git(ctx, root, args...)
}

package host

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"time"

	"stormwave/lab/internal/record"
	"stormwave/lab/internal/stack/proc"
)

// gitTimeout bounds one call of git.
const gitTimeout = 10 * time.Second

// commit returns the checked-out commit, and whether the checkout differs from
// it, results aside. Outside a repository, or without git, there is none.
func commit(ctx context.Context, root string) (hash string, dirty bool, err error) {
	git := gitPath()
	if _, err := os.Stat(filepath.Join(root, ".git")); err != nil || git == "" {
		return "", false, nil
	}
	ctx, cancel := context.WithTimeout(ctx, gitTimeout)
	defer cancel()
	run := func(args ...string) (string, error) {
		// A checkout of another account is fine to read.
		args = append([]string{"-c", "safe.directory=" + root, "-C", root}, args...)
		out, err := proc.Run(ctx, proc.Spec{Name: "git", Path: git, Args: args, Env: []string{"HOME=" + home(), "PATH=/usr/bin:/bin", "GIT_OPTIONAL_LOCKS=0"}})
		return strings.TrimSpace(string(out)), err
	}
	if hash, err = run("rev-parse", "--verify", "--quiet", "HEAD"); err != nil {
		return "", false, nil // a repository without a commit
	}
	changes, err := run("status", "--porcelain", "--", ".", ":!results")
	if err != nil {
		return "", false, fmt.Errorf("look for changes in the checkout: %w", err)
	}
	return hash, changes != "", nil
}

func gitPath() string {
	for _, dir := range append(filepath.SplitList(os.Getenv("PATH")), "/usr/bin") {
		path := filepath.Join(dir, "git")
		if info, err := os.Stat(path); err == nil && info.Mode()&0o111 != 0 && filepath.IsAbs(path) {
			return path
		}
	}
	return ""
}

func home() string {
	if u, err := user.Current(); err == nil {
		return u.HomeDir
	}
	return "/"
}

// flake returns where the programs come from, the checksum of flake.lock and the
// revision of nixpkgs that it pins.
func flake(root string) (env, sum, rev string, err error) {
	env = record.EnvHost
	if os.Getenv("LAB_NIXPKGS_REV") != "" || os.Getenv("IN_NIX_SHELL") != "" {
		env = record.EnvNix
	}
	text, err := os.ReadFile(filepath.Join(root, "flake.lock"))
	if errors.Is(err, fs.ErrNotExist) {
		return env, "", "", nil
	}
	if err != nil {
		return env, "", "", fmt.Errorf("read flake.lock: %w", err)
	}
	digest := sha256.Sum256(text)
	var lock struct {
		Nodes struct {
			Nixpkgs struct {
				Locked struct{ Rev string }
			}
		}
	}
	if err := json.Unmarshal(text, &lock); err != nil {
		return env, "", "", fmt.Errorf("read flake.lock: %w", err)
	}
	return env, hex.EncodeToString(digest[:]), lock.Nodes.Nixpkgs.Locked.Rev, nil
}

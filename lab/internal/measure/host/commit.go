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
	"path/filepath"
	"time"

	"stormwave/lab/internal/record"
	"stormwave/lab/internal/stack/toolchain"
)

// gitTimeout bounds one call of git.
const gitTimeout = 10 * time.Second

// commit returns the checked-out commit, and whether the checkout differs from
// it, results aside. Outside a repository, or without git, there is none.
func commit(ctx context.Context, root string) (hash string, dirty bool, err error) {
	if _, err := os.Stat(filepath.Join(root, ".git")); err != nil || !toolchain.HasGit() {
		return "", false, nil
	}
	ctx, cancel := context.WithTimeout(ctx, gitTimeout)
	defer cancel()
	if hash, err = toolchain.Git(ctx, root, "rev-parse", "--verify", "--quiet", "HEAD"); err != nil {
		return "", false, nil // a repository without a commit
	}
	changes, err := toolchain.Git(ctx, root, "status", "--porcelain", "--", ".", ":!results")
	if err != nil {
		return "", false, fmt.Errorf("look for changes in the checkout: %w", err)
	}
	return hash, changes != "", nil
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

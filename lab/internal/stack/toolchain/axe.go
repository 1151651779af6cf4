package toolchain

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"

	"stormwave/lab/internal/stack/proc"
)

// axe-core finds what keeps people out of a page. The tests run it in their browser;
// it is no program, and comes from npm. To take a newer one, write its version and
// what `npm view axe-core@VERSION dist.integrity` prints, and the checksum of its file.
const (
	axeName      = "axe-core"
	axeVersion   = "4.14.1"
	axeIntegrity = "sha512-FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ=="
	axeFile      = "package/axe.min.js"
	axeSHA256    = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c"
)

// maxOfPackage bounds what is read of a package, in bytes.
const maxOfPackage = 16 << 20

var axeRequirement = Requirement{Name: axeName, Role: ForTests, fetch: fetchAxe, npm: true}

// Axe returns the path of axe-core's script for the checkout at root.
func Axe(root string) (string, error) {
	path := toolsOf(root).file(filepath.Join("axe", "axe.min.js"))
	sum, err := sha256Of(path)
	if err == nil && sum != axeSHA256 {
		err = fmt.Errorf("it is not that of %s %s", axeName, axeVersion)
	}
	if err != nil {
		return "", fmt.Errorf("find %s at %s: %w; get it: bin/lab setup --tests", axeName, path, err)
	}
	return path, nil
}

// missingAxe says that the script is not there; nil: it is.
func missingAxe(root string) []Missing {
	if _, err := Axe(root); err != nil {
		return []Missing{{Name: axeName, Need: axeVersion, Role: ForTests}}
	}
	return nil
}

// fetchAxe gets the package from the registry that npm is set up for, and keeps of it
// the one file that the tests need, if it is what it is to be.
func fetchAxe(ctx context.Context, in *installer, r Requirement) error {
	if onPath("npm") == "" {
		return errors.New("there is no npm on PATH; to mend it: install npm, or enter `nix develop`")
	}
	work, err := in.workDir()
	if err != nil {
		return err
	}
	_, err = proc.Run(ctx, proc.Spec{
		Name: "npm pack", Path: onPath("npm"), Args: []string{"pack", axeName + "@" + axeVersion},
		Dir: work, Log: in.log(r.Name),
		Env: environ("npm_config_cache="+filepath.Join(work, "cache"), "npm_config_update_notifier=false"),
	})
	if err != nil {
		return fmt.Errorf("%w\n  to mend it: see that npm reaches its registry (npm ping), then repeat", err)
	}
	packed, err := os.ReadFile(filepath.Join(work, axeName+"-"+axeVersion+".tgz"))
	if err != nil {
		return fmt.Errorf("read what npm has packed: %w", err)
	}
	if err := checkIntegrity(packed, axeIntegrity); err != nil {
		return fmt.Errorf("%s %s from npm: %w; do not use it, and ask who runs the registry", axeName, axeVersion, err)
	}
	text, err := unpack(packed, axeFile)
	if err != nil {
		return err
	}
	path := in.tools.file(filepath.Join("axe", "axe.min.js"))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("keep %s: %w", axeName, err)
	}
	if err := renameio.WriteFile(path, text, 0o644); err != nil {
		return fmt.Errorf("keep %s: %w", axeName, err)
	}
	return nil
}

// checkIntegrity compares a package with what a lock file of npm would say of it.
func checkIntegrity(packed []byte, want string) error {
	sum := sha512.Sum512(packed)
	if got := "sha512-" + base64.StdEncoding.EncodeToString(sum[:]); got != want {
		return fmt.Errorf("its checksum is %s, want %s", got, want)
	}
	return nil
}

// unpack returns one file of a package.
func unpack(packed []byte, name string) ([]byte, error) {
	zip, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("unpack %s: %w", name, err)
	}
	for files := tar.NewReader(io.LimitReader(zip, maxOfPackage)); ; {
		header, err := files.Next()
		if errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("unpack %s: the package does not hold it", name)
		}
		if err != nil {
			return nil, fmt.Errorf("unpack %s: %w", name, err)
		}
		if header.Name != name {
			continue
		}
		text, err := io.ReadAll(files)
		if err != nil {
			return nil, fmt.Errorf("unpack %s: %w", name, err)
		}
		return text, nil
	}
}

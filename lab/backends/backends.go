// Package backends holds the manifests that come with the lab, a directory each. They are in the program itself, so
// that runs are read wherever it is; what they name besides is in the checkout.
package backends

import (
	"embed"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"stormwave/lab/internal/backend"
	"stormwave/lab/internal/strict"
)

// Manifest is the name of the file in the directory of a backend.
const Manifest = "backend.yaml"

//go:embed *
var bundled embed.FS

// Default is the backend of specs, and of old plans, that name none.
var Default = sync.OnceValue(func() *backend.Backend {
	b, err := named("stormwave")
	if err != nil {
		panic(err) // a test has read it
	}
	return b
})

// Names are those of the manifests, sorted.
func Names() []string {
	var names []string
	manifests, _ := fs.Glob(bundled, "*/"+Manifest) // it fails for a pattern that is none
	for _, manifest := range manifests {
		names = append(names, path.Dir(manifest))
	}
	slices.Sort(names)
	return names
}

// Find returns the backend that a spec names: by the name of a manifest that comes with the lab, or by the path of one,
// from root, the checkout.
func Find(root, name string) (*backend.Backend, error) {
	if name == "" {
		name = Default().Name
	}
	if slices.Contains(Names(), name) {
		b, err := named(name)
		if err != nil {
			return nil, err
		}
		b.Dir = filepath.Join(root, "lab", "backends", name)
		return b, nil
	}
	if !strings.ContainsRune(name, filepath.Separator) {
		return nil, fmt.Errorf("there is no backend of that name; %s, or give the path of a manifest, from the checkout",
			strict.Suggest(name, Names()))
	}
	if !filepath.IsAbs(name) {
		name = filepath.Join(root, name)
	}
	text, err := readSmall(name)
	if err != nil {
		return nil, fmt.Errorf("read its manifest: %w", err)
	}
	dir := filepath.Dir(name)
	b, err := backend.Parse(text, in(os.DirFS(dir)))
	if err != nil {
		return nil, fmt.Errorf("its manifest %s cannot be used:\n%w", name, err)
	}
	b.Dir = dir
	return b, nil
}

// readSmall reads a file no further than a manifest may reach.
func readSmall(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	return io.ReadAll(io.LimitReader(file, strict.MaxBytes+1))
}

func named(name string) (*backend.Backend, error) {
	text, err := bundled.ReadFile(name + "/" + Manifest)
	if err != nil {
		return nil, err
	}
	dir, err := fs.Sub(bundled, name)
	if err != nil {
		return nil, err
	}
	return backend.Parse(text, in(dir))
}

// in looks for files in a directory.
func in(dir fs.FS) backend.Files {
	return func(name string) (isDir, found bool) {
		info, err := fs.Stat(dir, name)
		return err == nil && info.IsDir(), err == nil
	}
}

package service

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"stormwave/lab/backends"
	"stormwave/lab/internal/backend"
)

// A template is made anew for another seed, migration or program, and for nothing else.
func TestSeedParts(t *testing.T) {
	dir := t.TempDir()
	put := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	put("seed.sql", "SELECT 1")
	put("shop", "1")
	put("other", "1")
	parts := func(change func(*backend.Backend)) []string {
		b := &backend.Backend{
			Dir: dir, Build: backend.Build{Path: "shop"}, Migrate: backend.Command{Args: []string{"migrate"}},
			Seed: backend.Seed{SQL: "seed.sql"},
		}
		change(b)
		e := &Env{Config: &Config{Backend: b}}
		all, err := e.seedParts()
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	first := parts(func(*backend.Backend) {})
	if again := parts(func(b *backend.Backend) { b.Title = "Shop" }); !slices.Equal(first, again) {
		t.Errorf("a title makes another template: %q, %q", first, again)
	}
	for name, change := range map[string]func(*backend.Backend){
		"migration":     func(b *backend.Backend) { b.Migrate.Args = []string{"up"} },
		"no migration":  func(b *backend.Backend) { b.Migrate.Args = nil },
		"program":       func(*backend.Backend) { put("shop", "2") },
		"seed":          func(*backend.Backend) { put("shop", "1"); put("seed.sql", "SELECT 2") },
		"seed by k6":    func(b *backend.Backend) { b.Seed = backend.Seed{K6: "seed.sql"} },
		"version of it": func(b *backend.Backend) { b.Build = backend.Build{Go: "x", Version: "v1"} },
	} {
		put("shop", "1")
		put("seed.sql", "SELECT 1")
		if other := parts(change); slices.Equal(first, other) {
			t.Errorf("another %s is the same template: %q", name, other)
		}
	}
	if own, err := (&Env{Config: NewConfig(backends.Default())}).seedParts(); err != nil || len(own) > 0 {
		t.Errorf("the template of the lab's own backend is made by %q besides, %v", own, err)
	}
}

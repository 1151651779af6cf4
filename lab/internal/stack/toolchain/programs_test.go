//go:build services

package toolchain

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The real thing: every program of this checkout, for the lab and for its tests.
func TestSetup(t *testing.T) {
	root := checkout(t)
	set, err := Setup(t.Context(), root, Options{Tests: true, Progress: steps{t}})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range catalog() {
		if r.role == Optional {
			continue
		}
		for _, name := range append([]string{r.name}, r.beside...) {
			p, ok := set[name]
			if !ok || p.Name != name || !filepath.IsAbs(p.Path) || len(p.SHA256) != 64 {
				t.Errorf("%s is not there: %+v", name, p)
				continue
			}
			if v, err := parseVersion(p.Version); err != nil || v.less(r.min) {
				t.Errorf("%s %s at %s is older than %s (%v)", name, p.Version, p.Path, r.need(), err)
			}
		}
	}

	began := time.Now()
	if _, err := Setup(t.Context(), root, Options{Tests: true}); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > 100*time.Millisecond {
		t.Errorf("a second set-up took %s, want at most 100 ms", took)
	}
}

// The real thing, from npm.
func TestAxeIsThereAfterSetUp(t *testing.T) {
	root := checkout(t)
	if _, err := Setup(t.Context(), root, Options{Tests: true, Progress: steps{t}}); err != nil {
		t.Fatal(err)
	}
	path, err := Axe(root)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text[:200]), "axe v"+axeVersion) {
		t.Errorf("%s begins %.100q; want axe v%s", path, text, axeVersion)
	}
}

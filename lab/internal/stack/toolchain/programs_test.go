//go:build services

package toolchain

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The real thing: every program that belongs to no service, for the lab and for its tests.
func TestSetup(t *testing.T) {
	root := checkout(t)
	set, err := Setup(t.Context(), root, Options{Tests: true, Progress: steps{t}})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range catalog(nil) {
		if r.Role == Optional {
			continue
		}
		for _, name := range append([]string{r.Name}, r.Beside...) {
			p, ok := set[name]
			if !ok || p.Name != name || !filepath.IsAbs(p.Path) || len(p.SHA256) != 64 {
				t.Errorf("%s is not there: %+v", name, p)
				continue
			}
			if v, err := ParseVersion(p.Version); err != nil || v.Less(r.Min) {
				t.Errorf("%s %s at %s is older than %s (%v)", name, p.Version, p.Path, r.need(), err)
			}
		}
	}

	// When nothing is missing, nothing is done, and nobody is asked.
	again := Options{Tests: true, Progress: noSteps{t}, Consent: func(i Intent) error {
		t.Errorf("a second set-up wants to do %+v", i)
		return nil
	}}
	if _, err := Setup(t.Context(), root, again); err != nil {
		t.Fatal(err)
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

// noSteps are those of a set-up that has nothing to do.
type noSteps struct{ t *testing.T }

func (n noSteps) Step(name string) func(error) {
	n.t.Errorf("a second set-up does %s", name)
	return func(error) {}
}

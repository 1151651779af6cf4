//go:build services

package service

import (
	"path/filepath"
	"testing"

	"stormwave/lab/internal/stack/toolchain"
)

// The real thing: every service's program of this checkout.
func TestEveryProgramIsThereAfterSetUp(t *testing.T) {
	set, err := toolchain.Setup(t.Context(), "../../..", toolchain.Options{Services: Programs(), Tests: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range Programs() {
		if r.Role == toolchain.Optional {
			continue
		}
		for _, name := range append([]string{r.Name}, r.Beside...) {
			p, ok := set[name]
			if !ok || p.Name != name || !filepath.IsAbs(p.Path) || len(p.SHA256) != 64 {
				t.Errorf("%s is not there: %+v", name, p)
				continue
			}
			if v, err := toolchain.ParseVersion(p.Version); err != nil || v.Less(r.Min) {
				t.Errorf("%s %s at %s is older than %s (%v)", name, p.Version, p.Path, r.Min, err)
			}
		}
	}
}

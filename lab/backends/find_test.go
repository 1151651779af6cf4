package backends

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"stormwave/lab/internal/strict"
)

// A backend is found by its name, and by the path of its manifest from the checkout.
func TestFind(t *testing.T) {
	root := t.TempDir()
	manifest := "name: shop\nbuild: {path: bin/shop}\nrun: {}\nready: {tcp: true}\nreset: {proof: SELECT 1}\n" +
		"seed: {sql: seed.sql}\n"
	for name, text := range map[string]string{
		"shop/backend.yaml": manifest, "shop/seed.sql": "", "bare/backend.yaml": manifest, "bad/backend.yaml": "nmae: x\n",
	} {
		path := filepath.Join(root, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct{ name, want, dir string }{
		{"", "stormwave", filepath.Join(root, "lab/backends/stormwave")},
		{"stormwave", "stormwave", filepath.Join(root, "lab/backends/stormwave")},
		{"shop/backend.yaml", "shop", filepath.Join(root, "shop")},
		{filepath.Join(root, "shop/backend.yaml"), "shop", filepath.Join(root, "shop")},
	} {
		b, err := Find(root, tt.name)
		if err != nil {
			t.Errorf("%q: %v", tt.name, err)
			continue
		}
		if b.Name != tt.want || b.Dir != tt.dir || len(b.Source) == 0 {
			t.Errorf("%q is %s in %s, of %d bytes; want %s in %s", tt.name, b.Name, b.Dir, len(b.Source), tt.want, tt.dir)
		}
	}
	for name, want := range map[string]string{
		"stormwav":          "did you mean stormwave?",
		"shop":              "there is no backend of that name",
		"gone/backend.yaml": "no such file",
		"shop/":             "read its manifest",
		"bare/backend.yaml": `6:13: the manifest seed sql: there is no file "seed.sql" beside the manifest`,
		"bad/backend.yaml":  `1:1: unknown key "nmae"`,
	} {
		_, err := Find(root, name)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v; want %s", name, err, want)
		}
	}
	_, err := Find(root, "bad/backend.yaml")
	if diagnostics := (strict.Diagnostics)(nil); !errors.As(err, &diagnostics) || len(diagnostics) < 2 {
		t.Errorf("the mistakes of a manifest are %v", err)
	}
}

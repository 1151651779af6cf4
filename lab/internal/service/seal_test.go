package service

import (
	"os"
	"path/filepath"
	"testing"
)

func TestOnlyWhatIsAsItWasSealedIsWhole(t *testing.T) {
	for name, damage := range map[string]func(dir string) error{
		"untouched":        func(string) error { return nil },
		"a file is gone":   func(dir string) error { return os.Remove(filepath.Join(dir, "base", "1")) },
		"a file more":      func(dir string) error { return os.WriteFile(filepath.Join(dir, "postmaster.pid"), nil, 0o600) },
		"a file cut short": func(dir string) error { return os.Truncate(filepath.Join(dir, "base", "1"), 3) },
		"a file written to": func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "base", "1"), []byte("datA"), 0o600)
		},
		"not sealed to its end": func(dir string) error { return os.Remove(sealOf(dir)) },
		"a torn seal":           func(dir string) error { return os.Truncate(sealOf(dir), 5) },
		"an empty seal":         func(dir string) error { return os.Truncate(sealOf(dir), 0) },
		"nothing but the seal":  os.RemoveAll,
	} {
		finished, dir := filepath.Join(t.TempDir(), "finished"), filepath.Join(t.TempDir(), "template")
		if err := os.MkdirAll(filepath.Join(finished, "base"), 0o700); err != nil {
			t.Fatal(err)
		}
		for _, file := range []string{"PG_VERSION", "base/1"} {
			if err := os.WriteFile(filepath.Join(finished, file), []byte("data"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if err := seal(finished, dir); err != nil {
			t.Fatal(err)
		}
		if err := damage(dir); err != nil {
			t.Fatal(err)
		}
		whole, err := sealed(dir)
		if err != nil {
			t.Fatal(err)
		}
		if want := name == "untouched"; whole != want {
			t.Errorf("%s: sealed = %v; want %v", name, whole, want)
		}
	}
}

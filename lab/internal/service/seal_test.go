package service

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/prometheus/procfs"
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

func TestSyncDataLeavesNothingToWrite(t *testing.T) {
	home, err := os.MkdirTemp("/var/tmp", "stormwave-") // on a disk: what a tmpfs holds is never written
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(home) })
	l := Layout{Home: home}
	if err := os.Mkdir(l.dataDir(), 0o700); err != nil {
		t.Fatal(err)
	}
	self, err := procfs.Self()
	if err != nil {
		t.Fatal(err)
	}
	cancelled := func() int64 {
		io, err := self.IO()
		if err != nil {
			t.Fatal(err)
		}
		return io.CancelledWriteBytes
	}
	// unwritten writes a file, and cuts it short after that: the kernel counts what it need not write any more.
	unwritten := func(name string, then func(context.Context) error) int64 {
		path := filepath.Join(l.dataDir(), name)
		if err := os.WriteFile(path, make([]byte, 8<<20), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := then(t.Context()); err != nil {
			t.Fatal(err)
		}
		before := cancelled()
		if err := os.Truncate(path, 0); err != nil {
			t.Fatal(err)
		}
		return cancelled() - before
	}
	if n := unwritten("1", func(context.Context) error { return nil }); n == 0 {
		t.Error("nothing waits to be written: this test tells nothing")
	}
	if n := unwritten("2", l.SyncData); n != 0 {
		t.Errorf("%d bytes wait to be written; want none", n)
	}
}

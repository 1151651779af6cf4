package toolchain

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAnotherAxeIsRefused(t *testing.T) {
	root := t.TempDir()
	if _, err := Axe(root); err == nil || !strings.Contains(err.Error(), "lab setup --tests") {
		t.Errorf("without the file: %v; want how to get it", err)
	}
	if got := missingAxe(root); len(got) != 1 || got[0].Role != ForTests {
		t.Errorf("missing = %v; want axe-core, for tests", got)
	}
	dir := toolsOf(root).file("axe")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "axe.min.js"), []byte("another"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Axe(root); err == nil || !strings.Contains(err.Error(), "not that of") {
		t.Errorf("another file: %v; want it refused", err)
	}
	if err := checkIntegrity([]byte("another"), axeIntegrity); err == nil {
		t.Error("another package has the right checksum")
	}
}

func TestUnpack(t *testing.T) {
	var packed bytes.Buffer
	zip := gzip.NewWriter(&packed)
	files := tar.NewWriter(zip)
	for name, text := range map[string]string{"package/a.js": "one", "package/b.js": "two"} {
		if err := files.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(text))}); err != nil {
			t.Fatal(err)
		}
		if _, err := files.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := files.Close(); err != nil {
		t.Fatal(err)
	}
	if err := zip.Close(); err != nil {
		t.Fatal(err)
	}
	if got, err := unpack(packed.Bytes(), "package/b.js"); err != nil || string(got) != "two" {
		t.Errorf("unpack = %q, %v; want two", got, err)
	}
	if _, err := unpack(packed.Bytes(), "package/c.js"); err == nil {
		t.Error("a file that is not there was unpacked")
	}
	if _, err := unpack(packed.Bytes()[:40], "package/b.js"); err == nil {
		t.Error("half a package was unpacked")
	}
}

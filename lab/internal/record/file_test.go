package record

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestWriteFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "new", "plan.json")
	for _, text := range []string{"first", "second, longer", "3"} {
		if err := WriteFile(path, []byte(text)); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(path)
		if err != nil || string(got) != text {
			t.Errorf("read %q, %v; want %q", got, err, text)
		}
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 {
		t.Errorf("%d files lie there, %v; want the one", len(entries), err)
	}
	// A directory in the way: the error names the file, nothing is left behind.
	if err := WriteFile(dir, nil); err == nil || !strings.Contains(err.Error(), dir) {
		t.Errorf("write onto a directory: %v", err)
	}
}

func TestHostFile(t *testing.T) {
	up := 4.2
	host := Host{
		Kernel: "6.1", Cores: 2, MemoryBytes: 8 << 30, Env: EnvNix,
		Programs: []Program{
			{Name: "k6", Path: "/nix/store/x/bin/k6", Version: "2.0.0", SHA256: "ab", NixStore: "/nix/store/x"},
		},
		Lab: Figures{Up: &up, UpCached: true},
	}
	path := filepath.Join(t.TempDir(), "host.json")
	if err := WriteJSON(path, host); err != nil {
		t.Fatal(err)
	}
	var got Host
	if err := ReadJSON(path, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(host, got); diff != "" {
		t.Errorf("host (-want +got):\n%s", diff)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), "first_up_s") {
		t.Error("a figure that was not measured is in the file")
	}
	for _, bad := range []string{`{"colour": 1}`, `{} {}`, `{`, ``} {
		if err := os.WriteFile(path, []byte(bad), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := ReadJSON(path, &got); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("ReadJSON of %q: %v, want an error that names the file", bad, err)
		}
	}
}

func TestDir(t *testing.T) {
	name := NewName(time.Date(2026, 11, 23, 10, 15, 59, 0, time.FixedZone("", 3600)), "quick")
	if name != "2026-11-23T0915Z-quick" {
		t.Fatalf("name %q", name)
	}
	d, err := NewDir("results", name)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"results/2026-11-23T0915Z-quick",
		"results/2026-11-23T0915Z-quick.md",
		"results/2026-11-23T0915Z-quick/spec.yaml",
		"results/2026-11-23T0915Z-quick/plan.json",
		"results/2026-11-23T0915Z-quick/host.json",
		"results/2026-11-23T0915Z-quick/records.jsonl",
		"results/2026-11-23T0915Z-quick/series/7.json.gz",
		"results/2026-11-23T0915Z-quick/plots",
		"results/2026-11-23T0915Z-quick/report.html",
		"results/2026-11-23T0915Z-quick/bench.txt",
		"results/2026-11-23T0915Z-quick/tsdb",
	}
	got := []string{
		d.Path(), d.Report(), d.Spec(), d.Plan(), d.Host(), d.Records(),
		d.Series(7), d.Plots(), d.HTML(), d.Bench(), d.TSDB(),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("paths (-want +got):\n%s", diff)
	}
}

func TestNamesThatEscape(t *testing.T) {
	for _, name := range []string{
		"", ".", "..", "../2026-11-23T0915Z-quick", "2026-11-23T0915Z-../x", "2026-11-23T0915Z-", "2026-11-23T0915Z-a/b",
		"2026-11-23T0915Z-Quick", "2026-11-23T0915Z-quick\n", "2026-11-23T0915Z-quick\x00", "/etc", "quick",
		"2026-11-23T0915Z-" + strings.Repeat("a", 65),
	} {
		if d, err := NewDir("results", name); err == nil {
			t.Errorf("NewDir(%q) gives %s", name, d.Path())
		}
	}
}

func TestNames(t *testing.T) {
	results := filepath.Join(t.TempDir(), "results")
	if names, err := Names(results); names != nil || err != nil {
		t.Errorf("names before the first run: %v, %v", names, err)
	}
	for _, dir := range []string{"2026-11-24T0000Z-b", "2026-11-23T0915Z-quick", "other"} {
		if err := os.MkdirAll(filepath.Join(results, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(results, "2026-11-25T0000Z-file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	names, err := Names(results)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"2026-11-23T0915Z-quick", "2026-11-24T0000Z-b"}, names); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
}
